"""What an estimator of a derivative is: a pure function of a black box, points and draws."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from stochgrad.backends import Array, Backend
from stochgrad.errors import ConfigError, unknown
from stochgrad.registry import Registry
from stochgrad.stencils.stencil import Floats

Function = Callable[[Array], Array]
"""A black box, applied elementwise to an array of any shape."""

Steps = dict[str, Any]
"""Arrays of perturbations, ready for use."""

Division = Literal["realised", "nominal"]
"""Divide by the distance between the points as rounded, or by the step that was asked for."""


class Target(NamedTuple):
    """A black box, its closed form (for ``analytic``), and ``f(x)`` where it is known already."""

    f: Function
    derivative: Function | None = None
    value: Array | None = None

    def at(self, x: Array) -> Array:
        """Return ``f(x)``, evaluating it only if it is not known."""
        return self.f(x) if self.value is None else self.value


@dataclass(frozen=True)
class Estimator(ABC):
    """A derivative estimator; the fields of a subclass are its options.

    ``steps`` runs in NumPy, once for many estimates; ``samples`` runs on any backend. What is a
    linear rule in values of f is a :class:`Rule`, and gives neither.

    Attributes:
        draws_per_step: uniform numbers of one draw; 0 for a deterministic estimator.
        relative: whether steps are relative to x.
        perturbs: whether x is moved by a real step, which must then be large enough to move it.
        needs_derivative: whether the closed form of the derivative is needed.
        needs_complex: whether f must be analytic and take complex arguments.
        backends: names of the backends that can run it; None for all.
        backends_why: why only those, for the message that refuses another.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    draws_per_step: ClassVar[int] = 0
    relative: ClassVar[bool] = False
    perturbs: ClassVar[bool] = False
    needs_derivative: ClassVar[bool] = False
    needs_complex: ClassVar[bool] = False
    backends: ClassVar[Set[str] | None] = None
    backends_why: ClassVar[str] = ""

    @property
    def reads(self) -> frozenset[str]:
        """What an estimate depends on, of ``epsilon``, ``num_steps`` and ``min_scale``."""
        draws = {"num_steps"} if self.draws_per_step else set()
        return frozenset({"epsilon"} | draws | ({"min_scale"} if self.relative else set()))

    @property
    def uses_value(self) -> bool:
        """Whether ``f(x)`` itself is one of the evaluations, and saved where it is known."""
        return False

    @property
    def sums_in_dtype(self) -> bool:
        """Whether draws are added up in the dtype of x, as the notebook does it."""
        return False

    @abstractmethod
    def evaluations(self, num_steps: int) -> int:
        """Count the evaluations of f that one derivative takes, ``f(x)`` included if it is used."""

    def smallest_epsilon(self, dtype: str, largest_x: float) -> float:
        """Return the smallest step size that is one, at points up to ``largest_x`` in ``dtype``."""
        return float(np.finfo(dtype).tiny) if self.needs_complex else 0.0

    def interval(self, epsilon: float) -> float:
        """Return the length of the interval that a step is drawn from; 0 without draws."""
        return 0.0

    def steps(self, uniforms: Floats, epsilon: float, dtype: str) -> Steps:
        """Turn ε and uniform numbers into perturbations, once for T independent estimates.

        All that an estimate depends on but f and x is in them: a compiled program serves every ε.

        Args:
            uniforms: U[0, 1) draws, shape ``(T, draws_per_step, N, R)``: N draws, R replicates;
                empty for a deterministic estimator, with N = 1. Not to be written to.
            epsilon: step size.
            dtype: of the points and of the result, arrays of shape ``(T, …, N, R)``.
        """
        count, replicates = uniforms.shape[0], uniforms.shape[-1]
        return {"step": np.full((count, 1, replicates), epsilon, dtype)}

    @abstractmethod
    def samples(self, target: Target, x: Array, steps: Steps, scale: Array, xp: Backend) -> Array:
        """Estimate the derivative once for each draw: shape ``(N, R, …)``, N = 1 without draws.

        Args:
            target: the black box.
            x: points, shape ``(R, …)``.
            steps: one row of what :meth:`steps` returned, shaped by :func:`expand`.
            scale: what a relative step is multiplied by (:func:`step_scale`).
            xp: the backend of ``x``.
        """


ESTIMATORS: Registry[type[Estimator]] = Registry("estimator")


def make_estimator(name: str | Estimator, **options: Any) -> Estimator:
    """Build an estimator from its name and options; one that is built already is returned.

    Raises:
        ConfigError: for an unknown name, or an option that the estimator does not have.

    >>> make_estimator("central", jitter=0.5).jitter
    0.5
    """
    made: Estimator = ESTIMATORS.make(name, Estimator, options)
    return made


def expand(steps: Steps, ndim: int) -> Steps:
    """Append axes of length 1, so that arrays ending in (N, R) broadcast against (R, …) points."""
    return {key: s.reshape(*s.shape, *(1,) * (ndim - 1)) for key, s in steps.items()}


def step_scale(x: Array, min_scale: float, xp: Backend) -> Array:
    """Return what a relative step is multiplied by: x, or ``±min_scale`` where ``|x|`` is less.

    With ``min_scale = 0`` the step is relative everywhere but where x is 0, or so small that a
    relative step would underflow: there it is absolute, as in ``scipy.differentiate``.
    """
    if min_scale > 0:
        floor = xp.where(x < 0, x * 0 - min_scale, x * 0 + min_scale)
        return xp.where(xp.abs(x) < min_scale, floor, x)
    return xp.where(xp.abs(x) < xp.smallest_normal(x) * 1e16, x * 0 + 1, x)


def check_division(division: object) -> None:
    """Refuse a way to divide that does not exist."""
    if division not in ("realised", "nominal"):
        raise unknown("estimator.division", division, ("realised", "nominal"))


def check_range(key: str, value: object, low: float, high: float) -> None:
    """Refuse an option outside [low, high], or that is not a number."""
    ok = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    if not ok:
        raise ConfigError(f"{key}={value}: must be a number from {low:g} to {high:g}")
