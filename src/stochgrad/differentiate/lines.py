"""A function of many variables along lines: what the error model of one variable looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.batched import BlackBoxField
from stochgrad.inference import Inference, infer
from stochgrad.stencils.estimate import BLOCK_ELEMENTS
from stochgrad.stencils.gradients import Array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Model:
    """What is known of f, and when to stop.

    Attributes:
        noise: standard deviation of f: None, a number, an array that broadcasts to ``(P, m)``, of P
            points and m components, or a function of points ``(n, d)`` to ``(n,)`` or ``(n, m)``.
        evaluations: largest number along one line.
        rtol: relative half-width of an interval at which to stop.
        atol: absolute half-width at which to stop.
        seed: of the jitter of nodes.
        error_bars: whether to make the checks that only interval and status need.
    """

    noise: Any
    evaluations: int
    rtol: float
    atol: float
    seed: int
    error_bars: bool = True


class Lines:
    """f along L lines through points: along a coordinate of each, or along any direction.

    Values are kept for f(x) alone, and for the nodes of a vector function, whose components share
    them: a point is evaluated once for all of them.

    Args:
        field: the function.
        points: P points, shape ``(P, d)``, in their dtype.
        at_points: ``f`` at the points, shape ``(P, m)``.
        base: index of the point that each line goes through, shape ``(L,)``.
        along: index of the coordinate that each line moves, shape ``(L,)``, or directions, shape
            ``(L, d)``.
    """

    def __init__(
        self, field: BlackBoxField, points: Array, at_points: Floats, base: Ints,
        along: NDArray[Any],
    ) -> None:  # fmt: skip
        self.field, self.points, self.at_points = field, points, at_points
        self.base, self.along = base, along
        self.number, self.components = len(base), at_points.shape[-1]
        self.coordinates = along.ndim == 1
        zero = np.zeros(self.number, points.dtype)
        self.origin: Array = points[base, along] if self.coordinates else zero
        self._kept: dict[tuple[int, float], Floats] = {}

    def points_on(self, lines: Ints, t: Array) -> Array:
        """Return the points at t on lines, shape ``(n, d)``."""
        at = self.points[self.base[lines]]
        if self.coordinates:
            at[np.arange(len(t)), self.along[lines]] = t
            return at
        moved: Array = at + t[:, None] * self.along[lines]
        return moved.astype(self.points.dtype, copy=False)

    def values(self, lines: Ints, t: Array) -> Floats:
        """Return f at t on lines, shape ``(n, m)``."""
        found = self.at_points[self.base[lines]]
        moved = np.flatnonzero(t != self.origin[lines])
        rows = max(1, BLOCK_ELEMENTS // self.points.shape[-1])
        for first in range(0, len(moved), rows):
            at = moved[first : first + rows]
            found[at] = self.field(self.points_on(lines[at], t[at])[:, None])[:, 0]
        return found

    def shared_values(self, lines: Ints, t: Array) -> Floats:
        """Return the same, of places that were evaluated before without a further evaluation."""
        keys = list(zip(lines.tolist(), t.tolist(), strict=True))
        new = [key for key in dict.fromkeys(keys) if key not in self._kept]
        if new:
            index, at = zip(*new, strict=True)
            values = self.values(np.array(index), np.array(at, t.dtype))
            self._kept.update(zip(new, values, strict=True))
        return np.stack([self._kept[key] for key in keys])

    def evaluate(self, t: Array, columns: Ints) -> Floats:
        """Return values for an inference; column ``j·L + l`` is component j along line l."""
        lines = np.broadcast_to(columns % self.number, t.shape).ravel()
        if self.components == 1:
            return self.values(lines, t.ravel())[:, 0].reshape(t.shape)
        part = np.broadcast_to(columns // self.number, t.shape).ravel()
        found = self.shared_values(lines, t.ravel())
        return found[np.arange(len(part)), part].reshape(t.shape)

    def noise(self, given: Any) -> Any:
        """Return noise as an inference takes it."""
        if given is None or not callable(given):
            if given is None or np.ndim(given) == 0:
                return given
            whole = np.broadcast_to(given, (len(self.points), self.components))[self.base]
            return np.ascontiguousarray(whole.T).ravel()

        def along(t: Array, columns: Ints) -> Floats:
            lines = np.broadcast_to(columns % self.number, t.shape).ravel()
            sd = np.asarray(given(self.points_on(lines, t.ravel())), float)
            sd = np.broadcast_to(sd.reshape(len(lines), -1), (len(lines), self.components))
            part = np.broadcast_to(columns // self.number, t.shape).ravel()
            return sd[np.arange(len(part)), part].reshape(t.shape)

        return along


def infer_along(
    lines: Lines, scale: Floats, model: Model, bounds: tuple[Floats, Floats] | None = None,
    order: int = 1,
) -> Inference:  # fmt: skip
    """Infer the slope of every component along every line, or its curvature, shape ``(m·L,)``.

    Scales are lengths on which f may change along each line, bounds its least and largest t.
    """
    m = lines.components
    limits: dict[str, Any] = {}
    if bounds is not None:
        limits = {"lower": np.tile(bounds[0], m), "upper": np.tile(bounds[1], m)}
    return infer(
        lines.evaluate, np.tile(lines.origin, m), scale=np.tile(scale, m),
        noise=lines.noise(model.noise), max_evaluations=model.evaluations, rtol=model.rtol,
        atol=model.atol, seed=model.seed, error_bars=model.error_bars, order=order,
        unit=lines.field.unit, **limits,
    )  # fmt: skip
