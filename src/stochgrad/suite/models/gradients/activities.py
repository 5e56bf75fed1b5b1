"""Activity perturbation: the slope of each example's loss along random directions of its units.

References: J. Werfel, X. Xie and H. S. Seung, Neural Computation 17 (2005), for node perturbation;
M. Ren, S. Kornblith, R. Liao and G. Hinton, arXiv:2210.03310 (2022), for exact slopes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from stochgrad.backends import Array, Backend
from stochgrad.random import Purpose
from stochgrad.suite.models.gradients.base import (
    Batch,
    Draws,
    Learns,
    Perturbation,
    check_choice,
    register_gradient,
)
from stochgrad.suite.models.gradients.directions import (
    Directional,
    falls_from_losses,
    split_last,
)
from stochgrad.suite.models.initial import Layout
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

    def space(self, layout: Layout) -> int:
        return sum(self.perturbed(layout.widths))

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
        error = learner.error(trace.output, batch)
        if self.reads_losses:

            def losses(t: float, first: int, number: int) -> Array:
                if t:
                    step = t * batch.row["epsilon"]
                    added = [None if v is None else step * v for v in directions]
                    outputs = learner.forward(parameters, batch.inputs, added).output
                else:
                    outputs = trace.output[None]
                return learner.read_loss(outputs, batch, first, number)

            falls = falls_from_losses(self.slope, losses, batch.row["epsilon"], flat.shape[0])
        else:
            along = tangent(parameters, trace, slopes, xp, added=directions)
            falls = xp.sum(error * along, axis=-1)
        drawn = [v for v in directions if v is not None]
        factors = self.combined(falls, lambda: _gram(drawn, xp), xp)[..., None]
        found = []
        for i, v in enumerate(directions):
            if v is not None:
                delta = xp.sum(factors * v, 0)
            else:
                delta = error if slopes[i] is None else error * slopes[i]
            found.append(layer_descent(parameters, trace, i, delta, xp)[0])
        return trace.output, gather(found, parameters)

    def _masked(self, v: Array, slope: Array | None, xp: Backend) -> Array:
        """Keep directions of active units."""
        if self.units == "all" or slope is None:
            return v
        return xp.where(slope == 0, 0 * v, v)

    def forward_passes(self, num_directions: int) -> float:
        passes = self.losses_read(num_directions) if self.reads_losses else 1 + num_directions
        return passes + 1


def _gram(directions: list[Array], xp: Backend) -> Array:
    """Return ``v·v′`` of each example for directions ``(K, R, batch, units)``."""
    total: Any = 0.0
    for v in directions:
        own = xp.swap_axes(xp.swap_axes(v, 0, 1), 1, 2)
        total = total + xp.matmul(own, own, transpose_b=True)
    return total
