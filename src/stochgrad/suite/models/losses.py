"""Losses: a value for each example, and the error that back-propagation starts from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stochgrad.backends import Array, Backend
from stochgrad.registry import Registry


@dataclass(frozen=True)
class Loss:
    """A loss on outputs and targets of shape ``(R, batch, outputs)``.

    Attributes:
        value: loss of each example, shape ``(R, batch)``.
        error: negative gradient of that loss with respect to the outputs.
        linear_output: whether the outputs are logits of a layer without activation.
    """

    value: Callable[[Array, Array, Backend], Array]
    error: Callable[[Array, Array, Backend], Array]
    linear_output: bool


def squared_error(outputs: Array, targets: Array, xp: Backend) -> Array:
    """``½ Σ (t − o)²``."""
    difference = targets - outputs
    return 0.5 * xp.sum(difference * difference, axis=-1)


def squared_error_descent(outputs: Array, targets: Array, xp: Backend) -> Array:
    """``t − o``."""
    return targets - outputs


def log_softmax(logits: Array, xp: Backend) -> Array:
    """``z − log Σ exp z``, shifted by the maximum so that it never overflows."""
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))


def softmax_cross_entropy(logits: Array, targets: Array, xp: Backend) -> Array:
    """``−Σ t·log softmax(z)``."""
    return -xp.sum(targets * log_softmax(logits, xp), axis=-1)


def softmax_cross_entropy_descent(logits: Array, targets: Array, xp: Backend) -> Array:
    """``t − softmax(z)``, for targets that sum to 1."""
    return targets - xp.exp(log_softmax(logits, xp))


LOSSES: Registry[Loss] = Registry("loss")
LOSSES.add("squared_error", Loss(squared_error, squared_error_descent, linear_output=False))
LOSSES.add(
    "softmax_cross_entropy",
    Loss(softmax_cross_entropy, softmax_cross_entropy_descent, linear_output=True),
)
