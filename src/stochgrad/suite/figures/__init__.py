"""Figures: from a Result to Matplotlib figures, without a window and without global state."""

from matplotlib.figure import Figure

from stochgrad.suite.figures import (  # noqa: F401  (each enters what it draws)
    activation,
    classification,
    derivatives,
    images,
    laboratory,
    learning,
    shots,
    xor,
)
from stochgrad.suite.figures.base import FIGURES, FigureFunction, draw
from stochgrad.suite.figures.writing import save

__all__ = ["FIGURES", "Figure", "FigureFunction", "draw", "save"]
