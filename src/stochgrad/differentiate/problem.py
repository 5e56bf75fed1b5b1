"""What is asked of gradients and their kin: arguments, checked once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochgrad.backends import get_backend
from stochgrad.differentiate.batched import BlackBoxField
from stochgrad.differentiate.calling import with_arguments
from stochgrad.differentiate.checks import (
    DTYPES,
    FEWEST_EVALUATIONS,
    check_bounds,
    check_count,
    check_noise,
    check_seed,
    check_tolerance,
)
from stochgrad.differentiate.lines import Lines, Model
from stochgrad.differentiate.variables import Variables
from stochgrad.errors import ConfigError, shown, unknown, unknown_setting
from stochgrad.random import fresh_seed

Array = NDArray[Any]
Floats = NDArray[np.float64]

PER_VARIABLE = 240
"""Evaluations along one variable, unless ``max_evaluations`` says otherwise: as ``derivative``."""
OVERHEAD = 6
"""f at the point, and up to five evaluations that find out whether f takes batches."""


class Settings(TypedDict, total=False):
    """How f is called and what is known of it, of all functions for many variables.

    Attributes:
        noise: standard deviation of the noise in values of f, if it is known: a number; an array
            with one for each point, or of a vector function for each component; or a function of
            points ``(n, d)``. None infers it. Rounding comes on top.
        scale: length on which f changes along each variable: a positive number, or an array that
            broadcasts to x. None takes |x|, or 1 where x is 0. It is where a search for a step
            starts, and how far it goes. Random directions take the largest for all variables,
            unless lengths are given, and make errors of one size in their units.
        bounds: pair (lower, upper) of numbers, arrays or None, beyond which f is not evaluated.
        max_evaluations: largest number of evaluations of f, in all; None for 240 a variable.
        rtol: relative half-width of an interval at which evaluations stop; None for the root of
            the rounding unit, half of the digits.
        atol: absolute half-width at which they stop.
        dtype: ``"float32"`` or ``"float64"``: of the points, the steps and the result. None takes
            that of x, and float32 where f returns values of no more digits.
        seed: repeats the draws; None takes one from the operating system. It is in the result.
        args: further positional arguments of f.
        kwargs: keyword arguments of f.
        workers: number of processes in which f is evaluated point by point (−1 for all cores), or a
            callable like ``map``.
        on_error: ``"nan"`` takes a point where f raises for one without a value; ``"raise"``.
        vectorized: whether f takes batches. None finds out, by up to five evaluations more: it does
            if it gives the same values for points in a batch as for each alone. A noisy f that
            takes both does not, and is called point by point, unless it is told here.
        backend: ``"numpy"``, or ``"tensorflow"`` for an f that takes its tensors.
    """

    noise: ArrayLike | Callable[[Any], Any] | None
    scale: ArrayLike | None
    bounds: tuple[ArrayLike | None, ArrayLike | None] | None
    max_evaluations: int | None
    rtol: float | None
    atol: float
    dtype: str | None
    seed: int | None
    args: Sequence[Any]
    kwargs: Mapping[str, Any] | None
    workers: int | Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
    on_error: str
    vectorized: bool | None
    backend: str


@dataclass(frozen=True)
class Problem:
    """A function at P points, and what is known of it.

    Attributes:
        field: the function.
        variables: the form of x.
        points: shape ``(P, d)``, in their dtype.
        lead: axes of x before the last: P is their product.
        values: f at the points, shape ``(P, m)``; None before it was evaluated.
        vector: whether f returns vectors.
        scale: length on which f changes along each variable, shape ``(P, d)``.
        common: the same for random directions: one length for all variables of a point, unless
            they are given. Random directions make errors of one size in units of these lengths, and
            small variables are no reason for large errors.
        lower: least values of the variables, shape ``(P, d)``.
        upper: largest values.
        model: noise, tolerances, the seed, and evaluations along one variable.
        budget: evaluations in all; None without a limit.
        asked: the dtype and the relative tolerance that were asked for.
    """

    field: BlackBoxField
    variables: Variables
    points: Array
    lead: tuple[int, ...]
    values: Any
    vector: bool
    scale: Floats
    common: Floats
    lower: Floats
    upper: Floats
    model: Model
    budget: int | None
    asked: tuple[str | None, float | None]

    @property
    def dimension(self) -> int:
        """Number of variables, d."""
        return int(self.points.shape[-1])

    def coordinates(self) -> Lines:
        """Return the lines along every variable of every point."""
        number, d = self.points.shape
        base = np.repeat(np.arange(number), d)
        return Lines(self.field, self.points, self.values, base, np.tile(np.arange(d), number))

    def rays(self, directions: Floats, units: Floats) -> Lines:
        """Return the lines along directions ``(P, r, d)`` with elements in units ``(P, d)``."""
        number, r, d = directions.shape
        along = (directions * units[:, None]).reshape(-1, d)
        base = np.repeat(np.arange(number), r)
        return Lines(self.field, self.points, self.values, base, along)

    def limits_along(self, directions: Floats, units: Floats) -> tuple[Floats, Floats] | None:
        """Return how far rays stay inside the bounds, backwards and forwards; None without any."""
        if not (np.isfinite(self.lower).any() or np.isfinite(self.upper).any()):
            return None
        along, x = directions * units[:, None], self.points[:, None].astype(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = ((end[:, None] - x) / along for end in (self.lower, self.upper))
        forwards = np.where(along == 0, np.inf, np.where(along > 0, high, low)).min(axis=-1)
        backwards = np.where(along == 0, -np.inf, np.where(along > 0, low, high)).max(axis=-1)
        return backwards.ravel(), forwards.ravel()

    def not_finite(self) -> str:
        """Return which numbers in x are NaN or infinite; nothing where none is."""
        if np.isfinite(self.points).all():
            return ""
        lost = np.argwhere(~np.isfinite(self.points.reshape(*self.lead, self.dimension)))
        first, number = lost[0], len(lost) - 1
        where = ", ".join(str(k) for k in first)
        name = f"x[{where}]" if self.lead else self.variables.name(int(first[0]))
        value = self.points.reshape(*self.lead, self.dimension)[tuple(first)]
        return f"{name} is {value:g}" + (f", and {number} more are not finite" if number else "")

    def shaped(self, values: Array) -> Any:
        """Return arrays of shape ``(P, m, …, d)`` in the form of results."""
        shape = values.shape[1 if self.vector else 2 :]
        return self.variables.restored(values.reshape(*self.lead, *shape))


def state(
    f: Callable[..., Any], x: Any, settings: Mapping[str, Any], *, vector: bool = False,
    jvp: Callable[[Any, Any], Any] | None = None, error_bars: bool = True,
) -> Problem:  # fmt: skip
    """Check the :class:`Settings`.

    Raises:
        ConfigError: for one that is unknown or outside what is allowed, or an f of another form.
    """
    for key in settings.keys() - Settings.__annotations__.keys():
        raise unknown_setting(key, settings[key], Settings.__annotations__)
    return _stated(f, x, vector, jvp, error_bars, **settings)


def _stated(
    f: Callable[..., Any], x: Any, vector: bool, jvp: Callable[[Any, Any], Any] | None,
    error_bars: bool, *, noise: Any = None, scale: Any = None, bounds: Any = None,
    max_evaluations: int | None = None, rtol: float | None = None, atol: float = 0.0,
    dtype: str | None = None, seed: int | None = None, args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None, workers: Any = 1, on_error: str = "raise",
    vectorized: bool | None = None, backend: str = "numpy",
) -> Problem:  # fmt: skip
    variables = Variables(x)
    if dtype is not None and dtype not in DTYPES:
        raise unknown("dtype", dtype, DTYPES)
    kind = dtype or ("float32" if variables.points.dtype.name in COARSE else "float64")
    points = variables.points.astype(kind)
    if not (vectorized is None or isinstance(vectorized, bool)):
        raise ConfigError(f"vectorized={shown(vectorized)}: must be True, False or None")
    budget = None
    if max_evaluations is not None:
        budget = check_count("max_evaluations", max_evaluations, FEWEST_EVALUATIONS + OVERHEAD)
    tolerance = None if rtol is None else check_tolerance("rtol", rtol)
    atol = check_tolerance("atol", atol)
    seed = fresh_seed() if seed is None else check_seed(seed)
    lower, upper = check_bounds(_flat(bounds, variables), points)
    lengths = _check_scale(scale, points, variables)
    size = np.abs(points).max(axis=-1, keepdims=True).astype(float)
    common = lengths if scale is not None else np.where(size > 0, size, 1.0) + 0 * points
    lead = points.shape[:-1]
    known = check_noise(noise, (), rows=True) if np.ndim(noise) == 0 else noise
    known = float(known) if isinstance(known, np.ndarray) and not known.ndim else known
    field = BlackBoxField(
        with_arguments(f, args, kwargs), get_backend(backend), vector=vector, jvp=jvp,
        vectorized=False if variables.is_tree and vectorized is None else vectorized,
        made=variables.made, workers=workers, on_error=on_error,
    )  # fmt: skip
    flat = points.reshape(-1, points.shape[-1])
    wide = {"lower": lower, "upper": upper, "scale": lengths, "common": common}
    shaped = {k: np.ascontiguousarray(v, float).reshape(flat.shape) for k, v in wide.items()}
    unit = float(np.finfo(flat.dtype).eps)
    model = Model(known, PER_VARIABLE, unit**0.5 if tolerance is None else tolerance, atol, seed,
                  error_bars)  # fmt: skip
    return Problem(
        field, variables, flat, lead, None, vector, **shaped, model=model, budget=budget,
        asked=(dtype, tolerance),
    )  # fmt: skip


def evaluated(problem: Problem) -> Problem:
    """Return the problem with f at its points, which tells its dtype and number of components."""
    values = problem.field(problem.points[:, None])[:, 0]
    points, (dtype, tolerance), model = problem.points, problem.asked, problem.model
    unit = problem.field.unit
    if dtype is None and unit > np.finfo(float).eps:
        points = points.astype(np.float32)  # more digits would be lost in f
    if tolerance is None:
        model = replace(model, rtol=max(unit, float(np.finfo(points.dtype).eps)) ** 0.5)
    if isinstance(model.noise, np.ndarray | Sequence):
        shape = (*problem.lead, values.shape[-1]) if problem.vector else problem.lead
        sd = check_noise(model.noise, shape)
        model = replace(model, noise=float(sd) if not sd.ndim else sd.reshape(len(points), -1))
    return replace(problem, points=points, values=values.astype(float), model=model)


COARSE = ("float32", "float16", "bfloat16")


def _flat(bounds: Any, variables: Variables) -> Any:
    """Return bounds of a tree of variables as arrays."""
    if bounds is None or not variables.is_tree:
        return bounds
    return tuple(b if b is None or np.ndim(b) == 0 else Variables(b).points for b in bounds)


def _check_scale(scale: Any, points: Array, variables: Variables) -> Floats:
    size = np.abs(points.astype(float))
    if scale is None:
        return np.where(size > 0, size, 1.0)
    try:
        tree = variables.is_tree and np.ndim(scale) == 0 and not np.isscalar(scale)
        given = np.asarray(Variables(scale).points if tree else scale, float)
        lengths = np.broadcast_to(given, points.shape)
    except (TypeError, ValueError):
        raise ConfigError(
            f"scale={shown(repr(scale))}: must be a number, or an array that broadcasts to x, of "
            f"shape {points.shape}"
        ) from None
    if not ((lengths > 0) & np.isfinite(lengths)).all():
        raise ConfigError(f"scale={shown(repr(scale))}: must be finite and greater than 0")
    return lengths
