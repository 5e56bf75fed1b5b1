"""Initial weights, drawn as data."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.random import Purpose, uniforms
from stochgrad.registry import Registry

LIMITS: Registry[Any] = Registry("init")
LIMITS.add("uniform", lambda fan_in, fan_out: 1.0)
LIMITS.add("xavier", lambda fan_in, fan_out: math.sqrt(6 / (fan_in + fan_out)))


def initial_parameters(
    widths: list[int], init: str, trainable_bias: bool, seed: int, replicates: int, dtype: str
) -> dict[str, tuple[NDArray[Any], ...]]:
    """Draw weights from ``U[−L, L)``: L = 1, or Glorot and Bengio's ``√(6 / (in + out))``.

    Args:
        widths: units of every layer, inputs first.
        init: ``"uniform"`` or ``"xavier"``.
        trainable_bias: whether to include biases, from 0.
        seed: of replicate 0.
        replicates: R.
        dtype: of the weights.

    Returns:
        ``weights``, shapes ``(R, out, in)``, and ``biases``, shapes ``(R, 1, out)``, if trained.
    """
    weights = []
    for layer, (fan_in, fan_out) in enumerate(pairwise(widths)):
        limit = LIMITS[init](fan_in, fan_out)
        u = uniforms((fan_in, fan_out), seed, replicates, Purpose.WEIGHTS, layer)
        weights.append(((2 * u - 1) * limit).T.astype(dtype, order="C"))
    parameters: dict[str, tuple[NDArray[Any], ...]] = {"weights": tuple(weights)}
    if trainable_bias:
        parameters["biases"] = tuple(np.zeros((replicates, 1, w), dtype) for w in widths[1:])
    return parameters
