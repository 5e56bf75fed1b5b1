"""The notebook's training algorithm, written plainly: what everything else is compared with."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def three_slopes(
    x: Array, f: Callable[[Array], Array], epsilon: float, num_steps: int, rng: random.Random
) -> Array:
    """One draw after the other, with f evaluated afresh for each, as in the notebook."""
    total: Any = 0
    for _ in range(num_steps):
        value = f(x)
        a = rng.uniform(epsilon, epsilon / 100)
        b = rng.uniform(epsilon, epsilon / 100)
        above_a, above_b = x + a, x + b
        value_a, value_b = f(above_a), f(above_b)
        total += (value_a - value_b) / (above_a - above_b)
        total += (value_a - value) / a
        total += (value_b - value) / b
    result: Array = total / (3 * num_steps)
    return result


def train_step(
    weights: list[Array], inputs: Array, targets: Array, learning_rate: float, rng: random.Random
) -> float:
    """One step in place; the derivative is taken at each layer's output."""
    layers = [inputs]
    for w in weights:
        layers.append(sigmoid(layers[-1] @ w + 1))
    difference = targets - layers[-1]
    error = learning_rate * difference
    for i in reversed(range(len(weights))):
        delta = error * three_slopes(layers[i + 1], sigmoid, 1e-8, 10, rng)
        error = delta @ weights[i].T
        weights[i] += layers[i].T @ delta
    return float(np.abs(difference).mean())
