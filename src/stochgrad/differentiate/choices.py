"""Which settings of gradients go together: one that the method does not read is refused."""

from __future__ import annotations

from typing import Any

from stochgrad.differentiate.checks import FEWEST_EVALUATIONS
from stochgrad.differentiate.coordinates import CHECKED
from stochgrad.differentiate.problem import OVERHEAD, Problem
from stochgrad.differentiate.random_directions import PILOTS
from stochgrad.errors import ConfigError
from stochgrad.stencils.gradients import GradientEstimator


def check_choices(
    rule: GradientEstimator | None, method: str, number: int | None, guides: Any, projection: bool,
    jvp: Any, bounds: Any,
) -> None:  # fmt: skip
    """Refuse settings that the method or the estimator does not read.

    Raises:
        ConfigError: that names them.
    """
    if guides is not None or projection:
        what = "projection=True" if guides is None else "guides=…"
        if rule is not None or method == "coordinates":
            name = "None" if rule is None else rule.name
            raise ConfigError(
                f"{what} method={method} estimator={name}: must be method=directions without "
                f"estimator"
            )
    if rule is None:
        if number is not None and method == "coordinates":
            raise ConfigError(
                f"num_directions={number} method=coordinates: must be method=directions; or leave "
                f"num_directions out"
            )
        if jvp is not None:
            raise ConfigError("jvp=… estimator=None: leave jvp out, or choose "
                              "estimator=forward_gradient")  # fmt: skip
        return
    own = "random directions" if rule.random else "coordinates"
    if method not in ("auto", own.split()[-1]):
        raise ConfigError(
            f"method={method} estimator={rule.name}: it looks along {own}; leave method out, or "
            f"estimator and epsilon"
        )
    if jvp is not None and not rule.needs_slopes:
        raise ConfigError(
            f"estimator={rule.name} jvp=…: it takes values of f only; leave jvp out, or choose "
            "estimator=forward_gradient"
        )
    if bounds is not None:
        raise ConfigError(
            f"estimator={rule.name} bounds=…: its steps do not look at bounds; leave estimator out"
        )


def check_directions(rule: GradientEstimator, number: int | None, dimension: int) -> int:
    """Return the number of directions of an estimator: 100 random ones, or the variables."""
    if rule.random:
        return 100 if number is None else number
    if number not in (None, dimension):
        raise ConfigError(
            f"num_directions={number} estimator={rule.name}: it looks along each of {dimension} "
            f"variables; leave num_directions out"
        )
    return dimension


def evaluations_of_a_look(
    problem: Problem, rule: GradientEstimator, number: int, looks: bool
) -> int:
    """Return how many evaluations along a line are left beside those of an estimator's values.

    Raises:
        ConfigError: where ``max_evaluations`` is less than that takes.
    """
    if problem.budget is None:
        return CHECKED
    points, d = problem.points.shape
    lines = points * (PILOTS if rule.random else d)
    values = OVERHEAD + points * (1 + rule.evaluations(d, number))
    if looks and rule.random:
        values += 2 * lines  # which tell the bias
    least = values + FEWEST_EVALUATIONS * lines * looks
    if problem.budget < least:
        cures = ["fewer num_directions"] * rule.random + ["error_bars=False"] * looks
        cures += ["a given epsilon"] * (looks and not problem.model.error_bars)
        raise ConfigError(
            f"max_evaluations={problem.budget} estimator={rule.name}: must be {least} or more"
            + f"; or take {' or '.join(cures)}" * bool(cures)
        )
    return int(min(CHECKED, (problem.budget - values) // lines))
