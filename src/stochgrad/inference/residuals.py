"""What the residuals of a fit say about the noise: how much of it there is, and of which kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stochgrad.inference.orthogonal import Basis

Floats = NDArray[np.float64]

POOLED = 0.01
"""Of the noise: what Taylor terms are up to this, no fit needs, whatever the noise turns out."""
NOISY = 4.0
"""Residuals of more units than so many in the last place of f are no rounding, on no way to f."""
NEGLIGIBLE = 0.25
"""Of a standard error: a truncation error up to this costs half a percent of coverage."""
MIRRORED = 0.01
"""Of the largest step: pairs of points that are symmetric up to this are mirror images."""
OPPOSITE = 0.01
"""Odds at which errors that differences of mirror images have more of than sums are no chance."""


def student(normal: float, freedom: Floats) -> Floats:
    """Return Student's quantile that belongs to one of the normal distribution.

    Within a few percent from two degrees of freedom on; for one, too large by 40 % at 1.96.

    Reference: D. L. Wallace, "Bounds on normal approximations to Student's and the chi-square
    distributions", Ann. Math. Stat. 30 (1959).
    """
    n = np.minimum(freedom, 1e9)
    return np.asarray(np.sqrt(n * np.expm1((normal * (8 * n + 3) / (8 * n + 1)) ** 2 / n)))


def pooled(
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


def unequal(
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


def opposite(
    offsets: Floats, residual: Floats, used: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Tell where errors at mirror images are opposite, and those of the slope then.

    Around points ``x ± a`` in pairs the slope depends on differences alone, the odd part of the
    values. Rounding on the way to f may be odd, as that of ``10(x ± a)`` is where 10x has none:
    then the slope has more of the errors than its share. Where it has less, nothing is done: what
    is left of the even part may be a truncation error, which the other part has too.

    Args:
        offsets: of the points, ``(n, …)``: mirror images n/2 apart, or there are none.
        residual: of the highest degree, the same shape.
        used: which degrees were fitted.

    Returns:
        Where they are, the standard deviation of the odd errors, and its degrees of freedom.
    """
    pairs, none = len(offsets) // 2, np.zeros(offsets.shape[1:])
    if 2 * pairs != len(offsets):
        return none.astype(bool), none, none
    above, below = offsets[:pairs], offsets[pairs:]
    images = np.abs(above + below).max(axis=0) <= MIRRORED * np.abs(above).max(axis=0)
    if not images.any():
        return images, none, none

    from scipy.special import fdtrc  # 0.3 s to import, and few estimators have mirror images

    even, odd = (
        ((residual[:pairs] + sign * residual[pairs:]) ** 2).sum(axis=0) / 2 for sign in (1, -1)
    )
    free_even, free_odd = (pairs - used[k::2].sum(axis=0, dtype=float) for k in (0, 1))
    odds = fdtrc(free_odd, free_even, (odd / free_odd) / (even / free_even))
    return images & (odds < OPPOSITE), np.sqrt(odd / free_odd), free_odd
