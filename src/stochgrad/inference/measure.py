"""The last fit: fresh nodes of the best design, robust errors, and tests of its own fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from . import constants as by
from .designs import Bools, Design, Floats, Ints, fresh_nodes, make_design
from .model import Nested, Tables, nested, quantile, straighten, tables
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


class Rules(NamedTuple):
    """What the last fit takes from its nodes, one row for each degree that counts.

    Attributes:
        design: On all nodes.
        order: Of the derivative.
        t: Degrees and quantiles.
        terms: Number of terms.
        tested: Whether there are enough values to ask for two more terms.
        weight: Of the values in the derivative, (degrees, nodes).
        robust: Of the squares of residuals in its variance, same shape: HC2.
        last: Of the coefficients in the last two terms of the derivative, (degrees, columns).
        more: Which coefficients the next two terms have, same shape.
        sorted: Order of the nodes, (nodes,).
        neighbours: Sum of the hat matrix over pairs of neighbours, (degrees,).
    """

    design: Design
    order: int
    t: Tables
    terms: Ints
    tested: Bools
    weight: Floats
    robust: Floats
    last: Floats
    more: Floats
    sorted: Ints
    neighbours: Floats


def rules(design: Design, order: int, spare: int = 2) -> Rules:
    """Return them for degrees that leave ``spare`` columns of the design beyond the first term."""
    q, d, u = design.project, design.at[order], design.nodes
    t = tables(len(u), order, len(q) - spare)
    k, terms = np.arange(len(q)), t.degrees + 2
    keep = (k < terms[:, None]).astype(float)
    weight, line = (keep * d) @ q, q[:, u.argsort()]
    return Rules(
        design, order, t, terms, tested=len(u) >= terms + 5, weight=weight,
        robust=weight**2 / np.maximum(1 - keep @ q**2, 1e-3),
        last=keep * d * (k >= terms[:, None] - 2), more=(k < terms[:, None] + 2) - keep,
        sorted=u.argsort(), neighbours=keep @ (line[:, 1:] * line[:, :-1]).sum(1),
    )  # fmt: skip


def extend(
    design: Design, key: tuple[int, int], number: int, purpose: int, degree: int | None, order: int
) -> Rules:
    """Return what a fit takes from the nodes of a design and fresh ones: :func:`fresh_nodes`.

    These lie between x, or the outermost nodes on its sides, and those: beyond, the domain of f
    may end.
    """
    degree = None if design.side or order == 2 else degree
    fresh = fresh_nodes(key, number, design.side, purpose, degree)
    low, high = -1.0 if design.side else design.nodes.min(), design.nodes.max()
    fresh = low + (fresh + 1) / 2 * (high - low)
    nodes = np.concatenate([design.nodes, fresh])
    return rules(make_design(nodes, min(by.DEGREE + 6, len(nodes)), design.side), order)


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


def compare(r: Rules, y: Floats, floor: Floats) -> tuple[Nested, Floats, Floats, Floats]:
    """Return fits of all degrees, coefficients, what all of them leave, and its squares' sum."""
    z = r.design.centered(y)
    c = r.design.project @ z
    z -= r.design.project.T @ c
    beyond = np.einsum("ip,ip->p", z, z)
    return nested(c, beyond, r.design.at[r.order], r.t, floor), c, z, beyond


def conclude(
    r: Rules, y: Floats, h: Floats, floor: Floats, given: Floats | None, rounding: Floats,
    degree: int | None = None,
) -> Measured:  # fmt: skip
    """Infer the derivative from all values at one scale.

    By a fit of one term more than the best degree of each point has, or than ``degree``. ``floor``
    is the variance of rounding, ``rounding`` that which it may have, of which a part is common to
    neighbours, and ``given`` those of the values (nodes, points) if they are known.
    """
    here, design = np.arange(len(h)), r.design
    all_, c, res, beyond = compare(r, y, floor)
    own_arithmetic = EPS**2 * (all_.square.sum(0) + beyond) / len(res)
    best = all_.best if degree is None else np.full(len(h), np.searchsorted(r.t.degrees, degree))
    used = np.flatnonzero(np.bincount(best))
    rank = np.searchsorted(used, best)

    def own(rows: Floats) -> Floats:
        """Return, of rows for all degrees in use, those of each point's degree."""
        return rows[rank, here]

    left = np.where(np.arange(len(c))[:, None] < r.terms[best], 0, c)
    res += design.project.T @ left
    c -= left
    res2, nu = res * res, r.t.dof[best]
    s2, square = all_.variance[best, here], all_.spread[best]
    plain, robust = s2 * square, own(r.robust[used] @ res2)
    unequal = robust > plain
    few = 3 * robust**2 / np.where(unequal, own(r.robust[used] ** 2 @ (res2 * res2)), 1)
    dof = np.where(unequal, np.minimum(nu, few), nu)
    variance = np.maximum(plain, robust)
    if given is not None:
        s2 = np.maximum(given.mean(0), floor)
        variance = np.maximum(own(r.weight[used] ** 2 @ given), floor * square)
        dof = np.full_like(variance, np.inf)
    common = by.CORRELATED * np.minimum(s2, rounding) / 2
    variance = variance + common * (np.abs(r.weight).sum(1) ** 2)[best]
    unit = 1 / h if r.order == 1 else 1 / h / h
    center, last = all_.estimate[best, here], own(r.last[used] @ c)
    spread = s2 * (r.last**2).sum(1)[best]
    # Of too few values to ask for two more terms, the last two are what is left out.
    tested = r.tested[best]
    variance = np.where(tested, variance, variance + last**2)
    slope = (center - last * np.minimum(spread / np.maximum(last**2, 1e-300), 1)) * unit
    least = np.maximum(s2, own_arithmetic)
    more = own(r.more[used] @ all_.square) / 2
    misfit = tested & (more > least * r.t.curve[best])
    # Seen, but too weak to refute the fit: they may be its bias.
    bias = own((r.more * design.at[r.order] ** 2)[used] @ all_.square)
    variance += np.where(tested & (more > least * r.t.bias[best]), bias, 0)
    error = np.hypot(np.sqrt(variance), EPS * np.abs(center)) * unit
    along = (kinks(design, r.terms[used] + 2) @ res) ** 2
    shape = tested & (own(along.sum(1)) / 3 > least * r.t.shape[best])
    in_order, plain = res.take(r.sorted, axis=0), res2.sum(0) / nu
    correlated = tested & is_correlated(in_order, plain, nu, r.neighbours[best])
    noise, size = np.sqrt(s2), min(TERMS, len(c))
    powers, keep = design.taylor[:, :size].T, np.arange(len(c))[:, None] < r.terms
    taylor, taylor_error = np.zeros((2, TERMS, len(h)))
    taylor[:size] = powers @ c
    taylor[0] += design.base(y)
    np.multiply(np.sqrt(powers**2 @ keep)[:, best], noise, out=taylor_error[:size])
    return Measured(
        slope, center * unit, error, dof, noise, misfit, shape, correlated, taylor,
        taylor_error, np.full((2, SIDED, len(h)), np.nan),
    )  # fmt: skip


def is_correlated(residuals: Floats, s2: Floats, nu: Ints, neighbours: Floats) -> Bools:
    """Return whether residuals of neighbours are alike, as those of independent noise are not.

    The sum of their products has the mean ``-s² sum H_i,i+1`` with the hat matrix H, and about the
    variance ``(n - p) s⁴`` (J. Durbin and G. S. Watson, Biometrika 37 (1950)). The level is that
    between scales: rounding is not quite independent.
    """
    products = np.einsum("ip,ip->p", residuals[1:], residuals[:-1])
    z = (products + s2 * neighbours) / (s2 * np.sqrt(nu))
    return np.asarray(z > quantile(np.inf, 1 - by.LEVEL))


def measure(
    sampler: Sampler, extend: Callable[..., Rules], design: Design, columns: Ints, h: Floats,
    y: Floats, slips: Floats, degree: int, number: int, key: tuple[int, int], order: int,
) -> Measured:  # fmt: skip
    """Take more values at a scale and conclude.

    A large number is drawn in halves, the second for the degree that the first shows. ``design``,
    ``y`` and ``slips`` are of the values that are there, ``degree`` is that of the search.
    """
    many = number >= 2 * by.NODES
    half = number // 2 if many else number

    def taken(at: Ints, r: Rules, y: Floats, slips: Floats, count: int) -> tuple[Floats, Floats]:
        """Return values and slips at all nodes, of which the last ones are fresh."""
        if not count:
            return y, slips
        new = sampler(columns[at], r.design.offsets(r.design.nodes[-count:, None], h[at]))
        return np.concatenate([y, new[0]]), np.concatenate([slips, new[1]])

    def concluded(
        at: Ints, r: Rules, y: Floats, slips: Floats, degree: int | None = None
    ) -> Measured:
        """Return what these values say, and those on each side of a shape."""
        given = sampler.noise(columns[at], r.design.offsets(r.design.nodes[:, None], h[at]))
        given = None if given is None else given * given
        y = straighten(r.design, y, slips, h[at])
        size = rms(y)
        low = sampler.rounding(columns[at], size) ** 2
        rounding = (by.ROUNDING * sampler.rounding(columns[at], size, coarse=True)) ** 2
        part = conclude(r, y, h[at], low, given, rounding, degree)
        i = np.flatnonzero(part.shape)
        if len(i):
            known = None if given is None else given[:, i]
            some = y[:, i], h[at][i], low[i], known, rounding[i]
            part.sides[..., i] = [_beside(side, r, *some) for side in (-1, 1)]
        return part

    every = np.arange(len(columns))
    r = extend(design, key, half, 2, None if many else degree, order)
    y, slips = taken(every, r, y, slips, half)
    if not many:
        return concluded(every, r, y, slips)
    found, floor = unknown(len(columns)), sampler.rounding(columns, rms(y)) ** 2
    chosen = r.t.degrees[compare(r, straighten(r.design, y, slips, h), floor)[0].best]
    for degree in np.unique(chosen).tolist():
        at = np.flatnonzero(chosen == degree)
        all_ = extend(r.design, key, number - half, 3, degree, order)
        values = taken(at, all_, y.take(at, 1), slips.take(at, 1), number - half)
        found.put(at, concluded(at, all_, *values, degree))
    return found


def _beside(
    side: int, r: Rules, y: Floats, h: Floats, floor: Floats, given: Floats | None,
    rounding: Floats,
) -> Floats:  # fmt: skip
    """Return what the values on one side of x say, see :class:`Measured`."""
    here = r.design.nodes * side > 0
    t = 2 * np.abs(r.design.nodes[here]) - 1
    columns = min(by.DEGREE + 3, len(t) - 5)
    if columns < 4:
        return np.full((SIDED, len(h)), np.nan)
    known = None if given is None else given[here]
    own = rules(make_design(t, columns, side), r.order, spare=3)
    found = conclude(own, y[here], h, floor, known, rounding)
    rows = [found.center, found.slope_error, found.dof, found.misfit]
    return np.stack([*rows, *found.taylor[:2], *found.taylor_error[:2]])
