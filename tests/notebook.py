"""The notebook's two estimators and its four functions in plain Python: what the suite must match.

The arithmetic is the notebook's, operation by operation and in its precision; the draws come from a
seeded generator instead of the operating system.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

EPSILON = 10**-5.4444
NUM_STEPS = 100
X = 1 / math.pi


class Uniform(Protocol):
    """What is used of ``random.Random``."""

    def uniform(self, low: float, high: float) -> float: ...


# math.pow evaluates in double precision, whatever the precision of its arguments.
FUNCTIONS: dict[str, Callable[[Any], float]] = {
    "square": lambda x: math.pow(x, 2),
    "power_pi": lambda x: math.pow(x, math.pi),
    "self_power": lambda x: math.pow(x, x),
    "exp_power": lambda x: math.pow(np.exp(x), np.power(x, 2)),
}

# Python's float and NumPy's float64 compute alike; the former is quicker.
SCALARS: dict[str, type] = {"float32": np.float32, "float64": float}


def central(
    x: float,
    f: Callable[[Any], float],
    epsilon: float,
    num_steps: int,
    dtype: str,
    rng: Uniform,
) -> float:
    """Average ``(f(x + xh₊) − f(x − xh₋)) / (x(h₊ + h₋))`` over draws; all but f in ``dtype``."""
    scalar = SCALARS[dtype]
    x = scalar(x)
    total = scalar(0)
    low, high = epsilon * (1 - epsilon), epsilon * (1 + epsilon)
    draws = int(rng.uniform(int(0.9 * num_steps), int(1.1 * num_steps)))
    for _ in range(draws):
        forward = scalar(rng.uniform(low, high))
        backward = scalar(rng.uniform(low, high))
        rise = f(x + x * forward) - f(x - x * backward)
        total += scalar(rise) / (x * (forward + backward))
    return total / scalar(draws)


def three_slope(
    x: Any, f: Callable[[Any], Any], epsilon: float, num_steps: int, rng: Uniform
) -> Any:
    """Average the slopes of the chord and of both sides over draws; f(x) is evaluated in each."""
    total: Any = 0
    for _ in range(num_steps):
        value = f(x)
        a = rng.uniform(epsilon, epsilon / 100)
        b = rng.uniform(epsilon, epsilon / 100)
        value_a, value_b = f(x + a), f(x + b)
        total += (value_a - value_b) / ((x + a) - (x + b))
        total += (value_a - value) / a
        total += (value_b - value) / b
    return total / (3 * num_steps)
