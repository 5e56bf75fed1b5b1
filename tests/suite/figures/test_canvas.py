from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stochgrad.suite.figures.canvas import Canvas, _picture


def drawn(canvas: type[FigureCanvasAgg], **options: Any) -> NDArray[np.int64]:
    """Draw a text at a whole pixel, in colour on white."""
    figure = Figure((2, 2), dpi=100)
    canvas(figure).figure.text(0.3, 0.4, "Hg: 10⁻³, ½ √", **options)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba()).astype(np.int64)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "options",
    [{}, {"color": "#0072B2", "fontsize": 14}, {"color": "red", "alpha": 0.4}, {"color": "#f006"}],
)
def test_a_remembered_text_is_what_matplotlib_draws(options: dict[str, Any]) -> None:
    plain, first, again = (drawn(canvas, **options) for canvas in (FigureCanvasAgg, Canvas, Canvas))
    assert plain.min() < 200  # there is a text
    assert np.array_equal(plain, first)
    assert np.array_equal(first, again)


@pytest.mark.parametrize("rotation", [30, 90, 180])
def test_a_turned_text_is_half_a_pixel_off_at_most(rotation: float) -> None:
    plain, own = (255 - drawn(c, rotation=rotation)[..., 0] for c in (FigureCanvasAgg, Canvas))
    assert plain.sum() == pytest.approx(own.sum(), rel=0.01)
    for axis in (0, 1):
        at = np.arange(plain.shape[axis])
        centres = [(ink.sum(axis=1 - axis) * at).sum() / ink.sum() for ink in (plain, own)]
        assert abs(centres[0] - centres[1]) < 0.6
        ends = [np.flatnonzero(ink.sum(axis=1 - axis))[[0, -1]] for ink in (plain, own)]
        assert np.abs(ends[0] - ends[1]).max() <= 1


def test_a_font_that_is_changed_afterwards_is_another_one() -> None:
    figure = Figure((2, 1), dpi=100)
    canvas = Canvas(figure)
    text = figure.text(0.1, 0.5, "wide")
    before = text.get_window_extent().width
    text.set_fontsize(2 * text.get_fontsize())
    assert text.get_window_extent().width > 1.5 * before
    canvas.draw()


def test_what_was_drawn_is_found_again() -> None:
    drawn(Canvas)
    before = _picture.cache_info().hits
    drawn(Canvas)
    assert _picture.cache_info().hits == before + 1


def test_an_empty_text_is_nothing() -> None:
    figure = Figure((1, 1), dpi=100)
    Canvas(figure)
    figure.text(0.5, 0.5, " ")
    figure.canvas.draw()
    assert np.asarray(figure.canvas.buffer_rgba()).min() == 255  # type: ignore[attr-defined]
