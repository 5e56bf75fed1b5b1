"""What an estimator of a gradient is: a law of directions times a stencil."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from stochgrad.random import Purpose, stream
from stochgrad.registry import Registry
from stochgrad.stencils.laws import COORDINATES, Law, RunningMoments
from stochgrad.stencils.rule import Rule
from stochgrad.stencils.stencil import Floats, Stencil

Array = NDArray[Any]
Vector = Floats

BLOCK_ELEMENTS = 2**18
"""Points are made in blocks of about this many numbers, which bounds memory and stays in cache."""


class Field(Protocol):
    """A function of d variables with m components, evaluated for R replicates at once."""

    rotations: bool
    """Whether every variable is the angle of one rotation gate (:class:`ParameterShift`)."""

    def __call__(self, points: Array) -> Array:
        """Return values of shape ``(n, R, m)`` at real points of shape ``(n, R, d)``."""
        ...

    def slopes(self, points: Array, directions: Array) -> Array:
        """Return exact directional derivatives ``(n, R, m)`` along directions ``(n, R, d)``.

        Raises:
            ConfigError: if there is no way to find them.
        """
        ...


@dataclass(frozen=True)
class Local:
    """Derivatives of ``f: ℝᵈ → ℝ`` at a point; every array has shape ``(…, d)``.

    With them ``f(x + εv) = f + ε g·v + ε²/2 H[v, v] + ε³/6 T[v, v, v] + O(ε⁴)``.

    Attributes:
        gradient: ``gᵢ = ∂ᵢf``.
        second: ``Hᵢᵢ = ∂ᵢ²f``.
        third: ``Tᵢᵢᵢ = ∂ᵢ³f``.
        mixed: ``Σⱼ Tᵢⱼⱼ = ∂ᵢ Δf``, the gradient of the Laplacian; j = i included.
    """

    gradient: Vector
    second: Vector
    third: Vector
    mixed: Vector


@dataclass(frozen=True)
class GradientEstimate:
    """An estimated gradient for each of R replicates and m components, ``(R, m, d)`` in float64.

    ``spread`` is the standard deviation of one draw (divisor n − 1), NaN for a single draw and
    without any (``draws`` is then 1).
    """

    mean: Floats
    spread: Floats
    draws: int


@dataclass(frozen=True)
class GradientEstimator:
    """A gradient from slopes along directions; the fields of a subclass are its options.

    Along a direction v the slope is that of the stencil, ``s(v) = Σₖ wₖ f(x + tₖv)``. Over random
    directions the estimate is the mean of ``s(v)·v``; along unit vectors its elements are the
    slopes. All arithmetic on gradients is in float64; points keep the dtype of x.

    Attributes:
        perturbs: whether x is moved by ε, which must then be large enough to move it.
        rule: the one along a direction, without draws; None for exact slopes.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    perturbs: ClassVar[bool] = True
    rule: ClassVar[Rule | None] = None

    @property
    def law(self) -> Law:
        """The directions: unit vectors, unless a subclass says otherwise."""
        return COORDINATES

    def stencil(self, epsilon: float) -> Stencil | None:
        """Return nodes and weights along a direction; None for exact slopes."""
        if self.rule is None:
            return None
        return self.rule.stencil(np.zeros((0, 1, 1)), epsilon, "float64")

    @property
    def random(self) -> bool:
        """Whether random directions are drawn and averaged."""
        return self.law.draw is not None

    @property
    def needs_slopes(self) -> bool:
        """Whether exact directional derivatives are needed, instead of values."""
        return self.stencil(1.0) is None

    def evaluations(self, dimension: int, num_directions: int) -> int:
        """Count the evaluations of f that one gradient takes."""
        made, directions = self.stencil(1.0), num_directions if self.random else dimension
        if made is None:
            return directions
        moving = int(np.count_nonzero(made.nodes))
        return moving * directions + (moving < len(made.nodes))

    def estimate(
        self, f: Field, x: Array, *, epsilon: float, num_directions: int, seed: int
    ) -> GradientEstimate:
        """Estimate the gradient at a point of each replicate, of which r uses ``seed + r``.

        Args:
            f: the black box.
            x: points, shape ``(R, d)``, in their dtype.
            epsilon: step size, absolute.
            num_directions: random directions that are averaged.
            seed: of replicate 0.
        """
        made = self.stencil(epsilon)
        at_x = f(x[None]) if made is not None and not made.nodes.all() else None
        if self.law.draw is None:
            assert made is not None
            slopes = [
                _along(f, x, units, made, at_x, None).squeeze(-1) for units in _unit_vectors(x)
            ]
            mean = np.concatenate(slopes).transpose(1, 2, 0)
            return GradientEstimate(mean, np.full(mean.shape, np.nan), draws=1)
        sources = [stream(seed + r, Purpose.DIRECTION) for r in range(len(x))]
        moments = RunningMoments()
        while moments.count < num_directions:
            # One direction first: how many components f has is only known from its values.
            most = max(1, BLOCK_ELEMENTS // max(moments.mean.size, x.size, 1))
            now = min(most, num_directions - moments.count) if moments.count else 1
            v = np.stack([self.law.draw(s, (now, x.shape[-1])) for s in sources], axis=1)
            if made is None:
                # Times the direction as rounded to the dtype: the slope is along that one.
                v = v.astype(x.dtype)
                slope = f.slopes(np.broadcast_to(x, v.shape), v).astype(np.float64)
                moments.add(slope[..., None] * v.astype(np.float64)[:, :, None, :])
            else:
                moments.add(_along(f, x, v, made, at_x, self.law))
        return GradientEstimate(moments.mean, moments.deviation(), moments.count)

    def predicted_bias(self, local: Local, epsilon: float) -> Vector:
        """Return the mean error ``ε c₂/2·Hᵢᵢ + ε² c₃/6·E[vᵢ T[v, v, v]]``, shape ``(…, d)``.

        ``cₖ = Σ w tᵏ`` in units of ε. Random directions v and −v are equally likely: no H is left.
        """
        made = self.stencil(1.0)
        if made is None:
            return 0 * local.gradient
        second, third = (float((made.weights * made.nodes**k).sum()) for k in (2, 3))
        curvature = 0.0 if self.random else epsilon * second / 2 * local.second
        return curvature + epsilon**2 * third / 6 * self.law.third_order(local.third, local.mixed)

    def predicted_variance(
        self, local: Local, epsilon: float, num_directions: int, noise: Vector | float = 0.0
    ) -> Vector:
        """Return the variance of each element to leading order, shape ``(…, d)``.

        ``(spread + σ² Σ w²) / n`` over n random directions, ``σ² Σ w²`` along unit vectors. The
        noise σ² is the variance of an evaluation of f, and broadcasts against ``(…, 1)``.
        """
        made = self.stencil(epsilon)
        gain = 1.0 if made is None else float((made.weights**2).sum())
        directions = num_directions if self.random else 1
        return (self.law.spread(local.gradient) + noise * gain) / directions


def _unit_vectors(x: Array) -> Iterator[Array]:
    """Yield the unit vectors in blocks, shape ``(n, 1, d)``."""
    dimension = x.shape[-1]
    block = max(1, BLOCK_ELEMENTS // max(1, x.size))
    for first in range(0, dimension, block):
        index = np.arange(first, min(first + block, dimension))
        units = np.zeros((len(index), 1, dimension), x.dtype)
        units[np.arange(len(index)), 0, index] = 1
        yield units


def _along(
    f: Field, x: Array, v: Array, made: Stencil, at_x: Array | None, law: Law | None
) -> Floats:
    """Return ``s(v)·v`` of shape ``(n, R, m, d)``, or the slopes ``(n, R, m, 1)`` without a law.

    The points of one direction are evaluated one after the other: a function with noise of its own
    then draws the same numbers however directions are cut into blocks. Where two points coincide
    along a coordinate, the slope is 0: no change was seen.
    """
    nodes = made.nodes.tolist()
    points = [x + (t * v).astype(x.dtype) for t in nodes]
    moving = [k for k, t in enumerate(nodes) if t]
    stacked = np.concatenate([points[k][:, None] for k in moving], axis=1)
    found = f(stacked.reshape(-1, *x.shape)).reshape(len(v), len(moving), len(x), -1)
    values = {k: found[:, n] for n, k in enumerate(moving)}
    if at_x is not None:
        values |= {k: at_x for k, t in enumerate(nodes) if not t}
    total: Any = 0.0
    for (i, j), share, nominal in zip(made.pairs, made.shares.tolist(), made.nominal, strict=True):
        rise = np.subtract(values[i], values[j]).astype(np.float64)[..., None]
        run = (points[i] - points[j]).astype(np.float64)[:, :, None, :]
        if law is None:
            run = run.sum(axis=-1, keepdims=True)  # along one coordinate only
        if nominal or (law is not None and not law.unit):
            # Times the drawn v, not the realised one: its rounding is not correlated with the rise.
            slope = rise / (nodes[i] - nodes[j])
            total = total + share * (slope if law is None else slope * v[:, :, None, :])
            continue
        total = total + share * np.divide(1, run, out=np.zeros(run.shape), where=run != 0) * rise
    return np.asarray(total)


GRADIENT_ESTIMATORS: Registry[type[GradientEstimator]] = Registry("estimator")


def register_gradient(cls: type[GradientEstimator]) -> type[GradientEstimator]:
    """Enter a gradient estimator under its name."""
    return GRADIENT_ESTIMATORS.add(cls.name, cls)


def make_gradient_estimator(name: str | GradientEstimator, **options: Any) -> GradientEstimator:
    """Build a gradient estimator from its name and options; one that is built is returned.

    Raises:
        ConfigError: for an unknown name, or an option that the estimator does not have.

    >>> make_gradient_estimator("spsa").evaluations(dimension=1000, num_directions=10)
    20
    """
    made: GradientEstimator = GRADIENT_ESTIMATORS.make(name, GradientEstimator, options)
    return made
