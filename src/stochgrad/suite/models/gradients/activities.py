"""Activity perturbation: the slope of each example's loss along random directions of its units.

References: J. Werfel, X. Xie and H. S. Seung, Neural Computation 17 (2005), for node perturbation;
M. Ren, S. Kornblith, R. Liao and G. Hinton, arXiv:2210.03310 (2022), for exact slopes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from stochgrad.backends import Array, Backend
from stochgrad.random import Purpose
from stochgrad.suite.models.blocks import cut
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
from stochgrad.suite.models.initial import Layout
from stochgrad.suite.models.local import scaled
from stochgrad.suite.models.optimizers import Parameters
from stochgrad.suite.models.perceptron import gather, layer_descent, tangent


@register_gradient
@dataclass(frozen=True)
class ActivityPerturbation(Directional):
    """``ĝ = 1/K Σₖ (v·∇ℓ) v`` at the arguments of activations, for every example of its own.

    The layer below learns from it by the exact derivative of ``norm(x Wᵀ + b)``.

    Attributes:
        units: ``all`` that are perturbed, or only ``active`` ones, whose activation has a slope at
            this example: the gradient at the others is zero, and their directions are only noise.
        output: the gradient at the output layer is ``exact``, which the loss gives without any
            derivative of the network; or its units are ``perturbed`` like others.
    """

    name: ClassVar[str] = "activity_perturbation"
    summary: ClassVar[str] = "slopes of each example's loss along random directions of its units"

    units: str = "all"
    output: str = "exact"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("units", self.units, ("active", "all"))
        check_choice("output", self.output, ("exact", "perturbed"))

    def perturbed(self, widths: tuple[int, ...]) -> list[int]:
        """Return the units that are perturbed, by layer; 0 in an exact output layer."""
        return [*widths[1:-1], widths[-1] if self.output == "perturbed" else 0]

    def spaces(self, layout: Layout) -> list[int]:
        units = self.perturbed(layout.widths)
        return [sum(units[i] for i in module.layers) for module in layout.modules]

    def draws(
        self, learner: Learns, perturbation: Perturbation, purpose: Purpose, *where: int
    ) -> Draws:
        shape = (learner.batch, sum(self.perturbed(learner.widths)))
        return self._draws(learner, perturbation, purpose, where, shape, learner.batch)

    def bytes_per_step(
        self, layout: Layout, dtype: str, perturbation: Perturbation, batch: int
    ) -> int:
        units = sum(self.perturbed(layout.widths))
        self.fits_table(batch * units)
        if self.draw == "table":
            return 0
        elements = batch * units * perturbation.num_directions * perturbation.replicates
        return int(elements * np.dtype(dtype).itemsize)

    def descent(
        self, learner: Learns, parameters: Parameters, batch: Batch
    ) -> tuple[Array, Parameters]:
        xp, sizes = learner.xp, self.perturbed(learner.widths)
        flat = self.directions(batch.row, (learner.batch, sum(sizes)), xp)
        trace = learner.forward(parameters, batch.inputs)
        slopes = learner.exact_slopes(trace)
        directions: list[Array | None] = [
            self._masked(v, slope, xp) if size else None
            for v, slope, size in zip(split_last(flat, sizes), slopes, sizes, strict=True)
        ]
        heard = learner.hear(parameters, trace, batch)
        found = []
        for readout, error in zip(heard.readouts, heard.errors, strict=True):
            layers, losses = readout.module.layers, readout.module.losses
            below = trace.layers[layers[0]]
            drawn = [v for v in (directions[i] for i in layers) if v is not None]

            def along(layers: range = layers) -> Array:
                return tangent(parameters, trace, slopes, xp, added=directions, layers=layers)

            def moved(step: Array, layers: range = layers, below: Array = below) -> Array:
                added = [None if v is None else step * v for v in directions]
                return learner.forward(parameters, below, added, layers=layers).output

            if drawn:
                here = Losses(learner, batch, trace, readout, error)
                falls = here.falls(self.slope, along, moved, flat.shape[0])
                gram = partial(_gram, drawn, losses, xp)
                factors = self.combined(_losses_last(falls, xp), gram, xp)
            for i in layers:
                v = directions[i]
                if v is not None:
                    delta = xp.sum(scaled(v, factors, xp), 0)
                else:
                    delta = error[0] if slopes[i] is None else error[0] * slopes[i]
                found.append(layer_descent(parameters, trace, i, delta, xp)[0])
        return trace.output, {**gather(found, parameters), **heard.descent}

    def _masked(self, v: Array, slope: Array | None, xp: Backend) -> Array:
        """Keep directions of active units."""
        if self.units == "all" or slope is None:
            return v
        return xp.where(slope == 0, 0 * v, v)

    def forward_passes(self, num_directions: int) -> float:
        passes = self.losses_read(num_directions) if self.reads_losses else 1 + num_directions
        return passes + 1


def _losses_last(falls: Array, xp: Backend) -> Array:
    """``(K, L, R, batch) → (K, R, batch, L)``."""
    return xp.swap_axes(xp.swap_axes(falls, 1, 2), 2, 3)


def _gram(directions: list[Array], losses: int, xp: Backend) -> Array:
    """Return ``v·v′`` of each example and share for directions ``(K, R, batch, units)``."""
    total: Any = 0.0
    for v in directions:
        own = cut(v, losses, xp)  # (K, R, batch, L, units / L)
        for axis in range(3):
            own = xp.swap_axes(own, axis, axis + 1)
        total = total + xp.matmul(own, own, transpose_b=True)
    return total
