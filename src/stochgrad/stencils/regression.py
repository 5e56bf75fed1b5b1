"""Least squares: the slope at x of a polynomial through random points on both sides of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from stochgrad.errors import ConfigError
from stochgrad.stencils.rule import Rule, register
from stochgrad.stencils.stencil import Floats, Stencil

MIRROR = 0.02
"""Curvature that an asymmetric pair may add, relative to f, in units of the machine epsilon."""
MIRROR_FLOATS = 64
"""And by how many floats at 1, for an f that changes over far less than x."""
DEFAULT_DEGREE = 5
"""A bias of O(h⁶), for noise amplified by (degree + 1)/2 = 3."""
LARGEST_DEGREE = 9
"""Beyond it the noise is amplified more than fivefold."""


def weights(unit: Floats, powers: int) -> Floats:
    """Return the weights of the central differences whose mean is the least-squares slope.

    They add up to 1 over N. ``unit`` holds steps over ε, shape ``(…, N, R)``, and ``powers`` is how
    many odd powers are fitted, at most N.
    """
    # In Chebyshev's polynomials T₁, T₃, … the normal equations are well conditioned; their slopes
    # at 0 are 1, −3, 5, …
    angle = np.arccos(np.clip(unit, -1, 1))
    degrees = 2 * np.arange(powers) + 1
    odd = np.cos(degrees.reshape(-1, *(1,) * unit.ndim) * angle)
    at_zero = (degrees * (-1) ** np.arange(powers))[:, None]
    gram = np.einsum("i...nr,j...nr->...rij", odd, odd)
    row = np.linalg.solve(gram, at_zero)[..., 0]
    found: Floats = unit * np.einsum("...ri,i...nr->...nr", row, odd)
    return found


def jitter(powers: int) -> float:
    """Return j: a step is drawn from [(1 − j)·c, c]·ε, where c is a node of the design.

    Half the distance of the two outermost nodes: steps of different nodes must not meet.
    """
    return 0.5 if powers == 1 else (1 - math.cos(math.pi / (2 * powers - 1))) / 2


@lru_cache(maxsize=256)
def design(powers: int, pairs: int) -> Floats:
    """Return the node of each pair of points, for a fit of the first odd powers on [−1, 1].

    Of all designs, points at ``±cos(kπ/K)`` in proportion to the weights of the interpolating
    rule have the smallest variance of the slope at 0, ``T_K′(0)² = K²`` times that of one value
    over the number of values (P. G. Hoel and A. Levine, Ann. Math. Stat. 35 (1964)).

    >>> design(2, 9).round(15)
    array([1. , 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    """
    nodes = np.cos(np.arange(powers) * math.pi / (2 * powers - 1))
    odd = nodes ** (2 * np.arange(powers)[:, None] + 1)
    share = np.abs(np.linalg.solve(odd, np.eye(powers)[:, 0]))
    ideal = pairs * share / share.sum()
    counts = np.maximum(1 if pairs >= powers else 0, ideal.astype(int))
    while counts.sum() < pairs:
        counts[np.argmax(ideal - counts)] += 1
    while counts.sum() > pairs:
        counts[np.argmin(np.where(counts > 1, ideal - counts, np.inf))] -= 1
    found = np.repeat(nodes, counts)
    found.flags.writeable = False
    return found


@register
@dataclass(frozen=True)
class Regression(Rule):
    """Slope at x of the polynomial of a given degree, fitted to f at N random pairs ``x ± a``.

    Even powers cancel in ``y = (f(x+a) − f(x−a))/2 = f′a + f‴a³/6 + …``, so that the fit is of the
    odd ones: with ``A = [a, a³, …]`` the slope is ``e₁ᵀ(AᵀA)⁻¹Aᵀy``, a mean of the N central
    differences ``y/a`` with weights that add up to 1 and leave no ``a², a⁴, …`` in it. Bias
    ``O(ε^(K+1))``, K the odd one of the degree and the degree − 1.

    The steps lie by Chebyshev's extreme points ``cos(kπ/K)·ε``, in the shares that would make the
    variance smallest: ``K²σ²/(2Nε²x²)`` for noise of standard deviation σ in every value. Drawn
    around these points they have 1.7 times that for degree 1, 1.1 times for degree 5. They are
    relative to x, absolute where x is zero.

    Attributes:
        degree: of the polynomial, 1 to 9; None takes 5, or what ``epsilon="auto"`` finds best. It
            is lowered where there are too few pairs.

    Reference: G. Elfving, "Optimum allocation in linear regression theory", Ann. Math. Stat. 23
    (1952); A. Savitzky and M. J. E. Golay, Anal. Chem. 36 (1964), for the weights.
    """

    name: ClassVar[str] = "regression"
    summary: ClassVar[str] = "slope of the polynomial fitted to random points around x"
    draws_per_step: ClassVar[int] = 2
    relative: ClassVar[bool] = True
    joint: ClassVar[bool] = True

    degree: int | None = None

    def __post_init__(self) -> None:
        degree = self.degree
        whole = isinstance(degree, int) and not isinstance(degree, bool)
        if degree is not None and not (whole and 1 <= degree <= LARGEST_DEGREE):
            raise ConfigError(
                f"estimator.degree={degree}: must be a whole number from 1 to {LARGEST_DEGREE}, "
                f"or null"
            )

    @property
    def odd_powers(self) -> int:
        """Return how many odd powers the polynomial has."""
        return ((DEFAULT_DEGREE if self.degree is None else self.degree) + 1) // 2

    def stencil(self, uniforms: Floats, epsilon: float, dtype: str) -> Stencil:
        pairs = uniforms.shape[-2]
        powers = min(self.odd_powers, pairs)
        nodes = design(powers, pairs).round(15)[:, None]
        spread = jitter(powers)
        unit = nodes * (1 - spread * uniforms[0])
        # Mirror images round alike where f bends by less than a rounding between them, for steps
        # below √eps: there one side is drawn apart from the other, by no more than the bend allows.
        eps = float(np.finfo(dtype).eps)
        step = epsilon * unit
        most = np.minimum(spread * step, np.minimum(MIRROR * eps / step, MIRROR_FLOATS * eps))
        apart = (uniforms[1] - 0.5) * most
        apart *= step < 4 * math.sqrt(eps)
        shares = pairs * weights(unit, powers)
        return Stencil.of_slopes([step + apart, apart - step], [(0, 1)], [shares])
