"""How the gradient of the loss is found: exactly, by feedback, or along random directions."""

from __future__ import annotations

from stochgrad.suite.models.gradients import (  # noqa: F401  (each enters itself)
    activities,
    backprop,
    feedback,
    weights,
)
from stochgrad.suite.models.gradients.base import (
    GRADIENTS,
    Batch,
    Draws,
    Gradient,
    Perturbation,
    make_gradient,
)

__all__ = ["GRADIENTS", "Batch", "Draws", "Gradient", "Perturbation", "make_gradient"]
