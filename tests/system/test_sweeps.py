"""Sweeps in processes of their own, some of which are killed.

Whoever is killed at a run is stopped first, so that it cannot have ended the run before.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest

from stochgrad.suite.cli import main
from stochgrad.suite.sweep import processes
from tests.services import LONGEST, ROOT, stopped, wait_until

CONF = ROOT / "conf"
SHORT = ["export=false", "num_steps=1", "sweep.retries=1"]
CHILDREN = """
    select r.status, max(case t.key when 'stochgrad.config_hash' then t.value end),
        max(case t.key when 'stochgrad.process' then json_extract(t.value, '$.pid') end)
    from runs r join tags t on t.run_uuid = r.run_uuid
    where r.run_uuid in (select run_uuid from tags where key = 'mlflow.parentRunId')
    group by r.run_uuid
"""


@pytest.fixture
def database(empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    database = Path(shutil.copy(empty_database, tmp_path / "mlflow.db"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{database}")
    return database


def children(database: Path) -> list[tuple[str, str, int]]:
    """Return status, configuration and process of every run of a sweep, read past MLflow."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60)) as connection:
        return [(status, config, int(pid)) for status, config, pid in connection.execute(CHILDREN)]


def counts(database: Path) -> Counter[str]:
    return Counter(status for status, _, _ in children(database))


@contextmanager
def sweep(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Type a sweep in another process; whatever happens, it is not left behind."""
    process = subprocess.Popen(
        [sys.executable, "-m", "src.run", "-m", *SHORT, *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def running(database: Path) -> list[int]:
    return [pid for status, _, pid in children(database) if status == "RUNNING"]


def test_whatever_is_killed_every_run_is_finished_once(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["seed=range(0,6)", "task.steps=4000", "sweep.workers=2"]
    with sweep(*arguments) as command:

        def alive() -> bool:
            return command.poll() is None

        with stopped(lambda: running(database), database, alive) as worker:
            os.kill(worker, signal.SIGKILL)
        with stopped(lambda: running(database), database, alive):
            wait_until(lambda: counts(database)["FINISHED"] >= 2, alive)
            command.kill()
        _, said = command.communicate()
        assert "its worker died; it starts again (1 of 1)" in said
    with sweep(*arguments) as command:
        _, said = command.communicate(timeout=LONGEST)
        assert (command.returncode, said) == (0, "")
    before = children(database)
    finished = [config for status, config, _ in before if status == "FINISHED"]
    assert len(finished) == len(set(finished)) == 6
    assert set(counts(database)) == {"FINISHED", "KILLED"}
    assert main(CONF, ["-m", *SHORT, *arguments]) == 0
    assert "nothing was run: every run is done" in capsys.readouterr().out
    assert children(database) == before


def test_ctrl_c_twice_stops_the_workers_and_what_they_run(database: Path) -> None:
    with sweep("seed=range(0,4)", "task.steps=1000000", "sweep.workers=2") as command:
        wait_until(lambda: len(running(database)) == 2, lambda: command.poll() is None)
        workers = running(database)
        command.send_signal(signal.SIGINT)
        assert command.stderr is not None
        assert "waiting for 2 to finish" in command.stderr.readline()
        assert len(running(database)) == 2
        command.send_signal(signal.SIGINT)
        command.communicate(timeout=LONGEST)
    assert command.returncode == 128 + signal.SIGINT
    assert counts(database) == {"KILLED": 2}
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_ctrl_c_while_the_workers_start_is_one_line(
    database: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[psutil.Process] = []

    def press(seconds: float) -> bool:
        """Send what a terminal sends to every process, where workers are first waited for."""
        for process in (*started, psutil.Process()):
            process.send_signal(signal.SIGINT)
        return False

    class Importing(processes._Worker):
        """Does not come to say that it is ready."""

        def __init__(self, threads: int) -> None:
            super().__init__(threads)
            os.kill(self.process.pid, signal.SIGSTOP)
            started.append(psutil.Process(self.process.pid))
            self.connection.poll = press

    monkeypatch.setattr(processes, "_Worker", Importing)
    assert main(CONF, ["-m", *SHORT, "seed=0,1", "sweep.workers=2"]) == 128 + signal.SIGINT
    assert capfd.readouterr().err == "error: interrupted\n"
    assert len(started) == 2
    assert not psutil.wait_procs(started, timeout=LONGEST)[1]
    assert children(database) == []


def test_two_sweeps_at_once_on_one_database(database: Path) -> None:
    with (
        sweep("seed=range(0,4)", "task.steps=50") as first,
        sweep("seed=range(4,8)", "task.steps=50") as second,
    ):
        ended = [command.communicate(timeout=LONGEST)[1] for command in (first, second)]
    assert ended == ["", ""]
    assert (first.returncode, second.returncode) == (0, 0)
    assert counts(database) == {"FINISHED": 8}


def test_reconcile_closes_what_a_dead_process_left(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sweep("seed=0", "task.steps=1000000") as command:
        wait_until(lambda: running(database), lambda: command.poll() is None)
        assert main(CONF, ["reconcile"]) == 0
        assert "nothing to close" in capsys.readouterr().out
    assert counts(database) == {"RUNNING": 1}
    assert main(CONF, ["reconcile"]) == 0
    said = capsys.readouterr().out
    assert said.count("KILLED  xor") == 2  # the run and its parent
    assert "2 runs closed" in said
    assert counts(database) == {"KILLED": 1}


def test_one_invalid_value_among_many_and_nothing_starts(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = ",".join([*(f"{k}e-5" for k in range(1, 24)), "-1"])
    assert main(CONF, ["-m", f"epsilon={values}", "sweep.workers=2"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: job 24 of 24 (epsilon=-1): epsilon=-1")
    assert said.count("\n") == 1
    assert children(database) == []


def test_a_dry_run_tells_where_every_job_stands(
    database: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["-m", *SHORT, "task.steps=20", "optimizer.learning_rate=1,1e200"]
    arguments.append("activation=identity")
    assert main(CONF, [*arguments, "sweep.dry_run=true"]) == 0
    said = capsys.readouterr().out
    assert "2  new" in said
    assert "no estimate" in said
    assert children(database) == []
    assert main(CONF, arguments) == 1
    capsys.readouterr()
    assert main(CONF, [*arguments, "sweep.dry_run=true"]) == 0
    said = capsys.readouterr().out
    for line in ("1  done", "1  failed", r"about \d+:\d\d:\d\d"):
        assert re.search(line, said)
    monkeypatch.setattr("stochgrad.suite.sweep.identity.code_hash", lambda: "other")
    assert main(CONF, [*arguments, "sweep.dry_run=true"]) == 0
    assert "1  stale" in capsys.readouterr().out
