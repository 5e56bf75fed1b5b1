"""How every figure looks: one style, applied around drawing and saving, never globally.

Series differ in colour (Okabe and Ito's palette, told apart by all common kinds of colour vision),
in marker and in line, so that a figure reads in grey too.

Reference: M. Okabe and K. Ito, "Color universal design" (2008).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Annotation, Text

from stochgrad.suite.config.reads import steps_read, unread

if TYPE_CHECKING:
    from stochgrad.suite.config.schema import RunConfig
    from stochgrad.suite.tasks.result import Result

SIZE = (6.4, 4.0)
"""Width and height in inches, at which the font sizes are meant to be read."""
DPI = 150
SUBTITLE = 8.0
"""Points."""
LEFT = 0.012
"""Where titles begin, as a fraction of the width."""

BLACK, BLUE, VERMILLION, GREEN = "#000000", "#0072B2", "#D55E00", "#009E73"
PURPLE, ORANGE, SKY, GREY = "#CC79A7", "#E69F00", "#56B4E9", "#595959"


@dataclass(frozen=True)
class Look:
    """What tells a series from the others."""

    color: str
    marker: str
    linestyle: Any


LOOKS = (
    Look(BLUE, "o", "-"),
    Look(VERMILLION, "s", (0, (5, 1.5))),
    Look(GREEN, "^", (0, (3, 1, 1, 1))),
    Look(PURPLE, "D", (0, (1, 1))),
    Look(ORANGE, "v", (0, (7, 1, 1, 1, 1, 1))),
    Look(SKY, "P", (0, (3, 2))),
    Look(BLACK, "X", (0, (9, 2))),
    Look(GREY, "*", (0, (2, 2, 6, 2))),
)


def series_looks() -> Iterator[Look]:
    """Yield a look for every series, of any number.

    Colours come round after eight, each time with other markers and other lines: no two of 64 looks
    agree in both, and no two of 32 of one colour in either.
    """
    for i in count():
        lap = i // len(LOOKS)
        color, marker, line = (LOOKS[(i + shift) % len(LOOKS)] for shift in (0, lap, 2 * lap))
        yield Look(color.color, marker.marker, line.linestyle)


STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "figure.dpi": DPI,
    # Near to where the layout will put axes, so that their ticks are those that it will find.
    "figure.subplot.bottom": 0.13,
    "figure.subplot.right": 0.98,
    "figure.subplot.top": 0.86,
    "figure.titlesize": 11,
    "font.size": 9,
    "grid.color": "#dcdcdc",
    "grid.linewidth": 0.6,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "savefig.dpi": DPI,
    # Ids in an SVG are hashed with this instead of a random number.
    "svg.hashsalt": "stochgrad",
}
_LOCK = threading.RLock()
_applied = False


@contextmanager
def applied() -> Iterator[None]:
    """Apply the style inside a ``with`` block and put back what was there before.

    Matplotlib's settings belong to the process: threads that draw take turns. A block inside
    another one costs nothing, while the outermost takes a millisecond.
    """
    global _applied
    with _LOCK:
        if _applied:
            yield
            return
        # A matplotlibrc on the machine must not change a figure.
        with style.context(["default", STYLE]):
            _applied = True
            try:
                yield
            finally:
                _applied = False


def new_figure(
    headline: str,
    subtitle: str,
    rows: int = 1,
    columns: int = 1,
    *,
    size: tuple[float, float] = SIZE,
    **options: Any,
) -> tuple[Figure, Any]:
    """Make a figure with two lines of title: what it shows, and in which setting.

    Args:
        headline: of one line; smaller if it would not fit.
        subtitle: of one line, in smaller type; smaller still if it would not fit.
        rows: of axes.
        columns: of axes.
        size: in inches.
        **options: of ``Figure.subplots``.

    Returns:
        The figure and its axes, an array of shape ``(rows, columns)``.
    """
    figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06))
    FigureCanvasAgg(figure)
    # The second line is blank: it keeps the room into which the subtitle is put.
    title = figure.suptitle(f"{headline}\n", x=LEFT, ha="left", fontweight="bold")
    below = Annotation(
        subtitle, (0, 0), xycoords=title, ha="left", va="bottom", color=GREY, fontsize=SUBTITLE
    )
    figure.add_artist(below)
    for text in (title, below):
        _fit(text, (1 - 2 * LEFT) * figure.bbox.width)
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def _fit(text: Text, width: float) -> None:
    """Set a text smaller until it is not wider than so many pixels."""
    # Not in one step: letters have widths of whole pixels, so that theirs is not proportional.
    size = float(text.get_fontsize())
    while text.get_window_extent().width > width:
        size *= 0.97
        text.set_fontsize(size)


def freeze(figure: Figure) -> Figure:
    """Work out the layout once, so that saving in several formats does not repeat it."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        # None, not "none": that keeps an engine in place, for which saving draws twice.
        figure.set_layout_engine(None)
    return figure


def drawn(draw: Callable[..., Figure], *arguments: Any) -> Figure:
    """Return ``draw(*arguments)``, drawn in this style, with its layout worked out."""
    with applied():
        return freeze(draw(*arguments))


def setting(config: RunConfig, result: Result) -> str:
    """Return how a run was made, in one line: task, estimator, ε, N, dtype, backend, seeds."""
    parts = [config.task.name, _rule(config), config.dtype, config.backend.name]
    if config.task.trains:
        parts.insert(1, config.activation)
    several = f"{config.replicates:,} seeds from " if config.replicates > 1 else "seed "
    parts.append(f"{several}{result.seed}")
    return " · ".join(parts)


def _rule(config: RunConfig) -> str:
    rule = [] if config.method == config.task.name else [config.method]
    rule += [f"{key} = {value}" for key, value in steps_read(config).items()]
    if "differentiate_at" not in unread(config) and config.differentiate_at == "output":
        rule.append("at the output")
    return ", ".join(rule)


def offsets(number: int, width: float) -> Any:
    """Return ``number`` offsets that fill ``[−width/2, width/2)`` evenly in any order of points.

    The multiples of the golden ratio: dots side by side instead of a random jitter.
    """
    return ((np.arange(number) * 0.6180339887498949 + 0.5) % 1 - 0.5) * width
