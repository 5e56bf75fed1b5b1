"""The last fit: fresh nodes of the best design, robust errors, and tests of its own fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import constants as by
from .designs import (
    Bools,
    Design,
    Floats,
    Ints,
    chebyshev_nodes,
    jittered,
    make_design,
    slope_nodes,
)  # fmt: skip
from .model import critical, quantile, straighten
from .sampler import Sampler

TERMS = 9
"""Taylor coefficients that are reported."""


@dataclass
class Measured:
    """What the last fit says, arrays of shape (points,); `taylor` is in units of step^-k.

    Where the values show a corner, a jump or a bend at x, ``sides`` holds slope, standard error,
    degrees of freedom and misfit on the left and on the right; shape (2, 4, points).
    """

    best: Floats
    center: Floats
    error: Floats
    dof: Floats
    noise: Floats
    misfit: Bools
    shape: Bools
    taylor: Floats
    taylor_error: Floats
    sides: Floats


def choose_degree(design: Design, y: Floats, floor: Floats, order: int) -> Ints:
    """Return, for each point, the degree of the narrowest interval and the next one."""
    n, columns = len(y), len(design.project)
    degrees = np.arange(order, min(columns - 2, n - 4) + 1, 2)
    if len(degrees) < 3:
        return np.full(y.shape[1], degrees[-1] if len(degrees) else order)
    z = y - y[n // 2 - 1]
    c = design.project @ z
    upto = (np.arange(columns) <= degrees[:, None] + 1).astype(float)
    rest = z - design.project.T @ c
    rss = (1 - upto) @ (c * c) + (rest * rest).sum(0)
    dof = n - degrees - 2
    d = design.at[order]
    s2 = np.maximum(rss / dof[:, None], floor)
    width = np.sqrt(s2 * (upto @ (d * d))[:, None]) * quantile(dof, 0.975)[:, None]
    bias = np.abs(np.diff((upto * d) @ c, axis=0))
    best = np.nan_to_num((width[:-1] + bias)[:-1], nan=np.inf).argmin(0) + 1
    return np.asarray(degrees[best])


def conclude(
    design: Design, y: Floats, degree: int, h: Floats, floor: Floats, given: Floats | None,
    order: int, side: int, rounding: Floats | float,
) -> Measured:  # fmt: skip
    """Infer the derivative from all values at one scale by a fit of ``degree`` + 1.

    Args:
        design: Nodes and basis.
        y: Values, shape (nodes, points).
        degree: Largest power of the derivative's parity.
        h: Half-widths.
        floor: Variance of rounding.
        given: Variances of the values, if known; shape (nodes, points).
        order: 1 or 2.
        side: Side of x on which the nodes are, or 0.
        rounding: Variance that rounding may have, of which a part is common to neighbours.
    """
    n, p = len(y), degree + 2
    q, d = design.project.T, design.at[order]
    z = y - y[n // 2 - 1]
    c = q.T @ z
    res = z - q[:, :p] @ c[:p]
    nu = max(n - p, 1)
    s2 = np.maximum((res * res).sum(0) / nu, floor)
    weight = q[:, :p] @ d[:p]
    leverage = np.maximum(1 - (q[:, :p] ** 2).sum(1), 1e-3)
    part = (weight**2 / leverage)[:, None] * res**2
    plain, robust = s2 * (weight**2).sum(), part.sum(0)
    unequal = robust > plain
    dof = np.where(
        unequal, np.minimum(nu, 3 * robust**2 / np.where(unequal, (part**2).sum(0), 1)), nu
    )
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
    best = center - last * np.minimum(spread / np.maximum(last**2, 1e-300), 1)
    error = np.hypot(np.sqrt(variance), np.finfo(float).eps * np.abs(center))
    misfit, shape = np.zeros_like(unequal), np.zeros_like(unequal)
    if n >= p + 5:
        more = c[p : p + 2]
        own = np.maximum(s2, np.finfo(float).eps ** 2 * (z * z).mean(0))  # our own arithmetic
        misfit = (more**2).sum(0) / 2 > own * critical(2, nu, by.FIT)
        if not side:
            u = design.nodes
            kinks = np.stack([np.abs(u), np.sign(u), u * np.abs(u)], 1)
            for _ in range(2):
                kinks = np.linalg.qr(kinks - q[:, : p + 2] @ (q[:, : p + 2].T @ kinks))[0]
            along = kinks.T @ (res - q[:, p : p + 2] @ more)
            shape = (along**2).sum(0) / 3 > own * critical(3, nu, by.FIT)
    size = min(TERMS, p)
    to_powers = design.taylor[:p, :size]
    taylor, taylor_error = np.zeros((2, TERMS, y.shape[1]))
    taylor[:size] = to_powers.T @ c[:p]
    taylor[0] += y[n // 2 - 1]
    taylor_error[:size] = np.sqrt((to_powers**2).sum(0)[:, None] * s2)
    return Measured(
        best * unit, center * unit, error * unit, dof, np.sqrt(s2), misfit, shape, taylor,
        taylor_error, np.full((2, 4, y.shape[1]), np.nan),
    )  # fmt: skip


class Taker:
    """Takes the last values of points that share a stream and a scale design."""

    def __init__(self, sampler: Sampler, seed: int, stream: int, side: int, order: int) -> None:
        self.sampler, self.seed, self.side, self.order = sampler, seed, side, order
        self.stream = stream

    def nodes(self, degree: int | None, number: int, purpose: int) -> Floats:
        """Return fresh nodes of the design for a degree, or for all."""
        jitter = jittered(self.seed, self.stream, number, purpose + 8 * (self.side + 1))
        if self.side or self.order == 2 or degree is None:
            return chebyshev_nodes(jitter)
        return slope_nodes(degree, jitter)

    def offsets(self, u: Floats, h: Floats) -> Floats:
        """Return offsets of nodes."""
        return np.asarray((self.side * (1 + u) / 2 if self.side else u)[:, None] * h)

    def more(
        self, columns: Ints, h: Floats, u: Floats, y: Floats, slips: Floats, new: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Return nodes, values and slips with those at new nodes."""
        if not len(new):
            return u, y, slips
        values, slip = self.sampler(columns, self.offsets(new, h))
        return np.concatenate([u, new]), np.concatenate([y, values]), np.concatenate([slips, slip])

    def measure(
        self, columns: Ints, h: Floats, u: Floats, y: Floats, slips: Floats, degree: int,
        number: int,
    ) -> tuple[Measured, Ints]:  # fmt: skip
        """Take ``number`` values and conclude; return that and the degree.

        A large number is drawn in halves, the second for the degree that the first shows.
        """
        many = number >= 2 * by.NODES
        half = number // 2 if many else number
        first = self.nodes(None if many else degree, half, 2)
        u, y, slips = self.more(columns, h, u, y, slips, first)
        out: list[tuple[Ints, Measured]] = []
        columns_of = min(by.DEGREE + 6, len(u))
        design = make_design(u, columns_of, self.side)
        flat = straighten(design, y, slips, h)
        floor = self._floor(columns, y)
        chosen = choose_degree(design, flat, floor, self.order)
        for degree in np.unique(chosen).tolist():
            at = np.flatnonzero(chosen == degree)
            fresh = self.nodes(degree, number - half, 3)
            u1, y1, s1 = self.more(columns[at], h[at], u, y[:, at], slips[:, at], fresh)
            if len(fresh):
                design = make_design(u1, min(by.DEGREE + 6, len(u1)), self.side)
                y1 = straighten(design, y1, s1, h[at])
            else:
                y1 = flat[:, at]
            given = self.sampler.noise(columns[at], self.offsets(u1, h[at]))
            given = None if given is None else given * given
            low = self._floor(columns[at], y1)
            size = np.sqrt((y1 * y1).mean(0))
            rounding = by.ROUNDING * self.sampler.rounding(columns[at], size, coarse=True)
            args = (design, y1, degree, h[at], low, given, self.order, self.side, rounding**2)
            found = conclude(*args)
            i = np.flatnonzero(found.shape)
            if len(i):
                known = None if given is None else given[:, i]
                some = (u1, y1[:, i], h[at][i], low[i], known, rounding[i] ** 2)
                found.sides[..., i] = [self._beside(side, *some) for side in (-1, 1)]
            out.append((at, found))
        return _join(out, len(columns)), chosen

    def _beside(
        self, side: int, u: Floats, y: Floats, h: Floats, floor: Floats, given: Floats | None,
        rounding: Floats,
    ) -> Floats:  # fmt: skip
        """Return slope, error, degrees of freedom and misfit by the values on one side of x."""
        here = u * side > 0
        t, y = 2 * np.abs(u[here]) - 1, y[here]
        found = np.full((4, len(h)), np.nan)
        columns = min(by.DEGREE + 3, len(t) - 5)
        if columns < 4:
            return found
        design = make_design(t, columns, side)
        chosen = choose_degree(design, y, floor, self.order)
        for degree in np.unique(chosen).tolist():
            i = chosen == degree
            known = None if given is None else given[here][:, i]
            args = (min(degree, columns - 2), h[i], floor[i], known, self.order, side, rounding[i])
            part = conclude(design, y[:, i], *args)
            found[:, i] = part.center, part.error, part.dof, part.misfit
        return found

    def _floor(self, columns: Ints, y: Floats) -> Floats:
        return self.sampler.rounding(columns, np.sqrt((y * y).mean(0))) ** 2


def _join(parts: list[tuple[Ints, Measured]], points: int) -> Measured:
    """Put results of groups of points together."""
    whole = []
    for name in Measured.__dataclass_fields__:
        first = getattr(parts[0][1], name)
        array = np.zeros((*first.shape[:-1], points), first.dtype)
        for at, found in parts:
            array[..., at] = getattr(found, name)
        whole.append(array)
    return Measured(*whole)
