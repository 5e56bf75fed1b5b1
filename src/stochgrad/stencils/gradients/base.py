"""What a gradient estimator is: a pure function of a black box, a point and draws."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from stochgrad.errors import unknown
from stochgrad.registry import Registry
from stochgrad.stencils.gradients.local import Local, Vector

Array = NDArray[Any]

BLOCK_ELEMENTS = 2**18
"""Points are made in blocks of about this many numbers, which bounds memory and stays in cache."""


class Field(Protocol):
    """A function of d variables with m components, evaluated for R replicates at once."""

    rotations: bool
    """Whether every variable is the angle of one rotation gate (:mod:`.parameter_shift`)."""

    def __call__(self, points: Array) -> Array:
        """Return values of shape ``(n, R, m)`` at real points of shape ``(n, R, d)``."""
        ...

    def slopes(self, points: Array, directions: Array) -> Array:
        """Return exact directional derivatives, shape ``(n, R, m)``.

        Args:
            points: shape ``(n, R, d)``.
            directions: of the same shape.

        Raises:
            ConfigError: if there is no way to find them.
        """
        ...


@dataclass(frozen=True)
class GradientEstimate:
    """An estimated gradient for each of R replicates and m components.

    Attributes:
        mean: shape ``(R, m, d)``, float64.
        spread: shape ``(R, m, d)``, float64: standard deviation of one draw (divisor n − 1); NaN
            for a deterministic estimator and for a single draw.
        draws: number that were averaged; 1 for a deterministic estimator.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    draws: int


@dataclass(frozen=True)
class GradientEstimator(ABC):
    """A gradient estimator; the fields of a subclass are its options.

    All arithmetic on gradients is in float64; points keep the dtype of x.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    random: ClassVar[bool] = False
    """Whether random directions are drawn and averaged."""
    perturbs: ClassVar[bool] = True
    """Whether x is moved by ε, which must then be large enough to move it."""
    needs_slopes: ClassVar[bool] = False
    """Whether exact directional derivatives are needed, instead of values."""

    @abstractmethod
    def evaluations(self, dimension: int, num_directions: int) -> int:
        """Count the evaluations of f that one gradient takes."""

    @abstractmethod
    def estimate(
        self, f: Field, x: Array, *, epsilon: float, num_directions: int, seed: int
    ) -> GradientEstimate:
        """Estimate the gradient at a point of each replicate.

        Args:
            f: the black box.
            x: points, shape ``(R, d)``, in their dtype.
            epsilon: step size, absolute.
            num_directions: random directions that are averaged.
            seed: of replicate 0; replicate r uses ``seed + r``.
        """

    @abstractmethod
    def predicted_bias(self, local: Local, epsilon: float) -> Vector:
        """Return the mean error to leading order in ε, shape ``(…, d)``."""

    @abstractmethod
    def predicted_variance(
        self, local: Local, epsilon: float, num_directions: int, noise: Vector | float = 0.0
    ) -> Vector:
        """Return the variance of each element of the estimate to leading order, shape ``(…, d)``.

        Args:
            local: derivatives of f.
            epsilon: step size.
            num_directions: random directions that are averaged.
            noise: σ², variance of the independent noise of one evaluation of f; broadcasts against
                ``(…, 1)``.
        """


GRADIENT_ESTIMATORS: Registry[type[GradientEstimator]] = Registry("estimator")


def register_gradient(cls: type[GradientEstimator]) -> type[GradientEstimator]:
    """Enter a gradient estimator under its name."""
    return GRADIENT_ESTIMATORS.add(cls.name, cls)


def make_gradient_estimator(name: str, **options: Any) -> GradientEstimator:
    """Build a gradient estimator from its name and options.

    Raises:
        ConfigError: for an unknown name, or an option that the estimator does not have.

    >>> make_gradient_estimator("spsa").evaluations(dimension=1000, num_directions=10)
    20
    """
    cls = GRADIENT_ESTIMATORS[name]
    allowed = [f.name for f in fields(cls)]
    for key in options:
        if key not in allowed:
            raise unknown(f"estimator.{key}", options[key], allowed or ["no options"])
    return cls(**options)
