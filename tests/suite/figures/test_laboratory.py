"""The laboratory's figures, on made-up cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from stochgrad.suite.figures import FIGURES, draw
from stochgrad.suite.tasks.result import Result
from tests.suite.tasks.configs import configure
from tests.suite.tasks.test_study import STUDY

CONFIG = configure(STUDY)
NAMES = ("study_error", "study_coverage", "study_draws", "study_cost")


def cell(estimator: str, epsilon: float, n: int, dtype: str, noise: float, **more: Any) -> Any:
    rmse = 1e-3 * epsilon + 1e-6 / epsilon / np.sqrt(n)
    return {
        "function": "sin", "x": 1.3, "dtype": dtype, "noise": noise, "estimator": estimator,
        "epsilon": epsilon, "num_steps": n, "exact": 0.27, "bias": 0.0, "std": 1 / np.sqrt(n),
        "rmse": rmse, "predicted_rmse": 1.1 * rmse, "holds": epsilon < 0.1, "coverage": 0.95,
        "good_fraction": 1.0, "nfev": 2 * n, **more,
    }  # fmt: skip


@pytest.fixture(scope="module")
def result() -> Result:
    cells = []
    for dtype in ("float32", "float64"):
        for noise in (0.0, 1e-3):
            for name in ("forward", "regression"):
                cells += [cell(name, e, 30, dtype, noise) for e in np.logspace(-6, -0.3, 9)]
                cells += [cell(name, 1e-2, n, dtype, noise) for n in (10, 40, 160)]
    comparison = [
        {"function": "sin", "x": 1.3, "dtype": "float64", "noise": 1e-3, "method": method,
         "budget": b, "nfev": b, "rmse": 1 / np.sqrt(b), "exact": 0.27}
        for method in ("stochgrad", "scipy") for b in (60, 240)
    ]  # fmt: skip
    return Result(seed=3, tables={"cells": cells, "comparison": comparison})


@pytest.fixture(scope="module")
def figures(result: Result) -> dict[str, Figure]:
    return draw(CONFIG, result)


def test_all_four_are_drawn(figures: dict[str, Figure]) -> None:
    assert set(NAMES) == set(figures)


def test_prediction_and_measurement_are_together(figures: dict[str, Figure]) -> None:
    ax = figures["study_error"].axes[0]
    measured, told = ax.lines[0], ax.lines[1]
    assert len(measured.get_xdata()) == 9
    ratio = np.asarray(told.get_ydata()) / np.asarray(measured.get_ydata())
    assert np.allclose(ratio[np.isfinite(ratio)], 1.1)
    assert np.isnan(ratio[-1])


def test_the_slope_against_n_is_written(figures: dict[str, Figure]) -> None:
    legend = figures["study_draws"].axes[0].get_legend()
    assert legend is not None
    assert {t.get_text() for t in legend.get_texts()} == {"forward: −0.50", "regression: −0.50"}


def test_more_estimators_than_colours_are_drawn() -> None:
    names = [f"central(jitter=0.{k})" for k in range(10)]
    cells = [cell(n, e, 30, "float64", 0.0) for n in names for e in np.logspace(-6, -0.3, 5)]
    figure = FIGURES["study_error"](CONFIG, Result(seed=0, tables={"cells": cells}))
    assert figure is not None
    measured = [line for line in figure.axes[0].lines if line.get_label() in names]
    assert len({(line.get_color(), line.get_marker()) for line in measured}) == 10
    (legend,) = figure.legends
    assert legend.get_window_extent().width <= figure.bbox.width


def test_without_a_good_cell_no_coverage_is_drawn() -> None:
    cells = [cell("central", e, 30, "float64", 0.0, good_fraction=0.0) for e in (1e-3, 1e-2)]
    cells += [cell("complex_step", e, 1, "float64", 0.0, good_fraction=0.0) for e in (1e-3, 1e-2)]
    result = Result(seed=0, tables={"cells": cells})
    for name in NAMES:
        figure = FIGURES[name](CONFIG, result)
        if figure is not None:
            figure.canvas.draw()


def test_they_are_left_out_where_there_is_nothing(result: Result) -> None:
    assert all(FIGURES[name](CONFIG, Result(seed=0)) is None for name in NAMES)
    only = Result(seed=0, tables={"cells": result.tables["cells"][:9]})
    assert FIGURES["study_cost"](CONFIG, only) is None
    assert FIGURES["study_draws"](CONFIG, only) is None
