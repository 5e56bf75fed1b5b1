"""Local losses: readouts of hidden layers, and the error that each sends into its layer.

A layer with L losses is cut into L equal shares of its units. Each share g has a linear readout
``P_g = h_g W_gᵀ`` to the classes. Where readouts are its own, its loss is that of the logits
``P_g + b_g``. Where they are shared, all shares are read together, ``Σ P + b``, and the loss of a
share is that of these logits as a function of its own units alone: what the others add is held
fixed. The readouts of a layer are one block-diagonal matrix of shape ``(L · classes, units / L)``.

Logits and errors have shape ``(…, L, R, batch, classes)``.

Reference: M. Ren, S. Kornblith, R. Liao and G. Hinton, "Scaling forward gradient with local
losses", arXiv:2210.03310 (2022).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from stochgrad.backends import Array, Backend
from stochgrad.suite.models.blocks import cut, joined, outer, times, times_transposed
from stochgrad.suite.models.initial import Layout, Module
from stochgrad.suite.models.optimizers import Parameters
from stochgrad.suite.models.perceptron import Trace


def _apart(flat: Array, losses: int, xp: Backend) -> Array:
    """``(…, R, batch, L · classes) → (…, L, R, batch, classes)``."""
    return xp.swap_axes(xp.swap_axes(cut(flat, losses, xp), -2, -3), -3, -4)


def _together(apart: Array, xp: Backend) -> Array:
    """Undo :func:`_apart`."""
    return joined(xp.swap_axes(xp.swap_axes(apart, -3, -4), -2, -3), xp)


class Readout(NamedTuple):
    """How the losses of a module are read from its last layer.

    Attributes:
        module: whose.
        xp: backend.
        weights: of it, shape ``(R, L · classes, units / L)``; None where the layer is the output.
        offset: what is added to each share's part; nothing is to that of the output.
    """

    module: Module
    xp: Backend
    weights: Array | None = None
    offset: Any = 0.0

    def part(self, layer: Array) -> Array:
        """Return what each share of ``(…, R, batch, units)`` adds to its logits: linear in it."""
        if self.weights is None:
            return layer[..., None, :, :, :]
        flat = times_transposed(layer, self.weights, self.xp)
        return _apart(flat, self.module.losses, self.xp)

    def __call__(self, layer: Array) -> Array:
        """Return the logits."""
        part = self.part(layer)
        return part if self.weights is None else part + self.offset

    def back(self, error: Array) -> Array:
        """Return the error at the layer, from that at the logits."""
        if self.weights is None:
            return error[0]
        return times(_together(error, self.xp), self.weights, self.xp, self.module.losses)


def make_readout(
    parameters: Parameters, layout: Layout, module: Module, layer: Array, xp: Backend
) -> Readout:
    """Return the readout of a module, at the units of its last layer ``(R, batch, units)``."""
    if module.readout is None:
        return Readout(module, xp)
    plain = Readout(module, xp, parameters["readouts"][module.readout])
    offset: Any = 0.0
    if "readout_biases" in parameters:
        bias = parameters["readout_biases"][module.readout]
        offset = _apart(bias, 1 if layout.shared else module.losses, xp)
    if layout.shared and module.losses > 1:
        part = plain.part(layer)
        offset = offset + xp.sum(part, axis=0, keepdims=True) - part
    return Readout(module, xp, plain.weights, offset)


class Heard(NamedTuple):
    """What the losses of all modules say.

    Attributes:
        readouts: of each module.
        errors: of each, the negative gradient at its logits.
        layers: the negative gradient of the local losses at the output of each hidden layer; None
            without any. Empty where the network has no local losses.
        descent: descent direction of the readouts, exact.
    """

    readouts: list[Readout]
    errors: list[Array]
    layers: list[Array | None]
    descent: Parameters


def gather_errors(
    parameters: Parameters, layout: Layout, trace: Trace, readouts: list[Readout],
    errors: list[Array], xp: Backend,
) -> Heard:  # fmt: skip
    """Send errors at logits back to the layers they are read from, and to the readouts."""
    if not layout.local:
        return Heard(readouts, errors, [], {})
    layers: list[Array | None] = [None] * len(layout.local)
    weights, biases = [], []
    for readout, error in zip(readouts[:-1], errors[:-1], strict=True):
        top = readout.module.layers[-1]
        layers[top] = readout.back(error)
        flat = _together(error, xp)
        weights.append(outer(flat, trace.layers[top + 1], readout.weights, xp))
        each = xp.mean(error, 0) if layout.shared else flat  # the same for all that share it
        biases.append(xp.sum(each, axis=1, keepdims=True))
    descent: Parameters = {"readouts": tuple(weights)}
    if "readout_biases" in parameters:
        descent["readout_biases"] = tuple(biases)
    return Heard(readouts, errors, layers, descent)


def scaled(vectors: Array, factors: Array, xp: Backend) -> Array:
    """Multiply each share of vectors ``(…, units)`` by a factor ``(…, L)``."""
    if factors.shape[-1] == 1:
        return vectors * factors
    return joined(cut(vectors, factors.shape[-1], xp) * factors[..., None], xp)
