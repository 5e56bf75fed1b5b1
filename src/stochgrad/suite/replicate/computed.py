"""Cells that are computed, not trained: variances, rates and projections by Monte Carlo.

Each returns independent measurements over what theory predicts, which take the place of seeds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.random import Purpose, stream
from stochgrad.registry import Registry
from stochgrad.stencils.laws import ALL_LAWS
from stochgrad.theory import perturbation as theory

Floats = NDArray[np.float64]
Computation = Callable[..., Floats]
"""``(seeds, **options) -> measurements (seeds,)``."""
GAUSSIAN: Any = ALL_LAWS["gaussian"].draw

COMPUTATIONS: Registry[Computation] = Registry("compute")


@COMPUTATIONS.register("linear_layer_variance")
def linear_layer_variance(
    seeds: int, *, perturbed: str, fan_in: int = 6, fan_out: int = 4, batch: int = 5,
    draws: int = 40_000,
) -> Floats:  # fmt: skip
    """Measure the variance of a linear layer's gradient, over batches and Gaussian directions.

    The examples are drawn from a fixed set of 64, whose errors have a mean of their own; V and S
    are those of the set.
    """
    rng = stream(0, Purpose.PERTURBATION, 64)
    x = rng.standard_normal((64, fan_in)) + 0.5
    e = rng.standard_normal((64, fan_out)) + 0.5
    gradients = e[:, :, None] * x[:, None, :]
    mean = gradients.mean(axis=0)
    square = float((mean**2).sum())
    variance = float(((gradients - mean) ** 2).sum(axis=(1, 2)).mean())
    kind: Any = perturbed
    predicted = theory.linear_layer_variance(kind, fan_in, fan_out, batch, variance, square)
    found = []
    for seed in range(seeds):
        source = stream(seed, Purpose.DIRECTION, 64)
        chosen = source.integers(0, 64, (draws, batch))
        g = gradients[chosen]
        if perturbed == "weights":
            v = GAUSSIAN(source, (draws, 1, fan_out * fan_in)).reshape(draws, fan_out, fan_in)
            own = g.mean(axis=1)
            estimate = (own * v).sum(axis=(1, 2), keepdims=True) * v
        elif perturbed == "activities":
            v = GAUSSIAN(source, (draws, batch, fan_out))
            slopes = (e[chosen] * v).sum(axis=-1, keepdims=True)
            estimate = ((slopes * v)[..., :, None] * x[chosen][..., None, :]).mean(axis=1)
        else:
            v = GAUSSIAN(source, (draws, batch, fan_out * fan_in)).reshape(g.shape)
            estimate = ((g * v).sum(axis=(2, 3), keepdims=True) * v).mean(axis=1)
        found.append(((estimate - mean) ** 2).sum(axis=(1, 2)).mean())
    return np.array(found) / predicted


@COMPUTATIONS.register("linear_learning_curve")
def linear_learning_curve(
    seeds: int, *, perturbed: str, inputs: int = 8, outputs: int = 4, networks: int = 40_000,
    steps: int = 20,
) -> Floats:  # fmt: skip
    """Measure how fast the error of linear networks falls at the best rate, over that of theory.

    The rate is from the mean error of many networks, ``−(1/T) log(E_T/E_0)``, which is
    ``−log(1 − r)``.
    """
    kind: Any = perturbed
    rate = theory.linear_rate(kind, inputs, outputs)
    found = []
    for seed in range(seeds):
        source = stream(seed, Purpose.DIRECTION, inputs)
        off = source.standard_normal((networks, outputs, inputs))  # weights less the teacher's
        first = (off**2).sum(axis=(1, 2))
        for _ in range(steps):
            x = source.standard_normal((networks, 1, inputs))
            error = (off * x).sum(axis=-1, keepdims=True)
            if perturbed == "weights":
                v = GAUSSIAN(source, (networks, 1, outputs * inputs)).reshape(off.shape)
                off = off - rate * (error * x * v).sum(axis=(1, 2), keepdims=True) * v
            elif perturbed == "nodes":
                v = GAUSSIAN(source, (networks, outputs, 1))
                off = off - rate * (error * v).sum(axis=1, keepdims=True) * v * x
            else:
                off = off - rate * error * x
        ratio = (off**2).sum(axis=(1, 2)).mean() / first.mean()
        found.append((1 - ratio ** (1 / steps)) / rate)
    return np.array(found)


@COMPUTATIONS.register("projection_cosine2")
def projection_cosine2(
    seeds: int, *, dimension: int = 200, directions: int = 4, draws: int = 10_000
) -> Floats:
    """Measure the squared cosine of a gradient with what K random directions make of it."""
    found = []
    for seed in range(seeds):
        source = stream(seed, Purpose.DIRECTION, dimension, directions)
        g = source.standard_normal(dimension)
        v = GAUSSIAN(source, (draws, directions, dimension))
        slopes = v @ g
        gram = v @ np.swapaxes(v, 1, 2)
        factors = np.linalg.solve(gram, slopes[..., None])[..., 0]
        estimate = (factors[:, None, :] @ v)[:, 0]
        cosine2 = (estimate @ g) ** 2 / (estimate**2).sum(axis=-1) / (g @ g)
        found.append(cosine2.mean())
    return np.array(found) / theory.projection_cosine2(dimension, directions)
