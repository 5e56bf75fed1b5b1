"""Polynomials that are orthonormal over given points.

The basis is built by multiplying with t and making orthogonal, twice, against what is there.

Reference: P. D. Brubeck, Y. Nakatsukasa and L. N. Trefethen, "Vandermonde with Arnoldi", SIAM
Review 63 (2021).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DEPENDENT = 1e-13
"""A power whose part that is new is smaller than this, relative, is none."""


@dataclass(frozen=True)
class Basis:
    """Orthonormal polynomials over the points.

    Attributes:
        q: values at the points, one array ``(n, …)`` a degree; 0 where a degree is not there.
        slope: shape ``(D + 1, …)``: derivatives at 0.
        leading: coefficients of the highest powers, so that ``gₖ·leading`` is ``|βₖ|hᵏ``.
        used: whether the points tell a degree from the lower ones.
    """

    q: list[Floats]
    slope: Floats
    leading: Floats
    used: NDArray[np.bool_]


def make_basis(t: Floats, largest: int) -> Basis:
    """Build the polynomials up to a degree, over points ``(n, …)`` within [−1, 1]."""
    count, elements = t.shape
    q = [np.full((count, elements), 1 / np.sqrt(count))]
    value, slope, leading = ([np.full(elements, v)] for v in (count**-0.5, 0.0, count**-0.5))
    used = [np.ones(elements, bool)]
    for _ in range(largest):
        new = t * q[-1]
        new_value, new_slope = np.zeros(elements), value[-1].copy()
        before = np.sqrt(np.einsum("ne,ne->e", new, new))
        for _ in range(2):
            for p, v, s in zip(q, value, slope, strict=True):
                part = np.einsum("ne,ne->e", p, new)
                new -= part * p
                new_value -= part * v
                new_slope -= part * s
        norm = np.sqrt(np.einsum("ne,ne->e", new, new))
        there = used[-1] & (norm > DEPENDENT * before)
        inverse = there / np.where(there, norm, 1.0)
        q.append(new * inverse)
        value.append(new_value * inverse)
        slope.append(new_slope * inverse)
        leading.append(leading[-1] * inverse)
        used.append(there)
    return Basis(q, np.array(slope), np.array(leading), np.array(used))


def project(q: list[Floats], y: Floats) -> tuple[Floats, Floats]:
    """Return the coefficients ``gₖ = ⟨qₖ, y⟩`` and what is left of y."""
    residual = y.copy()
    g = []
    for p in q:
        part = np.einsum("ne,ne->e", p, residual)
        residual -= part * p
        g.append(part)
    return np.array(g), residual
