"""Feedback alignment: errors come back through fixed random matrices instead of the weights.

References: T. P. Lillicrap, D. Cownden, D. B. Tweed and C. J. Akerman, "Random synaptic feedback
weights support error backpropagation for deep learning", Nature Communications 7 (2016);
A. Nøkland, "Direct feedback alignment provides learning in deep neural networks", NIPS (2016).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from stochgrad.backends import Array
from stochgrad.errors import ConfigError
from stochgrad.random import Purpose
from stochgrad.suite.models.gradients.backprop import Backprop
from stochgrad.suite.models.gradients.base import Batch, Learns, Perturbation, register_gradient
from stochgrad.suite.models.initial import draw_matrix
from stochgrad.suite.models.optimizers import Parameters
from stochgrad.suite.models.perceptron import backward, gather, layer_descent


@dataclass(frozen=True)
class Feedback(Backprop):
    """What both have: fixed matrices, drawn from the normal distribution.

    Attributes:
        scale: standard deviation of their elements.
    """

    takes_local_losses: ClassVar[bool] = False

    scale: float = 0.1

    def __post_init__(self) -> None:
        if isinstance(self.scale, bool) or not isinstance(self.scale, int | float):
            raise ConfigError(f"gradient.scale={self.scale}: must be a number")
        if not 0 < self.scale < float("inf"):
            raise ConfigError(f"gradient.scale={self.scale}: must be a finite number above 0")

    @abstractmethod
    def shapes(self, learner: Learns) -> list[tuple[int, int]]:
        """Return rows and columns of each matrix, the lowest first."""

    def constants(self, learner: Learns, perturbation: Perturbation) -> dict[str, Any]:
        p, matrices = perturbation, []
        for layer, (rows, columns) in enumerate(self.shapes(learner)):
            seeds = range(p.seed, p.seed + p.replicates)
            matrices.append(
                draw_matrix(
                    (rows, columns), "normal", self.scale, seeds, learner.dtype,
                    Purpose.FEEDBACK, layer,
                )
            )  # fmt: skip
        return {"feedback": tuple(map(learner.xp.asarray, matrices))}


@register_gradient
@dataclass(frozen=True)
class FeedbackAlignment(Feedback):
    """``error_below = delta @ B``, with a fixed B in the shape of every W."""

    name: ClassVar[str] = "feedback_alignment"
    summary: ClassVar[str] = "back-propagation through fixed random matrices"

    def shapes(self, learner: Learns) -> list[tuple[int, int]]:
        return learner.layout.weight_shapes()

    def descent(
        self, learner: Learns, parameters: Parameters, batch: Batch
    ) -> tuple[Array, Parameters]:
        trace = learner.forward(parameters, batch.inputs)
        error = learner.error(trace.output, batch)
        slopes = learner.slopes(trace, batch.row.get("steps"))
        back = batch.row["feedback"]
        found = backward(parameters, trace, error, slopes, learner.xp, back)
        return trace.output, found.descent


@register_gradient
@dataclass(frozen=True)
class DirectFeedbackAlignment(Feedback):
    """``error = delta_output @ B``, with a fixed B from the output to every hidden layer."""

    name: ClassVar[str] = "direct_feedback_alignment"
    summary: ClassVar[str] = "the output's error through a fixed random matrix to each layer"

    def shapes(self, learner: Learns) -> list[tuple[int, int]]:
        return [(learner.widths[-1], units) for units in learner.widths[1:-1]]

    def descent(
        self, learner: Learns, parameters: Parameters, batch: Batch
    ) -> tuple[Array, Parameters]:
        xp, trace = learner.xp, learner.forward(parameters, batch.inputs)
        error = learner.error(trace.output, batch)
        slopes = learner.slopes(trace, batch.row.get("steps"))
        output = error if slopes[-1] is None else error * slopes[-1]
        found = []
        for i, matrix in enumerate([*batch.row["feedback"], None]):
            delta = output if matrix is None else xp.matmul(output, matrix) * slopes[i]
            found.append(layer_descent(parameters, trace, i, delta, xp)[0])
        return trace.output, gather(found, parameters)

    def forward_passes(self, num_directions: int) -> float:
        return 2  # the way back is one small matrix for each layer
