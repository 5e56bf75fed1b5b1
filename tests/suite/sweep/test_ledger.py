"""What the store knows of the jobs of a sweep."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stochgrad.suite.sweep.ledger import Ledger, estimate, survey
from stochgrad.suite.sweep.plan import Plan
from stochgrad.suite.tasks.result import Result
from stochgrad.suite.tracking import locate, track
from tests.suite.planning import plan_many


@pytest.mark.parametrize(
    ("task", "like", "unlike"),
    [
        ("derivative", "replicates=3", "replicates=4"),
        ("circuit", "replicates=3", "replicates=4"),
        ("study", "replicates=3", "replicates=4"),
        ("xor", "task.steps=100", "task.steps=10000"),
        ("digits", "gradient=backprop", "gradient=spsa"),
    ],
)
@pytest.mark.slow
def test_a_run_takes_as_long_as_those_that_are_like_it(
    task: str,
    like: str,
    unlike: str,
    empty_database: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = shutil.copy(empty_database, tmp_path / "mlflow.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{database}")

    def plan(seed: int, setting: str) -> Plan:
        return plan_many(f"task={task}", f"seed={seed}", setting)

    def known(seed: int, setting: str) -> bool:
        location = locate()
        return estimate(survey(plan(seed, setting), location), Ledger(location), 1) is not None

    assert not known(2, like)
    config = plan(1, like).jobs[0].config
    result = Result(seed=1, device="none")
    track(config, lambda config, listener: result, listener=lambda told: None)
    assert known(2, like)
    assert not known(2, unlike)
