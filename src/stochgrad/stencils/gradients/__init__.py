"""Gradient estimators for functions of many variables; found through ``GRADIENT_ESTIMATORS``."""

from stochgrad.stencils.gradients import (  # noqa: F401  (each enters what it defines)
    coordinates,
    forward_gradient,
    gaussian_smoothing,
    parameter_shift,
    spsa,
)
from stochgrad.stencils.gradients.base import (
    GRADIENT_ESTIMATORS,
    Field,
    GradientEstimate,
    GradientEstimator,
    make_gradient_estimator,
    register_gradient,
)
from stochgrad.stencils.gradients.local import Local

__all__ = [
    "GRADIENT_ESTIMATORS", "Field", "GradientEstimate", "GradientEstimator", "Local",
    "make_gradient_estimator", "register_gradient",
]  # fmt: skip
