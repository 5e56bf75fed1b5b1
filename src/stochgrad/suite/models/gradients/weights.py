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
from functools import cache, partial
from typing import Any, ClassVar

import numpy as np

from stochgrad.backends import Array, Backend
from stochgrad.random import Purpose
from stochgrad.suite.models.blocks import times_transposed
from stochgrad.suite.models.gradients.along import Losses
from stochgrad.suite.models.gradients.base import (
    Batch,
    Draws,
    Learns,
    Perturbation,
    check_choice,
    register_gradient,
)
from stochgrad.suite.models.gradients.directions import Directional, split_last
from stochgrad.suite.models.initial import READOUTS, Layout
from stochgrad.suite.models.local import scaled
from stochgrad.suite.models.optimizers import Parameters
from stochgrad.suite.models.perceptron import layer_descent, tangent


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
        still = i >= len(self.directions)  # an output layer that is not perturbed
        return self.arrays[i] if still else self.arrays[i] + self.step * self.directions[i]


def _places(directions: Parameters, layers: range) -> list[tuple[str, int]]:
    """Return keys and layers of the arrays that some layers have."""
    return [(key, i) for key, own in directions.items() for i in layers if i < len(own)]


@register_gradient
@dataclass(frozen=True)
class WeightPerturbation(Directional):
    """``ĝ = 1/K Σₖ (v·∇L) v`` over K directions v of all parameters, shared by the batch.

    Attributes:
        output: the output layer is ``perturbed`` like others; or its gradient is ``exact``, which
            the loss gives without any derivative of the layers below.
    """

    name: ClassVar[str] = "weight_perturbation"
    summary: ClassVar[str] = "slopes of the loss along random directions of all weights"

    output: str = "perturbed"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("output", self.output, ("exact", "perturbed"))

    @property
    def black_box(self) -> bool:
        return self.reads_losses and self.output == "perturbed"

    def perturbed(self, layout: Layout) -> list[int]:
        """Return how many parameters of each layer are perturbed."""
        counts = layout.counts()
        return [*counts[:-1], counts[-1] if self.output == "perturbed" else 0]

    def spaces(self, layout: Layout) -> list[int]:
        counts = self.perturbed(layout)
        return [sum(counts[i] for i in module.layers) for module in layout.modules]

    def space(self, layout: Layout) -> int:
        """Return how many numbers a direction has."""
        return sum(self.perturbed(layout))

    def draws(
        self, learner: Learns, perturbation: Perturbation, purpose: Purpose, *where: int
    ) -> Draws:
        size = (self.space(learner.layout),)
        return self._draws(learner, perturbation, purpose, where, size, None)

    def bytes_per_step(
        self, layout: Layout, dtype: str, perturbation: Perturbation, batch: int
    ) -> int:
        self.fits_table(self.space(layout))
        if self.draw == "table":
            return 0
        elements = self.space(layout) * perturbation.num_directions
        return int(elements * perturbation.replicates * np.dtype(dtype).itemsize)

    def descent(
        self, learner: Learns, parameters: Parameters, batch: Batch
    ) -> tuple[Array, Parameters]:
        xp, row = learner.xp, batch.row
        trace = learner.forward(parameters, batch.inputs)
        heard = learner.hear(parameters, trace, batch)
        moving = len(learner.widths) - 1 - (self.output == "exact")
        network = {k: v[:moving] for k, v in parameters.items() if k not in READOUTS}
        drawn = "offsets" if "offsets" in row else "directions"
        count = int(row[drawn].shape[0])
        total: dict[str, list[Any]] = {key: [0.0] * len(v) for key, v in network.items()}
        # A few directions one after the other, each in the cache while it is used; or all at once.
        few = self.combine == "mean" and count <= FEW
        for low in range(0, count, 1 if few else count):
            part = {**row, drawn: row[drawn][low : low + 1] if few else row[drawn]}
            flat = self.directions(part, (self.space(learner.layout),), xp)
            directions = unflatten(flat, network, xp)
            for readout, error in zip(heard.readouts, heard.errors, strict=True):
                places = _places(directions, readout.module.layers)
                if not places:
                    continue
                here = Losses(learner, batch, trace, readout, error)
                falls = xp.sum(self._falls(here, parameters, directions, count, low), axis=-1)
                arrays = [directions[key][i] for key, i in places]
                gram = partial(_gram, arrays, readout.module.losses, xp)
                factors = self.combined(xp.swap_axes(falls, 1, 2), gram, xp)
                if few:
                    factors = factors / count
                for key, i in places:
                    v = directions[key][i]
                    whole = xp.reshape(v, (*v.shape[:2], math.prod(v.shape[2:])))
                    moved = xp.sum(scaled(whole, factors, xp), 0)
                    total[key][i] = total[key][i] + xp.reshape(moved, v.shape[1:])
        if self.output == "exact":
            slope, last = learner.exact_slopes(trace)[-1], heard.errors[-1][0]
            delta = last if slope is None else last * slope
            own, _ = layer_descent(parameters, trace, moving, delta, xp)
            for key, array in own.items():
                total[key].append(array)
        return trace.output, {**{k: tuple(v) for k, v in total.items()}, **heard.descent}

    def _falls(
        self, here: Losses, parameters: Parameters, directions: Parameters, count: int, low: int
    ) -> Array:
        """Return minus the slopes along some of K directions, of each part of the losses."""
        learner, trace, layers = here.learner, here.trace, here.readout.module.layers
        xp, below, bottom = learner.xp, trace.layers[layers[0]], layers[0]

        def along() -> Array:
            slopes = learner.exact_slopes(trace)
            return tangent(parameters, trace, slopes, xp, directions=directions, layers=layers)

        @cache
        def products() -> tuple[Array, Array]:
            """The first layer is linear: x (W ± εV)ᵀ are sums of two products, made once."""
            both = parameters["weights"][bottom], directions["weights"][bottom]
            still, moving = (times_transposed(below, w, xp) for w in both)
            return still, moving

        def moved(step: Array) -> Array:
            still, moving = products()
            own: Any = {key: _Moved(parameters[key], v, step) for key, v in directions.items()}
            return learner.forward(own, below, first=still + step * moving, layers=layers).output

        return here.falls(self.slope, along, moved, count, low)

    def forward_passes(self, num_directions: int) -> float:
        if self.reads_losses:
            return self.losses_read(num_directions) + (self.output == "exact")
        return 1 + 2 * num_directions


def _gram(arrays: list[Array], losses: int, xp: Backend) -> Array:
    """Return ``v·v′`` of each share for directions ``(K, R, …)`` of a module: ``(R, L, K, K)``."""
    total: Any = 0.0
    for v in arrays:
        own = xp.reshape(v, (*v.shape[:2], losses, math.prod(v.shape[2:]) // losses))
        own = xp.swap_axes(xp.swap_axes(own, 0, 1), 1, 2)
        total = total + xp.matmul(own, own, transpose_b=True)
    return total
