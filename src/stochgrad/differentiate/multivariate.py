"""``stochgrad.gradient`` and ``stochgrad.jacobian``: functions of many variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from stochgrad.differentiate import (
    common_numbers,
    coordinates,
    periodic,
    random_directions,
    random_rules,
)
from stochgrad.differentiate.checks import (
    FEWEST_EVALUATIONS,
    check_count,
    check_flag,
    check_guides,
    check_steps,
)
from stochgrad.differentiate.choices import (
    check_choices,
    check_directions,
    evaluations_of_a_look,
)
from stochgrad.differentiate.problem import OVERHEAD, Problem, Settings, evaluated, state
from stochgrad.differentiate.result import GradientResult
from stochgrad.errors import ConfigError, shown, unknown, unknown_setting
from stochgrad.inference.constants import WIDENED
from stochgrad.stencils.gradients import GradientEstimator, make_gradient_estimator

METHODS = ("auto", "coordinates", "directions")


class GradientSettings(Settings, total=False):
    """What :func:`gradient` and :func:`jacobian` take beside :class:`Settings`.

    Attributes:
        method: ``"coordinates"`` looks along each variable; ``"directions"`` along random ones, n
            of an orthonormal basis in units of ``scale``; ``"auto"`` takes the former where
            ``max_evaluations`` allows ten evaluations a variable, and 35 where there is too much
            noise to resolve with less; then the directions are a whole basis. Settings that only
            directions read, such as ``projection``, ask for them.
        estimator: None infers slopes by the error model; of a PennyLane QNode, or an f with a true
            attribute ``rotation_angles``, by the parameter-shift rule, if f passes a check of it.
            A name in ``stochgrad.GRADIENT_ESTIMATORS``, or one such as ``ForwardGradient(…)``,
            takes its values.
        epsilon: step size of an estimator, absolute, or an array with one for each variable (of
            which the nearest powers of two are taken); ``"auto"`` takes the one of the smallest
            error that theory predicts, for each variable.
        num_directions: n, the number of random directions; None for 100 of an estimator, and
            without one for as many as ``max_evaluations`` allows, at most d. Of an estimator along
            coordinates it is d.
        error_bars: whether to infer an error; without, a given step costs its evaluations alone.
        guides: directions that are looked along first, such as past gradients, shape ``(k, d)``;
            of method "directions" without an estimator.
        projection: whether df is the projection of the gradient on the span of the directions, of
            which every step goes downhill, and which is n/d of the gradient; the interval is that
            of the unbiased estimate. Of method "directions" without an estimator.
        common: number R of common random numbers: f takes a keyword ``seed``, and for each of R
            seeds the gradient of f with that seed is found; df is their mean, and the error bar
            from their spread. None calls f without one.
        jvp: for ``estimator="forward_gradient"``: ``jvp(x, v)`` is the exact derivative at x along
            v, for batches as f takes them. None takes TensorFlow's ``ForwardAccumulator``, or with
            NumPy a complex step, for which f must be analytic.
    """

    method: str
    estimator: str | GradientEstimator | None
    epsilon: float | str | ArrayLike
    num_directions: int | None
    error_bars: bool
    guides: Any
    projection: bool
    common: int | None
    jvp: Callable[[Any, Any], Any] | None


def gradient(
    f: Callable[..., Any], x: Any, *, options: dict[str, Any] | None = None,
    **settings: Unpack[GradientSettings],
) -> GradientResult:  # fmt: skip
    """Estimate the gradient of a scalar function of many variables.

    By default the step along every variable, and with it noise, truncation and rounding, are
    inferred from values of f, as :func:`stochgrad.derivative` does, with an interval and a status
    for each element.

    Args:
        f: takes a batch of points, an array of shape ``(n, d)``, and returns n numbers; or a single
            point, ``(d,)``, and returns one. See ``vectorized``.
        x: the point, shape ``(d,)``, or many, ``(…, d)``: an array, a pandas Series, a tensor (f
            then gets tensors); or a dictionary or another tree of arrays, of which f gets one point
            at a time.
        options: of the estimator; they may also be given as further keywords, such as
            ``tangents="rademacher"``.
        **settings: :class:`stochgrad.differentiate.multivariate.GradientSettings`, and of
            :class:`stochgrad.differentiate.problem.Settings`.

    Returns:
        A :class:`GradientResult` with arrays of the shape of x.

    Raises:
        ConfigError: (a ValueError) for a setting outside what is allowed, or an f of another form.

    >>> result = gradient(lambda x: (x**2).sum(axis=-1), [1.0, 2.0, 3.0], seed=0)
    >>> np.round(result.df, 12)
    array([2., 4., 6.])
    >>> result.success.all(), result.nfev
    (np.True_, 65)
    >>> gradient(lambda x: (x**2).sum(axis=-1), [1.0, 2.0, 3.0], estimator="central",
    ...          epsilon=1e-5, error_bars=False).nfev
    10
    """
    return _one_or_mean(f, x, False, options, settings)


def jacobian(
    f: Callable[..., Any], x: Any, *, options: dict[str, Any] | None = None,
    **settings: Unpack[GradientSettings],
) -> GradientResult:  # fmt: skip
    """Estimate the Jacobian of a vector function: ``df[…, j, i] = ∂fⱼ/∂xᵢ``.

    All components share their evaluations and directions. ``max_evaluations`` holds for each
    component: where they need steps of their own, there may be more in all.

    Args:
        f: takes a batch of points of shape ``(n, d)`` and returns an array of shape ``(n, m)``; or
            a single point, ``(d,)``, and returns one of shape ``(m,)``.
        x: as for :func:`gradient`.
        options: of the estimator.
        **settings: :class:`stochgrad.differentiate.multivariate.GradientSettings`, and of
            :class:`stochgrad.differentiate.problem.Settings`.

    Returns:
        A :class:`GradientResult` with arrays of shape ``(…, m, d)``.

    Raises:
        ConfigError: (a ValueError) for a setting outside what is allowed, or an f of another form.

    >>> rotate = np.array([[0.0, -1.0], [1.0, 0.0]])
    >>> np.round(jacobian(lambda x: x @ rotate.T, [0.3, 0.4], seed=0).df, 12) + 0
    array([[ 0., -1.],
           [ 1.,  0.]])
    """
    return _one_or_mean(f, x, True, options, settings)


def _one_or_mean(
    f: Callable[..., Any], x: Any, vector: bool, options: Any, settings: Mapping[str, Any]
) -> GradientResult:
    """Return a gradient, or the mean of those with common random numbers."""
    if not (options is None or isinstance(options, Mapping)):
        raise ConfigError(f"options={shown(repr(options))}: must be a dictionary")
    for key in options or {}:
        if key in settings or key in GradientSettings.__annotations__:
            raise ConfigError(f"options={shown(repr(options))}: give {key}= as an argument")
    asked = {**settings, **(options or {})}
    number = asked.pop("common", None)
    if number is None:
        return _find(f, x, vector, **asked)
    number = check_count("common", number, 2)
    return common_numbers.mean(partial(_find, f, x, vector), f, number, asked)


def _find(
    f: Callable[..., Any], x: Any, vector: bool, *, method: str = "auto",
    estimator: str | GradientEstimator | None = None, epsilon: Any = "auto",
    num_directions: int | None = None, error_bars: bool = True, guides: Any = None,
    projection: bool = False, jvp: Callable[[Any, Any], Any] | None = None, **settings: Any,
) -> GradientResult:  # fmt: skip
    known = {k: settings.pop(k) for k in list(settings) if k in Settings.__annotations__}
    rule = _rule(estimator, epsilon, settings)
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    if num_directions is not None:
        num_directions = check_count("num_directions", num_directions)
    step = check_steps(epsilon)
    error_bars = check_flag("error_bars", error_bars)
    projection = check_flag("projection", projection)
    check_choices(rule, method, num_directions, guides, projection, jvp, known.get("bounds"))
    note, name = "", "inference" if rule is None else rule.name
    with np.errstate(all="ignore"):
        problem = state(f, x, known, vector=vector, jvp=jvp, error_bars=error_bars)
        if np.ndim(step) and step.shape[-1] not in (1, problem.dimension):
            raise ConfigError(
                f"epsilon={shown(repr(epsilon))}: must be a number, or one for each of "
                f"{problem.dimension} variables"
            )
        rows = check_guides(guides, problem.dimension)
        if rule is not None:
            number = check_directions(rule, num_directions, problem.dimension)
            looks = rule.perturbs and (error_bars or step is None)
            most = evaluations_of_a_look(problem, rule, number, looks)
            if rule.random:
                found = random_rules.by_rule(problem, rule, step, number, most)
            else:
                found = coordinates.by_rule(problem, rule, step, most)
        else:
            problem = evaluated(problem)
            turned = None
            if num_directions is not None or guides is not None or projection:
                method = "directions"  # which alone reads them
            if method != "directions" and periodic.is_circuit(f):
                turned = periodic.shifted(problem)
            wanted = "coordinates"
            if turned is None:
                wanted, note = _method(problem, method)
            if turned is not None:
                found, name = turned, "parameter_shift"
            elif wanted == "coordinates":
                found, _ = coordinates.inferred(problem)
            else:
                if "too little" in note:  # a whole basis, in units as along the variables
                    problem = replace(problem, common=problem.scale)
                found = random_directions.orthogonal(problem, num_directions, rows, projection)
    return _result(problem, found, name, note)


def _rule(
    estimator: str | GradientEstimator | None, epsilon: Any, options: dict[str, Any]
) -> GradientEstimator | None:
    """Return the estimator that is asked for; a step alone asks for ``central``."""
    if estimator is None and isinstance(epsilon, str):
        for key, value in options.items():
            raise unknown_setting(key, value, GradientSettings.__annotations__)
        return None
    return make_gradient_estimator("central" if estimator is None else estimator, **options)


def _method(problem: Problem, method: str) -> tuple[str, str]:
    """Return the method that is taken, and why where that has to be said."""
    lines, points = problem.scale.size, len(problem.points)
    spent = max(problem.field.evaluations - points - OVERHEAD, 0)
    needed = FEWEST_EVALUATIONS * lines + OVERHEAD + points + spent
    enough = problem.budget is None or problem.budget >= needed
    if method == "coordinates" and not enough:
        raise ConfigError(
            f"max_evaluations={problem.budget} method=coordinates: must be at least {needed}, ten "
            f"for each of {lines} variables; or take method=directions"
        )
    if method != "auto":
        return method, ""
    if enough and coordinates.each(problem, lines) >= WIDENED:
        return "coordinates", ""
    # The trial takes its share, so that as much is left for every variable afterwards.
    share = coordinates.each(problem, lines + min(random_directions.TRIED, problem.dimension))
    if share >= FEWEST_EVALUATIONS and random_directions.are_resolved(problem, share):
        return "coordinates", ""
    if enough:
        why = f"max_evaluations={problem.budget} is too little to resolve noise along each variable"
        return "directions", why
    return "directions", f"max_evaluations={problem.budget} is less than coordinates need, {needed}"


def _result(problem: Problem, found: dict[str, Any], name: str, note: str) -> GradientResult:
    plain = {key: found.pop(key) for key in ("method", "draws")}
    found["df"] = found["df"].astype(problem.points.dtype)
    found["status"] = found["status"].astype(np.int64)
    found["success"] = found["status"] == 0
    note = problem.not_finite() or note
    shaped = {key: problem.shaped(np.asarray(value)) for key, value in found.items()}
    return GradientResult(
        **shaped, **plain, nfev=problem.field.evaluations, seed=problem.model.seed, note=note,
        estimator=name,
    )  # fmt: skip
