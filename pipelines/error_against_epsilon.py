"""Draw the README's picture: error against step size, float32 and float64.

Run it from the repository's root: ``python -m pipelines.error_against_epsilon``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from pipelines.stage import no_arguments
from stochgrad.suite.cli import explained
from stochgrad.suite.config.compose import Composer, configuration
from stochgrad.suite.figures.style import BLACK, GREY, LOOKS, applied, new_figure
from stochgrad.suite.figures.writing import save
from stochgrad.suite.tasks import run

ROOT = Path(__file__).resolve().parents[1]
ESTIMATORS = ("forward", "central_fixed", "central", "three_slope", "quadratic")
EXPONENTS = {"float32": (-7, 0), "float64": (-13, 0)}
SEEDS = 200


def measure(
    composer: Composer, estimator: str, dtype: str
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return step sizes, and the root mean square error of (x^π)′ at 1/π relative to it."""
    low, high = EXPONENTS[dtype]
    steps = np.logspace(low, high, 8 * (high - low) + 1)[1:-1]
    errors = []
    for epsilon in steps:
        arguments = [
            "task=derivative", "task.functions=[power_pi]", "task.x=[0.3183098861837907]",
            "task.compare_tensorflow=false", f"estimator={estimator}", f"dtype={dtype}",
            f"epsilon={epsilon}", f"replicates={SEEDS}", "num_steps=100",
        ]  # fmt: skip
        errors.append(run(composer.run(arguments)).metrics["relative_rmse"])
    return steps, np.array(errors)


def draw(composer: Composer) -> Figure:
    """Draw both precisions side by side."""
    figure, axes = new_figure(
        "How far an estimated derivative is from the exact one",
        f"derivative of x^π at x = 1/π · RMS over {SEEDS} seeds · random estimators average "
        "N = 100 draws",
        columns=2,
        size=(8.0, 4.2),
        sharey=True,
    )
    for panel, dtype in zip(axes[0], EXPONENTS, strict=True):
        for estimator, look in zip(ESTIMATORS, LOOKS, strict=False):
            steps, errors = measure(composer, estimator, dtype)
            panel.loglog(
                steps, errors, label=estimator, color=look.color, marker=look.marker,
                linestyle=look.linestyle, markevery=6, markersize=4,
            )  # fmt: skip
        floor = np.finfo(dtype).eps / 2
        panel.axhline(floor, color=GREY, linewidth=0.8, linestyle=":")
        panel.annotate(
            f"rounding of {dtype}", (1, floor), xycoords=("axes fraction", "data"),
            xytext=(-2, 3), textcoords="offset points", color=BLACK, fontsize=7.5, ha="right",
        )  # fmt: skip
        panel.set_xlabel("step size ε")
        panel.set_title(dtype)
        panel.xaxis.set_major_locator(LogLocator(numticks=8))
    axes[0, 0].set_ylabel("relative error of the derivative")
    axes[0, 0].set_ylim(1e-17, 10)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=len(ESTIMATORS)
    )
    return figure


def main() -> None:
    """Write ``docs/images/error_against_epsilon.png``."""
    with configuration(ROOT / "conf") as composer, applied():
        figure = draw(composer)
    save({"error_against_epsilon": figure}, ROOT / "docs" / "images")


if __name__ == "__main__":
    no_arguments()
    sys.exit(explained(main))
