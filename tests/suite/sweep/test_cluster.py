"""Workers that come, go, and stay away."""

import os
import signal
import time
from pathlib import Path

import dask
import pytest
from distributed import Client

from stochgrad.errors import ConfigError
from stochgrad.suite import tasks
from stochgrad.suite.sweep import cluster
from stochgrad.suite.sweep.cluster import open_cluster
from stochgrad.suite.sweep.pool import Pool
from stochgrad.suite.sweep.settings import SweepSettings


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pool:
    """One worker process on this machine, of a user who gives up lost workers at once."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1ms"}),
        open_cluster(SweepSettings(workers=2), 1, tasks.run) as found,
    ):
        yield found


def blocks_interrupts() -> bool:
    """Tell whether the main thread of a worker never sees a Ctrl-C."""
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.slow
def test_a_worker_that_is_killed_comes_back_and_neither_hears_ctrl_c(pool: Pool) -> None:
    client: Client = pool._client
    (first,) = client.run(os.getpid).values()
    assert list(client.run(blocks_interrupts).values()) == [True]
    os.kill(first, signal.SIGKILL)
    end = time.monotonic() + 60
    second: list[int] = []
    while second in ([], [first]) and time.monotonic() < end:
        time.sleep(0.1)
        second = list(client.run(os.getpid, on_error="ignore").values())
    assert len(second) == 1
    assert list(client.run(blocks_interrupts).values()) == [True]


def test_workers_may_be_silent_while_the_machine_sleeps_but_not_stay_away(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    client: Client = pool._client
    assert client.cluster.scheduler.worker_ttl is None
    assert pool.free_slots == 1
    monkeypatch.setattr(cluster, "LOOK", 0.01)
    monkeypatch.setattr(cluster, "DESERTED", 0.1)
    for _ in range(20):
        assert pool.wait() is None
    client.retire_workers(list(client.nthreads()), close_workers=True)
    for _ in range(9):
        assert pool.wait() is None
    with pytest.raises(ConfigError, match="the same command again"):
        pool.wait()
