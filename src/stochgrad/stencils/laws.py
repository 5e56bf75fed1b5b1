"""Laws of directions: along what a function of many variables is differentiated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.stencils.stencil import Floats

Source = np.random.Generator
Shape = tuple[int, ...]
Draw = Callable[..., Any]
"""``(source, shape (…, n, d), dtype = "float64") -> directions``."""


@dataclass(frozen=True)
class Law:
    """Directions v with independent elements of mean 0 and variance 1, or the unit vectors.

    Then ``E[v (g·v)] = g``, and the estimate along each direction is unbiased.

    Attributes:
        draw: directions of shape ``(n, d)``, one number after the other, so that the first of a
            seed are the same however many are drawn; None for the d unit vectors.
        kurtosis: ``κ = E[vᵢ⁴]``, all that bias and variance depend on.
        unit: whether ``|vᵢ| = 1``: then a slope can be divided by the realised distance along each
            coordinate, instead of by the nominal step, without weighting by it.
        joint: whether the n directions that are drawn together depend on each other.
    """

    draw: Draw | None
    kurtosis: float
    unit: bool
    joint: bool = False

    def third_order(self, third: Floats, mixed: Floats) -> Floats:
        """Return ``E[vᵢ T[v, v, v]] = 3 Σⱼ Tᵢⱼⱼ + (κ − 3) Tᵢᵢᵢ``, of unit vectors ``Tᵢᵢᵢ``.

        Of ``E[vᵢ vₐ v_b v_c]`` only pairs survive: a = b = c = i, κ times, and one of them i with
        the other two equal to some j ≠ i, in three ways.
        """
        return third if self.draw is None else 3 * mixed + (self.kurtosis - 3) * third

    def spread(self, gradient: Floats) -> Floats:
        """Return the variance ``Σⱼ gⱼ² + (κ − 2) gᵢ²`` of ``vᵢ (g·v)``; 0 of unit vectors.

        ``E[(g·v)² vᵢ²] = Σ_{j≠i} gⱼ² + κ gᵢ²``, less the square of the mean, gᵢ².
        """
        if self.draw is None:
            return 0 * gradient
        norm2 = (gradient**2).sum(axis=-1, keepdims=True)
        return np.asarray(norm2 + (self.kurtosis - 2) * gradient**2)


def _rademacher(source: Source, shape: Shape, dtype: str = "float64") -> NDArray[Any]:
    # From uniforms: integers are drawn in packs, so that blocks would change them.
    one = np.dtype(dtype).type(1)
    signs: NDArray[Any] = np.where(source.random(shape, dtype=one.dtype) < 0.5, -one, one)
    return signs


def _gaussian(source: Source, shape: Shape, dtype: str = "float64") -> NDArray[Any]:
    normals: NDArray[Any] = source.standard_normal(shape, dtype=np.dtype(dtype).type)
    return normals


def _orthogonal(source: Source, shape: Shape, dtype: str = "float64") -> NDArray[Any]:
    """Draw n ≤ d orthogonal directions of length √d, each uniform on its sphere."""
    length = np.asarray(np.sqrt(shape[-1]), dtype)
    return np.ascontiguousarray(_orthonormalised(_gaussian(source, shape, dtype)) * length)


def _orthonormalised(rows: NDArray[Any]) -> NDArray[Any]:
    """Return rows ``(…, n, d)`` after the Gram-Schmidt process: a row depends on those before it.

    The QR decomposition, with signs such that R has a positive diagonal: Gaussian rows are then
    uniform (Haar), and the first do not depend on how many follow.
    """
    q, r = np.linalg.qr(np.swapaxes(rows, -1, -2))
    signs = np.where(np.diagonal(r, axis1=-2, axis2=-1) < 0, -1, 1).astype(q.dtype)
    return np.swapaxes(q * signs[..., None, :], -1, -2)


def orthonormal(
    source: Source, number: int, dimension: int, guides: Floats | None = None
) -> Floats:
    """Return orthonormal directions, shape ``(number, dimension)``, uniform but for the guides.

    The first directions span the guides, shape ``(k, d)``, without those that depend on the ones
    before them.
    """
    drawn = source.standard_normal((number, dimension))
    if guides is not None and len(guides):
        q, r = np.linalg.qr(np.asarray(guides, float).T)
        size = np.abs(np.diag(r))
        first = q.T[size > 1e-8 * size.max(initial=0.0)][:number]
        drawn = np.concatenate([first, drawn[len(first) :]])
    return np.ascontiguousarray(_orthonormalised(drawn))


COORDINATES = Law(None, 1.0, True)
LAWS: dict[str, Law] = {
    "gaussian": Law(_gaussian, 3.0, False),
    "rademacher": Law(_rademacher, 1.0, True),
}
"""Laws of independent directions."""
ALL_LAWS: dict[str, Law] = {**LAWS, "orthogonal": Law(_orthogonal, 3.0, False, joint=True)}
"""With directions that are drawn together; in d dimensions theirs is the kurtosis ``3d/(d + 2)``,
and the one that is noted its limit for large d."""


class RunningMoments:
    """Mean and spread of samples that come in blocks, along their first axis.

    Reference: T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for computing the sample
    variance", The American Statistician 37 (1983).
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean: Floats = np.zeros(())
        self._squares: Any = 0.0

    def add(self, samples: Floats) -> None:
        """Take in a block of shape ``(n, …)``."""
        number = len(samples)
        mean = samples.mean(axis=0)
        squares = ((samples - mean) ** 2).sum(axis=0)
        apart = mean - self.mean
        together = self.count + number
        self._squares = self._squares + squares + apart**2 * (self.count * number / together)
        self.mean = self.mean + apart * (number / together)
        self.count = together

    def deviation(self) -> Floats:
        """Return the standard deviation, divisor n − 1; NaN for a single sample."""
        if self.count < 2:
            return np.full(self.mean.shape, np.nan)
        return np.asarray(np.sqrt(self._squares / (self.count - 1)))
