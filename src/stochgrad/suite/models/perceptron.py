"""The multilayer perceptron and its passes, with a leading axis of replicates on every weight.

``layer[i+1] = act(layer[i] @ W[i]ᵀ + b[i])``. All arrays of a pass have shape
``(R, batch, units)``; inputs may have R = 1, since replicates can share them.

While it is trained, W has a row for each unit, shape ``(R, out, in)``: the products of a training
step are up to twice as fast as with a column a unit, the gradient ``Dᵀ X`` before all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from numpy.typing import NDArray

from stochgrad.backends import Array, Backend
from stochgrad.suite.models.optimizers import Parameters

CONSTANT_BIAS = 1.0
"""The notebook's bias, which is not trained."""


@dataclass(frozen=True)
class Network:
    """Trained networks of R replicates, as NumPy arrays.

    Attributes:
        weights: one array a layer, shape ``(R, in, out)``.
        biases: one array a layer, shape ``(R, 1, out)``.
        activation: name.
        linear_output: whether the last layer has no activation (its outputs are logits).
    """

    weights: tuple[NDArray[Any], ...]
    biases: tuple[NDArray[Any], ...]
    activation: str
    linear_output: bool


class Trace(NamedTuple):
    """What a forward pass leaves for the backward pass.

    Attributes:
        arguments: pre-activation of each layer.
        layers: the input, then the output of each layer.
    """

    arguments: list[Array]
    layers: list[Array]

    @property
    def output(self) -> Array:
        """Output of the last layer."""
        return self.layers[-1]


def forward(
    parameters: Parameters,
    inputs: Array,
    activation: Callable[[Array], Array],
    linear_output: bool,
    xp: Backend,
) -> Trace:
    """Run the network on inputs ``(R or 1, batch, features)``."""
    weights = parameters["weights"]
    biases = parameters.get("biases", (CONSTANT_BIAS,) * len(weights))
    layers, arguments = [inputs], []
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        z = xp.matmul(layers[-1], w, transpose_b=True) + b
        arguments.append(z)
        linear = linear_output and i + 1 == len(weights)
        layers.append(z if linear else activation(z))
    return Trace(arguments, layers)


def backward(
    parameters: Parameters,
    trace: Trace,
    error: Array,
    slopes: Sequence[Array | None],
    xp: Backend,
) -> Parameters:
    """Propagate the output error, the negative gradient of the loss, down the network.

    ``delta = error · D[act]``, ``error_below = delta @ W``, ``descent(W) = deltaᵀ @ layer``, with
    D the derivative of the activation, exact or estimated.

    Args:
        parameters: of the network.
        trace: of the forward pass.
        error: ``(R, batch, outputs)``.
        slopes: D of each layer; None for a layer without activation.
        xp: backend.

    Returns:
        The descent direction of each parameter, summed over the batch.
    """
    weights = parameters["weights"]
    descent_w: list[Array] = []
    descent_b: list[Array] = []
    for i in range(len(weights) - 1, -1, -1):
        slope = slopes[i]
        turned = slope is not None and xp.prefers_column_major(error)  # then so is delta
        if turned:
            delta = xp.turn(error) * xp.turn(slope)
        else:
            delta = error if slope is None else error * slope
        descent_w.append(xp.matmul(delta, trace.layers[i], transpose_a=not turned))
        if "biases" in parameters:
            upright = xp.turn(delta) if turned else delta
            descent_b.append(xp.sum(upright, axis=1, keepdims=True))
        if i > 0:
            error = xp.matmul(delta, weights[i], transpose_a=turned)
    descent: Parameters = {"weights": tuple(reversed(descent_w))}
    if "biases" in parameters:
        descent["biases"] = tuple(reversed(descent_b))
    return descent
