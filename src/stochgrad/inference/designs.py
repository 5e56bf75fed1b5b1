"""Nodes in units of the half-width, and the orthonormal polynomials on them.

A design serves every scale: the coefficients of all nested fits are one constant matrix times the
values. Nodes are jittered, so that they dither the low bits of x: at nodes that are short binary
fractions, 30 x rounds alike at all of them, and the rounding errors are no noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial
from numpy.polynomial.chebyshev import chebvander
from numpy.typing import NDArray

from stochgrad.stencils.regression import design as least_variance
from stochgrad.stencils.stencil import Floats as Floats

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Design:
    """Nodes u in [-1, 1], and orthonormal polynomials q_0, q_1, ... in units of the half-width.

    Attributes:
        side: 0 for offsets u h, or 1 and -1 for side (1 + u) h / 2 on one side of x.
        nodes: Shape (nodes,).
        project: Transposed basis, (columns, nodes).
        tangent: Derivatives of the basis at the nodes, (nodes, columns).
        at: Value, slope and curvature of the basis at x, (3, columns).
        shapes: Coefficients of |u|, sign u and u|u|, (3, columns).
        taylor: Taylor coefficients at x of the basis, (columns, columns).
        chebyshev: Its Chebyshev coefficients, same shape.
    """

    side: int
    nodes: Floats
    project: Floats
    tangent: Floats
    at: Floats
    shapes: Floats
    taylor: Floats
    chebyshev: Floats

    @property
    def stretch(self) -> float:
        """Derivative of u by the offset over h."""
        return 2.0 * self.side if self.side else 1.0

    def offsets(self, u: Floats, h: Floats) -> Floats:
        """Return the offsets from x of nodes u at half-widths h, which broadcast."""
        return np.asarray((self.side * (1 + u) / 2 if self.side else u) * h)

    def base(self, y: Floats) -> Floats:
        """Return the values at one node, of values (nodes, points)."""
        return np.asarray(y[len(self.nodes) // 2 - 1])

    def centered(self, y: Floats) -> Floats:
        """Return values less those at one node: fits are to small numbers, and so more exact."""
        return np.asarray(y - self.base(y))


@lru_cache(maxsize=64)
def _chebyshev_to_powers(columns: int, side: int) -> Floats:
    """Return Taylor coefficients at x of Chebyshev's polynomials, shape (columns, powers)."""
    u = Polynomial([0.0, 1.0]) if side == 0 else Polynomial([-1.0, 2.0 * side])
    rows = [Chebyshev.basis(k).convert(kind=Polynomial)(u).coef for k in range(columns)]
    return np.array([np.pad(row, (0, columns - len(row))) for row in rows])


def orthonormal(nodes: Floats, columns: int) -> tuple[Floats, Floats]:
    """Return orthonormal polynomials on nodes, and their Chebyshev coefficients, row by row.

    Each value is that of the exact polynomial, rounded once: a basis that is off by ten times as
    much, as that of a QR factorisation is, would leave so much of any f that rounding of f is lost
    in it. Chebyshev's polynomials T come from extended precision, where there is any. What T = QR
    lacks, T - QR, times R^-1 gives Q the right spans; what that lacks of orthonormality,
    E = Q'Q - 1, is of first order, and so is the mend: Q (1 - U), with U + U' = E and U triangular.
    Products are of parts of 21 bits, whose sums are exact, and of what is left of them.

    Returns:
        Shapes (nodes, columns) and (columns, columns).
    """
    fine = chebvander(nodes.astype(np.longdouble), columns - 1)
    t = fine.astype(float)
    q, r = np.linalg.qr(t)
    inverse, (q_high, q_low), (r_high, r_low) = np.linalg.inv(r), _parts(q), _parts(r)
    lack = (t - q_high @ r_high) - (q_high @ r_low + q_low @ r) + (fine - t).astype(float)
    rest = q_low + lack @ inverse
    e = (q_high.T @ q_high - np.eye(columns)) + q_high.T @ rest + rest.T @ (q_high + rest)
    u = np.triu(e) - np.diag(np.diag(e) / 2)
    return q_high + (rest - q @ u), (inverse - inverse @ u).T


def _parts(a: Floats) -> tuple[Floats, Floats]:
    """Return multiples of 2^-21 near numbers below a thousand, and what is left."""
    shift = 1.5 * 2.0**31
    high = (a + shift) - shift
    return high, a - high


def make_design(nodes: Floats, columns: int, side: int) -> Design:
    """Return the design on ``nodes`` with the powers below ``columns``."""
    k, (q, to_basis) = np.arange(columns), orthonormal(nodes, columns)
    angle = np.arccos(np.clip(nodes, -1, 1))[..., None]
    angle = np.clip(angle, 1e-6, np.pi - 1e-6)  # the slopes below are 0/0 at the ends
    slopes = k * np.sin(k * angle) / np.sin(angle) * (2.0 * side if side else 1.0)
    taylor = to_basis @ _chebyshev_to_powers(columns, side)
    return Design(
        side=side,
        nodes=nodes,
        project=np.ascontiguousarray(q.T),
        tangent=slopes @ to_basis.T,
        at=np.stack([taylor[:, 0], taylor[:, 1], 2 * taylor[:, 2]]),
        shapes=np.stack([np.abs(nodes), np.sign(nodes), nodes * np.abs(nodes)]) @ q,
        taylor=taylor,
        chebyshev=to_basis,
    )


@lru_cache(maxsize=64)
def search_design(seed: int, number: int, side: int, purpose: int) -> Design:
    """Return the design of a search: one for all points and streams."""
    return make_design(fresh_nodes((seed, 0), number, side, purpose), number, side)


def fresh_nodes(
    key: tuple[int, int], number: int, side: int, purpose: int, degree: int | None = None
) -> Floats:
    """Return nodes, shape (number,), jittered by half of their distance in angle.

    They are Chebyshev's, good for every degree; or those of the least variance of the slope by a
    polynomial of a degree (:func:`stochgrad.stencils.regression.design`). Rounding errors of
    neighbours are alike: those of nodes that stay together do not average out.

    Args:
        key: Seed and stream of the jitter.
        number: Number of nodes.
        side: Side of x, or 0.
        purpose: Tells draws of one key apart, below 8.
        degree: Of the polynomial; None for any.
    """
    bits = np.random.Philox(key=key[0], counter=[0, key[1], number, purpose + 8 * (side + 1)])
    jitter = np.random.Generator(bits).random(number)
    if degree is None:
        return np.asarray(np.cos(np.pi * (np.arange(number) + 0.25 + jitter / 2) / number))
    angle = np.arccos(least_variance((degree + 1) // 2, number // 2))
    angle = np.concatenate([angle, np.pi - angle, np.zeros(number % 2)])
    return np.asarray(np.cos(angle + np.pi / degree * (jitter - 0.5) / 2))
