"""Figures of a sweep: which there are, and what is on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
import pytest
from matplotlib.figure import Figure
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from stochgrad.suite.figures.search import draw_search
from stochgrad.suite.figures.sweep import MOST_SERIES, Grid, Point, draw_grid

SPACE = {"x": FloatDistribution(0, 1), "n": CategoricalDistribution(["a", "b"])}


def grid(axes: dict[str, list[Any]], runs: int = 3) -> Grid:
    rng = np.random.default_rng(0)
    points: list[dict[str, Any]] = [{}]
    for name, levels in axes.items():
        points = [{**point, name: level} for point in points for level in levels]
    return Grid("loss", [Point(p, rng.lognormal(-3, 0.3, runs)) for p in points], "xor")


def texts(figure: Figure) -> str:
    return " | ".join(text.get_text() for legend in figure.legends for text in legend.get_texts())


def test_a_figure_for_each_axis_and_a_map_of_two() -> None:
    figures = draw_grid(grid({"epsilon": [1e-5, 1e-3, 1e-1], "activation": ["tanh", "relu"]}))
    assert list(figures) == ["loss_by_epsilon", "loss_by_activation", "loss_map"]
    ax = figures["loss_by_epsilon"].axes[0]
    assert ax.get_xscale() == "log"
    assert "activation tanh | activation relu | mean of 3 seeds" in texts(
        figures["loss_by_epsilon"]
    )
    names = [t.get_text() for t in figures["loss_by_activation"].axes[0].get_xticklabels()]
    assert names == ["tanh", "relu"]
    cells = figures["loss_map"].axes[0].images[0].get_array()
    assert cells is not None
    assert cells.shape == (2, 3)


def test_the_map_shows_means_where_they_belong() -> None:
    values = {("a", 1.0): 1.0, ("a", 2.0): 2.0, ("b", 1.0): 3.0}
    points = [Point({"name": n, "x": x}, np.array([v, v + 1])) for (n, x), v in values.items()]
    figure = draw_grid(Grid("loss", points, ""))["loss_map"]
    cells = np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)
    np.testing.assert_array_equal(cells, [[1.5, 3.5], [2.5, np.nan]])


@pytest.mark.parametrize("levels", [MOST_SERIES, MOST_SERIES + 1])
def test_many_combinations_become_their_mean(levels: int) -> None:
    drawn = draw_grid(grid({"epsilon": [1e-5, 1e-3], "width": list(range(levels))}))
    said = texts(drawn["loss_by_epsilon"])
    assert ("mean over" in said) == (levels > MOST_SERIES)


def test_seeds_alone() -> None:
    assert list(draw_grid(grid({}, runs=5))) == ["loss_by_seed"]
    assert draw_grid(grid({}, runs=1)) == {}


def test_three_axes_have_no_map() -> None:
    drawn = draw_grid(grid({"a": [1, 2], "b": [1, 2], "c": ["x", "y"]}, runs=1))
    assert list(drawn) == ["loss_by_a", "loss_by_b", "loss_by_c"]


def test_nothing_finite_and_nothing_is_drawn() -> None:
    assert draw_grid(Grid("loss", [Point({"a": 1}, np.array([np.nan]))], "")) == {}


def test_a_search_shows_its_history_and_its_slices() -> None:
    study = optuna.create_study()
    assert draw_search(study, "val_loss") == {}
    for i, value in enumerate([3.0, 1.0, 2.0, 0.5]):
        state = TrialState.PRUNED if i == 2 else TrialState.COMPLETE
        params = {"x": i / 10, "n": "ab"[i % 2]}
        study.add_trial(create_trial(state=state, value=value, params=params, distributions=SPACE))
    figures = draw_search(study, "val_loss")
    assert list(figures) == ["history", "slices"]
    best = next(line for line in figures["history"].axes[0].lines if line.get_label()[0] == "b")
    np.testing.assert_array_equal(best.get_ydata(), [3.0, 1.0, 0.5])
    assert "pruned" in texts(figures["history"])
    assert [ax.get_xlabel() for ax in figures["slices"].axes] == ["x", "n"]
