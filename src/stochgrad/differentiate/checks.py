"""Arguments of the front doors, checked before f is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochgrad.errors import WHOLE, ConfigError
from stochgrad.random import fresh_seed

DTYPES = ("float32", "float64")
NUMBER = int | float | np.integer | np.floating
MOST = 10**8
"""Draws or directions: of more, the random numbers alone would take gigabytes."""
MOST_NOISE = 1e100
"""The square of more, over that of a step, would be infinite."""
FEWEST_EVALUATIONS = 10
"""With fewer there is no fit that leaves anything to tell its error from."""


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
    number = check_number(key, value)
    if not 0 < number < float("inf"):
        raise ConfigError(f"{key}={value}: must be a finite number greater than 0")
    return number


def check_tolerance(key: str, value: object) -> float:
    """Return ``value`` if it is a finite number, 0 or more."""
    number = check_number(key, value)
    if not 0 <= number < float("inf"):
        raise ConfigError(f"{key}={value}: must be a finite number, 0 or more")
    return number


def check_number(key: str, value: object) -> float:
    """Return ``value`` as a float if it is a number; infinite for one with too many digits."""
    if isinstance(value, bool) or not isinstance(value, NUMBER):
        raise ConfigError(f"{key}={value}: must be a number greater than 0")
    try:
        return float(value)
    except OverflowError:  # an integer of more digits than a float can have
        return float("inf")


def check_count(key: str, value: object, least: int = 1) -> int:
    """Return ``value`` if it is a whole number from ``least`` to ``MOST``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ConfigError(f"{key}={value}: must be {WHOLE}, {least} or more")
    if value > MOST:
        raise ConfigError(f"{key}={value}: must be at most {MOST}")
    return int(value)


def check_seed(value: object) -> int:
    """Return ``value`` if it can seed the draws."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        text = " ".join(str(value).split())
        raise ConfigError(f"seed={text}: must be {WHOLE}, 0 or more, or null")
    return int(value)


def check_seeds(seed: int | None, seeds: int | Sequence[int] | None) -> list[int]:
    """Return the seed of each replicate: one, ``seeds`` of them from ``seed`` on, or a list."""
    if isinstance(seeds, int | np.integer) or seeds is None:
        first = fresh_seed() if seed is None else check_seed(seed)
        number = 1 if seeds is None else check_count("seeds", seeds)
        return list(range(first, first + number))
    if seed is not None:
        raise ConfigError(f"seed={seed} seeds=[…]: give one of the two")
    found = [check_seed(s) for s in seeds]
    if not found:
        raise ConfigError("seeds=[]: must hold at least one seed")
    return found


def check_noise(noise: object, shape: tuple[int, ...]) -> Any:
    """Return noise as a function of points, an array of the shape of x, or None."""
    if noise is None or callable(noise):
        return noise
    if isinstance(noise, NUMBER) and not isinstance(noise, bool):
        noise = check_positive("noise", noise)
    found = np.asarray(noise)
    if found.dtype.kind not in "iuf" or not (found > 0).all() or not np.isfinite(found).all():
        raise ConfigError(f"noise={noise}: must be a finite number greater than 0")
    if (found > MOST_NOISE).any():
        raise ConfigError(f"noise={float(found.max()):g}: must be at most {MOST_NOISE:g}")
    try:
        return np.broadcast_to(found.astype(float), shape)
    except ValueError:
        raise ConfigError(
            f"noise of shape {found.shape}: must be a number, a function of points, or an array "
            f"that broadcasts to x, of shape {shape}"
        ) from None


def check_bounds(bounds: object, points: NDArray[Any]) -> tuple[Any, Any]:
    """Return arrays of lower and upper bounds around the points; infinite where there is none."""
    if bounds is None:
        return np.full(points.shape, -np.inf), np.full(points.shape, np.inf)
    if not (isinstance(bounds, Sequence) and len(bounds) == 2):
        raise ConfigError(f"bounds={bounds}: must be a pair (lower, upper) of numbers or None")
    found = []
    for bound, default in zip(bounds, (-np.inf, np.inf), strict=True):
        try:
            values = np.asarray(default if bound is None else bound, float)
            found.append(np.broadcast_to(values, points.shape))
        except (TypeError, ValueError):
            raise ConfigError(
                f"bounds={bounds}: must be numbers, or arrays of the shape of x, {points.shape}"
            ) from None
    low, high = found
    if not (((low <= points) & (points <= high) | np.isnan(points)) & (low < high)).all():
        raise ConfigError("bounds: every x must lie between its lower and its upper bound")
    return low, high


def check_level(value: object) -> float:
    """Return a confidence level if it is a number between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, NUMBER) or not 0 < value < 1:
        raise ConfigError(f"confidence_level={value}: must be a number between 0 and 1")
    return float(value)
