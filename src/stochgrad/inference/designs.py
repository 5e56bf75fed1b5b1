"""Nodes in units of the half-width, and the orthonormal polynomials on them.

A design serves every scale: the coefficients of all nested fits are one constant matrix times the
values. Nodes are jittered, so that they dither the low bits of x: at nodes that are short binary
fractions, 30 x rounds alike at all of them, and the rounding errors are no noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Design:
    """Nodes and orthonormal polynomials q_0, q_1, ...

    Attributes:
        nodes: Nodes u in [-1, 1], shape (nodes,).
        project: Transposed basis, shape (columns, nodes).
        tangent: Derivatives of the basis at the nodes, shape (nodes, columns).
        at: Value, slope and curvature of the basis at x, in units of the half-width; shape
            (3, columns).
        shapes: Coefficients of |u|, sign u and u|u|, shape (3, columns).
        taylor: Taylor coefficients at x of the basis, shape (columns, columns).
        chebyshev: Chebyshev coefficients of the basis, same shape.
        stretch: Derivative of u by the offset over h.
    """

    nodes: Floats
    project: Floats
    tangent: Floats
    at: Floats
    shapes: Floats
    taylor: Floats
    chebyshev: Floats
    stretch: float


@lru_cache(maxsize=64)
def _chebyshev_to_powers(columns: int, side: int) -> Floats:
    """Return Taylor coefficients at x of Chebyshev's polynomials, shape (columns, powers)."""
    from numpy.polynomial import Chebyshev, Polynomial

    u = Polynomial([0.0, 1.0]) if side == 0 else Polynomial([-1.0, 2.0 * side])
    rows = [Chebyshev.basis(k).convert(kind=Polynomial)(u).coef for k in range(columns)]
    return np.array([np.pad(row, (0, columns - len(row))) for row in rows])


def make_design(nodes: Floats, columns: int, side: int) -> Design:
    """Return the design on ``nodes``: offsets u h, or side (1 + u) h / 2 on one side."""
    k = np.arange(columns)
    angle = np.arccos(np.clip(nodes, -1, 1))[..., None]
    q, r = np.linalg.qr(np.cos(angle * k))
    angle = np.clip(angle, 1e-6, np.pi - 1e-6)  # the slopes below are 0/0 at the ends
    to_basis = np.linalg.inv(r.T)
    stretch = 2.0 * side if side else 1.0
    slopes = k * np.sin(k * angle) / np.sin(angle) * stretch
    powers = _chebyshev_to_powers(columns, side)
    taylor = to_basis @ powers
    project = np.ascontiguousarray(q.T)
    shapes = np.stack([np.abs(nodes), np.sign(nodes), nodes * np.abs(nodes)])
    return Design(
        nodes=nodes,
        project=project,
        tangent=slopes @ to_basis.T,
        at=np.stack([taylor[:, 0], taylor[:, 1], 2 * taylor[:, 2]]),
        shapes=shapes @ q,
        taylor=taylor,
        chebyshev=to_basis,
        stretch=stretch,
    )


@lru_cache(maxsize=64)
def search_design(seed: int, number: int, side: int, purpose: int) -> Design:
    """Return the design of a search: one for all points and streams."""
    jitter = jittered(seed, 0, number, purpose + 8 * (side + 1))
    return make_design(chebyshev_nodes(jitter), number, side)


def jittered(seed: int, stream: int, number: int, purpose: int) -> Floats:
    """Return uniform numbers in [0, 1), shape (number,), that depend on nothing else."""
    bits = np.random.Philox(key=seed, counter=[0, stream, number, purpose])
    return np.random.Generator(bits).random(number)


def chebyshev_nodes(jitter: Floats) -> Floats:
    """Return Chebyshev's nodes, jittered by half of their distance: good for every degree."""
    n = jitter.shape[-1]
    return np.asarray(np.cos(np.pi * (np.arange(n) + 0.25 + jitter / 2) / n))


@lru_cache(maxsize=256)
def _shares(degree: int, pairs: int) -> Floats:
    """Return the pairs of the design with the least variance of the slope (Hoel and Levine).

    They are at the extremes of Chebyshev's polynomial of that degree, in proportion to the weights
    of the rule that interpolates there.
    """
    half = (degree + 1) // 2
    c = np.cos(np.arange(half) * np.pi / degree)
    w = np.abs(np.linalg.solve(c ** (2 * np.arange(half)[:, None] + 1), np.eye(half)[:, 0]))
    ideal = pairs * w / w.sum()
    number = np.maximum(np.floor(ideal), 1 if pairs >= half else 0)
    while number.sum() != pairs:
        if number.sum() < pairs:
            number[np.argmax(ideal - number)] += 1
        else:
            number[np.where(number > 1, number - ideal, -np.inf).argmax()] -= 1
    return np.repeat(c, number.astype(int))


def slope_nodes(degree: int, jitter: Floats) -> Floats:
    """Return nodes of least variance of the slope, jittered by half of their distance in angle.

    Rounding errors of neighbours are alike: those of nodes that stay together do not average out.
    """
    number = jitter.shape[-1]
    angle = np.arccos(_shares(degree, number // 2))
    angle = np.concatenate([angle, np.pi - angle, np.zeros(number % 2)])
    return np.asarray(np.cos(angle + np.pi / degree * (jitter - 0.5) / 2))
