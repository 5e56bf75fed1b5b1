"""``python -m src.replicate`` on a tiny paper: runs, resumes, judges, and refuses mistakes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from stochgrad.suite.cli.replicate import main
from stochgrad.suite.replicate.computed import COMPUTATIONS

CONF = Path(__file__).resolve().parents[2] / "conf"
PAPER = """\
title: Tiny
reference: nobody
settings: [task=xor, task.steps=50, replicates=3, export=false]
measure: mean_abs_error
unit: error
cells:
  back-propagation: {published: 0.5, settings: [estimator=analytic], tolerance: 0.5}
  weights/spsa: {settings: [gradient=spsa, epsilon=1e-3]}
  cosine: {published: 1, compute: projection_cosine2, options: {dimension: 9, draws: 50}}
"""

pytestmark = pytest.mark.system


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "conf"
    shutil.copytree(CONF, folder)
    (folder / "papers" / "tiny.yaml").write_text(PAPER)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.setattr("stochgrad.suite.cli.replicate.home", lambda conf: tmp_path)
    return folder


@pytest.mark.slow
def test_cells_run_once_and_are_judged(
    conf: Path, empty_database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(empty_database, conf.parent / "mlflow.db")
    assert main(conf, ["tiny", "weights"]) == 0
    assert "no run yet" in capsys.readouterr().out
    assert main(conf, ["tiny"]) == 0
    assert "agrees" in capsys.readouterr().out
    folder = conf.parent / "results" / "replicate" / "tiny"
    numbers = (folder / "numbers.csv").read_bytes()
    for arguments in ([], ["weights"], ["sweep.dry_run=true"]):  # all on record
        assert main(conf, ["tiny", *arguments]) == 0
        assert (folder / "numbers.csv").read_bytes() == numbers
    first, again = capsys.readouterr().out, (folder / "ledger.csv").read_text()
    assert "page" in first
    assert again.count("tiny") == 0
    assert main(conf, ["tiny", "back-propagation", "task.steps=20"]) == 0
    assert "other settings" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tine"], "Did you mean 'tiny'"),
        (["tiny", "spsa"], "cell=spsa: unknown cell"),
        (["tiny", "epsilon=-1"], "epsilon=-1"),
        (["tiny", "seed=1,2"], "several values"),
        (
            ["--seeds=5"],
            "--seeds=5: unknown option; allowed: --help. Settings are written as key=v",
        ),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_recorded(
    conf: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(conf, arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (conf.parent / "mlflow.db").exists()


def test_a_dry_run_runs_and_records_nothing(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(conf, ["tiny", "sweep.dry_run=true"]) == 0
    assert capsys.readouterr().out.count("no run yet") == 3
    page = conf.parent / "results" / "replicate" / "tiny" / "index.html"
    assert "python -m src.replicate tiny weights/spsa" in page.read_text()
    assert not (conf.parent / "mlflow.db").exists()


def test_papers_are_listed(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(conf, []) == 0
    assert "tiny" in capsys.readouterr().out


def test_what_is_computed_takes_no_settings(capsys: pytest.CaptureFixture[str]) -> None:
    conf = Path(__file__).resolve().parents[2] / "conf"
    assert main(conf, ["werfel2003", "foo=1"]) == 2
    assert "foo=1: these cells are computed" in capsys.readouterr().err


def test_what_was_not_asked_for_is_not_computed(
    conf: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[str] = []

    def compute(seeds: int, *, perturbed: str) -> NDArray[np.float64]:
        computed.append(perturbed)
        return np.linspace(0.99, 1.01, seeds)

    monkeypatch.setitem(COMPUTATIONS._entries, "linear_learning_curve", compute)
    folder = conf.parent / "results" / "replicate" / "werfel2003"
    assert main(conf, ["werfel2003", "sweep.dry_run=true"]) == 0
    assert main(conf, ["werfel2003", "gradient descent"]) == 0
    assert computed == ["none"]
    assert capsys.readouterr().out.count("no run yet") == 5
    assert (
        "src.replicate werfel2003 &#39;node perturbation&#39;"
        in (folder / "index.html").read_text()
    )
    assert main(conf, ["werfel2003", "node perturbation"]) == 0
    assert computed == ["none", "nodes"]
    assert capsys.readouterr().out.count("agrees") == 2
    assert main(conf, ["werfel2003"]) == 0
    assert computed == ["none", "nodes", "none", "nodes", "weights"]


def test_after_an_interrupt_the_same_command_goes_on(
    conf: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("stochgrad.suite.tasks.run", interrupted)
    assert main(conf, ["tiny", "weights/spsa"]) == 130
    assert "to go on: python -m src.replicate tiny weights/spsa\n" in capsys.readouterr().err
