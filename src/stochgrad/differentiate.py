"""``stochgrad.derivative``: estimate the derivative of any elementwise function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochgrad.backends import get_backend
from stochgrad.draws import fresh_seed
from stochgrad.errors import ConfigError, unknown
from stochgrad.estimators.base import Estimator, Target, make_estimator, step_scale
from stochgrad.estimators.black_box import BlackBox
from stochgrad.estimators.estimate import Estimate, estimate

DTYPES = ("float32", "float64")
NUMBER = int | float | np.integer | np.floating

OK = 0
DRAWS_COINCIDE = 1
STEP_TOO_SMALL = -1
NOT_FINITE = -2

MESSAGES = {
    OK: "estimated",
    DRAWS_COINCIDE: "draws coincide: their mean is no better, and the standard error is too small",
    NOT_FINITE: "the estimate is NaN or infinite",
    STEP_TOO_SMALL: "the step does not move x in this dtype",
}
"""What each status means; the status of an element is the last of these that holds."""


class Interval(NamedTuple):
    """A confidence interval, named as in SciPy."""

    low: NDArray[Any]
    high: NDArray[Any]


@dataclass(frozen=True)
class DerivativeResult:
    """What :func:`derivative` returns; every array has the shape of x.

    Attributes:
        df: the estimate, in the dtype asked for.
        standard_error: standard deviation of a draw over √N, float64: the spread of the draws only,
            without truncation error. NaN for a deterministic estimator and for a single draw.
        nfev: evaluations of f for each element. For a function of scalars the first call, with an
            array that it refused, counts as one evaluation of each.
        status: 0 estimated; 1 draws coincide: steps are drawn from an interval with fewer floats
            than there are draws, or all draws gave the same number, so that rounding errors are not
            averaged away and the standard error does not show them; −1 the step does not move x;
            −2 the estimate is not finite. ``stochgrad.differentiate.MESSAGES`` has them as text.
        success: whether ``status >= 0``.
        seed: that repeats the result.
    """

    df: NDArray[Any]
    standard_error: NDArray[np.float64]
    nfev: NDArray[np.int64]
    status: NDArray[np.int64]
    success: NDArray[np.bool_]
    seed: int

    def confidence_interval(self, confidence_level: float = 0.95) -> Interval:
        """Return the normal interval ``df ± z·standard_error``.

        It covers the mean of the estimator; the truncation error is not in it.

        Raises:
            ConfigError: unless ``0 < confidence_level < 1``.
        """
        if not (isinstance(confidence_level, NUMBER) and 0 < confidence_level < 1):
            raise ConfigError(
                f"confidence_level={confidence_level}: must be a number between 0 and 1"
            )
        half = NormalDist().inv_cdf(0.5 + float(confidence_level) / 2) * self.standard_error
        return Interval(self.df - half, self.df + half)


def derivative(
    f: Callable[[Any], Any],
    x: ArrayLike,
    *,
    estimator: str = "central",
    epsilon: float = 1e-5,
    num_steps: int = 100,
    dtype: str = "float64",
    seed: int | None = None,
    backend: str = "numpy",
    derivative: Callable[[Any], Any] | None = None,
    **options: Any,
) -> DerivativeResult:
    """Estimate the derivative of an elementwise function at every element of x.

    Args:
        f: takes an array of points in ``dtype`` whose last axes are those of x and returns an array
            of the same shape. A function that accepts scalars only is called point by point.
        x: real points, a scalar or an array of any shape.
        estimator: a name in ``stochgrad.ESTIMATORS``.
        epsilon: step size; relative to x for ``central``, ``central_fixed`` and ``forward``
            (absolute where x is zero), absolute for the others.
        num_steps: N, the number of draws that are averaged.
        dtype: ``"float32"`` or ``"float64"``: of the points, the steps and the result.
        seed: repeats the draws; None takes one from the operating system. It is in the result.
        backend: ``"numpy"``, or ``"tensorflow"`` for an f written in TensorFlow's operations.
        derivative: closed form, for ``estimator="analytic"``.
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
    epsilon = check_positive("epsilon", epsilon)
    num_steps = check_count("num_steps", num_steps)
    if dtype not in DTYPES:
        raise unknown("dtype", dtype, DTYPES)
    if rule.backends is not None and backend not in rule.backends:
        raise ConfigError(
            f"estimator={estimator} backend={backend}: it needs backend="
            f"{' or '.join(sorted(rule.backends))}"
        )
    seed = fresh_seed() if seed is None else check_seed(seed)
    xp = get_backend(backend)
    function = BlackBox(f) if backend == "numpy" else f
    with np.errstate(all="ignore"):
        points = check_points(x, dtype)
        found = estimate(
            rule,
            Target(function, derivative),
            points,
            epsilon=epsilon,
            num_steps=num_steps,
            seed=seed,
            xp=xp,
        )
        status = _status(rule, found, points, epsilon)
    draws = int(found.draws[0])
    nfev = rule.evaluations(draws) + (function.refused if isinstance(function, BlackBox) else 0)
    # [()] turns arrays without axes into scalars: a scalar in, scalars out.
    return DerivativeResult(
        df=found.mean[0][()],
        standard_error=(found.spread[0] / np.sqrt(draws))[()],
        nfev=np.full(points.shape, nfev)[()],
        status=status[()],
        success=(status >= 0)[()],
        seed=seed,
    )


def _status(
    rule: Estimator, found: Estimate, points: NDArray[Any], epsilon: float
) -> NDArray[np.int64]:
    """Judge each element; a later line wins over an earlier one."""
    size = np.ones_like(points)
    if rule.relative:
        size = np.abs(step_scale(points, 0, get_backend("numpy")))
    draws = int(found.draws[0])
    status = np.full(points.shape, OK, np.int64)
    if rule.draws_per_step and draws > 1:
        floats = rule.interval(epsilon) * size / np.spacing(np.abs(points))
        independent = found.distinct[0] & (floats >= draws)
        status = np.where(independent, status, DRAWS_COINCIDE)
    status = np.where(np.isfinite(found.mean[0]), status, NOT_FINITE)
    if rule.perturbs:
        unmoved = (points + size * points.dtype.type(epsilon) == points) & np.isfinite(points)
    else:
        unmoved = np.full(points.shape, epsilon < rule.smallest_epsilon(points.dtype.name, 0))
    return np.where(unmoved, STEP_TOO_SMALL, status)


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
    """Return ``value`` if it is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ConfigError(f"{key}={value}: must be a whole number, 1 or more")
    return int(value)


def check_seed(value: object) -> int:
    """Return ``value`` if it can seed the draws."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise ConfigError(f"seed={value}: must be a whole number, 0 or more, or null")
    return int(value)
