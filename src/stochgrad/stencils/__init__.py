"""Derivative estimators: the subject. One module for each family, found through ``ESTIMATORS``."""

from stochgrad.stencils import (  # noqa: F401  (each enters what it defines)
    central,
    complex_step,
    exact,
    fixed,
    quadratic,
    regression,
    richardson,
    three_slope,
)
from stochgrad.stencils.base import (
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
    "ESTIMATORS", "Estimator", "Function", "Steps", "Target", "expand", "make_estimator",
    "register", "step_scale",
]  # fmt: skip
