"""``stochgrad.as_jac``: gradients for ``scipy.optimize``, which keep what they found of f."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.checks import check_points
from stochgrad.differentiate.coordinates import each, inferred
from stochgrad.differentiate.lines import Model
from stochgrad.differentiate.problem import Problem, Settings, evaluated, state
from stochgrad.differentiate.random_directions import is_noisy
from stochgrad.differentiate.result import OK
from stochgrad.errors import ConfigError
from stochgrad.inference import Inference

Floats = NDArray[np.float64]

PER_CALL = 96
"""Evaluations a variable that a gradient of a noisy f takes after the first: the fewest at which
nine of ten estimates are within twice the best step's error (``benchmarks automatic``)."""
START = 8.0
"""A search starts at an eighth of the scale: a scale of eight steps starts at the step."""
CLEAR = 0.1
"""Relative error of the last gradient above which the report says that the noise floor is reached:
a stated prior."""
CHANCE = 0.05
"""Significance of the tests that tell a gradient, or a change, from chance: a stated prior."""


@dataclass(frozen=True)
class Visit:
    """One gradient of a path.

    Attributes:
        x: the point.
        value: f there; of a noisy f what the fits along the variables say, and the gradients on the
            way from the points before, which has less noise than f.
        gradient: the estimate.
        standard_error: its root mean square error.
        status: as of :class:`stochgrad.GradientResult`.
        nfev: evaluations that it took.
        value_error: standard error of what the fits say of f; 0 of one without noise.
    """

    x: Floats
    value: float
    gradient: Floats
    standard_error: Floats
    status: NDArray[np.int64]
    nfev: int
    value_error: float = 0.0

    @property
    def is_clear(self) -> bool:
        """Whether the errors of the gradient are less than a tenth of it, by their mean square."""
        return self._squares() >= self.x.size / CLEAR**2

    @property
    def is_lost(self) -> bool:
        """Whether the gradient may be 0, by a chi-squared test that takes variables of any size."""
        return self._squares() <= _most_by_chance(self.x.size)

    def repeats(self, before: Visit) -> bool:
        """Return whether neither the gradient nor f changed by more than chance may explain.

        The change of f is that by both gradients, which are along the step.
        """
        moved = replace(
            self, gradient=self.gradient - before.gradient,
            standard_error=np.hypot(self.standard_error, before.standard_error),
        )  # fmt: skip
        rise = (self.gradient + before.gradient) @ (self.x - before.x) / 2
        return moved.is_lost and bool(abs(rise) <= self.value_error)

    def _squares(self) -> float:
        """Sum of squares of the elements over their errors; NaN where an error is not known."""
        with np.errstate(all="ignore"):
            ratio = np.where(self.gradient == 0, 0, self.gradient / self.standard_error)
            return float((ratio**2).sum())


class GradientFunction:
    """The gradient of f as a function of x, for ``jac=`` of ``scipy.optimize.minimize``.

    Attributes:
        path: a :class:`Visit` for every gradient.
    """

    def __init__(self, f: Callable[..., Any], settings: dict[str, Any]) -> None:
        self._f, self._settings = f, settings
        self._near: tuple[Problem, Inference] | None = None
        self._extent: Floats = np.zeros((1, 1))
        self.path: list[Visit] = []

    @property
    def nfev(self) -> int:
        """Evaluations of f in all."""
        return sum(visit.nfev for visit in self.path)

    @property
    def noise(self) -> float:
        """Standard deviation of f that was found; NaN before the first gradient."""
        return float("nan") if self._near is None else float(np.nanmedian(self._near[1].noise))

    def __call__(self, x: Any, *args: Any) -> Floats:
        """Return the gradient at x, shape ``(d,)``."""
        return self._visit(x, args).gradient

    def value_and_gradient(self, x: Any, *args: Any) -> tuple[float, Floats]:
        """Return f and its gradient at x, for ``minimize(…, jac=True)``."""
        visit = self._visit(x, args)
        return visit.value, visit.gradient

    def _visit(self, x: Any, args: tuple[Any, ...]) -> Visit:
        x = check_points(x, "float64")
        if self.path and self.path[-1].x.shape != x.shape:
            raise ConfigError(
                f"x of shape {x.shape}: was of shape {self.path[-1].x.shape} before; call as_jac "
                f"for each problem"
            )
        if self.path and np.array_equal(self.path[-1].x, x):
            return self.path[-1]
        settings = {**self._settings, "args": args or self._settings.get("args", ())}
        with np.errstate(all="ignore"):
            problem = evaluated(state(self._f, x, settings))
            if problem.lead or problem.variables.is_tree:
                raise ConfigError(f"x of shape {x.shape}: must be one point, (d,)")
            # A variable on its way through 0 has the scale that it had before.
            self._extent = np.maximum(self._extent, problem.scale)
            problem = replace(problem, scale=self._extent)
            known = self._near
            noisy = known is not None and is_noisy(*known)
            visit = self._by_inference(problem, known if noisy else None)
        self.path.append(visit)
        return visit

    def _by_inference(self, problem: Problem, known: tuple[Problem, Inference] | None) -> Visit:
        """Look along every variable; of a noisy f from the steps and the noise found before."""
        most = None
        if known is not None:
            near = known[1]
            model: Model = replace(problem.model, noise=self.noise)
            length = np.where(np.isfinite(near.step), START * near.step, np.inf)
            length = np.minimum(length.reshape(self._extent.shape), self._extent)
            problem = replace(problem, model=model, scale=length)
            most = PER_CALL
        if problem.budget is not None:
            most = min(each(problem, problem.dimension), most or 10**6)
        found, near = inferred(problem, most)
        if known is None or (near.status == OK).all():
            self._near = problem, near
        value = float(problem.values[0, 0])
        visit = Visit(problem.points[0].astype(float), value, found["df"][0, 0],
                      found["standard_error"][0, 0], found["status"][0, 0],
                      problem.field.evaluations)  # fmt: skip
        if not is_noisy(problem, near):
            return visit
        value, error = _smoothed(value, near)
        return replace(visit, value=self._consistent(visit, value, error), value_error=error)

    def _consistent(self, visit: Visit, value: float, error: float) -> float:
        """Return f from its values, and from the gradients between here and the points before.

        The trapezoidal rule ``½(g₀ + g₁)·(x₁ − x₀)`` tells a difference of values with the errors
        of the gradients, times the distance, and what it leaves out is less than its second-order
        term, ``½(g₁ − g₀)·(x₁ − x₀)``. Over a short step that is less than the noise of values, in
        which a line search would be lost. All are weighed by their errors: by the nearest point
        alone values would jump half way between two, and a line search would end at the jump.
        """
        before = [v for v in self.path if np.isfinite(v.value)]
        if not before or not np.isfinite(value):
            return value
        step = visit.x - np.stack([v.x for v in before])
        slopes = np.stack([v.gradient for v in before])
        errors = np.hypot(np.stack([v.standard_error for v in before]), visit.standard_error)
        told = np.array([v.value for v in before]) + ((slopes + visit.gradient) * step).sum(-1) / 2
        bend = ((visit.gradient - slopes) * step).sum(-1) / 2
        doubt = np.hypot(bend, np.linalg.norm(errors * step / 2, axis=-1))
        good = np.isfinite(told + doubt)
        values, errors = np.append(told[good], value), np.append(doubt[good], error)
        errors = np.maximum(errors, np.finfo(float).tiny)
        return float(np.average(values, weights=(errors.min() / errors) ** 2))

    def stop_at_noise(self, *_: Any) -> None:
        """End a minimisation where two gradients in turn tell nothing more, as ``callback=``.

        Those are gradients that may be 0, as far as their errors tell, and those of points at which
        neither f nor the gradient differs from the one before by more than chance may explain.

        Raises:
            StopIteration: which SciPy takes for an end.
        """
        last = self.path[-3:]
        if len(last) < 3:
            return
        if all(v.is_lost or v.repeats(u) for u, v in pairwise(last)):
            raise StopIteration

    def report(self) -> str:
        """Return a table of the path: value, length of the gradient and of its error, cost."""
        lines = [f"{'value':>14} {'|gradient|':>12} {'± error':>10} {'nfev':>7}  status"]
        for visit in self.path:
            size = np.linalg.norm(visit.gradient)
            error = np.linalg.norm(visit.standard_error)
            bad = int((visit.status != OK).sum())
            said = f"{bad} components not resolved" if bad else "resolved"
            lines.append(f"{visit.value:14.7g} {size:12.4g} {error:10.2g} {visit.nfev:7}  {said}")
        lines.append(f"{self.nfev} evaluations for {len(self.path)} gradients; noise of sd "
                     f"{self.noise:.2g}")  # fmt: skip
        if self.path and not self.path[-1].is_clear:
            lines.append("the last gradient's error is over a tenth of it: near the noise floor")
        return "\n".join(lines)

    __str__ = report


def as_jac(f: Callable[..., Any], **settings: Unpack[Settings]) -> GradientFunction:
    """Return the gradient of f as a function, for ``jac=`` of ``scipy.optimize``.

    Every gradient is inferred, since the scale of f may change along the path; where f is noisy,
    from the noise and the scales found before. A value of a noisy f has the noise of many
    evaluations, not of one, so that a line search is not lost in it.

    Args:
        f: scalar function, as for :func:`stochgrad.gradient`.
        **settings: as of :func:`stochgrad.gradient`; ``max_evaluations`` holds for one gradient.

    Returns:
        A :class:`GradientFunction`; its method ``value_and_gradient`` is for ``jac=True``,
        ``stop_at_noise`` for ``callback=``, and ``path`` and ``report()`` tell what was seen.

    Raises:
        ConfigError: for a setting outside what is allowed; of one that depends on x, when called.

    >>> from scipy.optimize import minimize
    >>> rosenbrock = lambda x: (1 - x[..., 0]) ** 2 + 100 * (x[..., 1] - x[..., 0] ** 2) ** 2
    >>> jac = as_jac(rosenbrock, seed=0)
    >>> minimize(jac.value_and_gradient, [-1.2, 1.0], jac=True, method="L-BFGS-B").x.round(4)
    array([1., 1.])
    >>> len(jac.path) < 60, bool(np.all(jac.path[0].status == 0))
    (True, True)
    """
    of_x = ("scale", "bounds", "noise")  # of its shape, which is not known yet
    state(f, [1.0], {key: value for key, value in settings.items() if key not in of_x})
    return GradientFunction(f, dict(settings))


def _most_by_chance(d: int) -> float:
    """Return the quantile of chi-squared with d degrees of freedom."""
    from scipy.special import chdtri  # 0.3 s to import

    return float(chdtri(d, CHANCE))


def _smoothed(value: float, near: Inference) -> tuple[float, float]:
    """Return what the fits along the variables say of f(x), by their errors, and its own."""
    at, error = near.taylor[0], near.taylor_error[0]
    good = (near.status == OK) & np.isfinite(at) & (error > 0)
    if not good.any():
        return value, float(np.nanmedian(near.noise))
    weights = 1 / error[good] ** 2
    return float(np.average(at[good], weights=weights)), float(weights.sum() ** -0.5)
