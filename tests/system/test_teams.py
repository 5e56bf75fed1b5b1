"""A team's set-up, for real: PostgreSQL, a tracking server on it, a Dask cluster over TCP."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
import requests
from distributed import Client
from mlflow.tracking import MlflowClient

from stochgrad.suite.cli import main
from stochgrad.suite.tracking.process import process_of

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
LONGEST = 120.0

pytestmark = pytest.mark.skipif(
    not PROGRAMS, reason="PostgreSQL is not installed: apt-get install postgresql"
)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def as_postgres(command: Sequence[str]) -> list[str]:
    """PostgreSQL refuses to run as root: its own user does then."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else list(command)


@contextmanager
def service(
    command: Sequence[str], log: Path, ready: Callable[[], bool], **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program, wait until it is ready, and end it with its children."""
    clean = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**clean, **environment}, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
    try:
        end = time.monotonic() + LONGEST
        while not ready():
            if time.monotonic() > end or process.poll() is not None:
                pytest.fail(f"{command[:4]} did not start:\n{log.read_text()}")
            time.sleep(0.1)
        yield process
    finally:
        with suppress(ProcessLookupError):  # it ended before
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database in a cluster of its own, on this machine only."""
    # Not under pytest's folder, which only its own user may enter.
    folder = Path(f"/tmp/stochgrad-postgres-{os.getpid()}")
    folder.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    programs, port, data = PROGRAMS[0], free_port(), folder / "data"

    def run(*command: str) -> None:
        subprocess.run(as_postgres(command), check=True, capture_output=True, cwd="/")

    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    try:
        run(str(programs / "initdb"), "-D", str(data), "-U", "mlflow", "-A", "trust", "-N")
        run(
            str(programs / "pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-w",
            "-o", options, "start",
        )  # fmt: skip
        try:
            run(str(programs / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "mlflow", "m")
            yield f"postgresql+psycopg2://mlflow@127.0.0.1:{port}/m"
        finally:
            run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a tracking server on PostgreSQL."""
    folder = tmp_path_factory.mktemp("server")
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port",
        url.rpartition(":")[2], "--workers", "1", "--backend-store-uri", postgres,
        "--artifacts-destination", str(folder / "artifacts"),
    ]  # fmt: skip
    settings = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}

    def ready() -> bool:
        try:
            return requests.get(f"{url}/health", timeout=5).ok
        except requests.ConnectionError:
            return False

    with service(command, folder / "log", ready, **settings):
        yield url


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Dask scheduler that two workers have joined."""
    folder = tmp_path_factory.mktemp("dask")
    address = f"tcp://127.0.0.1:{free_port()}"
    dask = [sys.executable, "-m", "dask"]
    listen = ["--host", "127.0.0.1", "--no-dashboard"]

    def said(name: str, words: str) -> Callable[[], bool]:
        return lambda: words in (folder / name).read_text()

    with ExitStack() as stack:
        command = [*dask, "scheduler", *listen, "--port", address.rpartition(":")[2]]
        stack.enter_context(service(command, folder / "scheduler", said("scheduler", address)))
        for name in ("first", "second"):
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
    address = f"tcp://127.0.0.1:{free_port()}"
    arguments = ["-m", "seed=900", "task.steps=50", f"sweep.scheduler={address}"]
    assert main(ROOT / "conf", arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: sweep.scheduler={address}: no answer")
    assert said.count("\n") == 1


def test_a_scheduler_that_dies(
    server: str, scheduler: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Last in this file: it ends the scheduler of all tests."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setattr("stochgrad.suite.sweep.cluster.REACHING", 2.0)
    with Client(scheduler, set_as_default=False) as client:
        pid = client.run_on_scheduler(os.getpid)
    store = MlflowClient(server)

    def runs() -> bool:
        found = store.get_experiment_by_name("xor")
        running = "params.seed = '901' and status = 'RUNNING'"
        return bool(found and store.search_runs([found.experiment_id], running))

    def kill() -> None:
        while not runs():
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)

    killer = Thread(target=kill, daemon=True)
    killer.start()
    arguments = ["-m", "task=xor", "seed=901,902,903", "task.steps=20000", "num_steps=1"]
    arguments += ["export=false", "sweep.retries=0", f"sweep.scheduler={scheduler}"]
    assert main(ROOT / "conf", arguments) == 2
    killer.join(LONGEST)
    said = capsys.readouterr().err
    assert said.startswith(f"error: sweep.scheduler={scheduler}: it has gone")
    assert said.count("\n") == 1
