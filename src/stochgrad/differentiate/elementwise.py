"""``stochgrad.derivative``: estimate the derivative of any elementwise function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochgrad.backends import get_backend
from stochgrad.differentiate.black_box import BlackBox, ComplexValuesError, returns_tensors
from stochgrad.differentiate.calling import check_call, check_function, with_arguments
from stochgrad.differentiate.checks import (
    DTYPES,
    FEWEST_EVALUATIONS,
    check_bounds,
    check_count,
    check_flag,
    check_noise,
    check_points,
    check_positive,
    check_seeds,
    check_tolerance,
)
from stochgrad.differentiate.result import NOT_FINITE, OK, DerivativeResult
from stochgrad.differentiate.searched import infer_all, with_best_step
from stochgrad.differentiate.stepped import Asked, Found, with_given_step
from stochgrad.errors import ConfigError, nearest, shown, unknown
from stochgrad.stencils.base import ESTIMATORS, Estimator, Target, make_estimator
from stochgrad.stencils.regression import Regression
from stochgrad.theory.moments import require_moments

SCALES = ("smooth", "local")


def derivative(
    f: Callable[..., Any],
    x: ArrayLike,
    *,
    estimator: str | Estimator = "regression",
    epsilon: float | str = "auto",
    num_steps: int = 100,
    dtype: str = "float64",
    seed: int | None = None,
    seeds: int | Sequence[int] | None = None,
    backend: str = "numpy",
    noise: ArrayLike | Callable[[Any], Any] | None = None,
    max_evaluations: int = 240,
    rtol: float = 0.0,
    atol: float = 0.0,
    bounds: tuple[ArrayLike | None, ArrayLike | None] | None = None,
    order: int = 1,
    scale: str = "smooth",
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    workers: int | Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]] = 1,
    on_error: str = "raise",
    error_bars: bool = True,
    min_scale: float = 0.0,
    num_steps_spread: float = 0.0,
    derivative: Callable[[Any], Any] | None = None,
    **options: Any,
) -> DerivativeResult:
    """Estimate the derivative of an elementwise function at every element of x.

    By default the step and the degree of a local polynomial are inferred from values of f, with an
    interval and a status: :mod:`stochgrad.inference`.

    Args:
        f: Function of an array of points in ``dtype``, of any shape, that returns an array of the
            same shape, real or complex, of any precision. Of complex values both parts are
            differentiated, with the evaluations of each; errors and intervals are complex then,
            too. One that accepts scalars only is called point by point. One with a true
            attribute ``located`` is told by ``columns=`` at which elements (of ``(R, …)``, flat)
            points of shape ``(k, n)`` are, where an automatic step looks at some of them.
        x: Real points, a scalar or an array of any shape.
        estimator: Name in ``stochgrad.ESTIMATORS``, or one such as ``Central(jitter=0.5)``.
        epsilon: Step size; relative to x for ``central``, ``central_fixed``, ``forward``,
            ``regression`` and ``richardson`` (absolute where x is zero, or so small that such a
            step would be lost: below 2e-292, in float32 1e-22), absolute for the others.
            ``"auto"`` infers the noise of f and the scale on which it changes; the estimator then
            gets the step with the smallest error that theory predicts.
        num_steps: N, the number of draws that are averaged; not of an automatic regression, which
            draws what ``max_evaluations`` allows and the noise asks for.
        dtype: ``"float32"`` or ``"float64"``: of the points, the steps and the result.
        seed: Repeats the draws; None takes one from the operating system. It is in the result.
        seeds: Number R of replicates, with the draws of ``seed``, ``seed + 1``, …, or a list of
            their seeds; the result then has an axis of R in front.
        backend: ``"numpy"``, or ``"tensorflow"`` for an f written in TensorFlow's operations.
        noise: Standard deviation of the noise in values of f, if it is known: a number, an array of
            the shape of x, or a function of points. None infers it. Rounding comes on top.
        max_evaluations: Largest number of evaluations of f for each element that ``"auto"`` may
            take, 10 or more; never exceeded by the default estimator, but for the one call with an
            array that an f of scalars refuses.
        rtol: Relative half-width of the interval at which ``"auto"`` stops.
        atol: Absolute half-width at which it stops.
        bounds: Pair (lower, upper) of numbers, arrays or None, beyond which f is never evaluated;
            next to one, points are on one side. Of the default estimator.
        order: 1, or 2 for the second derivative, of the default estimator.
        scale: Which derivative is meant where f has one at two scales, as stairs have: of the curve
            that they follow (``"smooth"``), or between its steps (``"local"``).
        args: Further positional arguments of f: scalars, or arrays that broadcast with x, of which
            f gets the elements that belong to its points, in their shape.
        kwargs: Keyword arguments of f.
        workers: Number of processes in which an f of scalars is evaluated (−1 for all cores), or a
            callable like ``map``.
        on_error: ``"nan"`` takes a point where f raises for one without a value; ``"raise"`` does
            not.
        error_bars: Whether to infer an error; without, a given step costs its evaluations alone.
        min_scale: Least |x| that relative steps are multiplied by.
        num_steps_spread: s; N is drawn once for each seed from ``[(1−s)N, (1+s)N)``.
        derivative: Closed form, for ``estimator="analytic"``; called as f is.
        **options: Of the estimator, such as ``jitter`` or ``division``.

    Returns:
        A :class:`DerivativeResult`; printed, it shows value, interval, evaluations and status.

    Raises:
        ConfigError: (a ValueError) for a setting outside what is allowed.

    >>> result = derivative(np.sin, [0.0, 1.0], seed=0)
    >>> np.round(result.df, 6)
    array([1.      , 0.540302])
    >>> result.success
    array([ True,  True])
    >>> derivative(np.sin, [0.0, 1.0], estimator="quadratic", epsilon=1e-3, seed=0).nfev
    array([201, 201])
    """
    _check_options(options)
    rule = make_estimator(estimator, **options)
    automatic = isinstance(epsilon, str) and epsilon == "auto"
    step = 0.0 if automatic else check_positive("epsilon", epsilon)
    num_steps = check_count("num_steps", num_steps)
    if dtype not in DTYPES:
        raise unknown("dtype", dtype, DTYPES)
    if rule.backends is not None and backend not in rule.backends:
        raise ConfigError(
            f"estimator={rule.name} backend={backend}: it needs backend="
            f"{' or '.join(sorted(rule.backends))}"
        )
    inferred = automatic and isinstance(rule, Regression) and rule.degree is None
    if type(order) is not int or order not in (1, 2):
        raise ConfigError(f"order={order}: must be 1 or 2")
    if order == 2 and not inferred:
        raise ConfigError(
            f"order=2 estimator={rule.name}: must be estimator=regression with epsilon=auto"
        )
    if bounds is not None and not inferred:
        raise ConfigError(
            f"bounds=… estimator={rule.name}: must be estimator=regression with epsilon=auto, "
            f"which keeps within bounds"
        )
    if scale not in SCALES:
        raise unknown("scale", scale, SCALES)
    points = check_points(x, dtype)
    check_call(f, args, kwargs)
    if derivative is not None:
        check_function("derivative", derivative)
    min_scale = check_tolerance("min_scale", min_scale)
    if check_tolerance("num_steps_spread", num_steps_spread) > 1:
        raise ConfigError(f"num_steps_spread={num_steps_spread}: must be a number from 0 to 1")
    error_bars = check_flag("error_bars", error_bars)
    points, args = _broadcast(points, args, backend)
    all_seeds = check_seeds(seed, seeds, points.size)
    xp = get_backend(backend)
    search = {
        "noise": check_noise(noise, points.shape), "bounds": check_bounds(bounds, points),
        "which": scale, "order": order,
        "max_evaluations": check_count("max_evaluations", max_evaluations, FEWEST_EVALUATIONS),
        "rtol": check_tolerance("rtol", rtol), "atol": check_tolerance("atol", atol),
        "error_bars": error_bars,
    }  # fmt: skip
    if on_error not in ("raise", "nan"):
        raise unknown("on_error", on_error, ("nan", "raise"))

    def part(which: Callable[[Any], Any] | None) -> Found:
        """Estimate the derivative of f, or of one part of its values."""
        function: Any
        closed_form: Any
        if xp.name == "numpy":
            how: dict[str, Any] = {"workers": workers, "on_error": on_error, "part": which}
            function = BlackBox(f, **how, args=args, kwargs=kwargs)
            closed_form = None if derivative is None else BlackBox(derivative, "derivative")
        else:
            function = returns_tensors(with_arguments(f, args, kwargs))
            closed_form = None if derivative is None else returns_tensors(derivative, "derivative")
        asked = Asked(Target(function, closed_form), points, all_seeds, xp, num_steps,
                      num_steps_spread, min_scale, search)  # fmt: skip
        if inferred:
            found = infer_all(asked)
        elif automatic and rule.perturbs:
            require_moments(rule)
            found = with_best_step(rule, asked)
        else:
            found = with_given_step(rule, asked, step or 1e-5, error_bars)
        found["nfev"] = found["nfev"] + getattr(function, "refused", 0)
        return found

    with np.errstate(all="ignore"):
        try:
            found = part(None)
        except ComplexValuesError:
            if rule.needs_complex or not rule.perturbs:
                raise
            found = _complex(part(np.real), part(np.imag))
    lost = (found["status"] == OK) & ~np.isfinite(found["df"])
    found["status"] = np.where(lost, NOT_FINITE, found["status"])
    found["success"] = found["status"] == OK
    # [()] turns arrays without axes into scalars: a scalar in, scalars out.
    shaped = {k: (v if seeds is not None else v[0])[()] for k, v in found.items()}
    return DerivativeResult(seed=all_seeds[0], **shaped)


def _broadcast(
    points: NDArray[Any], args: Sequence[Any], backend: str
) -> tuple[NDArray[Any], tuple[Any, ...]]:
    """Return points and arguments that are arrays in their common shape."""
    if not any(np.ndim(a) for a in args):
        return points, tuple(args)
    if backend != "numpy":
        raise ConfigError(
            f"args={shown(repr(args))} backend={backend}: must be scalars, or backend=numpy"
        )
    try:
        shape = np.broadcast_shapes(points.shape, *(np.shape(a) for a in args))
    except ValueError:
        raise ConfigError(
            f"args={shown(repr(args))}: must be scalars, or arrays that broadcast to x, of shape "
            f"{points.shape}"
        ) from None
    whole = tuple(np.broadcast_to(a, shape) if np.ndim(a) else a for a in args)
    return np.broadcast_to(points, shape).copy(), whole


def _complex(real: Found, imaginary: Found) -> Found:
    """Return the derivative of a complex-valued function from those of its parts."""
    found = {
        key: real[key] + 1j * imaginary[key]
        for key in real
        if key not in ("dof", "nfev", "status", "epsilon")
    }
    found["dof"] = np.fmin(real["dof"], imaginary["dof"])
    found["nfev"] = real["nfev"] + imaginary["nfev"]
    found["status"] = np.where(real["status"] != 0, real["status"], imaginary["status"])
    found["epsilon"] = np.fmax(real["epsilon"], imaginary["epsilon"])
    return found


ARGUMENTS = tuple(signature(derivative).parameters)
STEPS = ("h", "dx", "delta", "step", "step_size", "initial_step")
"""What others call epsilon."""


def _check_options(options: Mapping[str, Any]) -> None:
    """Refuse what no estimator has, and what is close to an argument of its own."""
    if not options:
        return
    known = {field.name for name in ESTIMATORS for field in fields(ESTIMATORS[name])}
    for key in sorted(options.keys() - known):
        if meant := " Did you mean 'epsilon'?" if key in STEPS else nearest(key, ARGUMENTS):
            raise ConfigError(f"{key}={shown(options[key])}: there is no such setting here.{meant}")
