"""Products with a weight matrix, whole or block-diagonal.

A matrix W has a row for each unit, shape ``(…, out, in)``. Of a layer with G groups only the blocks
on the diagonal are kept, one below the other: shape ``(…, out, in / G)``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Array, Backend


def cut(x: Array, groups: int, xp: Backend) -> Array:
    """Give groups of units an axis: ``(…, n) → (…, G, n / G)``."""
    lead = (-1 if n is None else n for n in x.shape[:-1])  # None: not known to a traced program
    return xp.reshape(x, (*lead, groups, x.shape[-1] // groups))


def joined(x: Array, xp: Backend) -> Array:
    """Undo :func:`cut`."""
    lead = (-1 if n is None else n for n in x.shape[:-2])
    return xp.reshape(x, (*lead, x.shape[-2] * x.shape[-1]))


def _grouped(x: Array, groups: int, xp: Backend) -> Array:
    """Give groups of units an axis of their own: ``(…, batch, n) → (…, G, batch, n / G)``."""
    return xp.swap_axes(cut(x, groups, xp), -2, -3)


def _joined(x: Array, xp: Backend) -> Array:
    """Undo :func:`_grouped`."""
    return joined(xp.swap_axes(x, -2, -3), xp)


def _blocks(w: Array, groups: int, xp: Backend) -> Array:
    return xp.reshape(w, (*w.shape[:-2], groups, w.shape[-2] // groups, w.shape[-1]))


def times_transposed(x: Array, w: Array, xp: Backend) -> Array:
    """Return ``x @ Wᵀ`` for x ``(…, batch, in)``."""
    groups = x.shape[-1] // w.shape[-1]
    if groups == 1:
        return xp.matmul(x, w, transpose_b=True)
    product = xp.matmul(_grouped(x, groups, xp), _blocks(w, groups, xp), transpose_b=True)
    return _joined(product, xp)


def times(delta: Array, w: Array, xp: Backend, groups: int = 1) -> Array:
    """Return ``delta @ W`` for delta ``(…, batch, out)`` and W with so many groups."""
    if groups == 1:
        return xp.matmul(delta, w)
    return _joined(xp.matmul(_grouped(delta, groups, xp), _blocks(w, groups, xp)), xp)


def outer(delta: Array, x: Array, w: Array, xp: Backend) -> Array:
    """Return ``deltaᵀ @ x``, of which only the elements are kept that W has."""
    groups = x.shape[-1] // w.shape[-1]
    if groups == 1:
        return xp.matmul(delta, x, transpose_a=True)
    blocks = xp.matmul(_grouped(delta, groups, xp), _grouped(x, groups, xp), transpose_a=True)
    return xp.reshape(blocks, (*blocks.shape[:-3], w.shape[-2], w.shape[-1]))


def whole(w: NDArray[Any], inputs: int) -> NDArray[Any]:
    """Return the matrix ``(…, out, in)``, zero outside its blocks."""
    groups = inputs // w.shape[-1]
    if groups == 1:
        return w
    out, width = w.shape[-2] // groups, w.shape[-1]
    matrix = np.zeros((*w.shape[:-1], inputs), w.dtype)
    for g in range(groups):
        rows = slice(g * out, (g + 1) * out)
        matrix[..., rows, g * width : (g + 1) * width] = w[..., rows, :]
    return matrix
