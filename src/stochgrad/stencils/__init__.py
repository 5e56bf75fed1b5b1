"""The subject: rules, and what they are compared with, found through ``ESTIMATORS``."""

from stochgrad.stencils import (  # noqa: F401  (they enter theirs)
    differences,
    gradient_rules,
    references,
    regression,
)
from stochgrad.stencils.base import (
    ESTIMATORS,
    Estimator,
    Function,
    Steps,
    Target,
    expand,
    make_estimator,
    step_scale,
)
from stochgrad.stencils.rule import Rule, register
from stochgrad.stencils.stencil import Stencil

__all__ = [
    "ESTIMATORS", "Estimator", "Function", "Rule", "Stencil", "Steps", "Target", "expand",
    "make_estimator", "register", "step_scale",
]  # fmt: skip
