"""Weight perturbation: the slope of a batch's loss along random directions of all weights.

References: J. C. Spall, IEEE Trans. Automatic Control 37 (1992), for ±1 and losses; T. Salimans et
al., arXiv:1703.03864 (2017), for Gaussian directions ("evolution strategies"); A. G. Baydin et al.,
arXiv:2202.08587 (2022), for exact slopes ("forward gradients"); S. Malladi et al.,
arXiv:2305.17333 (2023), for directions that are made again instead of kept ("MeZO").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from stochgrad.backends import Array, Backend
from stochgrad.random import Purpose
from stochgrad.suite.models.blocks import times_transposed
from stochgrad.suite.models.gradients.base import (
    Batch,
    Draws,
    Learns,
    Perturbation,
    register_gradient,
)
from stochgrad.suite.models.gradients.directions import (
    Directional,
    falls_from_losses,
    split_last,
)
from stochgrad.suite.models.initial import Layout
from stochgrad.suite.models.optimizers import Parameters
from stochgrad.suite.models.perceptron import Trace, tangent


def unflatten(flat: Array, like: Parameters, xp: Backend) -> Parameters:
    """Cut vectors ``(…, d)`` into arrays in the shapes of parameters, replicates aside."""
    shapes = {key: [tuple(a.shape[1:]) for a in arrays] for key, arrays in like.items()}
    sizes = [math.prod(shape) for own in shapes.values() for shape in own]
    parts = iter(split_last(flat, sizes))
    lead = tuple(flat.shape[:-1])
    return {
        key: tuple(xp.reshape(next(parts), (*lead, *shape)) for shape in own)
        for key, own in shapes.items()
    }


FEW = 8
"""Up to so many directions a step is written out for each, which takes time to compile."""


@dataclass(frozen=True)
class _Moved(Sequence[Array]):
    """Arrays that are moved when they are read, one after the other: no copy of all of them."""

    arrays: Sequence[Array]
    directions: Sequence[Array]
    step: Array

    def __len__(self) -> int:
        return len(self.arrays)

    def __getitem__(self, i: Any) -> Array:
        return self.arrays[i] + self.step * self.directions[i]


@register_gradient
@dataclass(frozen=True)
class WeightPerturbation(Directional):
    """``ĝ = 1/K Σₖ (v·∇L) v`` over K directions v of all parameters, shared by the batch."""

    name: ClassVar[str] = "weight_perturbation"
    summary: ClassVar[str] = "slopes of the loss along random directions of all weights"

    @property
    def black_box(self) -> bool:
        return self.reads_losses

    def space(self, layout: Layout) -> int:
        return layout.count()

    def draws(
        self, learner: Learns, perturbation: Perturbation, purpose: Purpose, *where: int
    ) -> Draws:
        size = (learner.layout.count(),)
        return self._draws(learner, perturbation, purpose, where, size, None)

    def bytes_per_step(
        self, layout: Layout, dtype: str, perturbation: Perturbation, batch: int
    ) -> int:
        self.fits_table(layout.count())
        if self.draw == "table":
            return 0
        elements = layout.count() * perturbation.num_directions
        return int(elements * perturbation.replicates * np.dtype(dtype).itemsize)

    def descent(
        self, learner: Learns, parameters: Parameters, batch: Batch
    ) -> tuple[Array, Parameters]:
        xp, row, total = learner.xp, batch.row, None
        trace = learner.forward(parameters, batch.inputs)
        drawn = "offsets" if "offsets" in row else "directions"
        count = int(row[drawn].shape[0])
        # A few directions one after the other, each in the cache while it is used; or all at once.
        few = self.combine == "mean" and count <= FEW
        for low in range(0, count, 1 if few else count):
            part = {**row, drawn: row[drawn][low : low + 1] if few else row[drawn]}
            flat = self.directions(part, (learner.layout.count(),), xp)
            falls = self._falls(learner, parameters, batch, trace, flat, low, count)
            factors = self.combined(falls, partial(_gram, flat, xp), xp)
            if few:
                factors = factors / count
            found = xp.sum(factors[..., None] * flat, 0)
            total = found if total is None else total + found
        return trace.output, unflatten(total, parameters, xp)

    def _falls(
        self,
        learner: Learns,
        parameters: Parameters,
        batch: Batch,
        trace: Trace,
        flat: Array,
        low: int,
        count: int,
    ) -> Array:
        """Return minus the slopes along some of K directions, those from the place ``low``."""
        xp = learner.xp
        directions = unflatten(flat, parameters, xp)
        if not self.reads_losses:
            error = learner.error(trace.output, batch)
            along = tangent(
                parameters, trace, learner.exact_slopes(trace), xp, directions=directions
            )
            return xp.sum(error * along, axis=(-1, -2))
        # The first layer is linear: x (W ± εV)ᵀ are sums of two products, made once.
        still = times_transposed(batch.inputs, parameters["weights"][0], xp)
        along_first = times_transposed(batch.inputs, directions["weights"][0], xp)

        def losses(t: float, first: int, number: int) -> Array:
            if not t:
                found = learner.read_loss(trace.output[None], batch, first, 1)
                return xp.sum(found, axis=-1)
            step = t * batch.row["epsilon"]
            moved: Any = {
                key: _Moved(arrays, directions[key], step) for key, arrays in parameters.items()
            }
            outputs = learner.forward(moved, batch.inputs, first=still + step * along_first).output
            found = learner.read_loss(outputs, batch, first + low, outputs.shape[0])
            return xp.sum(found, axis=-1)

        return falls_from_losses(self.slope, losses, batch.row["epsilon"], count)

    def forward_passes(self, num_directions: int) -> float:
        if self.reads_losses:
            return self.losses_read(num_directions)
        return 1 + 2 * num_directions


def _gram(flat: Array, xp: Backend) -> Array:
    """Return ``v·v′`` for directions ``(K, R, d)``: ``(R, K, K)``."""
    own = xp.swap_axes(flat, 0, 1)
    return xp.matmul(own, own, transpose_b=True)
