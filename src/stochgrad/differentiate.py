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
from stochgrad.estimators.base import Target, make_estimator
from stochgrad.estimators.estimate import estimate

DTYPES = ("float32", "float64")

OK = 0
DRAWS_COINCIDE = 1
STEP_TOO_SMALL = -1
NOT_FINITE = -2

MESSAGES = {
    OK: "estimated",
    DRAWS_COINCIDE: "all draws gave the same number: the standard error is not to be trusted",
    STEP_TOO_SMALL: "the step does not move x in this dtype",
    NOT_FINITE: "the estimate is NaN or infinite",
}


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
            without truncation error. NaN for a deterministic estimator.
        nfev: evaluations of f for each element.
        status: 0 estimated; 1 all draws gave the same number, so the standard error means nothing;
            −1 the step does not move x; −2 the estimate is not finite.
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
        if not 0 < confidence_level < 1:
            raise ConfigError(
                f"confidence_level={confidence_level}: must be a number between 0 and 1"
            )
        half = NormalDist().inv_cdf(0.5 + confidence_level / 2) * self.standard_error
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
    check_positive("epsilon", epsilon)
    check_count("num_steps", num_steps)
    if dtype not in DTYPES:
        raise unknown("dtype", dtype, DTYPES)
    if rule.backends is not None and backend not in rule.backends:
        raise ConfigError(
            f"estimator={estimator} backend={backend}: it needs backend="
            f"{' or '.join(sorted(rule.backends))}"
        )
    seed = fresh_seed() if seed is None else check_seed(seed)
    xp = get_backend(backend)
    points = np.asarray(x)
    if points.dtype.kind not in "biuf":
        raise ConfigError(f"x has dtype {points.dtype}: must be real numbers")
    points = points.astype(dtype)

    function = f if backend != "numpy" else _array_function(f)
    with np.errstate(all="ignore"):
        found = estimate(
            rule,
            Target(function, derivative),
            points,
            epsilon=epsilon,
            num_steps=num_steps,
            seed=seed,
            xp=xp,
        )
        df, spread = found.mean[0], found.spread[0]
        draws = int(found.draws[0])
        status = np.full(points.shape, OK)
        if rule.draws_per_step and draws > 1:
            status = np.where(found.distinct[0], OK, DRAWS_COINCIDE)
        if rule.perturbs:
            step = epsilon * np.where(points == 0, 1, np.abs(points)) if rule.relative else epsilon
            unmoved = (points + np.asarray(step, dtype)) == points
            status = np.where(unmoved, STEP_TOO_SMALL, status)
        status = np.where(np.isfinite(df), status, NOT_FINITE)
    return DerivativeResult(
        df=df,
        standard_error=spread / np.sqrt(draws),
        nfev=np.full(points.shape, rule.evaluations(draws)),
        status=status,
        success=status >= 0,
        seed=seed,
    )


def _array_function(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Call ``f`` with whole arrays, or point by point if it takes scalars only."""

    def pointwise(x: NDArray[Any]) -> NDArray[Any]:
        values = [f(point) for point in x.ravel()]
        return np.asarray(values).reshape(x.shape)

    def call(x: NDArray[Any]) -> NDArray[Any]:
        try:
            y = np.asarray(f(x))
        except (TypeError, ValueError):
            return pointwise(x)
        if y.shape == x.shape:
            return y
        return np.broadcast_to(y, x.shape) if y.ndim == 0 else pointwise(x)

    return call


def check_positive(key: str, value: object) -> float:
    """Return ``value`` if it is a positive finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ConfigError(f"{key}={value}: must be a number greater than 0")
    if not (value > 0 and np.isfinite(value)):
        raise ConfigError(f"{key}={value}: must be a finite number greater than 0")
    return float(value)


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
