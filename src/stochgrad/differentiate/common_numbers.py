"""Common random numbers: gradients of f with each of some seeds, and their mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np

from stochgrad.differentiate.calling import check_call
from stochgrad.differentiate.checks import FEWEST_EVALUATIONS, check_count, check_seed
from stochgrad.differentiate.problem import OVERHEAD
from stochgrad.differentiate.result import GradientResult, over_leaves
from stochgrad.errors import ConfigError
from stochgrad.random import fresh_seed


def mean(
    find: Callable[..., GradientResult],
    f: Callable[..., Any],
    number: int,
    settings: dict[str, Any],
) -> GradientResult:
    """Return the mean of what is found for f with each of some seeds, and its error.

    Raises:
        ConfigError: unless f takes a seed, and the evaluations allowed are enough.
    """
    first = settings.get("seed")
    first = fresh_seed() if first is None else check_seed(first)
    limit = settings.get("max_evaluations")
    check_call(f, settings.get("args", ()), settings.get("kwargs"))
    if not _takes_seed(f):
        raise ConfigError(f"common={number}: f must take a keyword seed, or leave common out")
    least = number * (FEWEST_EVALUATIONS + OVERHEAD)
    if limit is not None and check_count("max_evaluations", limit) < least:
        raise ConfigError(f"max_evaluations={limit} common={number}: must be {least} or more")
    kwargs = dict(settings.get("kwargs") or {})
    found = []
    for seed in range(first, first + number):
        own = settings | {"kwargs": kwargs | {"seed": seed}, "seed": seed}
        if limit is not None:
            own["max_evaluations"] = limit // number
        found.append(find(**own))

    def error(*values: Any) -> Any:
        return np.std(np.stack(values), axis=0, ddof=1) / np.sqrt(number)

    names = ("df", "noise", "epsilon", "predicted_variance", "left", "right")
    whole = {
        name: over_leaves(lambda *v: np.mean(np.stack(v), axis=0), *(r[name] for r in found))
        for name in names
    }
    bars = over_leaves(error, *(r.df for r in found))
    status = over_leaves(lambda *v: np.max(np.stack(v), axis=0), *(r.status for r in found))
    return replace(
        found[0], **whole, slope=whole["df"], standard_error=bars, slope_error=bars, status=status,
        success=over_leaves(lambda s: s == 0, status), nfev=sum(r.nfev for r in found), seed=first,
        dof=over_leaves(lambda v: np.full(np.shape(v), number - 1.0), bars),
        note=f"mean over {number} common random numbers",
    )  # fmt: skip


def _takes_seed(f: Callable[..., Any]) -> bool:
    """Return whether f may take a keyword ``seed``."""
    try:
        parameters = signature(f).parameters
    except (TypeError, ValueError):  # of a compiled function
        return True
    return "seed" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
