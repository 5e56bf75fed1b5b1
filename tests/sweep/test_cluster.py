"""Workers that come, go, and stay away."""

from pathlib import Path

import pytest
from distributed import Client

from stochgrad import tasks
from stochgrad.errors import ConfigError
from stochgrad.sweep import cluster
from stochgrad.sweep.cluster import open_cluster
from stochgrad.sweep.pool import Pool
from stochgrad.sweep.settings import SweepSettings


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pool:
    """One worker process on this machine."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    with open_cluster(SweepSettings(workers=2), 1, tasks.run) as found:
        yield found


def test_workers_may_be_silent_while_the_machine_sleeps_but_not_stay_away(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    client: Client = pool._client
    assert client.cluster.scheduler.worker_ttl is None
    assert pool.room == 1
    monkeypatch.setattr(cluster, "LOOK", 0.01)
    monkeypatch.setattr(cluster, "DESERTED", 0.1)
    for _ in range(20):
        assert pool.wait() is None
    client.retire_workers(list(client.nthreads()), close_workers=True)
    for _ in range(9):
        assert pool.wait() is None
    with pytest.raises(ConfigError, match="the same command again"):
        pool.wait()
