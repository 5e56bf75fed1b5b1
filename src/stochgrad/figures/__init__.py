"""Figures: from a Result to Matplotlib figures, without a window and without global state."""

from matplotlib.figure import Figure

from stochgrad.figures import (
    activation,
    classification,
    derivatives,
    distribution,
    fidelity,
    images,
    learning,
    shots,
    xor,
)
from stochgrad.figures.base import FIGURES, FigureFunction, draw
from stochgrad.figures.writing import save

__all__ = [
    "FIGURES", "Figure", "FigureFunction", "activation", "classification", "derivatives",
    "distribution", "draw", "fidelity", "images", "learning", "save", "shots", "xor",
]  # fmt: skip
