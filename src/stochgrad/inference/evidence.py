"""Kinds of evidence on which the search turns: each a test with one stated alternative."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import constants as by
from .designs import Bools, Design, Floats, Ints
from .model import Fit, Tables, critical, quantile
from .sampler import Sampler

POLE = 8
"""Turns of bisection over which the bend of a simple pole grows by LOST squared: a consequence."""


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


@dataclass
class Shapes:
    """Changes of slope, value and curvature at x, each with its error, shape (3, points)."""

    change: Floats
    error: Floats
    seen: Bools


def shapes_at_x(design: Design, c: Floats, columns: Ints | int, h: Floats, floor: Floats) -> Shapes:
    """Test |u|, sign u and u|u| against what a polynomial of ``columns`` terms leaves.

    Args:
        design: Nodes.
        c: Coefficients, shape (columns, points).
        columns: Terms of the polynomial.
        h: Half-widths.
        floor: Variance of rounding or of the noise that was given.
    """
    n = len(c)
    rest = np.arange(n)[:, None] >= columns
    shape = design.shapes[:, :, None] * rest
    power = (shape * shape).sum(1)
    part = (shape * c).sum(1)
    dof = np.maximum(n - columns - 1, 1)
    left = ((c * rest) ** 2).sum(0) - part**2 / power
    s2 = np.maximum(left / dof, floor)
    unit = np.stack([2 / h, np.full_like(h, 2.0), 2 / h / h])
    seen = part**2 / power > critical(1, dof, by.LEVEL) * s2
    return Shapes(part / power * unit, np.sqrt(s2 / power) * unit, seen)


class ShapeRecord:
    """What was seen of corners, jumps and bends at x over the scales of a search.

    One is at x if two scales see the same change, no scale excludes it, and the narrowest finds one
    that is nearer to it than to none, or could not tell.
    """

    def __init__(self, points: int) -> None:
        self.count = np.zeros((3, points), int)
        seen = np.zeros((3, points), bool)
        self.best = Shapes(np.zeros((3, points)), np.zeros((3, points)), seen)
        self.scale = np.zeros((3, points), int)
        self.limit = np.full((3, points), np.inf)
        unknown = np.full((3, points), np.nan)
        self.low = Shapes(unknown, unknown.copy(), seen.copy())

    def add(self, i: Ints, new: Shapes, scale: Ints, dof: Ints | int, low: bool) -> Bools:
        """Record one scale and return which points have a corner, jump or bend, shape (points,)."""
        far = quantile(dof, 1 - by.LEVEL / 2)
        count, change, error = self.count[:, i], self.best.change[:, i], self.best.error[:, i]
        same = np.abs(new.change - change) <= far * np.hypot(new.error, error)
        if low:
            for name in ("change", "error", "seen"):
                getattr(self.low, name)[:, i] = getattr(new, name)
        low_error, away = self.low.error[:, i], np.abs(new.change - self.low.change[:, i])
        fits = away <= far * np.hypot(new.error, low_error)
        fits &= (away < np.abs(self.low.change[:, i])) | (far * low_error > np.abs(new.change))
        limit = np.fmin(self.limit[:, i], np.abs(new.change) + far * new.error)
        self.limit[:, i] = limit
        fits &= np.abs(new.change) - far * new.error <= limit
        hit = new.seen & same & (count > 0) & fits
        keep = new.seen & ((count == 0) | (scale < self.scale[:, i]))
        self.count[:, i] = np.where(new.seen, np.where(same & (count > 0), count + 1, 1), count)
        self.best.change[:, i] = np.where(keep, new.change, change)
        self.best.error[:, i] = np.where(keep, new.error, error)
        self.scale[:, i] = np.where(keep, scale, self.scale[:, i])
        return np.asarray(hit.any(0))


def is_discontinuous(
    sampler: Sampler, columns: Ints, place: Design, h: Floats, side: int, fit: Fit, terms: Ints,
    jump: Floats | None, budget: Ints, unsure: bool,
) -> Bools:  # fmt: skip
    """Return whether what a fit leaves stays as high when bisected down to the last floats.

    Steps of a table, rounding and noise do so; waves, needles and kinks are resolved. Five
    equidistant points; the bend of three of them, the larger half, two new values, and again.

    Args:
        sampler: Evaluates f.
        columns: Points.
        place: Design of the fit.
        h: Half-widths.
        side: 0, or the side of x on which the nodes are.
        fit: The fit.
        terms: Its number of terms.
        jump: How far f(x) is from the fit, to bisect around x; None for around the worst residual.
        budget: Evaluations left.
        unsure: Whether what cannot be bisected counts as discontinuous, and a pole does not.
    """
    u, base = place.nodes, fit.values[len(fit.values) // 2 - 1]
    c = (place.project @ (fit.values - base)).T
    k = np.arange(c.shape[1])
    c *= k < terms[:, None]
    power = c @ place.chebyshev

    def residual(t: Floats, g: Ints) -> Floats:
        offset = h[g] * (side * (1 + t) / 2 if side else t)
        y = sampler(columns[g], offset[None])[0][0]
        angle = np.arccos(np.clip(t, -1, 1))[:, None]
        return np.asarray(y - base[g] - (power[g] * np.cos(angle * k)).sum(1))

    i = np.arange(len(columns))
    order = np.argsort(u)
    if jump is None:
        left = fit.values.T - base[:, None] - c @ place.project
        rank = np.abs(left[:, order]).argmax(1)
        a = u[order[np.maximum(rank - 1, 0)]]
        b = u[order[np.minimum(rank + 1, len(u) - 1)]]
        start = fit.noise
    else:
        b = np.full(len(i), np.abs(u).min())
        a, start = -b, np.fmax(fit.noise, jump)
        if unsure:  # outwards, away from a pole at 0
            a, b = 0 * b, np.copysign(b, sampler.x[columns])
    spent = sampler.nfev[columns]
    alive = budget >= 5
    unknown = ~alive  # not enough evaluations: no proof
    t = a[:, None] + (b - a)[:, None] * np.arange(5) / 4
    v = np.full(t.shape, np.nan)
    for q in range(5):
        v[alive, q] = residual(t[alive, q], i[alive])
    bend, turns = np.full(len(i), np.inf), np.zeros(len(i), int)
    bends: list[Floats] = []
    step = sampler.spacing(columns, h)
    for turn in range(60):
        halves = np.abs(v[:, :3] - 2 * v[:, 1:4] + v[:, 2:])
        q = halves.argmax(1)
        bend = np.where(alive, halves[i, q], bend)
        bends.append(bend)
        turns = np.where(alive, turn, turns)
        if turn == 0 and unsure:
            unknown |= bend * by.LOST <= start
        alive &= (np.abs(t[:, 4] - t[:, 0]) * h > 16 * step) & (bend * by.LOST > start)
        poor = alive & (sampler.nfev[columns] - spent + 2 > budget)
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
    early = np.array(bends)[np.maximum(turns - POLE, 0), i]
    high = bend * by.LOST > start
    return np.asarray(high | unknown if unsure else high & ~unknown & (bend < by.LOST * early))
