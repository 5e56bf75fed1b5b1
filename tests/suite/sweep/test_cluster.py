"""Workers that come, go, and stay away."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

from stochgrad.errors import ConfigError
from stochgrad.suite import tasks
from stochgrad.suite.sweep import cluster, processes
from stochgrad.suite.sweep.cluster import Cluster, open_cluster
from stochgrad.suite.sweep.processes import Processes, open_processes
from tests.services import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def pool() -> Iterator[Processes]:
    with open_processes(1, 1, tasks.run) as found:
        yield found


def test_a_worker_that_is_killed_is_replaced_and_neither_hears_ctrl_c(
    pool: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LOOK", 30.0)
    assert pool.free_slots == 1
    for lost in ("its worker died", "AttributeError: "):
        dies = lost.endswith("died")
        if dies:  # before it can answer
            os.kill(pool._idle[0].process.pid, signal.SIGSTOP)
        pool.submit("no assignment")  # type: ignore[arg-type]  # which a job trips over
        (worker,) = pool._busy
        status = Path(f"/proc/{worker.process.pid}/status").read_text()
        blocked = next(line for line in status.splitlines() if line.startswith("SigBlk"))
        assert int(blocked.split()[1], 16) & 1 << signal.SIGINT - 1
        if dies:
            os.kill(worker.process.pid, signal.SIGKILL)
        ended = None
        while ended is None:
            ended = pool.wait()
        assert ended.lost.startswith(lost)
        assert pool.free_slots == 1


def test_workers_get_their_share_of_threads_and_the_process_keeps_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    worker = processes._Worker(3)
    try:
        environ, found = Path(f"/proc/{worker.process.pid}/environ"), b""
        while worker.process.is_alive() and not found:  # none until the program is loaded
            found = environ.read_bytes()
        assert {b"OMP_NUM_THREADS=3", b"MKL_NUM_THREADS=3"} <= set(found.split(b"\0"))
        assert (os.environ["OMP_NUM_THREADS"], "MKL_NUM_THREADS" in os.environ) == ("7", False)
    finally:
        worker.process.kill()
        worker.process.join()


@pytest.fixture
def joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """The only worker of a scheduler, in this process."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    with (
        LocalCluster(1, processes=False, dashboard_address=None) as local,
        open_cluster(local.scheduler_address, 1, {}, tasks.run) as found,
    ):
        yield found


def test_workers_of_a_scheduler_may_be_away_but_not_for_good(
    joined: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert joined.free_slots == 1
    monkeypatch.setattr(cluster, "LOOK", 0.01)
    monkeypatch.setattr(cluster, "DESERTED", 0.1)
    for _ in range(20):
        assert joined.wait() is None
    client: Client = joined._client
    client.retire_workers(list(client.nthreads()), close_workers=True)
    wait_until(lambda: not client.nthreads())
    for _ in range(9):
        assert joined.wait() is None
    with pytest.raises(ConfigError, match="the same command again"):
        joined.wait()
