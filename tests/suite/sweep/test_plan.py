"""The jobs that a command asks for."""

import pytest

from stochgrad.errors import ConfigError
from tests.suite.planning import plan as run
from tests.suite.planning import plan_many


def test_the_last_key_turns_fastest() -> None:
    plan = plan_many("epsilon=1e-3,1e-4", "seed=5", "dtype=float32,float64")
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
    assert [job.swept[key] for job in plan_many(argument).jobs] == values


def test_a_sweep_of_nothing_is_one_job() -> None:
    plan = plan_many("seed=3")
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
    for job in plan_many(*arguments).jobs:
        assert job.config == run(f"{key}={job.swept[key]}", arguments[1])


@pytest.mark.parametrize(
    ("argument", "jobs"),
    [
        ("seed=1,1,1", 1),
        ("seed=1,2,1", 2),
        ("epsilon=1e-5,0.00001,1.0e-5", 1),
        ("estimator=central,central", 1),
        ("model.hidden=[8],[8],[ 8 ]", 1),
        ("seed=null,null", 1),
    ],
)
def test_values_that_repeat_are_one_job(argument: str, jobs: int) -> None:
    plan = plan_many(argument)
    assert [job.number for job in plan.jobs] == list(range(1, jobs + 1))


def test_combinations_that_cannot_be_are_left_out_when_asked() -> None:
    typed = ["estimator=glob(*)", "seed=0,1", "sweep.skip_invalid=true"]
    plan = plan_many(*typed)
    assert list(plan.left_out) == ["estimator=autodiff, seed=0", "estimator=autodiff, seed=1"]
    assert all("use backend=tensorflow" in reason for reason in plan.left_out.values())
    assert [job.number for job in plan.jobs] == list(range(1, 19))
    assert "autodiff" not in {job.swept["estimator"] for job in plan.jobs}


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("estimator=central,centrall", "Did you mean 'central'"),
        ("estimator=centrall,central", "Did you mean 'central'"),
        ("epsilon=0,-1", "no combination is left; epsilon=0: must be"),
        ("sweep.workers=0", "sweep.workers=0: must be"),
    ],
)
def test_leaving_out_hides_no_slip(argument: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plan_many(argument, "sweep.skip_invalid=true")
