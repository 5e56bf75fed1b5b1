"""Arguments of the front doors, checked before f is called."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochgrad.errors import WHOLE, ConfigError, shown
from stochgrad.random import fresh_seed

DTYPES = ("float32", "float64")
NUMBER = int | float | np.integer | np.floating
MOST = 10**8
"""Draws or directions: of more, the random numbers alone would take gigabytes."""
MOST_NOISE = 1e100
"""The square of more, over that of a step, would be infinite."""
MOST_SEED = 2**62
"""Seeds of as many replicates as there may be are integers of 64 bits then."""
BYTES = 8 * (34 + 16 + 5)
"""Of a replicate at a point: numbers of an inference, of a result, and the list of seeds."""
FEWEST_EVALUATIONS = 10
"""With fewer there is no fit that leaves anything to tell its error from."""


def check_unmasked(key: str, value: object) -> None:
    """Refuse arrays with masked elements, which say nothing of what is to be there."""
    if np.ma.is_masked(value):
        raise ConfigError(
            f"{key}={shown(repr(value))}: must have no masked elements; leave them out, or fill "
            f"them"
        )


def check_points(x: ArrayLike, dtype: str) -> NDArray[Any]:
    """Return x as an array in ``dtype`` if it is made of real numbers."""
    check_unmasked("x", x)
    try:
        points = np.asarray(x)
    except ValueError:
        points = np.asarray(None)  # rows of different lengths
    if points.dtype.kind not in "biuf":
        text = shown(repr(x))
        raise ConfigError(f"x={text}: must be a real number or an array of real numbers")
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and has that status
        return points.astype(dtype)


def check_flag(key: str, value: object) -> bool:
    """Return ``value`` if it is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise ConfigError(f"{key}={shown(value)}: must be True or False")
    return bool(value)


def check_positive(key: str, value: object) -> float:
    """Return ``value`` if it is a positive finite number."""
    number = check_number(key, value)
    if not 0 < number < float("inf"):
        raise ConfigError(f"{key}={shown(value)}: must be a finite number greater than 0")
    return number


def check_tolerance(key: str, value: object) -> float:
    """Return ``value`` if it is a finite number, 0 or more."""
    number = check_number(key, value, ", 0 or more")
    if not 0 <= number < float("inf"):
        raise ConfigError(f"{key}={shown(value)}: must be a finite number, 0 or more")
    return number


def check_number(key: str, value: object, allowed: str = " greater than 0") -> float:
    """Return ``value`` as a float if it is a number; infinite for one with too many digits."""
    if isinstance(value, bool) or not isinstance(value, NUMBER):
        raise ConfigError(f"{key}={shown(value)}: must be a number{allowed}")
    try:
        return float(value)
    except OverflowError:  # an integer of more digits than a float can have
        return float("inf")


def check_count(key: str, value: object, least: int = 1) -> int:
    """Return ``value`` if it is a whole number from ``least`` to ``MOST``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ConfigError(f"{key}={shown(value)}: must be {WHOLE}, {least} or more")
    if value > MOST:
        raise ConfigError(f"{key}={value}: must be at most {MOST}")
    return int(value)


def check_seed(value: object) -> int:
    """Return ``value`` if it can seed the draws."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise ConfigError(f"seed={shown(value)}: must be {WHOLE}, 0 or more, or null")
    if value > MOST_SEED:
        raise ConfigError(f"seed={shown(value)}: must be at most {MOST_SEED}")
    return int(value)


def check_seeds(
    seed: int | None, seeds: int | Sequence[int] | None, points: int = 1
) -> list[int]:  # fmt: skip
    """Return the seed of each replicate: one, ``seeds`` of them from ``seed`` on, or a list.

    Raises:
        ConfigError: unless they are seeds, and the results at so many points fit into memory.
    """
    if isinstance(seeds, int | np.integer) or seeds is None:
        first = fresh_seed() if seed is None else check_seed(seed)
        number = 1 if seeds is None else check_count("seeds", seeds)
        fit = int(_memory() // (BYTES * max(points, 1)))
        if seeds is not None and number > fit:
            raise ConfigError(
                f"seeds={number}: must be at most {max(fit, 1)}, whose results at {points} points "
                f"fit into the memory of this machine; average those of several calls"
            )
        return list(range(first, first + number))
    if seed is not None:
        raise ConfigError(f"seed={seed} seeds=[…]: give one of the two")
    if not isinstance(seeds, Sequence | np.ndarray) or isinstance(seeds, str | bytes):
        raise ConfigError(
            f"seeds={shown(seeds)}: must be a number of replicates, or a list of seeds"
        )
    found = [check_seed(s) for s in seeds]
    if not found:
        raise ConfigError("seeds=[]: must hold at least one seed")
    return found


def _memory() -> float:
    """Return the memory of this machine in bytes; infinite where the system does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return float("inf")


class NoiseFunction:
    """Standard deviations of f by a function of points, which are checked.

    Args:
        function: of points.
        rows: whether they are rows of coordinates, of shape ``(n, d)``; else each is a number.
    """

    def __init__(self, function: Callable[..., Any], rows: bool) -> None:
        update_wrapper(self, function)  # one that asks for ``columns=`` is seen to
        self._function, self._rows = function, rows

    def __call__(self, points: NDArray[Any], **where: Any) -> NDArray[np.float64]:
        """Return one number for each point, or of a vector function a row of them.

        Raises:
            ConfigError: for anything else, and where one is negative.
        """
        value = self._function(points, **where)
        try:
            found = np.asarray(value)
        except ValueError:
            found = np.asarray(None)  # rows of different lengths
        if found.dtype.kind not in "biuf":
            raise ConfigError(f"noise=… returned {shown(repr(value))}: must return real numbers")
        if (found < 0).any():
            raise ConfigError(f"noise=… returned {np.nanmin(found):g}: must return 0 or more")
        number = len(points)
        if self._rows:
            good = found.ndim in (1, 2) and len(found) == number
        else:
            good = all(
                a in (1, b) for a, b in zip(found.shape[::-1], points.shape[::-1], strict=False)
            )
            good &= found.ndim <= points.ndim
        if not good and found.ndim:
            raise ConfigError(
                f"noise=… returned shape {found.shape} for points of shape {points.shape}: must "
                f"return one number for each"
            )
        return np.asarray(np.full(number, found) if self._rows and not found.ndim else found, float)


def check_noise(noise: object, shape: tuple[int, ...], rows: bool = False) -> Any:
    """Return noise as a function of points, an array of the shape of x, or None."""
    if noise is None:
        return noise
    if callable(noise):
        return NoiseFunction(noise, rows)
    check_unmasked("noise", noise)
    if isinstance(noise, NUMBER) and not isinstance(noise, bool):
        noise = check_positive("noise", noise)
    found = np.asarray(noise)
    if found.dtype.kind not in "iuf" or not (found > 0).all() or not np.isfinite(found).all():
        raise ConfigError(f"noise={shown(noise)}: must be a finite number greater than 0")
    if (found > MOST_NOISE).any():
        raise ConfigError(f"noise={float(found.max()):g}: must be at most {MOST_NOISE:g}")
    try:
        return np.broadcast_to(found.astype(float), shape)
    except ValueError:
        raise ConfigError(
            f"noise of shape {found.shape}: must be a number, a function of points, or an array "
            f"that broadcasts to the points, of shape {shape}"
        ) from None


def check_bounds(bounds: object, points: NDArray[Any]) -> tuple[Any, Any]:
    """Return arrays of lower and upper bounds around the points; infinite where there is none."""
    if bounds is None:
        return np.full(points.shape, -np.inf), np.full(points.shape, np.inf)
    if not (isinstance(bounds, Sequence) and len(bounds) == 2):
        raise ConfigError(
            f"bounds={shown(bounds)}: must be a pair (lower, upper) of numbers or None"
        )
    found = []
    for bound, default in zip(bounds, (-np.inf, np.inf), strict=True):
        check_unmasked("bounds", bound)
        try:
            values = np.asarray(default if bound is None else bound, float)
            found.append(np.broadcast_to(values, points.shape))
        except (TypeError, ValueError):
            raise ConfigError(
                f"bounds={shown(bounds)}: must be numbers, or arrays of the shape of x, "
                f"{points.shape}"
            ) from None
    low, high = found
    wrong = ~(((low <= points) & (points <= high) | np.isnan(points)) & (low < high))
    if wrong.any():
        first = tuple(np.argwhere(wrong)[0])
        raise ConfigError(
            f"bounds={shown(bounds)}: x={points[first]:g} must lie between its bounds "
            f"{low[first]:g} and {high[first]:g}, of which the upper must be larger"
        )
    return low, high


def check_level(key: str, value: object) -> float:
    """Return a probability if it is a number between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, NUMBER) or not 0 < value < 1:
        raise ConfigError(f"{key}={shown(value)}: must be a number between 0 and 1")
    return float(value)


def check_guides(guides: Any, d: int) -> NDArray[np.float64] | None:
    """Return directions of shape ``(k, d)``."""
    if guides is None:
        return None
    try:
        rows = np.atleast_2d(np.asarray(guides, float))
    except (TypeError, ValueError):
        rows = np.full((1, 1), np.nan)
    if rows.ndim != 2 or rows.shape[1] != d or not np.isfinite(rows).all():
        raise ConfigError(
            f"guides={shown(repr(guides))}: must be finite directions, of shape (k, {d})"
        )
    return rows


def check_steps(epsilon: Any) -> Any:
    """Return a step as a number, or powers of two of shape ``(1, d)``; None for automatic ones."""
    if isinstance(epsilon, str) and epsilon == "auto":
        return None
    if not isinstance(epsilon, list | tuple | np.ndarray):
        return check_positive("epsilon", epsilon)
    try:
        steps = np.asarray(epsilon, float)
    except (TypeError, ValueError):
        steps = np.zeros(1)
    if steps.ndim > 1 or not steps.size or not ((steps > 0) & np.isfinite(steps)).all():
        raise ConfigError(
            f"epsilon={shown(epsilon)}: must be numbers greater than 0, one for each variable"
        )
    return np.exp2(np.round(np.log2(np.atleast_2d(steps))))
