"""Layer normalization: its value, and how directions and gradients pass through it.

``n = (z − mean z) / √(var z + ε)``, over the units of a layer, or of each of its groups, for each
example. Its Jacobian
``J = (I − 11ᵀ/m − nnᵀ/m) / √(var z + ε)``, with m units, is symmetric, so that one function serves
forward mode and reverse mode.

Reference: J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450 (2016).
"""

from __future__ import annotations

from typing import NamedTuple

from stochgrad.backends import Array, Backend
from stochgrad.suite.models.blocks import cut, joined

EPSILON = 1e-5
"""Added to the variance, as in the public code of the papers that are replicated."""


class Normalized(NamedTuple):
    """A layer after normalization.

    Attributes:
        value: n, shape ``(…, units)``.
        inverse: ``1 / √(var z + ε)``, shape ``(…, 1)``, or ``(…, groups, 1)`` if there are several.
        groups: of units that are normalized together.
    """

    value: Array
    inverse: Array
    groups: int = 1


def normalize(z: Array, xp: Backend, groups: int = 1) -> Normalized:
    """Return ``n``, and what its Jacobian needs."""
    if groups > 1:
        each = normalize(cut(z, groups, xp), xp)
        return Normalized(joined(each.value, xp), each.inverse, groups)
    units = z.shape[-1]
    centred = z - xp.sum(z, axis=-1, keepdims=True) / units
    variance = xp.sum(centred * centred, axis=-1, keepdims=True) / units
    inverse = 1 / xp.sqrt(variance + EPSILON)
    return Normalized(centred * inverse, inverse)


def through(normalized: Normalized, vectors: Array, xp: Backend) -> Array:
    """Multiply vectors by the Jacobian: tangents upwards, or gradients downwards."""
    if normalized.groups > 1:
        apart = cut(normalized.value, normalized.groups, xp)
        each = Normalized(apart, normalized.inverse)
        return joined(through(each, cut(vectors, normalized.groups, xp), xp), xp)
    n = normalized.value
    units = n.shape[-1]
    mean = xp.sum(vectors, axis=-1, keepdims=True) / units
    along = xp.sum(vectors * n, axis=-1, keepdims=True) / units
    return (vectors - mean - n * along) * normalized.inverse
