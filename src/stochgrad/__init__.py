"""Derivatives estimated by random perturbation, measured against exact ones."""

from stochgrad.differentiate.check import check_gradient
from stochgrad.differentiate.check_result import CheckResult
from stochgrad.differentiate.elementwise import derivative
from stochgrad.differentiate.hessian import hessian
from stochgrad.differentiate.multivariate import gradient, jacobian
from stochgrad.differentiate.optimize import GradientFunction, as_jac
from stochgrad.differentiate.planning import Plan, plan
from stochgrad.differentiate.result import DerivativeResult, GradientResult
from stochgrad.errors import ConfigError
from stochgrad.stencils import ESTIMATORS
from stochgrad.stencils.gradients import GRADIENT_ESTIMATORS

MOVED = {
    "ACTIVATIONS": "stochgrad.suite.models.activations.ACTIVATIONS",
    "FUNCTIONS": "stochgrad.suite.models.functions.FUNCTIONS",
}
"""Names of version 0.1, and where they are now; CHANGELOG."""

__all__ = [
    "ESTIMATORS", "GRADIENT_ESTIMATORS", "CheckResult", "ConfigError", "DerivativeResult",
    "GradientFunction", "GradientResult", "Plan", "as_jac", "check_gradient", "derivative",
    "gradient", "hessian", "jacobian", "plan",
]  # fmt: skip


def __getattr__(name: str) -> object:
    """Say where a name has moved to."""
    if name in MOVED:
        raise AttributeError(f"stochgrad.{name} has moved: import {MOVED[name]}")
    raise AttributeError(f"module 'stochgrad' has no attribute {name!r}")
