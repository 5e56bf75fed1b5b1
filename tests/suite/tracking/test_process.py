"""Which processes are gone, and who may claim what."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from stochgrad.suite.tracking import Location, claim, process, reconcile, start_sweep
from stochgrad.suite.tracking.process import (
    beating,
    identity,
    is_gone,
    is_here,
    is_silent,
    process_of,
)
from stochgrad.suite.tracking.record import Record
from stochgrad.suite.tracking.store import open_experiment
from stochgrad.suite.tracking.tags import own_tags
from tests.services import wait_until


def test_this_process_is_not_gone() -> None:
    assert not is_gone(identity())
    assert is_here(identity())
    assert not is_silent(identity())


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({"started": "1"}, True),  # the number belongs to another process by now
        ({"pid": 999999999}, True),
        ({"host": "elsewhere", "pid": 999999999}, False),  # cannot be known from here
        ({"boot": "another"}, False),  # the machine, or another one of its name, a minute ago
        ({"boot": "another", "heartbeat": 0}, True),
        ({"namespace": "pid:[1]", "pid": 999999999}, False),  # another container, alive
        ({"namespace": "pid:[1]", "heartbeat": 0}, True),
    ],
)
def test_what_is_gone(changes: dict[str, object], gone: bool) -> None:
    assert is_gone({**identity(), **changes}) == gone


def test_a_process_that_ended_is_gone_before_it_is_buried() -> None:
    ended = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    tags = {**identity(), "pid": ended.pid, "started": process._started(ended.pid)}
    assert ended.stdin is not None
    ended.stdin.close()
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    try:
        assert is_gone(tags)  # a zombie: nobody has waited for it
    finally:
        ended.wait()


CORRECTED = """
sed 's/^btime .*/btime 1/' /proc/stat > {folder}/stat
mount --bind {folder}/stat /proc/stat || exit 77
grep -q '^btime 1$' /proc/stat || exit 77
exec {python} -c 'import json, psutil, sys
from stochgrad.suite.tracking.process import is_gone
print(psutil.Process({pid}).create_time(), is_gone(json.loads(sys.argv[1])))' '{identity}'
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare")
def test_a_process_is_recognised_when_the_clock_is_corrected(tmp_path: Path) -> None:
    """In a mount namespace whose /proc/stat tells of another start of the machine."""
    script = CORRECTED.format(
        folder=tmp_path, python=sys.executable, pid=os.getpid(), identity=json.dumps(identity())
    )
    ended = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, check=False
    )
    if ended.returncode in (1, 77):
        pytest.skip(f"this machine lets nobody mount: {ended.stderr.strip()}")
    created, gone = ended.stdout.split()
    assert abs(float(created) - psutil.Process().create_time()) > 1e6  # which the clock moves
    assert gone == "False"


@pytest.mark.slow
def test_signs_of_life(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "BEAT", 0.05)
    client, experiment = open_experiment(location, "digits")
    record = Record.start(client, experiment, "a run", {"process": '{"heartbeat": 1}'})
    with beating(record):
        wait_until(lambda: process_of(client.get_run(record.run_id))["heartbeat"] != 1)


@pytest.mark.slow
def test_reconcile_closes_dead_runs_only(location: Location) -> None:
    gone = {"process": json.dumps({**identity(), "pid": 999999999})}
    alive, dead = start_sweep("digits"), start_sweep("digits", gone)
    closed = reconcile(location)
    assert [(run.run_id, run.experiment, run.name) for run in closed] == [
        (dead.run_id, "digits", dead.name)
    ]
    ended = dead.record.client.get_run(dead.run_id)
    assert ended.info.status == "KILLED"
    assert own_tags(ended)["status_detail"] == closed[0].reason
    assert "999999999" in closed[0].reason
    assert alive.record.client.get_run(alive.run_id).info.status == "RUNNING"
    assert reconcile(location) == []


HOLD = """
import sys
from pathlib import Path
from stochgrad.suite.tracking.claims import claim
from stochgrad.suite.tracking.store import Location
with claim(Location(f"sqlite:///{sys.argv[1]}", Path(sys.argv[1])), "job") as mine:
    print(mine, flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
def test_a_claim_ends_with_its_process(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    location = Location(f"sqlite:///{database}", database)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        with claim(location, "job") as mine, claim(location, "another") as other:
            assert (mine, other) == (False, True)
    finally:
        holder.kill()
        holder.communicate()
    with claim(location, "job") as mine:
        assert mine
        with claim(location, "job") as again:
            assert not again


def test_the_file_of_a_claim_is_gone_before_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = Location(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "mlflow.db")
    folder, flock = tmp_path / "mlflow.db.claims", fcntl.flock
    left = []

    def watch(descriptor: int, operation: int) -> None:
        if operation == fcntl.LOCK_UN:
            left.append(list(folder.iterdir()))
        flock(descriptor, operation)

    monkeypatch.setattr("fcntl.flock", watch)
    with claim(location, "job") as mine:
        with claim(location, "job") as again:
            assert (mine, again) == (True, False)
        assert [path.name for path in folder.iterdir()] == ["job.lock"]
    assert left == [[]]


def test_the_lock_of_a_removed_file_is_no_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = Location(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "mlflow.db")
    flock, taken = fcntl.flock, []

    def taken_just_before(descriptor: int, operation: int) -> None:
        if not taken:  # the file is open; its holder ends, and another one comes
            taken.append(True)
            first.__exit__(None, None, None)
            assert second.__enter__()
        flock(descriptor, operation)

    first, second = claim(location, "job"), claim(location, "job")
    assert first.__enter__()
    monkeypatch.setattr("fcntl.flock", taken_just_before)
    with claim(location, "job") as mine:
        assert (mine, taken) == (False, [True])
    second.__exit__(None, None, None)


def test_a_server_has_claims_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    one, two = Location("http://127.0.0.1:1", None), Location("http://127.0.0.1:2", None)
    with claim(one, "job") as first, claim(two, "job") as second, claim(one, "job") as third:
        assert (first, second, third) == (True, True, False)


def test_who_has_no_name_can_claim(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", nobody)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with claim(Location("http://127.0.0.1:1", None), "job") as mine:
        assert mine
