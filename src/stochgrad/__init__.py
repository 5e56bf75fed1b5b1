"""Derivatives estimated by random perturbation, measured against exact ones."""

from stochgrad.activations import ACTIVATIONS
from stochgrad.differentiate import DerivativeResult, derivative
from stochgrad.errors import ConfigError
from stochgrad.estimators import ESTIMATORS
from stochgrad.functions import FUNCTIONS

__all__ = [
    "ACTIVATIONS", "ESTIMATORS", "FUNCTIONS", "ConfigError", "DerivativeResult", "derivative",
]  # fmt: skip
