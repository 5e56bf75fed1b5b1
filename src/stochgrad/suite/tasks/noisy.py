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

    located = True
    """``derivative`` tells which elements it asks for, where it does not ask for all."""

    def __call__(self, points: Array, columns: NDArray[Any] | None = None) -> Array:
        """Return noisy values in the dtype that f returns."""
        values = self._f(points)
        shape = tuple(points.shape)
        if columns is not None:
            replicate, at = np.divmod(columns, len(self._sigma))
            noise = np.empty(shape)
            for r in np.unique(replicate):
                own = replicate == r
                source = self._sources[r % len(self._sources)]
                noise[:, own] = source.standard_normal((shape[0], int(own.sum())))
            return values + self._xp.asarray((noise * self._sigma[at]).astype(values.dtype.name))
        if len(self._sources) == 1:
            noise = self._sources[0].standard_normal(shape)
        else:
            own = (*shape[:-2], shape[-1])
            noise = np.stack([s.standard_normal(own) for s in self._sources], axis=-2)
        return values + self._xp.asarray((noise * self._sigma).astype(values.dtype.name))


def noise_sources(seed: int, replicates: int) -> list[np.random.Generator]:
    """Return the stream of each replicate."""
    return [stream(seed + r, Purpose.NOISE) for r in range(replicates)]
