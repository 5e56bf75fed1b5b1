"""Matplotlib's canvas for PNG, on which a text that was drawn before is not drawn again.

Shaping a text and drawing its glyphs takes a third of the time of a figure, and the figures of a
sweep's runs have most of their texts in common: names of axes, round numbers, titles.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.font_manager import FontProperties
from numpy.typing import NDArray

REMEMBERED = 512
"""Texts; a picture of one takes some 10 kB."""


class Renderer(RendererAgg):
    """Draws a text as a picture of it, at whole pixels."""

    def draw_text(
        self,
        gc: Any,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        """Draw one line of text."""
        # A copy, since who gave the font may change it later.
        picture, left, top = _picture(self.dpi, gc.get_rgb(), s, prop.copy(), angle, ismath)
        # draw_image counts from below: pixels, and rows of the picture.
        bottom = round(self.height) - (round(y) + top + len(picture))
        self.draw_image(gc, round(x) + left, bottom, picture)

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        """Measure one line of text, in pixels."""
        return _size(self.dpi, s, prop.copy(), ismath)


class Canvas(FigureCanvasAgg):
    """Draws with :class:`Renderer`."""

    def get_renderer(self) -> Renderer:
        """Return what draws, a new one when the size has changed."""
        width, height = self.figure.bbox.size
        size = (width, height, self.figure.dpi)
        if getattr(self, "_drawn_at", None) != size:
            self.renderer, self._drawn_at = _make(Renderer, *size), size
        renderer: Renderer = self.renderer
        return renderer


def _make(renderer: Any, width: float, height: float, dpi: float) -> Any:
    return renderer(width, height, dpi)  # Matplotlib does not give its arguments types


@lru_cache(REMEMBERED)
def _size(dpi: float, s: str, prop: FontProperties, ismath: Any) -> tuple[float, float, float]:
    """Return the width of a text, its height, and how much of that is under the line, in pixels."""
    found: tuple[float, float, float] = _make(RendererAgg, 1, 1, dpi).get_text_width_height_descent(
        s, prop, ismath
    )
    return found


@lru_cache(REMEMBERED)
def _picture(
    dpi: float, color: Any, s: str, prop: FontProperties, angle: float, ismath: Any
) -> tuple[NDArray[np.uint8], int, int]:
    """Draw a text.

    Returns:
        RGBA, shape ``(height, width, 4)``, the lowest row first, and how far its left and upper
        edge are to the right of and below the point at which the text is put, in pixels.
    """
    width, height, _ = _size(dpi, s, prop, ismath)
    reach = math.ceil(math.hypot(width, height)) + 2  # however it is turned
    scratch = _make(RendererAgg, 2 * reach, 2 * reach, dpi)
    gc = scratch.new_gc()
    gc.set_foreground(color)
    scratch.draw_text(gc, reach, reach, s, prop, angle, ismath)
    drawn = np.asarray(scratch.buffer_rgba())
    rows, columns = (np.flatnonzero(drawn[..., 3].any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return np.zeros((1, 1, 4), np.uint8), 0, 0
    part = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return part[::-1].copy(), int(columns[0]) - reach, int(rows[0]) - reach
