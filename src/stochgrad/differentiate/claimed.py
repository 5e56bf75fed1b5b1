"""A gradient that somebody claims: numbers, a function, or what automatic differentiation says."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.calling import is_coarse, to_numpy
from stochgrad.differentiate.check_result import MOST_BLAMED, CheckResult
from stochgrad.differentiate.checks import check_unmasked
from stochgrad.differentiate.problem import Problem
from stochgrad.errors import ConfigError, shown

Floats = NDArray[np.float64]


def claimed_gradient(grad: Any, f: Callable[..., Any], x: Any, problem: Problem) -> Floats:
    """Return the gradient as an array of shape ``(d,)``.

    Raises:
        ConfigError: without a gradient, where x is no tensor; or for another shape than that of x.
    """
    library = type(x).__module__.partition(".")[0]
    if grad is None and library == "torch":
        torch = import_module("torch")
        leaf = x.detach().clone().requires_grad_(True)
        given = torch.autograd.grad(f(leaf), leaf)[0]
    elif grad is None and library in ("jax", "jaxlib"):
        given = import_module("jax").grad(f)(x)
    elif grad is None:
        raise ConfigError("grad=None: must be a gradient or a function, unless x is a tensor")
    else:
        given = (
            grad(np.asarray(x, float) if isinstance(x, list | tuple) else x)
            if callable(grad)
            else grad
        )
    if problem.variables.is_tree:
        given = problem.variables.matched(given)
    else:
        check_unmasked("grad", given)
        given = to_numpy(given)
        if given.dtype.kind not in "biuf" and not is_coarse(given.dtype):
            raise ConfigError(f"grad={shown(repr(given.tolist()))}: must be real numbers")
    claim = np.asarray(given, float)
    if claim.shape != problem.points.shape[1:]:
        raise ConfigError(
            f"grad of shape {claim.shape}: must have the shape of x, {problem.points.shape[1:]}"
        )
    return claim


def not_finite(problem: Problem, claim: Floats, lost: Any) -> CheckResult:
    """Return the verdict on a gradient with elements that are not finite: no f has such a slope."""
    nan, nothing = float("nan"), np.zeros(0)
    named = [
        (problem.variables.name(int(k)), float(claim[k]), nan, nan) for k in lost[:MOST_BLAMED]
    ]
    text = f"differs: {lost.size} of {claim.size} components of the gradient are not finite"
    text += "".join(f"\n  {name}: claimed {value}" for name, value, _, _ in named)
    along = problem.variables.restored(np.where(np.isfinite(claim), 0.0, 1.0))
    return CheckResult(
        "differs", nothing, nothing, nothing, 0.0, along, named, nan,
        problem.field.evaluations, problem.field.evaluations, problem.model.seed, text,
    )  # fmt: skip
