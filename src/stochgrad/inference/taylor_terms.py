"""How large the Taylor terms of f are taken to be: as they are known, or by those a fit shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stochgrad.inference.orthogonal import Basis
from stochgrad.inference.residuals import student

Floats = NDArray[np.float64]

UNSEEN = 2
"""Terms above those that are fitted which count for the truncation error."""
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


@dataclass(frozen=True)
class TaylorTerms:
    """Taylor terms of f that are known, at points of shape ``(…)``.

    Attributes:
        sizes: ``βₖrᵏ`` along the first axis, with or without signs: neither βₖ nor rᵏ need be
            numbers that floats have.
        reach: r.
    """

    sizes: Floats
    reach: Floats

    def at(self, h: Floats) -> Floats:
        """Return ``βₖhᵏ``."""
        degrees = np.arange(len(self.sizes)).reshape(-1, *(1,) * (self.sizes.ndim - 1))
        return np.asarray(self.sizes * (h / self.reach) ** degrees)


def seen(
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
    left = left_out(basis, careful)[: len(terms)]
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


def left_out(basis: Basis, envelope: Floats) -> Floats:
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
