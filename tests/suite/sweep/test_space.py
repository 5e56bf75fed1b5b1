"""Arguments with ranges as distributions of Optuna's."""

from __future__ import annotations

from pathlib import Path

import pytest
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

import stochgrad.suite.tasks
from stochgrad.errors import ConfigError
from stochgrad.suite.config.compose import configuration
from stochgrad.suite.config.overrides import read
from stochgrad.suite.config.validation import validate_section
from stochgrad.suite.sweep.settings import SweepSettings, TuneSettings
from stochgrad.suite.sweep.space import corners, search_space

CONF = Path(__file__).resolve().parents[3] / "conf"
assert stochgrad.suite.tasks.TASKS


def space(*arguments: str) -> dict[str, BaseDistribution]:
    with configuration(CONF) as composer:
        return search_space(read(arguments, composer.choices), composer.choices)


@pytest.mark.parametrize(
    ("argument", "distribution"),
    [
        ("epsilon=interval(0.1,1)", FloatDistribution(0.1, 1.0)),
        ("epsilon=tag(log,interval(1e-6,1e-2))", FloatDistribution(1e-6, 1e-2, log=True)),
        ("num_steps=int(interval(1,9))", IntDistribution(1, 9)),
        ("num_steps=range(1,9)", IntDistribution(1, 8)),
        ("num_steps=range(1,10,4)", IntDistribution(1, 9, step=4)),
        ("num_steps=sort(range(1,9),reverse=true)", IntDistribution(1, 8)),
        ("num_steps=tag(log,range(1,9))", IntDistribution(1, 8, log=True)),
        ("epsilon=range(1,4,1.5)", CategoricalDistribution(["1.0", "2.5"])),
        ("epsilon=range(1,3.5)", CategoricalDistribution(["1.0", "2.0", "3.0"])),
        ("epsilon=range(1,2.5,0.5)", CategoricalDistribution(["1.0", "1.5", "2.0"])),
        ("activation=tanh,sigmoid", CategoricalDistribution(["tanh", "sigmoid"])),
        ("model.hidden=[8],[16,16]", CategoricalDistribution(["[8]", "[16,16]"])),
        ("estimator=glob(central*)", CategoricalDistribution(["central", "central_fixed"])),
    ],
)
def test_forms(argument: str, distribution: BaseDistribution) -> None:
    assert space(argument, "seed=1") == {argument.partition("=")[0]: distribution}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["epsilon=1"], "nothing to search over"),
        (["epsilon=tag(lin,interval(0,1))"], "unknown tag; allowed: log"),
        (["epsilon=tag(log,interval(0,1))"], "epsilon=tag"),
        (["epsilon=interval(1,0.1)"], r"interval\(1,0.1\): write the lower end first"),
        (["activation=tag(log,choice(tanh,sigmoid))"], "for intervals"),
        (["epsilon=tag(log,range(1,3.5))"], "for intervals"),
        (["num_steps=tag(log,range(1,9,2))"], "only accept step is 1"),
        (["num_steps=range(1,9,0)"], "must not be zero"),
        (["num_steps=range(9,1)"], "no value"),
        (["epsilon=range(1,9,0.0)"], "the step must not be 0"),
        (["epsilon=interval(0,1)", "epsilon=interval(0,2)"], "twice"),
    ],
)
def test_mistakes(arguments: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        space(*arguments)


def test_corners_hold_every_end_and_every_choice() -> None:
    points = corners(space("epsilon=interval(0.1,1)", "activation=tanh,sigmoid,relu"))
    assert [point["activation"] for point in points] == ["tanh", "sigmoid", "relu"]
    assert [point["epsilon"] for point in points] == [0.1, 1.0, 1.0]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"workers": 0}, r"sweep\.workers=0"),
        ({"scheduler": "here"}, r"sweep\.scheduler=here: .*tcp://"),
        ({"on_failure": "ignore"}, r"on_failure=ignore.*continue, stop"),
        ({"wokers": 2}, r"sweep\.wokers=2: unknown key.*Did you mean 'workers'"),
        ({"rerun": "maybe"}, r"sweep\.rerun=maybe"),
    ],
)
def test_settings_of_a_sweep_that_are_wrong(values: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        validate_section(SweepSettings, values, "sweep.")


def test_the_test_set_must_not_choose() -> None:
    with pytest.raises(ConfigError, match=r"tune\.metric=test_loss: .*val_loss"):
        validate_section(TuneSettings, {"metric": "test_loss"}, "tune.")


def test_cores_are_divided_among_workers() -> None:
    assert SweepSettings(workers=1024).threads_each == 1
    assert SweepSettings(workers=4, threads=3).threads_each == 3
