"""The metrics that a task names before a run are those that it ends with."""

from __future__ import annotations

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
    assert sorted(told) == sorted(name for name in found if not name.startswith("test_"))
