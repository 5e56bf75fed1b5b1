from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from stochgrad.suite.analysis.intervals import t_interval
from stochgrad.suite.figures.axes import Scale
from stochgrad.suite.figures.curves import MOST_LINES, drawn, legend_handles, measured, plot_curve
from stochgrad.suite.figures.style import LOOKS
from stochgrad.suite.tasks.result import Curve

from .synthetic import broken, decay

LINEAR = Scale(log=False)


def plotted(curve: Curve, **options: Any) -> Any:
    ax = Figure().subplots()
    plot_curve(ax, curve, "training", LOOKS[0], LINEAR, **options)
    return ax


def mean_line(ax: Any) -> Any:
    return next(line for line in ax.lines if line.get_label() == "training")


def test_the_line_is_the_mean_and_the_band_its_interval() -> None:
    curve = decay(20)
    ax = plotted(curve)
    assert len(ax.lines) == 1
    assert np.array_equal(mean_line(ax).get_xdata(), curve.at)
    assert mean_line(ax).get_ydata() == pytest.approx(curve.values.mean(axis=1), rel=1e-14)
    outline = ax.collections[0].get_paths()[0].vertices
    interval = t_interval(curve.values)
    for x, low, high in zip(curve.at, interval.low, interval.high, strict=True):
        ends = outline[outline[:, 0] == x, 1]
        assert (ends.min(), ends.max()) == pytest.approx((low, high), rel=1e-12)


@pytest.mark.parametrize(
    ("replicates", "lines"), [(1, 1), (2, 3), (MOST_LINES, 11), (11, 1), (100, 1)]
)
def test_up_to_ten_replicates_are_drawn_one_by_one(replicates: int, lines: int) -> None:
    assert len(plotted(decay(replicates)).lines) == lines
    assert len(plotted(decay(replicates), single=False).lines) == 1


def test_one_replicate_has_no_band() -> None:
    curve = decay(1)
    ax = plotted(curve)
    assert not ax.collections
    assert np.array_equal(mean_line(ax).get_ydata(), curve.values[:, 0])


def test_a_replicate_that_broke_off_is_not_in_the_mean_and_ends_in_a_cross() -> None:
    curve = broken(decay(20), replicate=3, first=4)
    ax = plotted(curve)
    rest = np.delete(curve.values, 3, axis=1)
    assert mean_line(ax).get_ydata() == pytest.approx(rest.mean(axis=1), rel=1e-14)
    cross = next(line for line in ax.lines if line.get_marker() == "x")
    assert (cross.get_xdata(), cross.get_ydata()) == (curve.at[3], curve.values[3, 3])
    labels = [h.get_label() for h in legend_handles(ax, [curve], log=False)]
    assert labels == [
        "training", "mean with 95 % t interval, n = 19", "last finite value (1 of 20 replicates)",
    ]  # fmt: skip


def test_where_no_replicate_is_finite_throughout_there_is_no_mean() -> None:
    curve = measured(Curve(np.arange(2), np.array([[1.0, np.nan], [np.nan, 2.0]]), "step"))
    assert curve is not None
    ax = plotted(curve)
    assert np.isnan(mean_line(ax).get_ydata()).all()
    assert sum(line.get_marker() == "x" for line in ax.lines) == 2
    assert "2 of 2 replicates" in legend_handles(ax, [curve], log=False)[-1].get_label()


def test_a_single_point_is_a_marker_with_its_interval() -> None:
    curve = decay(20, points=1)
    ax = plotted(curve)
    assert mean_line(ax).get_marker() == LOOKS[0].marker
    (bar,) = ax.collections[0].get_segments()
    interval = t_interval(curve.values)
    assert bar[:, 1] == pytest.approx([interval.low[0], interval.high[0]])


def test_points_where_nothing_is_finite_are_dropped() -> None:
    curve = broken(decay(1), 0, first=4)
    kept = measured(curve)
    assert kept is not None
    assert np.array_equal(kept.at, curve.at[:4])
    assert np.array_equal(kept.values, curve.values[:4])
    assert measured(broken(curve, 0, first=0)) is None
    assert measured(None) is None


@pytest.mark.parametrize("replicates", [1, 5, 20])
@pytest.mark.parametrize("single", [True, False])
def test_a_scale_is_chosen_from_what_is_drawn(replicates: int, single: bool) -> None:
    curve = broken(decay(replicates + 1), replicate=replicates, first=4)
    lines = plotted(curve, single=single).lines
    seen = np.concatenate([np.ravel(line.get_ydata()) for line in lines])
    values = drawn([curve], single=single)
    assert set(values[np.isfinite(values)]) == set(seen[np.isfinite(seen)])
