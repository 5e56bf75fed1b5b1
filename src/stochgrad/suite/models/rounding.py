"""How far round-off may have moved the outputs of a network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import get_backend
from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.models.activations import ACTIVATIONS
from stochgrad.suite.models.blocks import cut, joined
from stochgrad.suite.models.normalization import normalize
from stochgrad.suite.models.perceptron import Network

ACTIVATION_ULPS = 8
"""Rounding errors in an activation, in machine epsilons of its argument and its value."""


@np.errstate(over="ignore", invalid="ignore")
def round_off(network: Network, dataset: Dataset, replicate: int) -> NDArray[np.float64]:
    """Bound the round-off in a network's outputs on the test set, to first order.

    A running error analysis: with the machine epsilon ``u`` of the weights and m inputs to a layer,

        ``error ← error·|W| + (m + 1)·u·(|x|·|W| + |b|)``, then
        ``error ← max(1, max |f′|)·error + 8u·(|z| + |f(z)|)``

    Returns:
        Shape ``(n, outputs)``; infinite or NaN for weights whose sums are beyond all floats.

    Reference: N. J. Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed. (2002), §3.3.
    """
    xp = get_backend("numpy")
    activation = ACTIVATIONS[network.activation]
    epsilon = float(np.finfo(network.weights[0].dtype).eps)
    layer = dataset.vectors(dataset.test, "float64")
    error: NDArray[np.float64] = epsilon * np.abs(layer)
    last = len(network.weights) - 1
    for i, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
        W, b = weights[replicate].astype(np.float64), biases[replicate].astype(np.float64)
        size = np.abs(layer) @ np.abs(W) + np.abs(b)
        error = error @ np.abs(W) + (len(W) + 1) * epsilon * size
        layer = layer @ W + b
        if i < len(network.norms):
            layer, error = _through_norm(layer, error, epsilon, network.norms[i], xp)
            if network.scales:
                scale, shift = network.scales[i][replicate], network.shifts[i][replicate]
                error = np.abs(scale) * error + 2 * epsilon * (
                    np.abs(scale * layer) + np.abs(shift)
                )
                layer = scale * layer + shift
        if i < last or not network.linear_output:
            with np.errstate(over="ignore"):
                steepest = max(1.0, float(np.abs(activation.derivative(layer, xp)).max()))
                value = activation.f(layer, xp)
            error = steepest * error
            error += ACTIVATION_ULPS * epsilon * (np.abs(layer) + np.abs(value))
            layer = value
    return error


def _through_norm(
    layer: NDArray[np.float64], error: NDArray[np.float64], epsilon: float, groups: int, xp: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Normalize a layer; bound what becomes of its errors.

    ``|J| error`` by the triangle inequality, with J the Jacobian in the module of the norm, and the
    rounding of two sums over the units, ``m·u`` relative to their terms' sizes.
    """
    layer, error = cut(layer, groups, xp), cut(error, groups, xp)
    norm = normalize(layer, xp)
    n, m = np.abs(norm.value), layer.shape[-1]
    error = error + m * epsilon * np.abs(layer).mean(axis=-1, keepdims=True)
    mean, along = error.mean(-1, keepdims=True), (n * error).mean(-1, keepdims=True)
    error = norm.inverse * (error + mean + n * along) + (m + 8) * epsilon * n
    return joined(norm.value, xp), joined(error, xp)
