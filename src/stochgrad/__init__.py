"""Derivatives estimated by random perturbation, measured against exact ones."""

from stochgrad.activations import ACTIVATIONS
from stochgrad.differentiate import DerivativeResult, derivative
from stochgrad.differentiate_many import GradientResult, gradient, jacobian
from stochgrad.errors import ConfigError
from stochgrad.estimators import ESTIMATORS
from stochgrad.functions import FUNCTIONS
from stochgrad.gradients import GRADIENT_ESTIMATORS

__all__ = [
    "ACTIVATIONS", "ESTIMATORS", "FUNCTIONS", "GRADIENT_ESTIMATORS", "ConfigError",
    "DerivativeResult", "GradientResult", "derivative", "gradient", "jacobian",
]  # fmt: skip
