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
from typing import Any, ClassVar

import numpy as np

from stochgrad.backends import Array, Backend
from stochgrad.random import Purpose
from stochgrad.suite.models.gradients.base import (
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
from stochgrad.suite.models.perceptron import tangent


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
        self,
        learner: Learns,
        parameters: Parameters,
        inputs: Array,
        targets: Array,
        row: dict[str, Any],
    ) -> tuple[Array, Parameters]:
        xp = learner.xp
        flat = self.directions(row, (learner.layout.count(),), xp)
        directions = unflatten(flat, parameters, xp)
        trace = learner.forward(parameters, inputs)
        if self.reads_losses:

            def losses(t: float, first: int, number: int) -> Array:
                if t:
                    step = t * row["epsilon"]
                    moved: Any = {
                        key: _Moved(arrays, directions[key], step)
                        for key, arrays in parameters.items()
                    }
                    outputs = learner.forward(moved, inputs).output
                else:
                    outputs = trace.output[None]
                found = learner.read_loss(outputs, targets, row, first, number)
                return xp.sum(found, axis=-1)

            count = flat.shape[0]
            falls = falls_from_losses(self.slope, losses, row["epsilon"], count)
        else:
            error = learner.error(trace, targets, row)
            along = tangent(
                parameters, trace, learner.exact_slopes(trace), xp, directions=directions
            )
            falls = xp.sum(error * along, axis=(-1, -2))
        factors = self.combined(falls, lambda: _gram(flat, xp), xp)
        return trace.output, unflatten(xp.sum(factors[..., None] * flat, 0), parameters, xp)

    def forward_passes(self, num_directions: int) -> float:
        if self.reads_losses:
            return self.losses_read(num_directions)
        return 1 + 2 * num_directions


def _gram(flat: Array, xp: Backend) -> Array:
    """Return ``v·v′`` for directions ``(K, R, d)``: ``(R, K, K)``."""
    own = xp.swap_axes(flat, 0, 1)
    return xp.matmul(own, own, transpose_b=True)
