"""The metrics that a task names before a run are those that it ends with."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from stochgrad.suite import tasks
from tests.suite.planning import plan


@pytest.mark.parametrize(
    "arguments",
    [
        ["task=xor", "task.steps=10"],
        ["task=xor", "task.steps=10", "task.fidelity_every=0", "replicates=2"],
        ["task=digits", "task.epochs=1", "model.hidden=[4,4]", "num_steps=1"],
        ["task=derivative", "task.functions=[sin,exp]", "task.x=[0.5]"],
        ["task=derivative", "task.functions=[sin]", "task.x=[0.5,1e-3]", "replicates=2"],
        ["task=circuit", "task.qubits=1", "task.layers=1", "task.estimators=[spsa,forward]"],
        [
            "task=study", "task.functions=[sin]", "task.x=[1.3]", "task.dtypes=[float64]",
            "task.noises=[1e-4]", "task.estimators=[central]", "task.epsilons=5", "replicates=2",
            "task.budgets=[20]",
        ],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_task_tells_its_metrics(arguments: list[str]) -> None:
    if "task=derivative" in arguments:
        arguments = [*arguments, "task.compare_tensorflow=false"]
    config = plan(*arguments)
    found = tasks.run(config).finals()
    told = tasks.metrics(config)
    assert all(math.isfinite(found[name]) for name in told)
    assert sorted(told) == sorted(name for name in found if not name.startswith("test_"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gradient=spsa", "loss_noise=1e300"], "a weight is .* too large for a step of 1e-05"),
        (["gradient=spsa", "loss_noise=1e300", "dtype=float32"], "train_loss is nan at step 2"),
        (["task=derivative", "epsilon=1e300", "task.compare_tensorflow=false"], "is nan"),
        (["task=derivative", "task.noise=1e300", "task.compare_tensorflow=false"], "rmse is inf"),
    ],
)
def test_figures_that_are_no_numbers_fail_a_run(arguments: list[str], said: str) -> None:
    typed = arguments if "task=derivative" in arguments else [*arguments, "task.steps=5"]
    with np.errstate(all="ignore"):
        assert re.search(said, str(tasks.run(plan(*typed)).failure))


def test_a_step_that_moves_everything_away_is_no_success_in_disguise() -> None:
    """The loss is the same everywhere that far: the estimate is 0, and as far off as can be."""
    found = tasks.run(plan("epsilon=1e300", "gradient=spsa", "task.steps=5")).finals()
    assert (found["gradient_cosine"], found["gradient_relative_error"]) == (0, 1)
