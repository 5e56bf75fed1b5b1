"""Draw the picture of docs/error-bars.md: where an automatic derivative evaluates four functions.

Run it from the repository's root: ``python -m pipelines.search_scales``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pipelines.stage import no_arguments
from stochgrad import DerivativeResult, derivative
from stochgrad.random import Purpose, stream
from stochgrad.suite.cli import explained
from stochgrad.suite.figures.style import GREY, LOOKS, applied, new_figure
from stochgrad.suite.figures.writing import save

ROOT = Path(__file__).resolve().parents[1]
NOISE = 1e-3


def noisy(x: Any) -> Any:
    """Return a sine with noise of one thousandth."""
    return np.sin(x) + NOISE * SOURCE.standard_normal(np.shape(x))


SOURCE = stream(1, Purpose.NOISE)
CASES: list[tuple[str, Callable[[Any], Any], float, float]] = [
    ("smooth: sin x at 1", np.sin, 1.0, float(np.cos(1))),
    ("noisy: sin x + 0.001 z at 1", noisy, 1.0, float(np.cos(1))),
    ("cancelling: (1 − cos x)/x² at 1e−4", lambda x: (1 - np.cos(x)) / x**2, 1e-4, -1e-4 / 12),
    ("a corner: max(x, 1) at 1", lambda x: np.maximum(x, 1), 1.0, float("nan")),
]


def search(f: Callable[[Any], Any], x: float) -> tuple[Any, DerivativeResult]:
    """Return the distances from x of all evaluations, in their order, and the result."""
    distances: list[float] = []

    def watched(points: Any) -> Any:
        distances.extend(np.abs(np.ravel(points) - x).tolist())
        return f(points)

    return distances, derivative(watched, x, seed=0)


def draw() -> Figure:
    """Draw distance over number of evaluations, a panel a function."""
    figure, axes = new_figure(
        "Where an automatic derivative looks",
        "each point an evaluation of f · grey line: half-width of the last fit",
        rows=2, columns=2, size=(9.5, 6.6),
    )  # fmt: skip
    for number, (panel, (name, f, x, exact)) in enumerate(zip(axes.flat, CASES, strict=True)):
        distances, found = search(f, x)
        count = np.arange(1, len(distances) + 1)
        look = LOOKS[number]
        panel.semilogy(
            count, np.maximum(distances, 1e-17), color=look.color, marker=look.marker,
            linestyle="none", markersize=3.5,
        )  # fmt: skip
        panel.axhline(abs(found.epsilon * x), color=GREY, linewidth=1)
        low, high = found.confidence_interval()
        answer = f"{found.df:.6g} ± {(high - low) / 2:.1g}"
        if np.isfinite(found.left) and found.status:
            answer = f"slopes {found.left:.4g} and {found.right:.4g}"
        truth = "" if np.isnan(exact) else f", exact {exact:.6g}"
        panel.set_title(f"{name}\nstatus {found.status}: {answer}{truth}", fontsize=8.5)
        panel.set_xlabel("evaluations of f")
        panel.set_ylabel("distance from x")
    return figure


def main() -> None:
    """Write ``docs/images/search_scales.png``."""
    with applied():
        figure = draw()
    save({"search_scales": figure}, ROOT / "docs" / "images")


if __name__ == "__main__":
    no_arguments()
    sys.exit(explained(main))
