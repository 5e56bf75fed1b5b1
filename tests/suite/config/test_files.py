"""What configuration files may say to Hydra."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import stochgrad.suite.tasks
from stochgrad.errors import ConfigError
from stochgrad.suite.cli import failure_message
from stochgrad.suite.config.compose import Sources, configuration, plan_run
from stochgrad.suite.config.overrides import read
from stochgrad.suite.sweep.plan import plan_sweep, read_sweep
from stochgrad.suite.sweep.space import search_space

CONF = Path(__file__).resolve().parents[3] / "conf"
SWEEP = "hydra:\n  sweeper:\n    params:\n      epsilon: 1e-5,1e-6\n      seed: range(0,3)\n"
assert stochgrad.suite.tasks.TASKS


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """The project's files, and a folder for presets of one's own."""
    (tmp_path / "experiment").mkdir()
    return Sources(CONF, more=tmp_path)


def preset(sources: Sources, text: str, name: str = "mine") -> None:
    assert sources.more is not None
    file = sources.more / "experiment" / f"{name}.yaml"
    file.write_text(f"# @package _global_\n{text}", encoding="utf-8")


def test_a_preset_may_hold_a_sweep(sources: Sources) -> None:
    preset(sources, f"num_steps: 7\n{SWEEP}")
    plan = plan_sweep(["experiment=mine"], sources)
    assert plan.swept == ("epsilon", "seed")
    assert [(job.config.epsilon, job.config.seed) for job in plan.jobs] == [
        (epsilon, seed) for epsilon in (1e-5, 1e-6) for seed in range(3)
    ]
    assert {job.config.num_steps for job in plan.jobs} == {7}


def test_the_command_line_wins_over_the_sweep_of_a_preset(sources: Sources) -> None:
    preset(sources, SWEEP)
    plan = plan_sweep(["experiment=mine", "epsilon=0.5", "num_steps=1,2"], sources)
    assert plan.swept == ("seed", "num_steps")
    assert {job.config.epsilon for job in plan.jobs} == {0.5}
    run = plan_run(["experiment=mine", "epsilon=0.5", "seed=1"], sources)
    assert (run.epsilon, run.seed) == (0.5, 1)


def test_a_list_in_a_preset_is_one_value_of_a_sweep(sources: Sources) -> None:
    preset(sources, "hydra: {sweeper: {params: {model.hidden: '[8],[16,16]', dtype: float32}}}\n")
    plan = plan_sweep(["experiment=mine"], sources)
    assert [job.config.model.hidden for job in plan.jobs] == [[8], [16, 16]]
    assert {job.config.dtype for job in plan.jobs} == {"float32"}


def test_without_m_it_says_to_add_it(sources: Sources) -> None:
    preset(sources, SWEEP)
    with pytest.raises(ConfigError, match=r"experiment=mine: .*epsilon, seed.*; add -m to run it"):
        plan_run(["experiment=mine"], sources)


def test_a_search_takes_the_ranges_of_a_preset(sources: Sources) -> None:
    preset(sources, "hydra: {sweeper: {params: {epsilon: 'interval(0.1,1)'}}}\n")
    with configuration(sources) as composer:
        overrides, _ = read_sweep(["experiment=mine"], composer)
        assert list(search_space(overrides, composer.choices)) == ["epsilon"]
        assert read(["experiment=mine"], composer.choices)


def test_presets_with_sweeps_of_their_own_are_not_swept_over(sources: Sources) -> None:
    preset(sources, SWEEP)
    with pytest.raises(ConfigError, match=r"job 2 of 2 .*a sweep of their own .*choose them alone"):
        plan_sweep(["experiment=notebook_xor,mine"], sources)


@pytest.mark.parametrize(
    "text",
    [
        "hydra: {run: {dir: /tmp/x}}",
        "hydra: {mode: MULTIRUN}",
        "hydra: {job: {chdir: true}}",
        "hydra: {sweeper: {max_batch_size: 3}}",
        "hydra: {launcher: {n_jobs: 3}}",
        "hydra: {nothing: 1}",
        "defaults:\n  - override /hydra/launcher: joblib\n",
        "defaults:\n  - override /hydra/sweeper: optuna\n",
    ],
)
@pytest.mark.parametrize("several", [False, True])
def test_any_other_setting_of_hydra_is_refused(sources: Sources, text: str, several: bool) -> None:
    preset(sources, text)
    plan, more = (plan_sweep, ["seed=1,2"]) if several else (plan_run, [])
    with pytest.raises(ConfigError) as caught:
        plan(["experiment=mine", *more], sources)
    assert len(failure_message(caught.value)) <= 300
    assert "hydra" in failure_message(caught.value)


@pytest.mark.parametrize("text", ["hydra: 3", "hydra: {sweeper: {params: [1]}}", "hydra: ["])
def test_a_setting_of_hydra_of_the_wrong_kind_is_one_line(sources: Sources, text: str) -> None:
    preset(sources, text)
    with pytest.raises(ConfigError, match="mine") as caught:
        plan_run(["experiment=mine"], sources)
    assert len(failure_message(caught.value)) <= 300


def test_another_first_file(tmp_path: Path) -> None:
    shutil.copytree(CONF, tmp_path / "conf")
    text = (
        (CONF / "config.yaml").read_text(encoding="utf-8").replace("epsilon: 1e-5", "epsilon: 0.5")
    )
    (tmp_path / "conf" / "other.yaml").write_text(text, encoding="utf-8")
    assert plan_run([], Sources(tmp_path / "conf", "other")).epsilon == 0.5
    with pytest.raises(ConfigError, match="nothing_there"):
        plan_run([], Sources(tmp_path / "conf", "nothing_there"))


def test_another_folder_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--config-dir .*gone: no such folder"):
        plan_run([], Sources(CONF, more=tmp_path / "gone"))
