"""The registry of figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from stochgrad.registry import Registry
from stochgrad.suite.figures.style import applied, freeze

if TYPE_CHECKING:
    from stochgrad.suite.config.schema import RunConfig
    from stochgrad.suite.tasks.result import Result

FigureFunction = Callable[["RunConfig", "Result"], Figure | None]
"""Draws one figure of a run, or returns None where it does not apply."""

FIGURES: Registry[FigureFunction] = Registry("figure")


def draw(config: RunConfig, result: Result) -> dict[str, Figure]:
    """Draw every figure that applies to a run.

    Args:
        config: of the run.
        result: what it returned; of a failed run, as far as it came.

    Returns:
        Figures by name; :func:`stochgrad.suite.figures.save` writes them.
    """
    with applied():
        drawn = {name: FIGURES[name](config, result) for name in FIGURES}
        return {name: freeze(figure) for name, figure in drawn.items() if figure is not None}
