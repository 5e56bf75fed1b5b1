"""Layer normalization: its value, and how directions and gradients pass through it.

``n = (z − mean z) / √(var z + ε)``, over the units of a layer, for each example. Its Jacobian
``J = (I − 11ᵀ/m − nnᵀ/m) / √(var z + ε)``, with m units, is symmetric, so that one function serves
forward mode and reverse mode.

Reference: J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450 (2016).
"""

from __future__ import annotations

from typing import NamedTuple

from stochgrad.backends import Array, Backend

EPSILON = 1e-5
"""Added to the variance, as in the public code of the papers that are replicated."""


class Normalized(NamedTuple):
    """A layer after normalization, shape ``(…, units)``.

    Attributes:
        value: n.
        inverse: ``1 / √(var z + ε)``, shape ``(…, 1)``.
    """

    value: Array
    inverse: Array


def normalize(z: Array, xp: Backend) -> Normalized:
    """Return ``n``, and what its Jacobian needs."""
    units = z.shape[-1]
    centred = z - xp.sum(z, axis=-1, keepdims=True) / units
    variance = xp.sum(centred * centred, axis=-1, keepdims=True) / units
    inverse = 1 / xp.sqrt(variance + EPSILON)
    return Normalized(centred * inverse, inverse)


def through(normalized: Normalized, vectors: Array, xp: Backend) -> Array:
    """Multiply vectors by the Jacobian: tangents upwards, or gradients downwards."""
    n = normalized.value
    units = n.shape[-1]
    mean = xp.sum(vectors, axis=-1, keepdims=True) / units
    along = xp.sum(vectors * n, axis=-1, keepdims=True) / units
    return (vectors - mean - n * along) * normalized.inverse
