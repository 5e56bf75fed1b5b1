"""What the store knows of the jobs of a sweep."""

from __future__ import annotations

from pathlib import Path

import pytest

from stochgrad.suite.sweep.ledger import Ledger, estimate, survey
from stochgrad.suite.sweep.plan import Plan
from stochgrad.suite.tasks.result import Result
from stochgrad.suite.tracking import locate, track
from tests.suite.planning import plan_many


@pytest.mark.parametrize("task", ["derivative", "circuit", "study"])
@pytest.mark.slow
def test_a_run_takes_as_long_as_those_that_are_like_it(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")

    def plan(seed: int, replicates: int) -> Plan:
        arguments = [f"task={task}", f"seed={seed}", f"replicates={replicates}"]
        return plan_many(*arguments)

    def known(seed: int, replicates: int) -> bool:
        location = locate()
        return estimate(survey(plan(seed, replicates), location), Ledger(location), 1) is not None

    assert not known(seed=2, replicates=3)
    config = plan(seed=1, replicates=3).jobs[0].config
    result = Result(seed=1, device="none")
    track(config, lambda config, listener: result, listener=lambda told: None)
    assert known(seed=2, replicates=3)
    assert not known(seed=2, replicates=4)
