r"""One model of noise, truncation and rounding.

At half-width h the values at nodes u_i are

    y_i = f(x + h u_i) = sum_{k <= p} b_k q_k(u_i) + sigma e_i

with orthonormal polynomials q_k on the nodes, so that c = Q'y holds the least-squares fits of all
degrees. Assumptions: within h, f is a polynomial of some degree up to p plus noise that is
independent from node to node; the noise of a function without noise is rounding, uniform over
one unit in the last place at least (mantissas of Benford's law). Then

    slope_p = sum c_k q_k'(0) / h,   Var slope_p = sigma^2 sum q_k'(0)^2 / h^2,
    RSS_p = sum_{k > p} c_k^2.

Degrees K of the slope's parity count, each with the next power beside it: p = K + 1. The best K
minimises the half-width plus the change that the next term brings (Goldenshluger and Lepski); the
next term is then added, since an interval must know the bias that it leaves out (Calonico,
Cattaneo and Farrell).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial.chebyshev import chebval

from . import constants as by
from .designs import Bools, Design, Floats, Ints
from .sampler import Sampler

FINE = 2.0**-26
"""Distance over half-width whose square is beyond double precision: a resource."""


def quantile(dof: Floats | Ints | float, level: float) -> Floats:
    """Return Student's quantile, the normal one for infinite degrees of freedom."""
    from scipy.special import stdtrit  # 0.3 s to import

    distinct, index = np.unique(np.minimum(dof, 1e9), return_inverse=True)  # each takes 0.3 µs
    return np.asarray(stdtrit(distinct, level)[index]).reshape(np.shape(dof))


def critical(top: Floats | Ints | float, below: Floats | Ints | float, level: float) -> Floats:
    """Return the quantile 1 - level of the F distribution."""
    from scipy.special import fdtri  # 0.3 s to import

    return np.asarray(fdtri(top, np.minimum(below, 1e9), 1 - level))


class Tables(NamedTuple):
    """What depends on the number of nodes alone: degrees, and quantiles by degrees of freedom."""

    degrees: Ints
    dof: Ints
    upto: Floats
    student: Floats
    far: Floats
    ratio: Floats
    ratio_check: Floats
    given: Floats
    feel: Floats
    curve: Floats
    bias: Floats
    shape: Floats
    normal: Floats


@lru_cache(maxsize=64)
def tables(nodes: int, order: int = 1, most: int | None = None) -> Tables:
    """Return them for degrees of the parity of ``order``, up to ``most`` or that of a search."""
    most = min(by.DEGREE if most is None else most, nodes - 4)
    degrees = np.arange(order, max(most, order) + 1, 2)
    dof = np.maximum(nodes - degrees - 2, 1)
    return Tables(
        degrees, dof, upto=(np.arange(nodes) <= degrees[:, None] + 1).astype(float),
        student=quantile(dof, 0.975), far=quantile(dof, 1 - by.LEVEL / 2),
        ratio=critical(dof[:, None], dof[None, :], by.LEVEL),
        ratio_check=critical(dof, by.CHECK - 2, by.LEVEL),
        given=np.sqrt(critical(dof, 1e9, by.LEVEL)), feel=critical(by.CHECK - 4, dof, by.FEEL),
        curve=critical(2, dof, by.FIT), bias=critical(2, dof, by.FEEL),
        shape=critical(3, dof, by.FIT), normal=quantile(np.inf, 1 - by.LEVEL),
    )  # fmt: skip


ROWS = 11
"""Quantities of a fit."""


class Row:
    """One quantity of a :class:`Fit`."""

    def __init__(self, row: int) -> None:
        self.row = row

    def __get__(self, fit: Fit, _: Any = None) -> Floats:
        """Return it for every point."""
        return np.asarray(fit.rows[self.row])


@dataclass(frozen=True)
class Fit:
    """A fit at one scale for each point: of a degree, with the variance of residuals.

    ``score`` is the half-width of the interval with the bias that is seen; ``error`` comes from
    residuals, ``shared`` from rounding that neighbours have in common; ``value`` is f(x), ``size``
    the rms of f, ``unit`` the largest plausible rms rounding error; ``seen`` the largest power that
    is significant; ``index`` is that of the degree.
    """

    rows: Floats

    variance, score, slope, error, shared, value, value_error = map(Row, range(7))
    size, unit, seen = map(Row, range(7, ROWS - 1))

    @property
    def index(self) -> Ints:
        """Index of the degree in :class:`Tables`."""
        return np.asarray(self.rows[-1].astype(int))

    @property
    def finite(self) -> Bools:
        """Whether all values are."""
        return np.asarray(np.isfinite(self.size))

    @property
    def noise(self) -> Floats:
        """Standard deviation of the residuals."""
        return np.asarray(np.sqrt(self.variance))

    def part(self, i: Ints) -> Fit:
        """Return those of some points."""
        return Fit(self.rows.take(i, axis=1))

    def put(self, i: Ints, other: Fit) -> None:
        """Replace those of some points."""
        self.rows[:, i] = other.rows


def straighten(design: Design, y: Floats, slips: Floats, h: Floats) -> Floats:
    """Return values at the nodes asked for, from values at floats that are off by ``slips``.

    The difference is that of the fitted polynomial: its slope times the distance, or, where floats
    are so sparse that the square of the distance counts, what it is.
    """
    columns = min(by.DEGREE + 2, len(y) - 2)
    project, part, z = design.project[:columns], slips / h, design.centered(y)
    shift = design.tangent[:, :columns] @ (project @ z)
    shift *= part
    if max(part.max(initial=0.0), -part.min(initial=0.0)) > FINE:
        sparse = np.abs(part).max(0) > FINE
        to, u = design.chebyshev[:columns, :columns].T, design.nodes[:, None]
        moved = u + part[:, sparse] * design.stretch
        for _ in range(5):
            power = to @ (project @ (z - shift)[:, sparse])
            shift[:, sparse] = chebval(moved, power, False) - chebval(u, power, False)
    return np.subtract(y, shift, out=shift)


class Nested(NamedTuple):
    """Fits of all degrees to the same values, in units of the half-width; (degrees, points).

    ``spread``, (degrees,), is the variance of the estimate over that of a value; ``change`` is to
    the next degree; ``best`` indexes the degree of the narrowest interval and the next one;
    ``square``, (columns, points), are the squares of the coefficients.
    """

    best: Ints
    variance: Floats
    estimate: Floats
    spread: Floats
    width: Floats
    change: Floats
    square: Floats


def nested(c: Floats, beyond: Floats | float, weight: Floats, t: Tables, floor: Floats) -> Nested:
    """Compare fits of all degrees to coefficients c; none explains the squares ``beyond``."""
    upto = t.upto[:, : len(c)]
    square = c * c
    variance = np.maximum(((1 - upto) @ square + beyond) / t.dof[:, None], floor)
    estimate, spread = (upto * weight) @ c, upto @ weight**2
    width = np.sqrt(variance) * (np.sqrt(spread) * t.student)[:, None]
    change = np.abs(np.diff(estimate, axis=0))
    if len(t.degrees) > 2:
        total = width[:-2] + change[:-1]
        best = np.where(np.isnan(total), np.inf, total).argmin(0) + 1
    else:
        best = np.full(c.shape[1], len(t.degrees) - 1)
    return Nested(best, variance, estimate, spread, width, change, square)


def fit(
    design: Design, y: Floats, slips: Floats, h: Floats, sampler: Sampler, columns: Ints,
    noise: Floats | None,
) -> tuple[Fit, Floats]:  # fmt: skip
    """Fit all degrees to values of ``columns`` and infer the slope; return coefficients, too."""
    t = tables(len(y))
    y = straighten(design, y, slips, h)
    c = design.project @ design.centered(y)
    size = np.sqrt(np.einsum("ip,ip->p", y, y) / len(y))
    floor = sampler.floor(columns, size, noise)
    level, weight = design.at[:2]
    all_ = nested(c, 0.0, weight, t, floor * floor)
    best, spread, here = all_.best, all_.spread, np.arange(len(h))
    s2 = all_.variance[best, here]
    bias = all_.change[np.minimum(best, len(t.degrees) - 2), here] if len(t.degrees) > 1 else 0 * h
    after = np.minimum(best + 1, len(t.degrees) - 1)
    unseen = np.sqrt(s2 * (spread[after] - spread[best])) * t.student[best]
    known = t.degrees[-1] + 1
    visible = c[:known] ** 2 > s2 * t.far[best] ** 2
    # The argument is rounded, too.
    lever = np.abs(sampler.x[columns] * (all_.estimate[len(t.degrees) // 2] / h))
    unit = sampler.rounding(columns, size + lever, coarse=True)
    if noise is not None:
        unit = np.maximum(unit, floor * t.given[best] / by.ROUNDING)
    shared = np.sqrt(by.CORRELATED / 2) * by.ROUNDING * unit * t.degrees[best]
    score = (all_.width[best, here] + np.where(bias > unseen, bias, 0) + shared) / h
    slope, error = all_.estimate[best, here] / h, np.sqrt(s2 * spread[best]) / h
    value = design.base(y) + ((t.upto * level) @ c)[best, here]
    value_error = np.sqrt(s2 * (t.upto @ level**2)[best])
    seen = (visible * np.arange(known, dtype=np.int8)[:, None]).max(0)
    rows = [s2, score, slope, error, shared / h, value, value_error, size, unit, seen, best]
    return Fit(np.array(rows)), c
