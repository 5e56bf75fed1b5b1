"""``stochgrad.derivative``: estimate the derivative of any elementwise function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochgrad.backends import get_backend
from stochgrad.differentiate.black_box import BlackBox, returns_tensors
from stochgrad.errors import WHOLE, ConfigError, unknown
from stochgrad.inference.automatic import choose
from stochgrad.inference.error_bars import (
    DRAWS_COINCIDE,
    MESSAGES,
    NOT_FINITE,
    OK,
    ROUNDED,
    STEP_TOO_SMALL,
    TRUNCATED,
    Recorder,
    assess,
    step_size,
)
from stochgrad.inference.intervals import half_width
from stochgrad.random import fresh_seed
from stochgrad.stencils.base import Target, make_estimator
from stochgrad.stencils.estimate import Plan, estimate

DTYPES = ("float32", "float64")
NUMBER = int | float | np.integer | np.floating
MOST = 10**8
"""Draws or directions: of more, the random numbers alone would take gigabytes."""
MOST_NOISE = 1e100
"""The square of more, over that of a step, would be infinite."""


class Interval(NamedTuple):
    """A confidence interval, named as in SciPy."""

    low: NDArray[Any]
    high: NDArray[Any]


@dataclass(frozen=True)
class DerivativeResult:
    """What :func:`derivative` returns; every array has the shape of x.

    Attributes:
        df: the estimate, in the dtype asked for.
        standard_error: of df, float64: root mean square of its error from spread, noise, rounding
            and truncation, as far as its evaluations show them. NaN for a deterministic estimator
            and for a single draw.
        nfev: evaluations of f for each element. For a function of scalars the first call, with an
            array that it refused, counts as one evaluation of each.
        status: 0 estimated. Where it is positive, error bars cannot be trusted: 1 draws coincide
            (steps are drawn from an interval with fewer floats than there are draws, or all draws
            gave the same number); 2 f is not a polynomial over these steps, to their precision, or
            scatters as widely as it is large, which ``noise`` may explain; 3 rounding errors do not
            average out, or the step of a single draw, or of an estimator without draws, spans fewer
            than 16 floats. Where it is negative, the estimate cannot: −1 the step does not move x;
            −2 the estimate is not finite. ``differentiate.MESSAGES`` has them as text.
        success: whether ``status >= 0``.
        seed: that repeats the result.
        slope: of the polynomial through all evaluations, float64: what the interval is around. Its
            degree is chosen so that its truncation error is negligible; that of df may not be.
        slope_error: its standard error.
        freedom: degrees of freedom of ``slope_error``; infinite where the noise of f is known.
        clearance: noise that was seen, over the least with which status would be the same; infinite
            where status does not depend on it.
        epsilon: step size that was taken.
    """

    df: NDArray[Any]
    standard_error: NDArray[np.float64]
    nfev: NDArray[np.int64]
    status: NDArray[np.int64]
    success: NDArray[np.bool_]
    seed: int
    slope: NDArray[np.float64]
    slope_error: NDArray[np.float64]
    freedom: NDArray[np.float64]
    clearance: NDArray[np.float64]
    epsilon: NDArray[np.float64]

    def confidence_interval(self, confidence_level: float = 0.95) -> Interval:
        """Return Student's interval of the derivative, ``slope ± t·slope_error``.

        It is around the slope whose bias was corrected, not around df: where the truncation error
        of df is more than its spread, df may lie outside. Where status is 0 because enough noise
        was seen (``clearance``) it is narrower, so that of those that are not refused as many cover
        as it says (:mod:`stochgrad.inference.intervals`).

        Raises:
            ConfigError: unless ``0 < confidence_level < 1``.
        """
        if not (isinstance(confidence_level, NUMBER) and 0 < confidence_level < 1):
            raise ConfigError(
                f"confidence_level={confidence_level}: must be a number between 0 and 1"
            )
        level = float(confidence_level)
        half = half_width(level, self.freedom, self.clearance) * self.slope_error
        return Interval(self.slope - half, self.slope + half)


def derivative(
    f: Callable[[Any], Any],
    x: ArrayLike,
    *,
    estimator: str = "central",
    epsilon: float | str = 1e-5,
    num_steps: int = 100,
    dtype: str = "float64",
    seed: int | None = None,
    backend: str = "numpy",
    noise: float | None = None,
    derivative: Callable[[Any], Any] | None = None,
    **options: Any,
) -> DerivativeResult:
    """Estimate the derivative of an elementwise function at every element of x.

    Args:
        f: takes an array of points in ``dtype`` whose last axes are those of x and returns an array
            of the same shape. A function that accepts scalars only is called point by point.
        x: real points, a scalar or an array of any shape.
        estimator: a name in ``stochgrad.ESTIMATORS``.
        epsilon: step size; relative to x for ``central``, ``central_fixed``, ``forward``,
            ``regression`` and ``richardson`` (absolute where x is zero, or so small that such a
            step would be lost: below 2e-292, in float32 1e-22), absolute for the others.
            ``"auto"`` finds out how noisy f is and on which scale it changes, and takes the step
            with the smallest error that theory predicts; the evaluations are in ``nfev``. With
            ``estimator="regression"`` the degree is chosen too: the best there is here.
        num_steps: N, the number of draws that are averaged.
        dtype: ``"float32"`` or ``"float64"``: of the points, the steps and the result.
        seed: repeats the draws; None takes one from the operating system. It is in the result.
        backend: ``"numpy"``, or ``"tensorflow"`` for an f written in TensorFlow's operations.
        noise: standard deviation of the noise that every value of f has, if it is known; None finds
            it out from the values. Rounding is not meant: it comes on top.
        derivative: closed form, for ``estimator="analytic"``; called as f is.
        **options: of the estimator, such as ``jitter`` or ``division``.

    Returns:
        A :class:`DerivativeResult`.

    Raises:
        ConfigError: (a ValueError) for a setting outside what is allowed.

    >>> result = derivative(np.sin, [0.0, 1.0], estimator="quadratic", seed=0)
    >>> np.round(result.df, 6)
    array([1.      , 0.540302])
    >>> result.nfev
    array([201, 201])
    """
    rule = make_estimator(estimator, **options)
    if epsilon != "auto":
        epsilon = check_positive("epsilon", epsilon)
    num_steps = check_count("num_steps", num_steps)
    if dtype not in DTYPES:
        raise unknown("dtype", dtype, DTYPES)
    if rule.backends is not None and backend not in rule.backends:
        raise ConfigError(
            f"estimator={estimator} backend={backend}: it needs backend="
            f"{' or '.join(sorted(rule.backends))}"
        )
    if noise is not None:
        noise = check_positive("noise", noise)
        if noise > MOST_NOISE:
            raise ConfigError(f"noise={noise:g}: must be at most {MOST_NOISE:g}")
    seed = fresh_seed() if seed is None else check_seed(seed)
    xp = get_backend(backend)
    checked = BlackBox if backend == "numpy" else returns_tensors
    function = checked(f)
    closed_form = None if derivative is None else checked(derivative, "derivative")
    with np.errstate(all="ignore"):
        points = check_points(x, dtype)
        size = step_size(rule, points)
        taken: float | Plan
        cost, taylor = 0, None
        if epsilon == "auto":
            chosen = choose(
                rule, lambda p: _floats(xp.to_numpy(function(xp.asarray(p)))), points[None],
                size[None], num_steps, noise,
            )  # fmt: skip
            # All elements are evaluated until the last of them is done.
            taken, cost = chosen.plan(rule), int(chosen.nfev.max(initial=0))
            taylor = chosen.taylor
        else:
            taken = float(epsilon)
        record = Recorder(function, (1, *points.shape), xp, rule)
        found = estimate(
            rule,
            Target(record if rule.perturbs else function, closed_form),
            points,
            epsilon=taken,
            num_steps=num_steps,
            seed=seed,
            xp=xp,
        )
        bars = assess(rule, found, record, points, size, taken, noise, taylor)
        status = bars.status[0]
        if epsilon == "auto":
            status = np.where(chosen.broken[0] & (status == OK), TRUNCATED, status)
    nfev = rule.evaluations(int(found.draws[0])) + cost
    nfev += function.refused if isinstance(function, BlackBox) else 0
    # [()] turns arrays without axes into scalars: a scalar in, scalars out.
    return DerivativeResult(
        df=found.mean[0][()],
        standard_error=bars.error[0][()],
        nfev=np.full(points.shape, nfev)[()],
        status=status[()],
        success=(status >= 0)[()],
        seed=seed,
        slope=bars.slope[0][()],
        slope_error=bars.slope_error[0][()],
        freedom=bars.freedom[0][()],
        clearance=bars.clearance[0][()],
        epsilon=(chosen.epsilon[0] if epsilon == "auto" else np.full(points.shape, taken))[()],
    )


def _floats(values: NDArray[Any]) -> NDArray[Any]:
    """Return values whose last place is known: f may have returned fractions, or decimals."""
    return values.astype(np.float64) if values.dtype.kind == "O" else values


def check_points(x: ArrayLike, dtype: str) -> NDArray[Any]:
    """Return x as an array in ``dtype`` if it is made of real numbers."""
    try:
        points = np.asarray(x)
    except ValueError:
        points = np.asarray(None)  # rows of different lengths
    if points.dtype.kind not in "biuf":
        text = " ".join(repr(x).split())[:60]
        raise ConfigError(f"x={text}: must be a real number or an array of real numbers")
    return points.astype(dtype)


def check_positive(key: str, value: object) -> float:
    """Return ``value`` if it is a positive finite number."""
    if isinstance(value, bool) or not isinstance(value, NUMBER):
        raise ConfigError(f"{key}={value}: must be a number greater than 0")
    try:
        number = float(value)
    except OverflowError:  # an integer of more digits than a float can have
        number = float("inf")
    if not 0 < number < float("inf"):
        raise ConfigError(f"{key}={value}: must be a finite number greater than 0")
    return number


def check_count(key: str, value: object) -> int:
    """Return ``value`` if it is a whole number from 1 to ``MOST``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ConfigError(f"{key}={value}: must be {WHOLE}, 1 or more")
    if value > MOST:
        raise ConfigError(f"{key}={value}: must be at most {MOST}")
    return int(value)


def check_seed(value: object) -> int:
    """Return ``value`` if it can seed the draws."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        text = " ".join(str(value).split())
        raise ConfigError(f"seed={text}: must be {WHOLE}, 0 or more, or null")
    return int(value)


__all__ = [
    "DRAWS_COINCIDE", "DTYPES", "MESSAGES", "NOT_FINITE", "NUMBER", "OK", "ROUNDED",
    "STEP_TOO_SMALL", "TRUNCATED", "DerivativeResult", "Interval", "check_count", "check_points",
    "check_positive", "check_seed", "derivative",
]  # fmt: skip
