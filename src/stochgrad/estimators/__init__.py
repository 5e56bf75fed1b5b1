"""Derivative estimators: the subject. One module for each family, found through ``ESTIMATORS``."""

from stochgrad.estimators import (
    central,
    complex_step,
    exact,
    fixed,
    quadratic,
    regression,
    richardson,
    three_slope,
)
from stochgrad.estimators.base import (
    ESTIMATORS,
    Estimator,
    Function,
    Steps,
    Target,
    expand,
    make_estimator,
    register,
    step_scale,
)

__all__ = [
    "ESTIMATORS", "Estimator", "Function", "Steps", "Target", "central", "complex_step", "exact",
    "expand", "fixed", "make_estimator", "quadratic", "register", "regression", "richardson",
    "step_scale", "three_slope",
]  # fmt: skip
