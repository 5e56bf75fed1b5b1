"""A run reads what its gradient and its estimator say that they read, and nothing else."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from stochgrad.errors import ConfigError
from stochgrad.suite import tasks
from stochgrad.suite.config.reads import STEPS, TRAINING, unread
from stochgrad.suite.config.schema import TASKS, RunConfig
from stochgrad.suite.sweep.settings import SweepSettings, TuneSettings
from tests.suite.planning import composer, plan, plan_many

with composer() as _opened:
    CHOICES = dict(_opened.choices)

SHORT = ("task.steps=3", "task.fidelity_every=0", "export=false", "model.hidden=[3]")
TWO = {
    "epsilon": ("0.2", "0.1"),
    "num_steps": ("20", "30"),
    "task.min_scale": ("1", "2"),
    "differentiate_at": ("preactivation", "output"),
    "estimator": ("central", "forward"),
    "num_directions": ("1", "2"),
    "loss_noise": ("0", "0.1"),
    "loss_shots": ("0", "10"),
}
"""Of each setting, two values that give a run other weights if it reads them."""


def configure(*arguments: str) -> RunConfig:
    """Return a run as files might have it, whether it reads all of that or not."""
    with composer() as opened:
        return opened.run([*SHORT, "estimator=central", "epsilon=0.2", "num_steps=20", *arguments])


@cache
def trained(*arguments: str) -> tuple[bytes, ...]:
    network = tasks.run(configure(*arguments)).network
    assert network is not None
    return tuple(np.asarray(w).tobytes() for w in network.weights)


def has_influence(setting: str, chosen: str) -> bool:
    first, second = TWO[setting]
    try:
        return trained(chosen, f"{setting}={first}") != trained(chosen, f"{setting}={second}")
    except ConfigError:  # such a run cannot be
        return False


def test_the_settings_that_are_tried_are_all() -> None:
    assert set(TWO) == TRAINING


@pytest.mark.parametrize("gradient", CHOICES["gradient"])
def test_a_gradient_reads_what_it_says(gradient: str) -> None:
    chosen = f"gradient={gradient}"
    read = TRAINING - unread(configure(chosen)).keys()
    assert read == {setting for setting in TRAINING if has_influence(setting, chosen)}


@pytest.mark.parametrize("estimator", [e for e in CHOICES["estimator"] if e != "autodiff"])
def test_an_estimator_reads_what_it_says(estimator: str) -> None:
    chosen = f"estimator={estimator}"
    steps = set(STEPS.values())
    read = steps - unread(configure(chosen)).keys()
    assert read == {setting for setting in steps if has_influence(setting, chosen)}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["task=digits", "gradient=spsa", "num_steps=50"],
            "num_steps=50: gradient=spsa does not read num_steps; leave it out, or use "
            "gradient=backprop, direct_feedback_alignment or feedback_alignment",
        ),
        (
            ["gradient=spsa", "estimator.min_separation=0.1"],
            "estimator.min_separation=0.1: gradient=spsa does not read estimator; leave it out, or "
            "use gradient=backprop, direct_feedback_alignment or feedback_alignment",
        ),
        (
            ["gradient=spsa", "gradient.slope=exact", "loss_noise=0"],
            "loss_noise=0: gradient=spsa gradient.slope=exact does not read loss_noise; leave it "
            "out, or use gradient=evolution_strategies, mezo, node_perturbation or spsa",
        ),
        (
            ["task=derivative", "estimator=forward", "num_steps=3"],
            "num_steps=3: estimator=forward does not read num_steps; leave it out, or use "
            "estimator=central, quadratic, regression or three_slope",
        ),
        (
            ["experiment=digits_exact", "epsilon=1e-3"],
            "epsilon=1e-3: estimator=analytic does not read epsilon; leave it out, or use "
            "estimator=central, central_fixed, complex_step, forward, quadratic, regression, "
            "richardson or three_slope",
        ),
        (
            ["task=study", "resume=auto"],
            "resume=auto: task=study does not read resume; leave it out, or use task=digits, mnist "
            "or xor",
        ),
    ],
)
def test_what_is_not_read_is_refused(arguments: list[str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(*arguments)
    assert str(caught.value) == said


def test_a_sweep_takes_what_one_of_its_runs_reads() -> None:
    assert len(plan_many("gradient=spsa,backprop", "num_steps=5,10").jobs) == 4
    with pytest.raises(ConfigError, match=r"num_steps=5,10: gradient=spsa,mezo does not read"):
        plan_many("gradient=spsa,mezo", "num_steps=5,10")


def test_what_files_say_need_not_be_read() -> None:
    assert plan("experiment=digits_by_backprop").epsilon == 1e-2


SCHEMAS = [RunConfig, SweepSettings, TuneSettings, *(TASKS[name].schema for name in TASKS)]
SECTIONS = [
    field.annotation
    for field in RunConfig.model_fields.values()
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
]


@pytest.mark.parametrize("schema", [*SCHEMAS, *SECTIONS], ids=lambda s: s.__name__)
def test_a_number_is_no_flag_and_a_flag_no_number(schema: Any) -> None:
    for name, field in schema.model_fields.items():
        key = field.alias or name
        values = [1, "yes"] if field.annotation is bool else [True, [True]]
        for value in values if field.annotation is not Any else []:
            with pytest.raises(ValidationError) as caught:
                schema.model_validate({key: value})
            assert any(error["loc"][:1] == (key,) for error in caught.value.errors()), (key, value)
