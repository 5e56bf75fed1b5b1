from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from stochgrad.suite.figures.axes import choose_scale, count_axis


@pytest.mark.parametrize(
    ("values", "log"),
    [
        ([1, 10], False),
        ([1, 10.1], True),
        ([1, 100, np.nan, np.inf], True),
        ([0, 1, 100], True),
        ([0, 0], False),
        ([], False),
        ([np.nan], False),
    ],
)
def test_log_where_positive_values_span_more_than_a_decade(values: list[float], log: bool) -> None:
    ax = Figure().subplots()
    assert choose_scale(ax, values).log is log
    assert ax.get_yscale() == ("log" if log else "linear")


def test_zeros_have_a_place_of_their_own_below_everything_else() -> None:
    ax = Figure().subplots()
    scale = choose_scale(ax, [0.0, 1e-9, 1e-3])
    assert scale.floor is not None
    assert ax.get_ylim()[0] < scale.floor < 1e-9
    assert scale.place([0.0, 1e-9, np.nan]) == pytest.approx(
        [scale.floor, 1e-9, np.nan], nan_ok=True
    )
    assert dict(zip(ax.get_yticks(), labels(ax), strict=True))[scale.floor] == "0"


def test_no_zero_is_marked_where_there_is_none() -> None:
    ax = Figure().subplots()
    assert choose_scale(ax, [1e-9, 1e-3]).floor is None
    assert "0" not in labels(ax)


def test_what_cannot_be_told_from_zero_is_shown_as_such() -> None:
    ax = Figure().subplots()
    scale = choose_scale(ax, [-1e-16, 1e-16, 1e-5], always=True, resolution=1e-15)
    assert scale.place([-1e-16, 1e-16, 1e-5]) == pytest.approx([scale.floor, scale.floor, 1e-5])
    assert labels(ax)[0] == "≤ 1×10⁻¹⁵"


def test_everything_below_the_resolution_still_has_an_axis() -> None:
    ax = Figure().subplots()
    scale = choose_scale(ax, [1e-17, 0.0], always=True, resolution=1e-15)
    assert scale.floor is not None
    assert scale.floor < 1e-15 < ax.get_ylim()[1]


def test_bands_widen_an_axis_but_do_not_make_it_logarithmic() -> None:
    assert not choose_scale(Figure().subplots(), [1, 2], bands=[1e-3, 1e3]).log
    ax = Figure().subplots()
    choose_scale(ax, [1, 100], bands=[0.2, 300])
    assert 0.1 < ax.get_ylim()[0] < 0.2
    assert 300 < ax.get_ylim()[1] < 1000


def test_a_wide_band_is_cut_off_after_a_decade() -> None:
    ax = Figure().subplots()
    choose_scale(ax, [1, 100], bands=[1e-9, 1e9])
    assert 0.01 < ax.get_ylim()[0] < 0.1
    assert 1e3 < ax.get_ylim()[1] < 1e4


def test_a_forced_log_axis_covers_a_decade() -> None:
    ax = Figure().subplots()
    choose_scale(ax, [0.0100, 0.0101], "x", always=True)
    low, high = ax.get_xlim()
    assert ax.get_xscale() == "log"
    assert high / low > 10
    assert low < 0.0100 < 0.0101 < high


@pytest.mark.parametrize("values", [[1e-300, 1e300], [0.0, 1e-320, 1e308], [1e300, 1.7e308]])
def test_an_axis_stays_within_what_numbers_reach(values: list[float]) -> None:
    figure = Figure()
    ax = figure.subplots()
    scale = choose_scale(ax, values, always=True)
    ax.plot(scale.place(values))
    figure.canvas.draw()
    low, high = ax.get_ylim()
    assert 0 < low < high < np.inf
    assert all(low <= tick <= high for tick in ax.get_yticks())


def test_steps_are_whole_numbers_with_their_unit() -> None:
    ax = Figure().subplots()
    ax.plot([0, 10_000], [0, 1])
    count_axis(ax, [0, 10_000], "step")
    assert ax.get_xlabel() == "step"
    assert ax.xaxis.get_major_formatter()(4000.0, 0) == "4,000"
    assert all(tick == int(tick) for tick in ax.get_xticks())


def labels(ax: object) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]  # type: ignore[attr-defined]


def test_values_that_are_all_but_equal_do_not_fill_an_axis() -> None:
    ax = Figure().subplots()
    values = 0.0129 * (1 + np.array([0, 1e-10, 2e-10]))
    scale = choose_scale(ax, values)
    ax.plot(values)
    low, high = ax.get_ylim()
    assert not scale.log
    assert high - low == pytest.approx(0.0129e-3, rel=1e-6)
    assert low < values[0] < high
