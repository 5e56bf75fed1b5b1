"""The multilayer perceptron and its passes, with a leading axis of replicates on every weight.

``layer[i+1] = act(norm(layer[i] @ W[i]ᵀ + b[i]))``. All arrays of a pass have shape
``(R, batch, units)``; inputs may have R = 1, since replicates can share them, and an axis of
directions may lead. The norm is that of :mod:`stochgrad.suite.models.normalization`, in hidden
layers, and nothing by default.

While it is trained, W has a row for each unit, shape ``(R, out, in)``: the products of a training
step are up to twice as fast as with a column a unit, the gradient ``Dᵀ X`` before all. Where a row
is shorter than the layer below by a factor G, the layer has G groups: W is block-diagonal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from numpy.typing import NDArray

from stochgrad.backends import Array, Backend
from stochgrad.suite.models.blocks import outer, times, times_transposed
from stochgrad.suite.models.normalization import Normalized, normalize, through
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
        norms: groups in which each hidden layer is normalized; empty where none is.
        scales: of each normalized layer, shape ``(R, 1, out)``; none where they are not trained.
        shifts: likewise.
    """

    weights: tuple[NDArray[Any], ...]
    biases: tuple[NDArray[Any], ...]
    activation: str
    linear_output: bool
    norms: tuple[int, ...] = ()
    scales: tuple[NDArray[Any], ...] = ()
    shifts: tuple[NDArray[Any], ...] = ()


class Trace(NamedTuple):
    """What a forward pass leaves for the backward pass.

    Attributes:
        arguments: of each layer's activation.
        layers: the input, then the output of each layer.
        norms: each layer after normalization; None where there is none.
    """

    arguments: list[Array]
    layers: list[Array]
    norms: list[Normalized | None]

    @property
    def output(self) -> Array:
        """Output of the last layer."""
        return self.layers[-1]


class Backward(NamedTuple):
    """What a backward pass finds.

    Attributes:
        deltas: negative gradient at the argument of each layer's activation.
        descent: negative gradient of each parameter.
    """

    deltas: list[Array]
    descent: Parameters


def forward(
    parameters: Parameters,
    inputs: Array,
    activation: Callable[[Array], Array],
    linear_output: bool,
    xp: Backend,
    *,
    norms: Sequence[int] = (),
    added: Sequence[Array | None] = (),
    first: Array | None = None,
    layers: range | None = None,
) -> Trace:
    """Run the network on inputs ``(R or 1, batch, features)``.

    Args:
        parameters: of the network.
        inputs: of the first layer.
        activation: of every layer, but for a linear output.
        linear_output: whether the last layer has none.
        xp: backend.
        norms: groups in which each hidden layer is normalized; empty where none is.
        added: to the argument of each layer's activation; None for nothing.
        first: ``inputs @ Wᵀ`` of the first layer, where it is known.
        layers: to run, of which inputs are of the first; None for all.
    """
    weights = parameters["weights"]
    biases = parameters.get("biases", (CONSTANT_BIAS,) * len(weights))
    outputs, arguments, normalized = [inputs], [], []
    last = len(weights) - 1
    for i in range(len(weights)) if layers is None else layers:
        known = first is not None and len(outputs) == 1
        z = (first if known else times_transposed(outputs[-1], weights[i], xp)) + biases[i]
        norm = normalize(z, xp, norms[i]) if i < min(last, len(norms)) else None
        if norm is not None:
            z = norm.value
            if "scales" in parameters:
                z = z * parameters["scales"][i] + parameters["shifts"][i]
        if added and added[i] is not None:
            z = z + added[i]
        normalized.append(norm)
        arguments.append(z)
        outputs.append(z if linear_output and i == last else activation(z))
    return Trace(arguments, outputs, normalized)


def tangent(
    parameters: Parameters,
    trace: Trace,
    slopes: Sequence[Array | None],
    xp: Backend,
    *,
    directions: Parameters | None = None,
    added: Sequence[Array | None] = (),
    layers: range | None = None,
) -> Array:
    """Return the derivative of the output along directions: a pass in forward mode.

    Args:
        parameters: of the network.
        trace: of the forward pass.
        slopes: derivative of each layer's activation; None for a layer without.
        xp: backend.
        directions: of the parameters, an axis of K directions before that of replicates; of the
            first layers, where there are none of the others.
        added: directions ``(K, R, batch, units)`` of the arguments of activations.
        layers: to pass, the input of which stays as it is; None for all.

    Returns:
        Shape ``(K, R, batch, outputs)``, of the last layer that is passed.
    """
    weights = parameters["weights"]
    below: Array | None = None
    for i in range(len(weights)) if layers is None else layers:
        parts = []
        if directions is not None and i < len(directions["weights"]):
            parts.append(times_transposed(trace.layers[i], directions["weights"][i], xp))
            if "biases" in directions:
                parts.append(directions["biases"][i])
        if below is not None:
            parts.append(times_transposed(below, weights[i], xp))
        along: Any = sum(parts[1:], parts[0]) if parts else None
        norm = trace.norms[i]
        if norm is not None:
            along = None if along is None else through(norm, along, xp)
            if "scales" in parameters:
                along = None if along is None else along * parameters["scales"][i]
                if directions is not None:
                    moved = directions["scales"][i] * norm.value + directions["shifts"][i]
                    along = along + moved
        if added and added[i] is not None:
            along = added[i] if along is None else along + added[i]
        slope = slopes[i]
        below = along if slope is None or along is None else along * slope
    return below


def layer_descent(
    parameters: Parameters, trace: Trace, i: int, delta: Array, xp: Backend
) -> tuple[dict[str, Array], Array]:
    """Return the descent direction of one layer's parameters, and of ``layer @ Wᵀ + b``.

    Args:
        parameters: of the network.
        trace: of the forward pass.
        i: which layer.
        delta: negative gradient at the argument of its activation, shape ``(R, batch, units)``.
        xp: backend.
    """
    own: dict[str, Array] = {}
    norm = trace.norms[i]
    if norm is not None:
        if "scales" in parameters:
            own["scales"] = xp.sum(delta * norm.value, axis=1, keepdims=True)
            own["shifts"] = xp.sum(delta, axis=1, keepdims=True)
            delta = delta * parameters["scales"][i]
        delta = through(norm, delta, xp)
    own["weights"] = outer(delta, trace.layers[i], parameters["weights"][i], xp)
    if "biases" in parameters:
        own["biases"] = xp.sum(delta, axis=1, keepdims=True)
    return own, delta


def gather(layers: Sequence[dict[str, Array]], parameters: Parameters) -> Parameters:
    """Put what :func:`layer_descent` found of each layer together, in the shape of parameters."""
    return {key: tuple(own[key] for own in layers if key in own) for key in parameters}


def backward(
    parameters: Parameters,
    trace: Trace,
    error: Array,
    slopes: Sequence[Array | None],
    xp: Backend,
    feedback: Sequence[Array] | None = None,
    local: Sequence[Array | None] = (),
    stops: bool = True,
) -> Backward:
    """Propagate the output error, the negative gradient of the loss, down the network.

    ``delta = error · D[act]``, ``error_below = delta @ W``, ``descent(W) = deltaᵀ @ layer``, with
    D the derivative of the activation, exact or estimated.

    Args:
        parameters: of the network.
        trace: of the forward pass.
        error: ``(R, batch, outputs)``.
        slopes: D of each layer; None for a layer without activation.
        xp: backend.
        feedback: matrices that take the place of W in ``error_below``.
        local: error of the local losses at the output of each hidden layer; None without any.
        stops: whether it takes the place of the error from above, or is added to it.

    Returns:
        Every delta, and the descent direction of each parameter, summed over the batch.
    """
    weights = parameters["weights"]
    deltas: list[Array] = []
    found: list[dict[str, Array]] = []
    for i in range(len(weights) - 1, -1, -1):
        slope, plain = slopes[i], weights[i].shape[-1] == trace.layers[i].shape[-1]
        plain = plain and trace.norms[i] is None
        turned = plain and slope is not None and xp.prefers_column_major(error)  # then so is below
        if turned:
            below = xp.turn(error) * xp.turn(slope)
            delta = xp.turn(below)
            own = {"weights": xp.matmul(below, trace.layers[i])}
            if "biases" in parameters:
                own["biases"] = xp.sum(delta, axis=1, keepdims=True)
        else:
            delta = error if slope is None else error * slope
            own, below = layer_descent(parameters, trace, i, delta, xp)
        deltas.append(delta)
        found.append(own)
        given = local[i - 1] if local and i > 0 else None
        if given is not None and stops:
            error = given
        elif i > 0:
            back = weights[i] if feedback is None else feedback[i]
            groups = trace.layers[i].shape[-1] // back.shape[-1]
            if turned:
                error = xp.matmul(below, back, transpose_a=True)
            else:
                error = times(below, back, xp, groups)
            error = error if given is None else error + given
    return Backward(deltas[::-1], gather(found[::-1], parameters))
