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

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

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

    return np.asarray(stdtrit(np.minimum(dof, 1e9), level))


def critical(top: Floats | Ints | float, below: Floats | Ints | float, level: float) -> Floats:
    """Return the quantile 1 - level of the F distribution."""
    from scipy.special import fdtri  # 0.3 s to import

    return np.asarray(fdtri(top, np.minimum(below, 1e9), 1 - level))


@dataclass(frozen=True)
class Tables:
    """What depends on the number of nodes alone."""

    degrees: Ints
    dof: Ints
    upto: Floats
    student: Floats
    far: Floats
    ratio: Floats
    ratio_check: Floats
    given: Floats
    feel: Floats


@lru_cache(maxsize=32)
def tables(nodes: int, parity: int = 1) -> Tables:
    """Return degrees of the search, their degrees of freedom and quantiles."""
    largest = min(by.DEGREE, nodes - 4)
    degrees = np.arange(parity, max(largest, parity) + 1, 2)
    dof = np.maximum(nodes - degrees - 2, 1)
    return Tables(
        degrees=degrees,
        dof=dof,
        upto=(np.arange(nodes) <= degrees[:, None] + 1).astype(float),
        student=quantile(dof, 0.975),
        far=quantile(dof, 1 - by.LEVEL / 2),
        ratio=critical(dof[:, None], dof[None, :], by.LEVEL),
        ratio_check=critical(dof, by.CHECK - 2, by.LEVEL),
        given=np.sqrt(critical(dof, 1e9, by.LEVEL)),
        feel=critical(by.CHECK - 4, dof, by.FEEL),
    )


NONE = np.zeros((0, 0))


@dataclass
class Fit:
    """A fit at one scale for each point; arrays of shape (points,), values (nodes, points)."""

    index: Ints
    variance: Floats
    score: Floats
    slope: Floats
    error: Floats
    shared: Floats
    value: Floats
    value_error: Floats
    size: Floats
    unit: Floats
    seen: Ints
    finite: Bools
    values: Floats
    slips: Floats

    def part(self, where: Ints | Bools) -> Fit:
        """Return the fit of some points."""
        return Fit(*(getattr(self, f.name)[..., where] for f in fields(self)))

    def at(self, where: Ints | Bools) -> Fit:
        """Return what was inferred for some points, without the values."""
        names = (f.name for f in fields(self) if f.name not in ("values", "slips"))
        return Fit(**{n: getattr(self, n)[where] for n in names}, values=NONE, slips=NONE)

    def put(self, where: Ints, other: Fit) -> None:
        """Replace the fit of some points."""
        for f in fields(self):
            getattr(self, f.name)[..., where] = getattr(other, f.name)

    @property
    def noise(self) -> Floats:
        """Standard deviation of the residuals."""
        return np.sqrt(self.variance)


def empty_fit(points: int, nodes: int) -> Fit:
    """Return a fit of nothing."""
    one = [np.zeros(points) for _ in range(9)]
    index, seen, finite = np.zeros(points, int), np.zeros(points, int), np.zeros(points, bool)
    y = np.full((nodes, points), np.nan)
    every: list[Any] = [index, *one, seen, finite, y, np.zeros((nodes, points))]
    return Fit(*every)


def straighten(design: Design, y: Floats, slips: Floats, h: Floats) -> Floats:
    """Return values at the nodes asked for, from those at the floats beside them.

    The difference is that of the fitted polynomial: its slope times the distance, or, where floats
    are so sparse that the square of the distance counts, what it is.
    """
    columns = min(by.DEGREE + 2, len(y) - 2)
    project, base = design.project[:columns], y[len(y) // 2 - 1]
    part = slips / h
    sparse = np.abs(part).max(0) > FINE
    c = project @ (y - base)
    shift = design.tangent[:, :columns] @ c * part
    if sparse.any():
        to, u = design.chebyshev[:columns, :columns].T, design.nodes[:, None]
        moved = u + part[:, sparse] * design.stretch
        for _ in range(5):
            power = to @ (project @ (y - base - shift)[:, sparse])
            shift[:, sparse] = chebval(moved, power, False) - chebval(u, power, False)
    return np.asarray(y - shift)


def fit(
    design: Design, y: Floats, slips: Floats, h: Floats, sampler: Sampler, columns: Ints,
    noise: Floats | None,
) -> tuple[Fit, Floats]:  # fmt: skip
    """Fit all degrees at one scale and infer the slope.

    Args:
        design: Nodes, the same at every scale.
        y: Values, shape (nodes, points).
        slips: Distances of the floats from the nodes, same shape.
        h: Half-widths, shape (points,).
        sampler: Took the values, and knows how they are rounded.
        columns: The points.
        noise: Given standard deviation of each value; None if unknown.
    """
    nodes, points = y.shape
    t = tables(nodes)
    flat = straighten(design, y, slips, h)
    c = design.project @ (flat - flat[nodes // 2 - 1])
    square = c * c
    size = np.sqrt(np.einsum("ip,ip->p", y, y) / nodes)
    floor = sampler.rounding(columns, size)
    if noise is not None:
        floor = np.sqrt((noise * noise).mean(0))
    rest = (1 - t.upto) @ square
    s2 = np.maximum(rest / t.dof[:, None], floor * floor)
    weight = design.at[1]
    slopes = (t.upto * weight) @ c / h
    spread = t.upto @ weight**2
    width = np.sqrt(s2 * spread[:, None]) * t.student[:, None] / h
    change = np.abs(np.diff(slopes, axis=0))
    if len(t.degrees) > 2:
        best = np.nan_to_num((width[:-1] + change)[:-1], nan=np.inf).argmin(0) + 1
    else:
        best = np.full(points, len(t.degrees) - 1)
    here = np.arange(points)
    s2 = s2[best, here]
    last = np.minimum(best, len(change) - 1) if len(change) else None
    bias = change[last, here] if last is not None else 0 * size
    after = np.minimum(best + 1, len(t.degrees) - 1)
    unseen = np.sqrt(s2 * (spread[after] - spread[best])) * t.student[best] / h
    known = t.degrees[-1] + 1
    visible = square[:known] > s2 * t.far[best] ** 2
    level = design.at[0]
    values = ((t.upto * level) @ c)[best, here]
    level_spread = (t.upto @ level**2)[best]
    lever = np.abs(sampler.x[columns] * slopes[len(slopes) // 2])  # the argument is rounded, too
    unit = sampler.rounding(columns, size + lever, coarse=True)
    if noise is not None:
        unit = np.maximum(unit, floor * t.given[best] / by.ROUNDING)
    shared = np.sqrt(by.CORRELATED / 2) * by.ROUNDING * unit * t.degrees[best] / h
    found = Fit(
        index=best,
        variance=s2,
        score=width[best, here] + np.where(bias > unseen, bias, 0) + shared,
        slope=slopes[best, here],
        error=np.sqrt(s2 * spread[best]) / h,
        shared=shared,
        value=flat[nodes // 2 - 1] + values,
        value_error=np.sqrt(s2 * level_spread),
        size=size,
        unit=unit,
        seen=(visible * np.arange(known)[:, None]).max(0),
        finite=np.isfinite(size),
        values=y,
        slips=slips,
    )
    return found, c


def check_noise(
    design: Design, y: Floats, slips: Floats, h: Floats, sampler: Sampler, columns: Ints,
    noise: Floats | None, degree: int,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Return the noise variance about a polynomial, the size of f, and the coefficients."""
    flat = straighten(design, y, slips, h)
    c = design.project @ (flat - flat[len(y) // 2 - 1])
    size = np.sqrt((y * y).mean(0))
    floor = sampler.rounding(columns, size) if noise is None else np.sqrt((noise**2).mean(0))
    rest = (c[degree + 1 :] ** 2).sum(0) / (len(y) - 1 - degree)
    return np.maximum(rest, floor * floor), size, c
