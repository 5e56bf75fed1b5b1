"""Functions whose every value carries noise of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Array, Backend
from stochgrad.random import Purpose, stream
from stochgrad.stencils import Function


class Noisy:
    """``f(x) + σ·z`` with normal z, drawn afresh for every evaluation.

    Args:
        f: takes points of shape ``(…, R, X)``.
        sigma: standard deviations at the X points.
        sources: of the numbers: one for each of the R replicates, or one for all together.
        xp: backend.
    """

    def __init__(
        self,
        f: Function,
        sigma: NDArray[np.float64],
        sources: Sequence[np.random.Generator],
        xp: Backend,
    ) -> None:
        self._f, self._sigma, self._sources, self._xp = f, sigma, sources, xp

    def __call__(self, points: Array) -> Array:
        """Return noisy values in the dtype that f returns."""
        values = self._f(points)
        shape = tuple(points.shape)
        if len(self._sources) == 1:
            noise: NDArray[Any] = self._sources[0].standard_normal(shape)
        else:
            own = (*shape[:-2], shape[-1])
            noise = np.stack([s.standard_normal(own) for s in self._sources], axis=-2)
        return values + self._xp.asarray((noise * self._sigma).astype(values.dtype.name))


def noise_sources(seed: int, replicates: int) -> list[np.random.Generator]:
    """Return the stream of each replicate."""
    return [stream(seed + r, Purpose.NOISE) for r in range(replicates)]
