"""The jobs that a command asks for."""

from pathlib import Path

import pytest

import stochgrad.suite.tasks
from stochgrad.suite.config.compose import plan_run
from stochgrad.suite.sweep.plan import plan_sweep

CONF = Path(__file__).resolve().parents[3] / "conf"
assert stochgrad.suite.tasks.TASKS


def test_the_last_key_turns_fastest() -> None:
    plan = plan_sweep(["epsilon=1e-3,1e-4", "seed=5", "dtype=float32,float64"], CONF)
    assert plan.swept == ("epsilon", "dtype")
    assert [(job.number, job.config.epsilon, job.config.dtype) for job in plan.jobs] == [
        (1, 1e-3, "float32"),
        (2, 1e-3, "float64"),
        (3, 1e-4, "float32"),
        (4, 1e-4, "float64"),
    ]
    assert {job.config.seed for job in plan.jobs} == {5}


@pytest.mark.parametrize(
    ("argument", "values"),
    [
        ("seed=range(2,4)", ["2", "3"]),
        ("model.hidden=[8],[16,16]", ["[8]", "[16,16]"]),
        ("estimator=glob(central*)", ["central", "central_fixed"]),
        ("epsilon=choice(1e-3,1e-4)", ["0.001", "0.0001"]),
    ],
)
def test_ways_to_give_several_values(argument: str, values: list[str]) -> None:
    key = argument.partition("=")[0]
    assert [job.swept[key] for job in plan_sweep([argument], CONF).jobs] == values


def test_a_sweep_of_nothing_is_one_job() -> None:
    plan = plan_sweep(["seed=3"], CONF)
    assert len(plan.jobs) == 1
    assert plan.swept == ()


@pytest.mark.parametrize(
    "arguments",
    [
        ["experiment=digits_exact,digits_estimated", "task.epochs=2"],
        ["task=digits,mnist", "task.epochs=1"],
        ["model.hidden=[4],[16]", "model={hidden:[2]}"],
        ["model={hidden:[2]},{hidden:[3]}", "model.hidden=[7]"],
    ],
)
def test_arguments_mean_in_a_sweep_what_they_mean_in_a_run(arguments: list[str]) -> None:
    key = arguments[0].partition("=")[0]
    for job in plan_sweep(arguments, CONF).jobs:
        assert job.config == plan_run([f"{key}={job.swept[key]}", arguments[1]], CONF)
