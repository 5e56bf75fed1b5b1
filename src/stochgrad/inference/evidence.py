"""Kinds of evidence on which the search turns: each a test with one stated alternative."""

from __future__ import annotations

import numpy as np

from . import constants as by
from .designs import Bools, Design, Floats, Ints
from .model import Fit, Tables, quantile
from .sampler import Sampler

TURNS = 60
"""More than bisection of a half-width takes until floats end."""


def is_clean(fit: Fit) -> Bools:
    """Return whether rounding, or the noise that was given, explains the residuals."""
    return fit.noise <= by.ROUNDING * fit.unit


def is_noisier(one: Fit, other: Fit, t: Tables) -> Bools:
    """Return whether the first fit leaves more noise than the second, beyond rounding (F test)."""
    within = one.variance <= t.ratio[one.index, other.index] * other.variance
    return ~within & ~is_clean(one)


def agrees(one: Fit, other: Fit, t: Tables) -> Bools:
    """Return whether slope and value at x are the same at two scales (Lepski's rule)."""
    far = t.far[np.maximum(one.index, other.index)]
    own = np.hypot(np.hypot(one.error, one.shared), np.hypot(other.error, other.shared))
    slope = np.abs(one.slope - other.slope) <= far * own
    error = np.hypot(one.value_error, other.value_error)
    return slope & (np.abs(one.value - other.value) <= far * error)


def has_value(fit: Fit, value: Floats) -> Bools:
    """Return whether a value of f at x, or of another scale's fit, is no outlier of the fit."""
    return np.abs(value - fit.value) <= by.FAR * np.maximum(fit.noise, by.ROUNDING * fit.unit)


def is_explained(variance: Floats, size: Floats) -> Bools:
    """Return whether the fit leaves little of f."""
    return variance <= (size / by.FAR) ** 2


class ShapeRecord:
    """What was seen of corners, jumps and bends at x over the scales of a search.

    One is at x if two scales see the same change, and the narrowest finds none that is another.

    Attributes:
        count: Scales that saw the same, shape (3, points).
        scale: The narrowest of them.
        best: Change there and its error, shape (2, 3, points).
        low: The same at the narrowest scale of all.
    """

    def __init__(self, points: int) -> None:
        self.count, self.scale = np.zeros((2, 3, points), int)
        self.best, self.low = np.zeros((2, 3, points)), np.full((2, 3, points), np.nan)

    def add(
        self, i: Ints, design: Design, c: Floats, terms: Ints | int, scale: Ints, floor: Floats,
        low: bool,
    ) -> Bools:  # fmt: skip
        """Record one scale and return which points have a corner, jump or bend, shape (points,).

        Tests |u|, sign u and u|u| against what a polynomial of so many ``terms`` leaves of c; the
        changes are those of slope, value and curvature. ``floor`` is the rms rounding error, and
        ``low`` tells that the scale is the narrowest.
        """
        h, rest = np.ldexp(1.0, scale), np.arange(len(c))[:, None] >= terms
        shape = design.shapes[:, :, None] * rest
        power, part = (shape * shape).sum(1), (shape * c).sum(1)
        dof = np.maximum(len(c) - terms - 1, 1)
        far = quantile(dof, 1 - by.LEVEL / 2)
        left = ((c * rest) ** 2).sum(0) - part**2 / power
        s2 = np.maximum(left / dof, floor * floor)
        seen = part**2 / power > far**2 * s2
        unit = np.stack([2 / h, np.full_like(h, 2.0), 2 / h / h])
        change, error = found = np.stack([part / power * unit, np.sqrt(s2 / power) * unit])
        if low:
            self.low[..., i] = found

        def agrees(other: Floats) -> Bools:
            return np.asarray(np.abs(change - other[0]) <= far * np.hypot(error, other[1]))

        count = self.count[:, i]
        same, fits = agrees(self.best[..., i]) & (count > 0), agrees(self.low[..., i])
        keep = seen & ((count == 0) | (scale < self.scale[:, i]))
        self.count[:, i] = np.where(seen, np.where(same, count, 0) + 1, count)
        self.best[..., i] = np.where(keep, found, self.best[..., i])
        self.scale[:, i] = np.where(keep, scale, self.scale[:, i])
        return np.asarray((seen & same & fits).any(0))


def is_discontinuous(
    sampler: Sampler, columns: Ints, design: Design, values: Floats, h: Floats, fit: Fit,
    terms: Ints, jump: Floats | None, budget: Ints, unsure: bool,
) -> Bools:  # fmt: skip
    """Return whether what a fit leaves stays as high when bisected down to the last floats.

    Steps of a table, rounding and noise do so; waves, needles and kinks are resolved. Five
    equidistant points; the bend of three of them, the larger half, two new values, and again.

    Around x, from which the fit of some ``terms`` to ``values`` is off by ``jump``, or around the
    worst residual; if ``unsure``, what cannot be bisected counts as discontinuous, and a pole does
    not.
    """
    u, base = design.nodes, design.base(values)
    found = design.project @ design.centered(values)
    c = found.T * (np.arange(len(found)) < terms[:, None])
    power, k = c @ design.chebyshev, np.arange(len(found))

    def residual(t: Floats, g: Ints) -> Floats:
        y = sampler(columns[g], design.offsets(t, h[g])[None])[0][0]
        angle = np.arccos(np.clip(t, -1, 1))[:, None]
        return np.asarray(y - base[g] - (power[g] * np.cos(angle * k)).sum(1))

    i = np.arange(len(columns))
    if jump is None:
        order = np.argsort(u)
        left = values.T - base[:, None] - c @ design.project
        rank = np.abs(left[:, order]).argmax(1)
        a = u[order[np.maximum(rank - 1, 0)]]
        b = u[order[np.minimum(rank + 1, len(u) - 1)]]
        start = fit.noise
    else:
        b = np.full(len(i), np.abs(u).min())
        a, start = -b, np.fmax(fit.noise, jump)
        if unsure:  # outwards, away from a pole at 0
            a, b = 0 * b, np.copysign(b, sampler.x[columns])
    most = sampler.nfev[columns] + budget
    alive = budget >= 5
    unknown = ~alive  # not enough evaluations: no proof
    t = a[:, None] + (b - a)[:, None] * np.arange(5) / 4
    v = np.full(t.shape, np.nan)
    for q in range(5):
        v[alive, q] = residual(t[alive, q], i[alive])
    bend = np.full(len(i), np.inf)
    step = sampler.spacing(columns, h)
    for turn in range(TURNS):
        halves = np.abs(v[:, :3] - 2 * v[:, 1:4] + v[:, 2:])
        q = halves.argmax(1)
        bend = np.where(alive, halves[i, q], bend)
        if turn == 0 and unsure:
            unknown |= bend * by.LOST <= start
        alive &= (np.abs(t[:, 4] - t[:, 0]) * h > 16 * step) & (bend * by.LOST > start)
        poor = alive & (sampler.nfev[columns] + 2 > most)
        unknown |= poor
        alive &= ~poor
        g = i[alive]
        if not len(g):
            break
        for array in (t, v):
            array[g, ::2] = array[g[:, None], q[g, None] + np.arange(3)]
        for n in (1, 3):
            t[g, n] = (t[g, n - 1] + t[g, n + 1]) / 2
            v[g, n] = residual(t[g, n], g)
    high = bend * by.LOST > start
    return np.asarray(high | unknown if unsure else high & ~unknown)
