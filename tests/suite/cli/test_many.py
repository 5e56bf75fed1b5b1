"""What a sweep says of combinations that it leaves out, and of values that repeat."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stochgrad.suite.cli import main
from stochgrad.suite.cli.many import MOST_LEFT_OUT, left_out
from tests.suite.planning import CONF, plan_many


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that must not come to be."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")


def dry_run(capsys: pytest.CaptureFixture[str], *typed: str) -> str:
    assert main(CONF, ["-m", *typed, "sweep.dry_run=true"]) == 0
    return capsys.readouterr().out


@pytest.mark.slow
def test_a_dry_run_counts_repeated_values_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert re.search(r"^ +1  new: never run$", dry_run(capsys, "seed=1,1,1"), re.MULTILINE)
    shown = dry_run(capsys, "epsilon=1e-5,0.00001", "seed=1,2,1")
    assert re.search(r"^ +2  new: never run$", shown, re.MULTILINE)


@pytest.mark.slow
def test_a_dry_run_lists_what_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = dry_run(capsys, "estimator=glob(*)", "sweep.skip_invalid=true")
    assert re.search(r"^ +9  new: never run$", shown, re.MULTILINE)
    assert "  1 combination left out (sweep.skip_invalid=true):\n    estimator=autodiff: " in shown
    assert "use backend=tensorflow" in shown
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_preset_that_holds_a_sweep_is_run_as_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    preset = tmp_path / "experiment" / "mine.yaml"
    preset.parent.mkdir()
    text = '# @package _global_\nhydra: {sweeper: {params: {epsilon: "1e-5,1e-6"}}}\n'
    preset.write_text(text, encoding="utf-8")
    shown = dry_run(capsys, "-cd", str(tmp_path), "experiment=mine")
    assert re.search(r"^ +2  new: never run$", shown, re.MULTILINE)
    assert main(CONF, ["-cd", str(tmp_path), "experiment=mine"]) == 2
    assert "add -m to run it" in capsys.readouterr().err


def test_a_long_list_is_cut() -> None:
    typed = ["estimator=autodiff,central", "seed=range(0,30)", "sweep.skip_invalid=true"]
    lines = left_out(plan_many(*typed)).splitlines()
    assert lines[0] == "  30 combinations left out (sweep.skip_invalid=true):"
    assert lines[-1] == f"    … and {30 - MOST_LEFT_OUT} more"
    assert len(lines) == MOST_LEFT_OUT + 2
    assert left_out(plan_many("seed=0,1")) == ""
