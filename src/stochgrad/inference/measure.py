"""The last fit: fresh nodes of the best design, robust errors, and tests of its own fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import constants as by
from .designs import Bools, Design, Floats, Ints, fresh_nodes, make_design
from .model import Nested, Tables, nested, straighten, tables
from .sampler import Sampler, rms

TERMS = 9
"""Taylor coefficients that are reported."""
SIDED = 8
"""What is told of each side of x."""
EPS = float(np.finfo(float).eps)


@dataclass
class Measured:
    """What the last fit says, as in :class:`.result.Inference`.

    ``misfit``: truncation or rounding error is not resolved over these nodes; ``shape``: the values
    show a corner, a jump or a bend at x; ``correlated``: residuals of neighbours are alike. Where
    there is a shape, ``sides`` holds what the values on the left and on the right say: center,
    standard error, degrees of freedom, misfit, and two of ``taylor`` and of ``taylor_error``; shape
    (2, SIDED, points).
    """

    slope: Floats
    center: Floats
    slope_error: Floats
    dof: Floats
    noise: Floats
    misfit: Bools
    shape: Bools
    correlated: Bools
    taylor: Floats
    taylor_error: Floats
    sides: Floats

    def put(self, where: Ints, other: Measured) -> None:
        """Replace those of some points."""
        for mine, new in zip(vars(self).values(), vars(other).values(), strict=True):
            mine[..., where] = new


def unknown(points: int) -> Measured:
    """Return what nothing says."""
    rows: list[Any] = [*np.full((5, points), np.nan), np.ones(points, bool)]
    rows += [*np.zeros((2, points), bool)]
    rows += [*np.full((2, TERMS, points), np.nan), np.full((2, SIDED, points), np.nan)]
    return Measured(*rows)


def extend(
    design: Design, key: tuple[int, int], number: int, purpose: int, degree: int | None
) -> Design:
    """Return the design on the nodes of one and on fresh ones: :func:`fresh_nodes`.

    These lie between x, or the outermost nodes on its sides, and those: beyond, the domain of f
    may end.
    """
    fresh = fresh_nodes(key, number, design.side, purpose, None if design.side else degree)
    low, high = -1.0 if design.side else design.nodes.min(), design.nodes.max()
    fresh = low + (fresh + 1) / 2 * (high - low)
    nodes = np.concatenate([design.nodes, fresh])
    return make_design(nodes, min(by.DEGREE + 6, len(nodes)), design.side)


def kinks(design: Design, terms: Ints) -> Floats:
    """Return the parts of |u|, sign u and u|u| that are beyond so many terms of a polynomial.

    They are orthonormal, of shape (numbers of terms, 3, nodes); on one side of x there are none.
    """
    q, u = design.project, design.nodes
    known = np.arange(len(q))[:, None] < terms[:, None, None]
    beyond = np.stack([np.abs(u), np.sign(u), u * np.abs(u)], 1)[:, : 0 if design.side else 3]
    for _ in range(2):
        beyond = np.linalg.qr(beyond - q.T @ (known * (q @ beyond)))[0]
    return beyond.swapaxes(1, 2)


def compare(
    design: Design, y: Floats, floor: Floats, order: int, spare: int = 2
) -> tuple[Tables, Nested, Floats, Floats, Floats]:
    """Return fits of all degrees that leave ``spare`` columns beyond their first term.

    And coefficients, what all columns leave of the values, and the sum of its squares.
    """
    z, t = design.centered(y), tables(len(y), order, len(design.project) - spare)
    c = design.project @ z
    z -= design.project.T @ c
    beyond = np.einsum("ip,ip->p", z, z)
    return t, nested(c, beyond, design.at[order], t, floor), c, z, beyond


def conclude(
    design: Design, y: Floats, h: Floats, floor: Floats, given: Floats | None, rounding: Floats,
    order: int, degree: int | None = None, spare: int = 2, widest: bool = True,
) -> Measured:  # fmt: skip
    """Infer the derivative from all values at one scale.

    By a fit of one term more than the best degree of each point has, or than ``degree``. ``floor``
    is the variance of rounding, ``rounding`` that which it may have, of which a part is common to
    neighbours, and ``given`` those of the values (nodes, points) if they are known. ``widest``
    says that the scale was taken as the widest one that nothing refutes.
    """
    t, all_, c, res, beyond = compare(design, y, floor, order, spare)
    own_arithmetic = EPS**2 * (all_.square.sum(0) + beyond) / len(res)
    best = all_.best if degree is None else np.full(len(h), np.searchsorted(t.degrees, degree))
    used = np.flatnonzero(np.bincount(best))
    rank, here = np.searchsorted(used, best), np.arange(len(h))

    def own(rows: NDArray[Any]) -> NDArray[Any]:
        """Return, of rows for all degrees in use, those of each point's degree."""
        return rows[rank, here] if rows.ndim > 1 else rows[rank]

    # Of each degree in use: weights of coefficients, and of the squares of residuals (HC2).
    q, d, k, terms = design.project, design.at[order], np.arange(len(c)), t.degrees[used] + 2
    keep = (k < terms[:, None]).astype(float)
    ends, after = keep * d * (k >= terms[:, None] - 2), (k < terms[:, None] + 2) - keep
    weight = (keep * d) @ q
    hc2 = weight**2 / np.maximum(1 - keep @ q**2, 1e-3)
    left = np.where(k[:, None] < terms[rank], 0, c)
    res += q.T @ left
    c -= left
    res2, nu = res * res, t.dof[best]
    s2, square = all_.variance[best, here], all_.spread[best]
    plain, robust = s2 * square, own(hc2 @ res2)
    unequal = robust > plain
    few = 3 * robust**2 / np.where(unequal, own(hc2**2 @ (res2 * res2)), 1)
    dof = np.where(unequal, np.minimum(nu, few), nu)
    variance = np.maximum(plain, robust)
    if given is not None:
        s2 = np.maximum(given.mean(0), floor)
        variance = np.maximum(own(weight**2 @ given), floor * square)
        dof = np.full_like(variance, np.inf)
    common = by.CORRELATED * np.minimum(s2, rounding) / 2
    variance = variance + common * own(np.abs(weight).sum(1) ** 2)
    unit = 1 / h if order == 1 else 1 / h / h
    center, last = all_.estimate[best, here], own(ends @ c)
    spread = s2 * own((ends**2).sum(1))
    # Of too few values to ask for two more terms, the last two are what is left out.
    tested = own(len(y) >= terms + 5)
    variance = np.where(tested, variance, variance + last**2)
    slope = (center - last * np.minimum(spread / np.maximum(last**2, 1e-300), 1)) * unit
    least = np.maximum(s2, own_arithmetic)
    more = own(after @ all_.square) / 2
    misfit = tested & (more > least * t.curve[best])
    if widest:  # terms that are seen, but too weak to refute the fit, are likely its bias
        bias = own((after * d**2) @ all_.square)
        variance += np.where(tested & (more > least * t.bias[best]), bias, 0)
    error = np.hypot(np.sqrt(variance), EPS * np.abs(center)) * unit
    along = (kinks(design, terms + 2) @ res) ** 2
    shape = tested & (own(along.sum(1)) / 3 > least * t.shape[best])
    correlated = tested & (correlation(design, res, keep, rank, nu, res2.sum(0) / nu) > t.normal)
    noise, size = np.sqrt(s2), min(TERMS, len(c))
    powers = design.taylor[:, :size].T
    taylor, taylor_error = np.zeros((2, TERMS, len(h)))
    taylor[:size] = powers @ c
    taylor[0] += design.base(y)
    np.multiply(np.sqrt(powers**2 @ keep.T)[:, rank], noise, out=taylor_error[:size])
    return Measured(
        slope, center * unit, error, dof, noise, misfit, shape, correlated, taylor,
        taylor_error, np.full((2, SIDED, len(h)), np.nan),
    )  # fmt: skip


def correlation(
    design: Design, residuals: Floats, keep: Floats, rank: Ints, nu: Ints, s2: Floats
) -> Floats:
    """Return whether residuals of neighbours are alike: a normal score for independent noise.

    The sum of their products has the mean ``-s² sum H_i,i+1`` with the hat matrix H, and about the
    variance ``(n - p) s⁴`` (J. Durbin and G. S. Watson, Biometrika 37 (1950)). The terms of a point
    are those that row ``rank`` of ``keep`` has.
    """
    order = design.nodes.argsort()
    residuals, q = residuals.take(order, axis=0), design.project[:, order]
    neighbours = keep @ (q[:, 1:] * q[:, :-1]).sum(1)
    products = np.einsum("ip,ip->p", residuals[1:], residuals[:-1])
    return np.asarray((products + s2 * neighbours[rank]) / (s2 * np.sqrt(nu)))


def measure(
    sampler: Sampler, extend: Callable[..., Design], design: Design, columns: Ints, h: Floats,
    y: Floats, slips: Floats, degree: int, number: int, key: tuple[int, int], order: int,
) -> Measured:  # fmt: skip
    """Take more values at a scale and conclude.

    A large number is drawn in halves, the second for the degree that the first shows. ``design``,
    ``y`` and ``slips`` are of the values that are there, ``degree`` is that of the search.
    """
    many = number >= 2 * by.NODES
    half = number // 2 if many else number

    def taken(at: Ints, own: Design, y: Floats, slips: Floats, count: int) -> tuple[Floats, Floats]:
        """Return values and slips at all nodes, of which the last ones are fresh."""
        if not count:
            return y, slips
        new = sampler(columns[at], own.offsets(own.nodes[-count:, None], h[at]))
        return np.concatenate([y, new[0]]), np.concatenate([slips, new[1]])

    def concluded(
        at: Ints, own: Design, y: Floats, slips: Floats, degree: int | None = None
    ) -> Measured:
        """Return what these values say, and those on each side of a shape."""
        given = sampler.noise(columns[at], own.offsets(own.nodes[:, None], h[at]))
        given = None if given is None else given * given
        y = straighten(own, y, slips, h[at])
        size = rms(y)
        low = sampler.rounding(columns[at], size) ** 2
        rounding = (by.ROUNDING * sampler.rounding(columns[at], size, coarse=True)) ** 2
        part = conclude(own, y, h[at], low, given, rounding, order, degree)
        i = np.flatnonzero(part.shape)
        if len(i):
            known = None if given is None else given[:, i]
            some = y[:, i], h[at][i], low[i], known, rounding[i], order
            part.sides[..., i] = [_beside(side, own, *some) for side in (-1, 1)]
        return part

    every, best = np.arange(len(columns)), degree if order == 1 else None
    all_ = extend(design, key, half, 2, None if many else best)
    y, slips = taken(every, all_, y, slips, half)
    if not many:
        return concluded(every, all_, y, slips)
    found, floor = unknown(len(columns)), sampler.rounding(columns, rms(y)) ** 2
    t, fits, *_ = compare(all_, straighten(all_, y, slips, h), floor, order)
    for degree in np.unique(t.degrees[fits.best]).tolist():
        at = np.flatnonzero(t.degrees[fits.best] == degree)
        own = extend(all_, key, number - half, 3, degree if order == 1 else None)
        values = taken(at, own, y.take(at, 1), slips.take(at, 1), number - half)
        found.put(at, concluded(at, own, *values, degree))
    return found


def _beside(
    side: int, design: Design, y: Floats, h: Floats, floor: Floats, given: Floats | None,
    rounding: Floats, order: int,
) -> Floats:  # fmt: skip
    """Return what the values on one side of x say, see :class:`Measured`."""
    here = design.nodes * side > 0
    t = 2 * np.abs(design.nodes[here]) - 1
    columns = min(by.DEGREE + 3, len(t) - 5)
    if columns < 4:
        return np.full((SIDED, len(h)), np.nan)
    known, own = None if given is None else given[here], make_design(t, columns, side)
    found = conclude(own, y[here], h, floor, known, rounding, order, spare=3)
    rows = [found.center, found.slope_error, found.dof, found.misfit]
    return np.stack([*rows, *found.taylor[:2], *found.taylor_error[:2]])
