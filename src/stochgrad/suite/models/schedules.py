"""Learning-rate schedules: the factor of the learning rate in each step of a run."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from stochgrad.registry import Registry

Floats = NDArray[np.float64]
Decay = Callable[[Floats], Floats]
"""From the fraction of the way from the end of the warm-up to the end, 0 to 1, to a factor."""

SCHEDULES: Registry[Decay] = Registry("schedule")
SCHEDULES.add("constant", np.ones_like)
SCHEDULES.add("linear", lambda way: 1 - way)
SCHEDULES.add("cosine", lambda way: 0.5 * (1 + np.cos(math.pi * way)))


def factors(name: str, first: int, count: int, total: int, warm_up: int) -> Floats:
    """Return the factors of ``count`` steps, from step ``first`` (from 0) of ``total``.

    Through the warm-up the factor rises linearly, ``(t + 1) / warm_up``; then it falls.

    >>> factors("linear", 0, 4, 4, 2)
    array([0.5, 1. , 1. , 0.5])
    """
    t = np.arange(first, first + count, dtype=np.float64)
    way = np.clip((t - warm_up) / max(1, total - warm_up), 0, 1)
    return np.where(t < warm_up, (t + 1) / max(1, warm_up), SCHEDULES[name](way))
