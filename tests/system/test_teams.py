"""A team's set-up, for real: PostgreSQL, a tracking server on it, a Dask cluster over TCP."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest
from distributed import Client
from mlflow.tracking import MlflowClient

from stochgrad.suite.cli import main
from stochgrad.suite.tracking.process import process_of
from tests.services import LONGEST, ROOT, mlflow_server, reserved_port, service, wait_until

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)

pytestmark = pytest.mark.skipif(
    not PROGRAMS, reason="PostgreSQL is not installed: apt-get install postgresql"
)


def as_postgres(command: Sequence[str]) -> list[str]:
    """PostgreSQL refuses to run as root: its own user does then."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else list(command)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The address of a database in a cluster of its own, on this machine only."""
    # Not under pytest's folder, which only its own user may enter.
    folder = Path(tempfile.mkdtemp(prefix="stochgrad-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    programs, data = PROGRAMS[0], folder / "data"

    def run(*command: str) -> None:
        subprocess.run(as_postgres(command), check=True, capture_output=True, cwd="/")

    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        port = str(stack.enter_context(reserved_port()))
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        run(str(programs / "initdb"), "-D", str(data), "-U", "mlflow", "-A", "trust", "-N")
        control = [str(programs / "pg_ctl"), "-D", str(data), "-w", "-t", f"{LONGEST:.0f}"]
        run(*control, "-l", str(folder / "log"), "-o", options, "start")
        stack.callback(run, *control, "-m", "immediate", "stop")
        run(str(programs / "createdb"), "-h", "127.0.0.1", "-p", port, "-U", "mlflow", "m")
        yield f"postgresql+psycopg2://mlflow@127.0.0.1:{port}/m"


@pytest.fixture(scope="module")
def server(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a tracking server on PostgreSQL."""
    with (
        reserved_port() as port,
        mlflow_server(port, postgres, tmp_path_factory.mktemp("server")),
    ):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def scheduler(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a Dask scheduler that two workers have joined, or as many as are asked for."""
    folder = tmp_path
    dask = [sys.executable, "-m", "dask"]
    listen = ["--host", "127.0.0.1", "--no-dashboard"]

    def said(name: str, words: str) -> Callable[[], bool]:
        return lambda: words in (folder / name).read_text()

    with ExitStack() as stack:
        port = stack.enter_context(reserved_port())
        address = f"tcp://127.0.0.1:{port}"
        command = [*dask, "scheduler", *listen, "--port", str(port)]
        stack.enter_context(service(command, folder / "scheduler", said("scheduler", address)))
        for name in ("first", "second")[: getattr(request, "param", 2)]:
            command = [*dask, "worker", address, *listen, "--nthreads", "1", "--name", name]
            command += ["--local-directory", str(folder)]
            stack.enter_context(service(command, folder / name, said(name, "Registered to:")))
        yield address


def test_two_sweeps_share_two_workers_and_a_server(
    server: str, scheduler: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    common = ["-m", "task=xor", "task.steps=50", "num_steps=1", "export=false"]
    common.append(f"sweep.scheduler={scheduler}")
    other = subprocess.Popen(
        [sys.executable, "-m", "src.run", *common, "seed=range(4,8)"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert main(ROOT / "conf", [*common, "seed=range(0,4)"]) == 0
        _, complaints = other.communicate(timeout=LONGEST)
    finally:
        other.kill()
    assert (other.returncode, complaints) == (0, "")
    client = MlflowClient(server)
    experiment = client.get_experiment_by_name("xor").experiment_id
    runs = client.search_runs([experiment])
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    assert [run.info.status for run in runs] == ["FINISHED"] * 10
    assert {run.data.params["seed"] for run in children} == {str(seed) for seed in range(8)}
    assert len({process_of(run)["pid"] for run in children}) == 2
    (parent,) = {run.data.tags["mlflow.parentRunId"] for run in children[:1]}
    assert {f.path for f in client.list_artifacts(parent)} >= {"summary.csv", "summary.parquet"}
    capsys.readouterr()
    assert main(ROOT / "conf", [*common, "seed=range(0,8)"]) == 0
    assert "8 of 8 runs finished, 8 of them before" in capsys.readouterr().out
    # One more parent, no more runs, and a copy of each under it.
    assert len(client.search_runs([experiment])) == 11 + 8


def test_a_scheduler_that_is_not_there(
    server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setattr("stochgrad.suite.sweep.cluster.REACHING", 0.5)
    with reserved_port() as port:
        address = f"tcp://127.0.0.1:{port}"
        arguments = ["-m", "seed=900", "task.steps=50", f"sweep.scheduler={address}"]
        assert main(ROOT / "conf", arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: sweep.scheduler={address}: no answer")
    assert said.count("\n") == 1


@pytest.mark.parametrize("scheduler", [1], indirect=True)
def test_a_scheduler_that_dies(
    server: str, scheduler: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the first of many runs is on record: whichever of them is in hand then."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    with Client(scheduler, set_as_default=False) as client:
        pid = client.run_on_scheduler(os.getpid)
    store = MlflowClient(server)

    def has_begun() -> bool:
        found = store.get_experiment_by_name("xor")
        return bool(found and store.search_runs([found.experiment_id], "params.seed = '901'"))

    def kill() -> None:
        wait_until(has_begun)
        os.kill(pid, signal.SIGKILL)

    killer = Thread(target=kill, daemon=True)
    killer.start()
    arguments = ["-m", "task=xor", "seed=range(901,950)", "task.steps=20000", "num_steps=1"]
    arguments += ["export=false", "sweep.retries=0", f"sweep.scheduler={scheduler}"]
    assert main(ROOT / "conf", arguments) == 2
    killer.join(LONGEST)
    said = capsys.readouterr().err
    assert said.startswith(f"error: sweep.scheduler={scheduler}: it has gone")
    assert said.count("\n") == 1
