"""What is drawn for which run, and what drawing leaves alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from stochgrad.suite.data.xor import load_xor
from stochgrad.suite.figures import FIGURES, draw
from stochgrad.suite.figures.style import new_figure, setting
from stochgrad.suite.tasks.result import Curve, Result

from .synthetic import RESULTS, broken, decay, make_config, texts

XOR = {"activation", "gradient_fidelity", "loss", "outputs"}
DIGITS = {
    "accuracy", "accuracy_by_digit", "activation", "confusion_matrix", "gradient_fidelity",
    "labels", "loss", "predictions", "samples",
}  # fmt: skip
EXPECTED = [
    ("xor", 1, XOR),
    ("xor", 20, XOR),
    ("xor", 100, XOR),
    ("digits", 1, DIGITS),
    ("digits", 20, DIGITS),
    ("derivative", 1, {"error"}),
    ("derivative", 20, {"error", "distribution"}),
    ("circuit", 1, {"error_against_shots"}),
    ("circuit", 20, {"error_against_shots"}),
]


@pytest.mark.parametrize(("task", "replicates", "names"), EXPECTED)
@pytest.mark.slow
def test_each_task_gets_its_figures_and_nothing_sticks_out_of_them(
    task: str, replicates: int, names: set[str]
) -> None:
    config = make_config(task, replicates=replicates)
    figures = draw(config, RESULTS[task](replicates))
    assert set(figures) == names
    for name, figure in figures.items():
        assert task in texts(figure), name
        figure.canvas.draw()
        box, size = figure.get_tightbbox(), figure.get_size_inches()
        assert (box.min >= -0.01).all(), name
        assert (box.max <= size + 0.01).all(), name


@pytest.mark.parametrize("task", ["xor", "digits", "derivative", "circuit"])
def test_an_empty_result_has_only_what_the_configuration_shows(task: str) -> None:
    names = set(draw(make_config(task), Result(seed=0)))
    assert names == ({"activation"} if task in ("xor", "digits") else set())


def test_a_failed_run_is_drawn_as_far_as_it_came() -> None:
    loss = broken(decay(1), 0, first=4)
    never = Curve(loss.at, np.full_like(loss.values, np.nan), "step")
    result = Result(
        seed=0,
        curves={"train_loss": loss, "val_loss": never, "gradient_cosine": never},
        dataset=load_xor(),
        failure="train_loss is nan at step 5",
    )
    figures = draw(make_config("xor"), result)
    assert set(figures) == {"activation", "loss"}
    assert "failed: train_loss is nan at step 5" in texts(figures["loss"])
    (line,) = figures["loss"].axes[0].lines
    assert np.array_equal(line.get_ydata(), loss.values[:4, 0])


def test_a_curve_without_points_is_left_out() -> None:
    empty = Curve(np.zeros(0, np.int64), np.zeros((0, 3)), "step")
    result = Result(seed=0, curves={"train_loss": empty, "train_accuracy": empty})
    assert set(draw(make_config("xor"), result)) == {"activation"}


def test_the_setting_is_said_under_the_title() -> None:
    result = RESULTS["xor"](20)
    config = make_config("xor", replicates=20, differentiate_at="output", epsilon=1e-8)
    line = setting(config, result)
    assert line == (
        "xor · sigmoid · quadratic, ε = 1e-08, N = 10, at the output · float64 · numpy · "
        "20 seeds from 7"
    )
    assert all(line in texts(figure) for figure in draw(config, result).values())


def test_the_setting_leaves_out_what_an_estimator_does_not_use() -> None:
    result = Result(seed=3)
    exact = setting(make_config("xor", estimator={"name": "analytic"}), result)
    assert exact == "xor · sigmoid · analytic · float64 · numpy · seed 3"
    spsa = {"name": "weight_perturbation", "slope": "central"}
    losses = setting(make_config("xor", gradient=spsa, differentiate_at="output"), result)
    assert (
        losses == "xor · sigmoid · weight_perturbation, ε = 1e-05, K = 1 · float64 · numpy · seed 3"
    )
    forward = setting(make_config("derivative", estimator={"name": "forward"}), result)
    assert forward == "derivative · forward, ε = 1e-05 · float64 · numpy · seed 3"


def test_a_figure_from_outside_is_drawn_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FIGURES, "_entries", dict(FIGURES._entries))

    @FIGURES.register("widths")
    def widths(config: Any, result: Result) -> Figure | None:
        figure, axes = new_figure("Widths", setting(config, result))
        axes[0, 0].bar([0], config.model.hidden)
        return figure

    assert "widths" in draw(make_config("xor"), Result(seed=0))


@pytest.mark.slow
def test_drawing_leaves_the_global_state_alone() -> None:
    before = dict(mpl.rcParams)
    draw(make_config("digits"), RESULTS["digits"]())
    assert dict(mpl.rcParams) == before


@pytest.mark.slow
def test_importing_and_drawing_needs_no_pyplot_tensorflow_or_mlflow() -> None:
    program = (
        "import sys\n"
        "from tests.suite.figures.synthetic import make_config, xor_result\n"
        "from stochgrad.suite.figures import draw\n"
        "assert draw(make_config('xor'), xor_result())\n"
        "print([m for m in ('matplotlib.pyplot', 'tensorflow', 'mlflow') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "[]", done.stderr
