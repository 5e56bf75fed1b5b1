from __future__ import annotations

from itertools import islice, pairwise

import matplotlib as mpl
import pytest
from matplotlib.text import Text

from stochgrad.suite.figures.style import LOOKS, applied, freeze, new_figure, offsets, series_looks


def test_the_style_is_undone_even_after_an_error() -> None:
    before = dict(mpl.rcParams)
    with pytest.raises(ZeroDivisionError), applied():
        mpl.rcParams["lines.linewidth"] /= 0
    assert dict(mpl.rcParams) == before


def test_series_can_be_told_apart_without_colour() -> None:
    assert len({look.marker for look in LOOKS}) == len(LOOKS)
    assert len({look.linestyle for look in LOOKS}) == len(LOOKS)
    assert len({look.color for look in LOOKS}) == len(LOOKS)


def test_looks_never_run_out_and_differ_in_marker_and_line() -> None:
    looks = list(islice(series_looks(), 64))
    assert tuple(looks[: len(LOOKS)]) == LOOKS
    assert len({(look.marker, look.linestyle) for look in looks}) == 64
    assert len({(look.color, look.marker) for look in looks[:32]}) == 32
    assert len({(look.color, look.linestyle) for look in looks[:32]}) == 32


def test_a_frozen_figure_keeps_its_layout() -> None:
    with applied():
        figure, axes = new_figure("Headline", "subtitle")
        axes[0, 0].set_ylabel("label")
        freeze(figure)
    before = axes[0, 0].get_position().bounds
    figure.canvas.draw()
    assert figure.get_layout_engine() is None
    assert axes[0, 0].get_position().bounds == before
    assert before[0] > 0.05


@pytest.mark.parametrize("length", [1, 80, 160])
def test_long_titles_are_set_smaller_instead_of_cut(length: int) -> None:
    with applied():
        figure, _ = new_figure("H" * length, "n" * length)
        freeze(figure)
        figure.canvas.draw()
        found = [t for t in figure.findobj(Text) if t.get_text().strip("\n") in titles(length)]
        assert len(found) == 2
        for text in found:
            assert text.get_window_extent().x1 < figure.bbox.width


def titles(length: int) -> tuple[str, str]:
    return "H" * length, "n" * length


def test_offsets_fill_the_width_evenly() -> None:
    found = sorted(offsets(100, 0.6))
    assert found[0] >= -0.3
    assert found[-1] < 0.3
    gaps = [b - a for a, b in pairwise(found)]
    assert max(gaps) < 3 * 0.6 / 100
    assert list(offsets(1, 0.6)) == [0.0]
