"""The activation of a run: the function, its derivative, and the estimate that training used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stochgrad import derivative
from stochgrad.backends import get_backend
from stochgrad.suite.figures.axes import choose_scale
from stochgrad.suite.figures.base import FIGURES
from stochgrad.suite.figures.style import BLACK, GREY, LOOKS, new_figure, setting
from stochgrad.suite.models.activations import ACTIVATIONS
from stochgrad.suite.tasks.result import Result

if TYPE_CHECKING:
    from stochgrad.suite.config.schema import RunConfig

REACH = 6.0
POINTS = 241
"""Odd, so that 0 is among them: the kink of ReLU is shown, not stepped over."""
MARK_EVERY = 6


@FIGURES.register("activation")
def activation(config: RunConfig, result: Result) -> Figure | None:
    """Draw the activation, its exact and estimated derivative, and the error of the estimate."""
    if not config.task.trains:
        return None
    chosen, xp = ACTIVATIONS[config.activation], get_backend("numpy")
    x = np.linspace(-REACH, REACH, POINTS).astype(config.dtype)
    wide = x.astype("float64")
    exact = chosen.derivative(wide, xp)
    estimated = _estimate(config, x, result.seed)
    error = None if estimated is None else np.abs(estimated - exact)
    lower = error is not None and bool((error > 0).any())
    figure, axes = new_figure(
        f"Activation {config.activation}: {chosen.formula}",
        setting(config, result),
        2 if lower else 1,
        size=(6.4, 4.8 if lower else 4.0),
        sharex=True,
        height_ratios=(3, 2) if lower else None,
    )
    _functions(axes[0, 0], wide, chosen.f(wide, xp), exact, estimated)
    if error is not None and lower:
        _error(axes[1, 0], wide, error)
    axes[-1, 0].set_xlabel("argument x")
    axes[-1, 0].set_xlim(-REACH, REACH)
    return figure


def _estimate(config: RunConfig, x: NDArray[Any], seed: int) -> NDArray[np.float64] | None:
    """Estimate the derivative as replicate 0 does; None without an estimator that NumPy can run."""
    if not config.make_gradient().uses_estimator:
        return None
    rule = config.make_estimator()
    if rule.backends is not None and "numpy" not in rule.backends:
        return None
    chosen, xp = ACTIVATIONS[config.activation], get_backend("numpy")
    found = derivative(
        lambda z: chosen.f(z, xp), x, estimator=rule, epsilon=config.step,
        num_steps=config.num_steps, dtype=x.dtype.name, seed=seed, error_bars=False,
        min_scale=config.task.min_scale, derivative=lambda z: chosen.derivative(z, xp),
    )  # fmt: skip
    return np.asarray(found.df, np.float64)


def _functions(ax: Axes, x: Any, f: Any, exact: Any, estimated: Any | None) -> None:
    ax.plot(x, f, color=GREY, linestyle=LOOKS[1].linestyle, label="f(x)")
    ax.plot(x, exact, color=BLACK, linewidth=1.4, label="f′(x), exact")
    if estimated is not None:
        lost = int(np.count_nonzero(~np.isfinite(estimated)))
        label = "f′(x), estimated"
        if lost:
            label += f" ({lost} of {len(x)} points not finite)"
        elif np.array_equal(estimated, exact):
            label += ": equal at every point"
        every = 1 if lost else MARK_EVERY
        ax.plot(x, estimated, LOOKS[0].marker, color=LOOKS[0].color, markevery=every,
                markersize=3.5, markerfacecolor="none", label=label)  # fmt: skip
    # A line that grows with x must not flatten the derivative.
    ax.set_ylim(*_limits(f, exact))
    ax.set_ylabel("f(x), f′(x)")
    ax.legend(loc="upper left")


def _limits(f: Any, exact: Any) -> tuple[float, float]:
    low = max(min(f.min(), exact.min(), 0.0), -1.5)
    high = min(max(f.max(), exact.max()), 2.5)
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def _error(ax: Axes, x: Any, error: Any) -> None:
    scale = choose_scale(ax, error, always=True)
    at = scale.place(error)
    ax.plot(x, at, color=LOOKS[0].color, linewidth=0.8, label="|estimated − exact|")
    zero = error == 0
    if zero.any():
        ax.plot(x[zero], at[zero], "o", color=LOOKS[0].color, markersize=2.5, linestyle="none",
                label=f"exactly 0, at {zero.sum()} of {len(x)} points")  # fmt: skip
        ax.legend(loc="best")
    ax.set_ylabel("absolute error")
