"""One interface to what estimates derivatives: ours, SciPy, numdifftools and jacobi.

Each has its own defaults. The half-width of a 95 % interval is, of ours, that of its interval; of
the others, the error estimate that they return, as it is: none of them says at what level it holds.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Function = Callable[[Any], Any]
FAILED = -2
"""Status of an answer that is not finite, or of a call that raised."""
MOST_SINGLE = 500
"""Points that jacobi takes one by one; of more it takes the diagonal of a Jacobian, whose steps are
the same at all points."""

SMALLEST_FITTED, LARGEST_FITTED = 1e-21, 1e25
"""Of |x|, for jacobi: the 12th power of its steps has to be a normal number. Its least-squares fit
may not return otherwise, nor where a value is not finite: such points count as failed."""


@dataclass(frozen=True)
class Answer:
    """What a contender answered; every array has the shape of x.

    Attributes:
        value: the estimate.
        low: lower end of an interval that should hold the derivative.
        high: its upper end.
        status: 0 where the contender stands by its answer.
        nfev: evaluations for each point, as counted.
    """

    value: Floats
    low: Floats
    high: Floats
    status: NDArray[np.int64]
    nfev: Floats

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Return where there is an answer that its contender stands by."""
        return np.asarray((self.status == 0) & np.isfinite(self.value))

    @property
    def half_width(self) -> Floats:
        """Return half of the interval's length; zero where there is none."""
        return np.fmax(self.high / 2 - self.low / 2, 0)

    def covers(self, slope: ArrayLike) -> NDArray[np.bool_]:
        """Return where the interval holds a slope, which is known to half a float64."""
        exact = np.asarray(slope, np.float64)
        known = np.spacing(np.abs(exact)) / 2
        return np.asarray((self.low - known <= exact) & (exact <= self.high + known))


class Contender(Protocol):
    """Estimates derivatives of an elementwise function at an array of points."""

    def __call__(
        self, f: Function, x: Any, dtype: str, seed: int, max_evaluations: int | None
    ) -> tuple[Any, Any, Any, Any]:
        """Return values, lower and upper ends of intervals, and status."""


def _stochgrad(
    f: Function, x: Any, dtype: str, seed: int, max_evaluations: int | None
) -> tuple[Any, Any, Any, Any]:
    from stochgrad import derivative

    limit = {} if max_evaluations is None else {"max_evaluations": max_evaluations}
    result = derivative(f, x, dtype=dtype, seed=seed, **limit)
    interval = result.confidence_interval(0.95)
    return result.df, interval.low, interval.high, result.status


def _scipy(
    f: Function, x: Any, dtype: str, seed: int, max_evaluations: int | None
) -> tuple[Any, Any, Any, Any]:
    from scipy.differentiate import derivative

    result = derivative(f, x)
    return result.df, *_around(result.df, result.error), result.status


def _around(value: Any, error: Any) -> tuple[Any, Any]:
    """Return an interval; an error estimate that is NaN makes it empty."""
    value, error = np.asarray(value, np.float64), np.asarray(error, np.float64)
    return value - error, value + error


def _numdifftools(
    f: Function, x: Any, dtype: str, seed: int, max_evaluations: int | None
) -> tuple[Any, Any, Any, Any]:
    import numdifftools

    found: Any = numdifftools.Derivative(f, full_output=True)(np.asarray(x, np.float64))
    # Before 0.11: a pair of the value and of the rest.
    value, info = found if len(found) == 2 else (found.estimate, found)
    return value, *_around(value, info.error_estimate), 0


def _jacobi(
    f: Function, x: Any, dtype: str, seed: int, max_evaluations: int | None
) -> tuple[Any, Any, Any, Any]:
    import jacobi

    wide = np.asarray(x, np.float64)
    if wide.size > MOST_SINGLE:
        value, error = jacobi.jacobi(f, wide, diagonal=True)
        return value, *_around(value, error), 0

    def finite(point: Any) -> Any:
        value = f(point)
        if not np.isfinite(value):
            raise FloatingPointError("jacobi cannot fit values that are not finite")
        return value

    def single(point: float) -> tuple[Any, Any]:
        if point and not SMALLEST_FITTED < abs(point) < LARGEST_FITTED:
            return np.nan, np.nan
        try:
            value, error = jacobi.jacobi(finite, point)
            return value, error
        except (FloatingPointError, np.linalg.LinAlgError):
            return np.nan, np.nan

    found = np.array([single(float(point)) for point in wide.ravel()])
    value, error = (found[:, i].reshape(wide.shape) for i in range(2))
    return value, *_around(value, error), 0


REFERENCE = "stochgrad"
CONTENDERS: dict[str, Contender] = {
    REFERENCE: _stochgrad,
    "scipy": _scipy,
    "numdifftools": _numdifftools,
    "jacobi": _jacobi,
}


def installed() -> list[str]:
    """Return the contenders that can be imported: numdifftools and jacobi are optional."""
    return [name for name in CONTENDERS if importlib.util.find_spec(name)]


class Counted:
    """A function in one dtype, whatever the dtype of its argument, that counts its values."""

    def __init__(self, f: Function, dtype: str) -> None:
        self._f, self._dtype = f, dtype
        self.values = 0

    def __call__(self, x: Any) -> Any:
        """Return f(x)."""
        points = np.asarray(x, self._dtype)
        self.values += points.size
        return self._f(points)


def differentiate(
    name: str,
    f: Function,
    x: ArrayLike,
    *,
    dtype: str = "float64",
    seed: int = 0,
    max_evaluations: int | None = None,
) -> Answer:
    """Have a contender estimate the derivative of f at every element of x.

    Args:
        name: one of :data:`CONTENDERS`.
        f: elementwise, in ``dtype``; those that pass float64 points have them rounded.
        x: points.
        dtype: of f and of the points.
        seed: of the draws, where there are any.
        max_evaluations: for each point; None takes the contender's default. The others have no such
            limit, and ignore it.
    """
    points, counted = np.asarray(x, dtype), Counted(f, dtype)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found = CONTENDERS[name](counted, points, dtype, seed, max_evaluations)
        except (ArithmeticError, IndexError, ValueError, np.linalg.LinAlgError):
            found = (np.nan, np.nan, np.nan, FAILED)
    value, low, high = (
        np.broadcast_to(np.asarray(array, np.float64), points.shape) for array in found[:3]
    )
    status = np.where(np.isfinite(value), np.asarray(found[3]), FAILED)
    return Answer(
        value, low, high, np.broadcast_to(status, points.shape).astype(np.int64),
        np.full(points.shape, counted.values / max(points.size, 1)),
    )  # fmt: skip
