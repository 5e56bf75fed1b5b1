"""Back-propagation: the chain rule, with derivatives of activations exact or estimated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stochgrad.backends import Array
from stochgrad.random import Purpose
from stochgrad.suite.models.gradients.base import (
    Batch,
    Draws,
    Gradient,
    Learns,
    Perturbation,
    register_gradient,
)
from stochgrad.suite.models.optimizers import Parameters


@register_gradient
@dataclass(frozen=True)
class Backprop(Gradient):
    """Back-propagation."""

    name: ClassVar[str] = "backprop"
    summary: ClassVar[str] = "the chain rule, backwards"
    uses_estimator: ClassVar[bool] = True

    def draws(
        self, learner: Learns, perturbation: Perturbation, purpose: Purpose, *where: int
    ) -> Draws:
        return lambda count: learner.perturbations(count, perturbation, purpose, *where)

    def descent(
        self, learner: Learns, parameters: Parameters, batch: Batch
    ) -> tuple[Array, Parameters]:
        trace = learner.forward(parameters, batch.inputs)
        return trace.output, learner.descent(parameters, trace, batch)

    def forward_passes(self, num_directions: int) -> float:
        return 3
