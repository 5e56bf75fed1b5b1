"""What estimators on random directions share: draws, blocks, and running moments."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from stochgrad.random import Purpose, stream
from stochgrad.stencils.gradients import base
from stochgrad.stencils.gradients.base import Array, Field, GradientEstimate, GradientEstimator

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RandomDirections(GradientEstimator):
    """An average over n independent random directions, each of which estimates all of ∇f.

    The first directions of a seed are the same however many are drawn.
    """

    random: ClassVar[bool] = True

    @abstractmethod
    def draw(self, source: np.random.Generator, shape: tuple[int, int]) -> Floats:
        """Draw directions of shape ``(n, d)``, one number after the other."""

    @abstractmethod
    def samples(self, f: Field, x: Array, directions: Floats, epsilon: float) -> Floats:
        """Estimate the gradient once for each direction.

        Args:
            f: the black box.
            x: points, shape ``(R, d)``.
            directions: shape ``(n, R, d)``.
            epsilon: step size.

        Returns:
            float64 array of shape ``(n, R, m, d)``.
        """

    def estimate(
        self, f: Field, x: Array, *, epsilon: float, num_directions: int, seed: int
    ) -> GradientEstimate:
        replicates, dimension = x.shape
        sources = [stream(seed + r, Purpose.DIRECTION) for r in range(replicates)]
        moments = Moments()
        while moments.count < num_directions:
            # One direction first: how many components f has is only known from its values.
            most = max(1, base.BLOCK_ELEMENTS // max(moments.mean.size, x.size, 1))
            now = min(most, num_directions - moments.count) if moments.count else 1
            drawn = [self.draw(source, (now, dimension)) for source in sources]
            moments.add(self.samples(f, x, np.stack(drawn, axis=1), epsilon))
        return GradientEstimate(moments.mean, moments.deviation(), moments.count)


class Moments:
    """Mean and spread of samples that come in blocks, along their first axis.

    Reference: T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for computing the sample
    variance", The American Statistician 37 (1983).
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean: Floats = np.zeros(())
        self._squares: Floats = np.zeros(())

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
        return np.sqrt(self._squares / (self.count - 1))


def rademacher(source: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Draw −1 or 1 with equal odds."""
    # From uniforms: integers are drawn in packs, so that blocks would change them.
    return np.where(source.random(shape) < 0.5, -1.0, 1.0)


def two_sided(f: Field, x: Array, directions: Floats, epsilon: float) -> tuple[Floats, Floats]:
    """Evaluate f at ``x ± εv``, with the same v on both sides.

    Returns:
        ``f(x + εv) − f(x − εv)``, shape ``(n, R, m)``, and the distance of the rounded points along
        each coordinate, shape ``(n, R, d)``; float64.
    """
    steps = (epsilon * directions).astype(x.dtype)
    return difference(f, x + steps, x - steps)


def difference(f: Field, above: Array, below: Array) -> tuple[Floats, Floats]:
    """Return ``f(above) − f(below)`` and ``above − below``, in float64.

    The two points of a pair are evaluated one after the other: a function with noise of its own
    then draws the same numbers however the pairs are cut into blocks.
    """
    pairs = np.stack([above, below], axis=1)
    values = f(pairs.reshape(-1, *above.shape[1:])).reshape(len(above), 2, len(above[0]), -1)
    rise = np.subtract(values[:, 0], values[:, 1])
    return rise.astype(np.float64), (above - below).astype(np.float64)
