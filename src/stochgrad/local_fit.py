"""What the evaluations of an estimator say about f: a polynomial through all of them.

Whatever an estimator does with its values, a least-squares polynomial of degree K through the same
values has the slope ``c = Σₖ dₖgₖ`` at x, ``gₖ = ⟨qₖ, y⟩`` the coefficients in polynomials that are
orthonormal over the points, ``dₖ = qₖ′(0)``. Its variance is ``σ²·Σₖ dₖ²``, σ² the residual
variance, and what the degrees above K leave out of it is ``Σₖ>K dₖgₖ``.

K is chosen for a small truncation error, which takes an idea of how Taylor terms fall: as if f had
a singularity not far from its scale, or as they are seen to.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.orthogonal import Basis, make_basis, project

Floats = NDArray[np.float64]

LARGEST_DEGREE = 9
CANDIDATES = (1, 2, 3, 4, 5, 6, 7)
"""Degrees of which the slope may be taken; those above show what they leave out. Where Taylor
coefficients are known, all may be."""
POINTS_PER_DEGREE = 2
"""Values for each degree that is fitted, at least: the rest shows the noise."""
UNSEEN = 2
"""Terms above those that are fitted which count for the truncation error."""
CHUNK = 2**15
"""Values that are worked on at once: they stay in the processor's cache."""
PRIOR = 2.0
"""Unless the values say otherwise, Taylor terms are taken to fall no slower than (2h/scale)ᵏ: the
scale is known to no more than a factor."""
SIGNIFICANT = 5.0
"""A coefficient is one if noise would give it as seldom as a normal number of this size: by
Student's distribution, since few values know their own noise badly."""
CERTAIN = 8.0
"""A slope is not taken of a degree whose own coefficient has to be significant for that, unless it
is by so much: where noise alone made it so, the slope has that noise in it."""
SUSPECTED, FEW = 3.0, 4
"""The same for a coefficient that tells of others above it, where the noise has no more degrees of
freedom than this: waves of f between so few points look like noise."""
CAUTION = 2.0
"""Times the decay seen in the significant coefficients is how the others are taken to fall."""
POOLED = 0.01
"""Of the noise: what Taylor terms are up to this, no fit needs, whatever the noise turns out."""
NOISY = 4.0
"""Residuals of more units than so many in the last place of f are no rounding, on no way to f."""
NEGLIGIBLE = 0.25
"""Of a standard error: a truncation error up to this costs half a percent of coverage."""
TWO_SIDED = 1.96
"""The normal quantile of an interval of 95 %."""


@dataclass(frozen=True)
class LocalFit:
    """The slope of f at x by least squares; arrays have the shape of one evaluation.

    Attributes:
        slope: c.
        error: its standard error, from the residuals or from the noise that is known.
        freedom: degrees of freedom of the error; infinite where the noise is known.
        degree: K.
        truncation: the error that higher powers are taken to leave in the slope, over ``error``.
        noise: standard deviation of the residuals.
        least: noise of which less would have been called too little for these degrees of freedom,
            or for any degree: 0 where nothing depended on it.
        curvature: |f″|, to leading order.
        rough: the slope of the degree whose error is smallest with truncation counted in.
        rough_error: that error.
    """

    slope: Floats
    error: Floats
    freedom: Floats
    degree: NDArray[np.int64]
    truncation: Floats
    noise: Floats
    least: Floats
    curvature: Floats
    rough: Floats
    rough_error: Floats


def fit(
    offsets: NDArray[Any],
    values: NDArray[Any],
    scale: NDArray[Any],
    noise: Floats | float | None = None,
    taylor: Floats | None = None,
) -> LocalFit:
    """Fit polynomials to evaluations of f around x.

    Args:
        offsets: shape ``(n, …)``: points minus x.
        values: the same shape: of f there.
        scale: broadcasts against ``(…)``: the distance over which f is expected to change.
        noise: standard deviation of the noise in the values, if it is known.
        taylor: sizes of the coefficients ``|βₖ|``, shape ``(T, …)``, T > ``LARGEST_DEGREE``, if
            they are known: scale does not matter then.

    Returns:
        Of the lowest degree whose truncation error is negligible, or else the smallest.
    """
    count, shape = len(values), values.shape[1:]
    t = np.asarray(offsets, np.float64).reshape(count, -1)
    y = np.asarray(values, np.float64).reshape(count, -1)
    rounding = np.spacing(np.abs(values)).reshape(count, -1).astype(np.float64) / math.sqrt(12)
    size = np.broadcast_to(np.abs(np.asarray(scale, np.float64)), shape).reshape(-1)
    sigma = None if noise is None else np.broadcast_to(noise, shape).reshape(-1).astype(float)
    beta = None if taylor is None else taylor.reshape(len(taylor), -1)
    width = max(1, CHUNK // count)
    parts = [
        _fit(
            t[:, part],
            y[:, part],
            rounding[:, part],
            size[part],
            None if sigma is None else sigma[part],
            None if beta is None else beta[:, part],
        )
        for part in (slice(low, low + width) for low in range(0, t.shape[1], width))
    ]
    columns = zip(*parts, strict=True) if parts else ([],) * len(fields(LocalFit))
    return LocalFit(*(np.concatenate([*c, []]).reshape(shape) for c in columns))


def _fit(
    offsets: Floats,
    y: Floats,
    rounding: Floats,
    size: Floats,
    noise: Floats | None,
    taylor: Floats | None,
) -> tuple[Floats, ...]:
    count, elements = y.shape
    with np.errstate(all="ignore"):
        h = np.abs(offsets).max(axis=0)
        # Relative to the first value, and to their size: neither cancels nor overflows.
        level = y[0]
        unit = np.abs(y - level).max(axis=0)
        unit = np.where(unit > 0, unit, 1.0)
        largest = min(LARGEST_DEGREE, count // POINTS_PER_DEGREE)
        fitted = slice(largest + 1)
        basis = make_basis(offsets / h, largest + UNSEEN)
        g, residual = project(basis.q[fitted], (y - level) / unit)
        squares = (residual**2).sum(axis=0)
        free = np.maximum(count - basis.used[fitted].sum(axis=0), 0).astype(float)
        sigma, highest = np.sqrt(squares / free), np.full(elements, largest)
        least = np.zeros(elements)
        # Never below the rounding errors of the values: few residuals may all be small.
        floor = np.sqrt((rounding**2).mean(axis=0)) / unit
        if noise is not None:
            sigma, free = np.hypot(noise / unit, floor), np.full(elements, np.inf)
        terms = np.abs(g) * basis.leading[fitted]
        if taylor is None:
            magnitude = np.sqrt((y**2).mean(axis=0)) / unit
            envelope, doubted = _seen(basis, terms, sigma, free, h / size, magnitude)
        else:
            envelope = taylor * h ** np.arange(len(taylor))[:, None] / unit
            doubted = np.zeros(terms.shape)
        left = _left_out(basis, envelope)[fitted]
        slopes = np.cumsum(basis.slope[fitted] * g, axis=0)
        gains = np.sqrt(np.cumsum(basis.slope[fitted] ** 2, axis=0))
        if noise is None:
            expected = envelope[fitted] / basis.leading[fitted]
            sigma, free, highest, least = _pooled(g, squares, free, expected, left / gains)
        errors = np.maximum(sigma, floor) * gains
        over = left / errors
        candidates = CANDIDATES if taylor is None else range(1, largest + 1)
        allowed = _allowed(basis.used[fitted] & _up_to(highest, largest), candidates)
        best = _choose(over, allowed)
        over = np.maximum(over, doubted / errors)
        if noise is None:
            needed = np.where(allowed, left / gains, np.inf).min(axis=0) / NEGLIGIBLE
            least = np.maximum(least, np.where(needed <= floor, 0.0, needed))
        in_all = np.hypot(errors, left)
        rough = np.where(basis.used[fitted] & (gains > 0), in_all, np.inf).argmin(axis=0)
        back = unit / h
        error = _take(gains, best) * sigma
        error *= _unequal(basis, best, rounding / unit, sigma, residual if noise is None else None)
        return (
            _take(slopes, best) * back, error * back, free, best.astype(float), _take(over, best),
            sigma * unit, least * unit, 2 * terms[min(2, largest)] * back / h,
            _take(slopes, rough) * back, _take(in_all, rough) * back,
        )  # fmt: skip


def _take(rows: Floats, degree: NDArray[np.int64]) -> Floats:
    """Return the row of a degree of its own at every point."""
    return np.asarray(np.take_along_axis(rows, degree[None], 0)[0])


def _up_to(highest: NDArray[np.int64], largest: int) -> NDArray[np.bool_]:
    return np.asarray(np.arange(largest + 1)[:, None] <= highest)


def _pooled(
    g: Floats, squares: Floats, free: Floats, expected: Floats, left: Floats
) -> tuple[Floats, Floats, NDArray[np.int64], Floats]:
    """Return the noise, its degrees of freedom, and the degree above which all is noise.

    And how large the noise had to be for that.

    Above it every coefficient is expected to be below ``POOLED`` of the noise, and the slope has no
    need of it. It must not be taken from there: its error would have to do with that of the noise.

    Args:
        g: coefficients; 0 where a degree is not there.
        squares: sum of squares that the highest degree leaves.
        free: how many squares are in it.
        expected: what coefficients are taken to be at most; not finite where there are none.
        left: truncation errors over what noise of 1 does to the slope of each degree.
    """
    sigma, freedom = np.sqrt(squares / free), free
    highest = np.full(free.shape, len(g) - 1)
    largest, least = np.zeros(free.shape), np.zeros(free.shape)
    for k in reversed(range(2, len(g))):
        there = np.isfinite(expected[k])
        squares, free = squares + g[k] ** 2, free + there
        largest = np.where(there, np.maximum(largest, expected[k]), largest)
        pooled = np.sqrt(squares / free)
        needed = np.maximum(largest / POOLED, left[k - 1] / NEGLIGIBLE)
        clean = needed <= pooled
        sigma, freedom = np.where(clean, pooled, sigma), np.where(clean, free, freedom)
        highest = np.where(clean, k - 1, highest)
        # Less noise would have had the wider interval of one degree of freedom less, which makes up
        # for the choice to half a percent: but not that of a single one, which is far too wide.
        least = np.where(clean, np.where(free <= 2, needed, 0.0), least)
    return sigma, freedom, highest, least


def student(normal: float, freedom: Floats) -> Floats:
    """Return Student's quantile that belongs to one of the normal distribution.

    Within a few percent from two degrees of freedom on; for one, too large by 40 % at 1.96.

    Reference: D. L. Wallace, "Bounds on normal approximations to Student's and the chi-square
    distributions", Ann. Math. Stat. 30 (1959).
    """
    n = np.minimum(freedom, 1e9)
    return np.asarray(np.sqrt(n * np.expm1((normal * (8 * n + 3) / (8 * n + 1)) ** 2 / n)))


def _seen(
    basis: Basis, terms: Floats, sigma: Floats, free: Floats, relative: Floats, magnitude: Floats
) -> tuple[Floats, Floats]:
    """Return how large Taylor terms are taken to be, and truncation errors of doubtful degrees.

    Args:
        basis: the polynomials.
        terms: ``|βₖ|hᵏ`` as fitted.
        sigma: noise of the values.
        free: its degrees of freedom.
        relative: h over the scale of x.
        magnitude: root mean square of the values.
    """
    error = sigma * basis.leading[: len(terms)]
    noisy, certain = student(SIGNIFICANT, free) * error, student(CERTAIN, free) * error
    suspect = np.where(free <= FEW, student(SUSPECTED, free) * error, noisy)
    envelope, careful = (
        _envelope(basis, terms, (least, suspect), relative, magnitude) for least in (noisy, certain)
    )
    left = _left_out(basis, careful)[: len(terms)]
    return envelope, np.where((noisy < terms) & (terms < certain), left, 0.0)


def _envelope(
    basis: Basis,
    terms: Floats,
    noisy: tuple[Floats, Floats],
    relative: Floats,
    magnitude: Floats,
) -> Floats:
    """Return how large the Taylor terms are taken to be, by how those that are seen fall.

    Args:
        basis: the polynomials.
        terms: ``|βₖ|hᵏ`` as fitted.
        noisy: sizes of terms that may be noise, and of those that are hardly noise.
        relative: h over the scale of x.
        magnitude: root mean square of the values.

    Returns:
        Two terms more than the polynomials have.
    """
    first = np.maximum(terms[1], magnitude * relative)
    # Where f changes by more of itself than it should over h, its scale is between that and h.
    change = np.maximum(terms[1], 1.0) / magnitude
    relative = np.sqrt(relative * np.maximum(relative, change))
    degrees = np.arange(len(terms)).reshape(-1, 1)
    above = basis.used[: len(terms)] & (degrees >= 2)
    ratio = (terms / first) ** (1 / np.maximum(degrees - 1, 1))
    seen, suspected = (above & (terms > least) for least in noisy)
    fall = np.where(seen, ratio, 0.0).max(axis=0)
    prior = PRIOR * relative
    known = seen.sum(axis=0) >= 2
    decay = np.where(known, np.minimum(prior, CAUTION * fall), prior)
    decay = np.maximum(decay, np.where(suspected, ratio, 0.0).max(axis=0))
    # Where f′ is far smaller than f over its scale, as beside an extremum, terms fall from f.
    whole = (terms / magnitude) ** (1 / np.maximum(degrees, 1))
    even = np.where(seen, whole, 0.0).max(axis=0)
    powers = np.arange(len(terms) + UNSEEN).reshape(-1, 1)
    return np.asarray(np.maximum(first * decay ** (powers - 1), magnitude * even**powers))


def _left_out(basis: Basis, envelope: Floats) -> Floats:
    """Return the truncation error of the slope of each degree.

    The slope of the degree below is off by ``|dₖ|`` over the leading coefficient for each unit of a
    Taylor term; of the first terms that the points cannot tell from lower ones, by all of them.

    Args:
        basis: the polynomials, D degrees and 0.
        envelope: ``|βₖ|hᵏ``, for as many.
    """
    most = len(basis.used)
    degrees = np.arange(most).reshape(-1, 1)
    known = basis.used.sum(axis=0)
    response = np.where(basis.used, np.abs(basis.slope) / basis.leading, degrees < known + UNSEEN)
    added = response * envelope[:most]
    return np.asarray(np.maximum(added.sum(axis=0) - np.cumsum(added, axis=0), 0))


def _unequal(
    basis: Basis, best: NDArray[np.int64], rounding: Floats, sigma: Floats, residual: Floats | None
) -> Floats:
    """Return by what a standard error grows where some values are rounded more than others.

    The variance of a value is that of its rounding and of what noise there is beside, and that of
    the slope ``Σ wᵢ²vᵢ``, with ``wᵢ = Σₖ dₖqₖ(tᵢ)``; least squares alone takes all of them for
    equal. Rounding on the way to f looks like little noise, but is larger where f is: of the two,
    what makes the residuals more likely is taken.
    """
    square = rounding**2
    mean = square.mean(axis=0)
    beside = np.maximum(sigma**2 - mean, 0)
    if residual is not None:
        fits = [
            (np.log(v) + residual**2 / v).sum(axis=0)
            for v in (square + beside, square * sigma**2 / mean)
        ]
        small = sigma**2 <= 12 * NOISY**2 * mean
        beside = np.where(small & (fits[1] < fits[0]), 0.0, beside)
    weight = np.zeros(rounding.shape)
    for k, q in enumerate(basis.q):
        weight += np.where(k <= best, basis.slope[k], 0.0) * q
    weight *= weight
    total = weight.sum(axis=0)
    own = (weight * square).sum(axis=0) / total
    return np.asarray(np.where(total > 0, np.sqrt((own + beside) / (mean + beside)), 1.0))


def _allowed(used: NDArray[np.bool_], candidates: Iterable[int]) -> NDArray[np.bool_]:
    """Return which degrees the slope may be taken of: the first one in any case."""
    most = len(used) - 1
    allowed = np.zeros(used.shape, bool)
    for k in candidates:
        if k <= most:
            allowed[k] = used[k]
    allowed[min(1, most)] = True
    return allowed


def _choose(left: Floats, allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the lowest degree that leaves out little, or that which leaves out least."""
    score = np.where(allowed, np.nan_to_num(left, nan=np.inf), np.inf)
    good = score <= NEGLIGIBLE
    return np.asarray(np.where(good.any(axis=0), good.argmax(axis=0), score.argmin(axis=0)))
