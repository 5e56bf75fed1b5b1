"""One run, composed from files and arguments."""

from pathlib import Path

import pytest

import stochgrad.suite.tasks
from stochgrad.backends import BACKENDS
from stochgrad.stencils import ESTIMATORS
from stochgrad.suite.config.compose import configuration, plan_run
from stochgrad.suite.models.activations import ACTIVATIONS
from stochgrad.suite.models.optimizers import OPTIMIZERS
from tests.suite.planning import CONF, composer, plan

PRESETS = sorted(
    p.stem for p in (CONF / "experiment").glob("*.yaml") if "sweeper:" not in p.read_text()
)


def test_the_groups_are_the_registries() -> None:
    with composer() as opened:
        choices = opened.choices
    assert choices["task"] == list(stochgrad.suite.tasks.TASKS)
    assert choices["estimator"] == list(ESTIMATORS)
    assert choices["backend"] == list(BACKENDS)
    assert choices["optimizer"] == list(OPTIMIZERS)


@pytest.mark.parametrize("estimator", list(ESTIMATORS))
def test_every_estimator_is_configured_with_its_own_defaults(estimator: str) -> None:
    backends = ESTIMATORS[estimator].backends or {"tensorflow"}
    config = plan(f"estimator={estimator}", f"backend={min(backends)}")
    assert config.make_estimator() == ESTIMATORS[estimator]()


@pytest.mark.parametrize("task", ["digits", "mnist", "xor"])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_every_network_takes_every_activation(task: str, activation: str) -> None:
    config = plan(f"task={task}", f"activation={activation}")
    assert (config.task.name, config.activation) == (task, activation)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_valid(preset: str) -> None:
    assert plan(f"experiment={preset}").config_hash() != plan().config_hash()


def test_the_learning_rate_is_the_tasks_for_sgd_only() -> None:
    options = plan("task.learning_rate=0.25").optimizer.options
    assert options == {"learning_rate": 0.25, "weight_decay": 0.0}
    assert plan("optimizer=adam", "task.steps=100", "task.log_every=100").optimizer.options == {
        "learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7,
        "weight_decay": 0.0,
    }  # fmt: skip
    assert plan("optimizer.learning_rate=0.5").optimizer.options["learning_rate"] == 0.5


def test_derivatives_have_their_own_estimator_and_draws() -> None:
    config = plan("task=derivative")
    assert (config.estimator.name, config.num_steps) == ("central", 100)


def test_the_command_line_wins() -> None:
    config = plan("estimator=quadratic", "num_steps=7", "task=derivative")
    assert (config.estimator.name, config.num_steps) == ("quadratic", 7)
    config = plan("experiment=notebook_xor", "estimator=central", "epsilon=1e-4")
    assert (config.estimator.name, config.epsilon) == ("central", 1e-4)
    assert config.differentiate_at == "output"


def test_the_notebooks_derivatives() -> None:
    config = plan("experiment=notebook_derivatives")
    flat = config.flat()
    assert flat["epsilon"] == pytest.approx(10**-5.4444, rel=1e-15)
    assert flat["estimator.division"] == "nominal"
    assert (flat["dtype"], flat["task.function_dtype"]) == ("float32", "float64")
    assert (flat["num_steps"], flat["task.num_steps_spread"]) == (100, 0.1)
    assert flat["task.functions"] == ["square", "power_pi", "self_power", "exp_power"]


def test_the_notebooks_xor_and_its_unguarded_form_differ_in_the_floor_alone() -> None:
    guarded = plan("experiment=notebook_xor").flat()
    bare = plan("experiment=notebook_xor_unguarded").flat()
    assert {key for key in guarded if guarded[key] != bare[key]} == {"estimator.min_separation"}
    assert bare["estimator.min_separation"] == 0
    assert (guarded["epsilon"], guarded["num_steps"]) == (1e-8, 10)
    assert (guarded["task.steps"], guarded["optimizer.learning_rate"]) == (10_000, 1.0)
    assert guarded["differentiate_at"] == "output"


def test_the_two_digits_networks_differ_in_the_estimator_alone() -> None:
    estimated = plan("experiment=digits_estimated").flat()
    exact = plan("experiment=digits_exact").flat()
    differing = {key for key in estimated if estimated[key] != exact.get(key)}
    assert {key.partition(".")[0] for key in differing} == {"estimator"}


def test_a_folder_of_ones_own_presets(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text("# @package _global_\nepsilon: 0.5\n")
    typed = [f"hydra.searchpath=[{tmp_path}]", "experiment=mine"]
    assert plan_run(typed, CONF).epsilon == 0.5


@pytest.mark.parametrize(
    "own",
    [
        ["seed=3"],
        ["epsilon=1e-3", "optimizer.learning_rate=0.5", "model.hidden=[3,4]"],
        ["estimator=central", "seed=1", "estimator.jitter=0.5"],
        ["task.epochs=3", "task=digits", "num_steps=5"],
        ["experiment=notebook_xor", "epsilon=${task.learning_rate}"],
        ["+plugins=[math]", "seed=2"],
        ["model.hidden=[8]", "++model={hidden:[4]}"],
        ["++model={hidden:[4]}", "model.hidden=[8]"],
        ["model.hidden.0=4", "model.hidden=[3,3]"],
    ],
)
def test_runs_that_share_a_composition_are_those_composed_alone(own: list[str]) -> None:
    common = ["dtype=float32", "activation=tanh"]
    with configuration(CONF) as alone:
        expected = alone.run([*common, *own])
    with composer() as shared:
        other = shared.run(["seed=9", "epsilon=0.25", *common])
        assert shared.run([*common, *own]) == expected != other
        assert shared.run(["seed=9", "epsilon=0.25", *common]) == other
