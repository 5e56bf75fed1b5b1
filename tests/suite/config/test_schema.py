"""The schema of a run: what it accepts, what it says to what it does not, and how it is hashed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest

import stochgrad.suite.tasks  # noqa: F401  (enters the tasks' schemas)
from stochgrad.errors import ConfigError
from stochgrad.stencils import ESTIMATORS
from stochgrad.suite.config.schema import RunConfig, validate
from tests.differentiate.test_mistakes import NoRule
from tests.suite.tasks.configs import XOR

BASE: dict[str, Any] = {
    **XOR,
    "task": {"name": "xor", "steps": 100},
    "estimator": {"name": "quadratic", "division": "realised", "min_separation": 0.01},
}


def changed(**changes: Any) -> dict[str, Any]:
    """Return BASE with values replaced (``task__steps`` for task.steps) or taken out (``...``)."""
    values = {key: dict(v) if isinstance(v, dict) else v for key, v in BASE.items()}
    for key, value in changes.items():
        *path, last = key.split("__")
        inner = values
        for part in path:
            inner = inner[part]
        if value is ...:
            del inner[last]
        else:
            inner[last] = value
    return values


def complaint(values: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        validate(values)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    return message


def test_the_base_is_valid() -> None:
    config = validate(BASE)
    assert isinstance(config, RunConfig)
    assert config.make_estimator().name == "quadratic"


POSITIVE = r"must be .*greater than 0"
COUNT = r"must be .*(greater than or equal to 1|whole number)"
MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"epsilon": 0.0}, rf"epsilon=0.0: {POSITIVE}"),
    ({"epsilon": -1e-5}, rf"epsilon=-1e-05: {POSITIVE}"),
    ({"epsilon": float("nan")}, r"epsilon=nan: must be .*(finite|greater)"),
    ({"epsilon": float("inf")}, r"epsilon=inf: must be .*finite"),
    ({"epsilon": "small"}, r"epsilon=small: must be .*number"),
    ({"epsilon": True}, r"epsilon=true: must be .*number"),
    ({"epsilon": None}, r"epsilon=null: must be .*number"),
    ({"num_steps": 0}, rf"num_steps=0: {COUNT}"),
    ({"num_steps": 2.5}, rf"num_steps=2.5: {COUNT}"),
    ({"num_steps": True}, rf"num_steps=true: {COUNT}"),
    ({"replicates": 0}, rf"replicates=0: {COUNT}"),
    ({"seed": -1}, r"seed=-1: must be .*greater than or equal to 0"),
    ({"seed": 1.5}, r"seed=1.5: must be a whole number"),
    ({"dtype": "float16"}, r"dtype=float16: unknown dtype; allowed: float32, float64"),
    ({"activation": "sigmod"}, r"activation=sigmod: unknown .*Did you mean 'sigmoid'\?"),
    ({"estimator__name": "quadratc"}, r"estimator=quadratc: .*Did you mean 'quadratic'\?"),
    ({"estimator__name": ...}, r"estimator.name: missing; give it a value"),
    ({"estimator__jitter": 0.5}, r"estimator.jitter=0.5: unknown .*allowed: division, min_sep"),
    ({"estimator__division": "exact"}, r"estimator.division=exact: .*nominal, realised"),
    ({"estimator__min_separation": 0.7}, r"estimator.min_separation=0.7: must be .* 0 to 0.5"),
    ({"backend__name": "tensorflw"}, r"backend=tensorflw: .*Did you mean 'tensorflow'\?"),
    ({"task__name": "xr"}, r"task=xr: unknown task; .*Did you mean 'xor'\?"),
    ({"task__stepz": 3}, r"task.stepz=3: unknown key; allowed: .*Did you mean 'steps'\?"),
    ({"task__min_scale": -1.0}, r"task.min_scale=-1.0: must be .*greater than or equal to 0"),
    ({"optimizer__name": "sdg"}, r"optimizer=sdg: .*Did you mean 'sgd'\?"),
    ({"optimizer__learning_rate": -1.0}, r"optimizer.learning_rate=-1.0: must be .*than 0"),
    ({"optimizer__momentum": 0.9}, r"optimizer.momentum=0.9: unknown .*allowed: learning_rate"),
    ({"model__hidden": []}, r"model.hidden=\[\]: "),
    ({"model__hidden": [8, 0]}, rf"model.hidden=0: {COUNT}"),
    ({"model__hiden": [8]}, r"model.hiden=\[8\]: unknown key; .*Did you mean 'hidden'\?"),
    ({"model__init": "xavie"}, r"model.init=xavie: unknown .*Did you mean 'xavier'\?"),
    ({"differentiate_at": "input"}, r"differentiate_at=input: .*output, preactivation"),
    ({"epsilonn": 1e-4}, r"epsilonn=0.0001: unknown key; .*Did you mean 'epsilon'\?"),
    ({"num_steps": ...}, r"num_steps: missing; give it a value"),
    ({"register": "a/b"}, r"register=a/b: must be a name without any of / : "),
    ({"register": " "}, r"register= : must be a name .*without spaces around it"),
    ({"register": "digits "}, r"register=digits : must be a name .*without spaces around it"),
    ({"register": ""}, r"register=: must be a name"),
    ({"register": "m" * 257}, r"register=m+ … m+: must have at most 256 characters"),
]


@pytest.mark.parametrize(("changes", "pattern"), MISTAKES, ids=lambda v: str(v)[:40])
def test_a_mistake_is_one_line_that_names_it(changes: dict[str, Any], pattern: str) -> None:
    assert re.match(pattern, complaint(changed(**changes)))


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    (
        {"estimator": {"name": "autodiff"}},
        r"estimator=autodiff backend=numpy: .*use backend=tensorflow, or estimator=analytic",
    ),
    (
        {"estimator": {"name": "complex_step"}, "activation": "relu"},
        r"estimator=complex_step activation=relu: .*use activation=.*sigmoid",
    ),
    (
        {
            "estimator": {"name": "complex_step"},
            "activation": "gelu",
            "backend": {"name": "tensorflow"},
        },
        r"estimator=complex_step activation=gelu backend=tensorflow: .*use backend=numpy",
    ),
    (
        {"epsilon": 1e-8, "dtype": "float32"},
        r"epsilon=1e-08: too small to move x in dtype=float32; the smallest .* is 1.2e-07",
    ),
    (
        {"epsilon": 1e-17},
        r"epsilon=1e-17: too small to move x in dtype=float64; the smallest .* is 2.23e-16",
    ),
    (
        {"epsilon": 1e-17, "estimator": {"name": "central"}},
        r"epsilon=1e-17: too small to move x in dtype=float64; the smallest .* is 2.23e-16",
    ),
    (
        {"epsilon": 1e-40, "dtype": "float32", "estimator": {"name": "complex_step"}},
        r"epsilon=1e-40: too small .* is 1.18e-38 \(or dtype=float64\)",
    ),
]


@pytest.mark.parametrize(("changes", "pattern"), IMPOSSIBLE, ids=lambda v: str(v)[:50])
def test_an_impossible_combination_says_what_to_use(changes: dict[str, Any], pattern: str) -> None:
    assert re.match(pattern, complaint({**BASE, **changes}))


POSSIBLE: list[dict[str, Any]] = [
    {"estimator": {"name": "autodiff"}, "backend": {"name": "tensorflow"}},
    {"estimator": {"name": "autodiff"}, "backend": {"name": "tensorflow"}, "epsilon": 1e-300},
    {"estimator": {"name": "analytic"}, "activation": "relu", "epsilon": 1e-300},
    {"estimator": {"name": "complex_step"}, "epsilon": 1e-100},
    {"estimator": {"name": "complex_step"}, "activation": "gelu"},
    {"epsilon": 1e-8},
    {"epsilon": 1},
    {"epsilon": 1.2e-7, "dtype": "float32"},
    {"seed": None},
    {"seed": 2**63 - 1},
    {"register": "m"},
    {"register": "digit reader"},
    {"estimator": {"name": "three_slope", "division": "nominal", "min_separation": 0.0}},
]


@pytest.mark.parametrize("changes", POSSIBLE, ids=str)
def test_what_is_possible_is_accepted(changes: dict[str, Any]) -> None:
    assert validate({**BASE, **changes}).make_estimator()


def backwards(value: Any) -> Any:
    """Return the same configuration with the keys of every mapping in the opposite order."""
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(value)}
    return value


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    a, b = validate(BASE), validate(backwards(BASE))
    assert list(BASE) != list(backwards(BASE))
    assert a.canonical() == b.canonical()
    assert a.config_hash() == b.config_hash()
    assert re.fullmatch(r"[0-9a-f]{64}", a.config_hash())


def test_the_hash_does_not_depend_on_how_defaults_are_said() -> None:
    said = changed(model={"hidden": [8], "bias": "constant", "init": "uniform"}, export=True)
    assert validate(said).config_hash() == validate(BASE).config_hash()


@pytest.mark.parametrize(
    "change",
    [
        {"epsilon": 1.0000001e-4},
        {"seed": 1},
        {"seed": None},
        {"estimator": {"name": "quadratic", "division": "nominal"}},
        {"task": {"name": "xor", "steps": 101}},
        {"model": {"hidden": [8, 8]}},
    ],
    ids=str,
)
def test_another_run_has_another_hash(change: dict[str, Any]) -> None:
    assert validate({**BASE, **change}).config_hash() != validate(BASE).config_hash()


@pytest.mark.parametrize(
    ("section", "name", "key", "other"),
    [
        ("task", "xor", "worth_draws", 2),
        ("gradient", "weight_perturbation", "output", "exact"),
        ("gradient", "activity_perturbation", "output", None),
    ],
)
def test_a_setting_that_came_later_names_a_run_where_it_is_not_what_was_before(
    section: str, name: str, key: str, other: Any
) -> None:
    """Runs on record keep their names; activity perturbation had ``output`` from the start."""
    old = {"name": name}
    before = {"worth_draws": 0, "output": "perturbed"}[key]
    plain, said = (changed(**{section: own}) for own in (old, {**old, key: before}))
    same = validate(plain).config_hash() == validate(said).config_hash()
    assert same == (other is not None)
    if other is not None:
        moved = changed(**{section: {**old, key: other}})
        assert validate(moved).config_hash() != validate(plain).config_hash()


def test_the_canonical_text_is_a_configuration() -> None:
    config = validate(BASE)
    assert validate(json.loads(config.canonical())) == config


def test_flat_keys_are_those_of_the_command_line() -> None:
    flat = validate(BASE).flat()
    expected = {
        "task.name": "xor",
        "task.steps": 100,
        "estimator.name": "quadratic",
        "estimator.division": "realised",
        "backend.name": "numpy",
        "optimizer.name": "sgd",
        "optimizer.learning_rate": 1.0,
        "model.hidden": [8],
        "activation": "sigmoid",
        "epsilon": 1e-4,
        "num_steps": 10,
        "dtype": "float64",
        "seed": 0,
        "replicates": 1,
        "differentiate_at": "preactivation",
    }
    assert expected.items() <= flat.items()
    assert not any(isinstance(value, dict) for value in flat.values())


def test_a_configuration_cannot_be_changed() -> None:
    config = validate(BASE)
    with pytest.raises(ValueError, match="frozen"):
        config.epsilon = 1.0


def test_validating_does_not_change_its_argument() -> None:
    values = changed()
    validate(values)
    assert values == BASE


def test_a_step_that_nobody_can_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ESTIMATORS._entries, "no_rule", NoRule)
    task = {"name": "derivative", "functions": ["sin"], "x": [1.0]}
    said = complaint({**XOR, "task": task, "estimator": {"name": "no_rule"}, "epsilon": "auto"})
    assert said.startswith("epsilon=auto estimator=no_rule: its best step is not known, ")


def test_the_schema_is_read_without_anything_heavy() -> None:
    """So that a mistake is told at once."""
    code = "import sys, stochgrad.suite.config.schema; print(*(set(sys.argv) & set(sys.modules)))"
    heavy = ["tensorflow", "keras", "mlflow", "matplotlib", "sklearn", "hydra", "pandas"]
    done = subprocess.run(
        [sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("\n", "")
