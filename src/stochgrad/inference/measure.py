"""The last fit: fresh nodes of the best design, robust errors, and tests of its own fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import constants as by
from .designs import Bools, Design, Floats, Ints, fresh_nodes, make_design
from .model import PerPoint, critical, nested, quantile, straighten, tables
from .sampler import Sampler, rms

TERMS = 9
"""Taylor coefficients that are reported."""
SIDED = 8
"""What is told of each side of x."""
EPS = float(np.finfo(float).eps)


@dataclass
class Measured(PerPoint):
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


def unknown(points: int) -> Measured:
    """Return what nothing says."""
    rows: list[Any] = [*np.full((5, points), np.nan), np.ones(points, bool)]
    rows += [*np.zeros((2, points), bool)]
    rows += [*np.full((2, TERMS, points), np.nan), np.full((2, SIDED, points), np.nan)]
    return Measured(*rows)


def choose_degree(design: Design, y: Floats, floor: Floats, order: int) -> Ints:
    """Return, for each point, the degree of the narrowest interval and the next one."""
    c, base = design.coefficients(y)
    rest = y - base - design.project.T @ c
    t = tables(len(y), order, len(c) - 2)
    best = nested(c, (rest * rest).sum(0), design.at[order], t, floor).best
    return np.asarray(t.degrees[best])


def conclude(
    design: Design, y: Floats, degree: int, h: Floats, floor: Floats, given: Floats | None,
    order: int, rounding: Floats | float,
) -> Measured:  # fmt: skip
    """Infer the derivative from all values at one scale by a fit of ``degree`` + 1.

    ``floor`` is the variance of rounding, ``rounding`` that which it may have, of which a part is
    common to neighbours, and ``given`` those of the values (nodes, points) if they are known.
    """
    p, found = degree + 2, unknown(y.shape[1])
    q, d, nu = design.project.T, design.at[order], max(len(y) - p, 1)
    c, base = design.coefficients(y)
    z = y - base
    res = z - q[:, :p] @ c[:p]
    s2 = np.maximum((res * res).sum(0) / nu, floor)
    weight = q[:, :p] @ d[:p]
    leverage = np.maximum(1 - (q[:, :p] ** 2).sum(1), 1e-3)
    part = (weight**2 / leverage)[:, None] * res**2
    plain, robust = s2 * (weight**2).sum(), part.sum(0)
    unequal = robust > plain
    own = 3 * robust**2 / np.where(unequal, (part**2).sum(0), 1)
    dof = np.where(unequal, np.minimum(nu, own), nu)
    variance = np.maximum(plain, robust)
    if given is not None:
        s2 = np.maximum(given.mean(0), floor)
        variance = np.maximum((weight[:, None] ** 2 * given).sum(0), floor * (weight**2).sum())
        dof = np.full_like(variance, np.inf)
    common = by.CORRELATED * np.minimum(s2, rounding) / 2
    variance = variance + common * np.abs(weight).sum() ** 2
    unit = 1 / h if order == 1 else 1 / h / h
    center = d[:p] @ c[:p]
    last = d[p - 2 : p] @ c[p - 2 : p]
    spread = s2 * (d[p - 2 : p] ** 2).sum()
    tested = len(y) >= p + 5
    if not tested:  # too few values to ask for two more terms: the last two are what is left out
        variance = variance + last**2
    found.slope = (center - last * np.minimum(spread / np.maximum(last**2, 1e-300), 1)) * unit
    found.center, found.dof, found.noise = center * unit, dof, np.sqrt(s2)
    found.slope_error = np.hypot(np.sqrt(variance), EPS * np.abs(center)) * unit
    found.misfit = found.shape.copy()
    if tested:
        more = c[p : p + 2]
        own = np.maximum(s2, EPS**2 * (z * z).mean(0))  # our own arithmetic
        ratio = (more**2).sum(0) / 2 / own
        found.misfit = ratio > critical(2, nu, by.FIT)
        # Seen, but too weak to refute the fit: they may be its bias.
        bias = np.where(ratio > critical(2, nu, by.FEEL), (d[p : p + 2] ** 2) @ more**2, 0)
        found.slope_error = np.hypot(found.slope_error, np.sqrt(bias) * unit)
        found.correlated = is_correlated(design, res, p)
        if not design.side:
            u, known = design.nodes, q[:, : p + 2]
            kinks = np.stack([np.abs(u), np.sign(u), u * np.abs(u)], 1)
            for _ in range(2):
                kinks = np.linalg.qr(kinks - known @ (known.T @ kinks))[0]
            along = kinks.T @ (res - q[:, p : p + 2] @ more)
            found.shape = (along**2).sum(0) / 3 > own * critical(3, nu, by.FIT)
    size = min(TERMS, p)
    to_powers = design.taylor[:p, :size]
    found.taylor, found.taylor_error = np.zeros((2, TERMS, y.shape[1]))
    found.taylor[:size] = to_powers.T @ c[:p]
    found.taylor[0] += base
    found.taylor_error[:size] = np.sqrt((to_powers**2).sum(0)[:, None] * s2)
    return found


def is_correlated(design: Design, residuals: Floats, terms: int) -> Bools:
    """Return whether residuals of neighbours are alike, as those of independent noise are not.

    The sum of their products has the mean ``-s² sum H_i,i+1`` with the hat matrix H, and about the
    variance ``(n - p) s⁴`` (J. Durbin and G. S. Watson, Biometrika 37 (1950)). The level is that
    between scales: rounding is not quite independent.
    """
    order = np.argsort(design.nodes)
    q, r = design.project[:terms, order], residuals[order]
    nu = len(r) - terms
    s2 = (r * r).sum(0) / nu
    expected = (q[:, 1:] * q[:, :-1]).sum()
    z = ((r[1:] * r[:-1]).sum(0) + s2 * expected) / (s2 * np.sqrt(nu))
    return np.asarray(z > quantile(np.inf, 1 - by.LEVEL))


def conclude_all(
    design: Design, y: Floats, h: Floats, floor: Floats, given: Floats | None, order: int,
    rounding: Floats,
) -> Measured:  # fmt: skip
    """Choose a degree for each point, and conclude."""
    found, most = unknown(y.shape[1]), len(design.project) - 3
    chosen = choose_degree(design, y, floor, order)
    for degree in np.unique(chosen).tolist():
        i = np.flatnonzero(chosen == degree)
        known = None if given is None else given[:, i]
        args = (min(degree, most), h[i], floor[i], known, order, rounding[i])
        found.put(i, conclude(design, y[:, i], *args))
    return found


def measure(
    sampler: Sampler, design: Design, columns: Ints, h: Floats, y: Floats, slips: Floats,
    degree: int, number: int, key: tuple[int, int], order: int,
) -> Measured:  # fmt: skip
    """Take more values at a scale and conclude.

    A large number is drawn in halves, the second for the degree that the first shows. ``design``,
    ``y`` and ``slips`` are of the values that are there, ``degree`` is that of the search.
    """
    side, many = design.side, number >= 2 * by.NODES
    half = number // 2 if many else number

    def taken(
        at: Ints, old: tuple[Floats, Floats, Floats], count: int, purpose: int, degree: int | None
    ) -> tuple[Floats, Floats, Floats]:
        """Return nodes, values and slips with fresh ones."""
        if not count:
            return old
        u = fresh_nodes(key, count, side, purpose, None if side or order == 2 else degree)
        new = u, *sampler(columns[at], design.offsets(u[:, None], h[at]))
        return tuple(np.concatenate(pair) for pair in zip(old, new, strict=True))  # type: ignore

    every, found = np.arange(len(columns)), unknown(len(columns))
    old = design.nodes, y, slips
    u, y, slips = taken(every, old, half, 2, None if many else degree)
    design = make_design(u, min(by.DEGREE + 6, len(u)), side)
    flat = straighten(design, y, slips, h)
    chosen = choose_degree(design, flat, sampler.rounding(columns, rms(y)) ** 2, order)
    for degree in np.unique(chosen).tolist():
        at = np.flatnonzero(chosen == degree)
        own, y1 = design, flat[:, at]
        if number > half:
            u1, y1, s1 = taken(at, (u, y[:, at], slips[:, at]), number - half, 3, degree)
            own = make_design(u1, min(by.DEGREE + 6, len(u1)), side)
            y1 = straighten(own, y1, s1, h[at])
        given = sampler.noise(columns[at], own.offsets(own.nodes[:, None], h[at]))
        given = None if given is None else given * given
        size = rms(y1)
        low = sampler.rounding(columns[at], size) ** 2
        rounding = (by.ROUNDING * sampler.rounding(columns[at], size, coarse=True)) ** 2
        part = conclude(own, y1, degree, h[at], low, given, order, rounding)
        i = np.flatnonzero(part.shape)
        if len(i):
            known = None if given is None else given[:, i]
            some = own.nodes, y1[:, i], h[at][i], low[i], known, order, rounding[i]
            part.sides[..., i] = [_beside(side, *some) for side in (-1, 1)]
        found.put(at, part)
    return found


def _beside(
    side: int, u: Floats, y: Floats, h: Floats, floor: Floats, given: Floats | None, order: int,
    rounding: Floats,
) -> Floats:  # fmt: skip
    """Return what the values on one side of x say, see :class:`Measured`."""
    here = u * side > 0
    t = 2 * np.abs(u[here]) - 1
    columns = min(by.DEGREE + 3, len(t) - 5)
    if columns < 4:
        return np.full((SIDED, len(h)), np.nan)
    known = None if given is None else given[here]
    design = make_design(t, columns, side)
    found = conclude_all(design, y[here], h, floor, known, order, rounding)
    rows = [found.center, found.slope_error, found.dof, found.misfit]
    return np.stack([*rows, *found.taylor[:2], *found.taylor_error[:2]])
