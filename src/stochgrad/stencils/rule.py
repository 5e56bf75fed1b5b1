"""A rule: an estimator that is nodes and weights, from which all else follows."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import MISSING, dataclass, fields
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Array, Backend
from stochgrad.random import Purpose, uniforms
from stochgrad.stencils.base import ESTIMATORS, Estimator, Steps, Target
from stochgrad.stencils.stencil import Floats, Stencil, unit_draws

CHECKED_DRAWS = 64
"""Draws of a stencil that are looked at when it is registered."""
JOINT_DRAWS = 16
"""Draws that a joint rule is looked at with: more than its polynomial has terms."""


class Layout(NamedTuple):
    """What is the same in all draws of a rule; see :class:`Stencil`.

    Attributes:
        moving: indices of the nodes that are not x itself.
        row: for each node its place among those, or None for x.
        pairs: of nodes.
        shares: of the pairs; None where they differ between draws.
        nominal: whether the nominal distance divides.
        shortest: of the nodes' largest distances from x the smallest, over ε; at most 1.
        spread: length of the interval that the least random node is drawn from, over ε.
    """

    moving: list[int]
    row: list[int | None]
    pairs: tuple[tuple[int, int], ...]
    shares: list[float] | None
    nominal: tuple[bool, ...]
    shortest: float
    spread: float


@dataclass(frozen=True)
class Rule(Estimator):
    """An estimator that is a :class:`Stencil`: all that it computes and costs follows from that."""

    perturbs: ClassVar[bool] = True
    joint: ClassVar[bool] = False
    """Whether the weights of a draw depend on the other draws, as those of a regression do."""

    @property
    def guarded(self) -> bool:
        """Whether the slope between points that round to the same float is 0, and not NaN."""
        return True

    @abstractmethod
    def stencil(self, uniforms: Floats, epsilon: float, dtype: str) -> Stencil:
        """Return nodes and weights.

        Args:
            uniforms: U[0, 1) draws, shape ``(draws_per_step, …, N, R)``.
            epsilon: step size: nodes go with ε, and weights with 1/ε.
            dtype: of the points, where a node depends on it.
        """

    @property
    def uses_value(self) -> bool:
        made = layout(self)
        return len(made.moving) < len(made.row)

    def evaluations(self, num_steps: int) -> int:
        draws = num_steps if self.draws_per_step else 1
        return len(layout(self).moving) * draws + self.uses_value

    def smallest_epsilon(self, dtype: str, largest_x: float) -> float:
        """Return the smallest step size whose shortest step moves every point up to ``largest_x``.

        A relative step moves any x when it is at least the machine epsilon, an absolute one when it
        is at least the distance from x to its neighbour.
        """
        spacing = np.spacing(np.asarray(1.0 if self.relative else abs(largest_x), dtype))
        return float(spacing) / layout(self).shortest

    def interval(self, epsilon: float) -> float:
        return epsilon * layout(self, epsilon).spread

    def steps(self, uniforms: Floats, epsilon: float, dtype: str) -> Steps:
        made, form = self.stencil(np.moveaxis(uniforms, 1, 0), epsilon, dtype), layout(self)
        draws = uniforms.shape[0], *uniforms.shape[2:]
        found = {"offsets": _draws_behind(made.nodes[form.moving], draws, dtype)}
        if form.shares is None:
            found["shares"] = _draws_behind(made.shares, draws, dtype)
        return found

    def samples(self, target: Target, x: Array, steps: Steps, scale: Array, xp: Backend) -> Array:
        form, offsets = layout(self), steps["offsets"]
        moved = scale * offsets if self.relative else offsets
        points = x + moved
        values = target.f(points)
        at_x: Array = target.at(x) if self.uses_value else None
        total: Array = None
        mean = form.shares is not None and len(set(form.shares)) == 1  # they add up to 1
        for number, (i, j) in enumerate(form.pairs):
            a, b = form.row[i], form.row[j]
            rise = (at_x if a is None else values[a]) - (at_x if b is None else values[b])
            if form.nominal[number]:
                run = (0 if a is None else offsets[a]) - (0 if b is None else offsets[b])
                run = scale * run if self.relative else run
            else:
                run = (x if a is None else points[a]) - (x if b is None else points[b])
            if rise.dtype != x.dtype:  # f may have been evaluated in a higher precision
                rise = xp.cast(rise, x.dtype.name)
            guarded = self.guarded and not form.nominal[number]
            slope = xp.divide_no_nan(rise, run) if guarded else rise / run
            share = steps["shares"][number] if form.shares is None else form.shares[number]
            if form.shares is None:
                weighted = share * slope
            else:
                weighted = slope if mean or share == 1 else -slope if share == -1 else share * slope
            total = weighted if total is None else total + weighted
        return total / len(form.pairs) if mean and len(form.pairs) > 1 else total


def _draws_behind(rows: Floats, draws: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Return rows ``(K, T, N, R)``, or that broadcast to it, as ``(T, K, N, R)``."""
    missing = (1,) * (1 + len(draws) - rows.ndim)
    whole = np.broadcast_to(rows.reshape(len(rows), *missing, *rows.shape[1:]), (len(rows), *draws))
    return np.array(np.moveaxis(whole, 0, 1), dtype, order="C")


@lru_cache(maxsize=1024)
def layout(rule: Rule, epsilon: float = 1e-3) -> Layout:
    """Return what the stencils of a rule have in common; ε matters where the jitter goes with it.

    The interval that a node is drawn from is found at the corners of the cube of uniform numbers.
    """
    u = unit_draws(rule.draws_per_step, JOINT_DRAWS if rule.joint else 1)
    made = rule.stencil(u, epsilon, "float64")
    nodes = made.nodes.reshape(len(made.nodes), -1) / epsilon
    moving = np.flatnonzero(nodes.any(axis=1)).tolist()
    odd = np.arange(len(u))[:, None, None] % 2
    corners = [0 * u, 0 * u + 1, 0 * u + odd, 1 - odd - 0 * u]
    ends = np.stack([rule.stencil(c, epsilon, "float64").nodes[moving] for c in corners])
    lengths = np.ptp(ends, axis=0) / epsilon
    return Layout(
        moving=moving,
        row=[moving.index(k) if k in moving else None for k in range(len(nodes))],
        pairs=made.pairs,
        shares=made.shares.tolist() if made.shares.ndim == 1 else None,
        nominal=made.nominal,
        shortest=min(1.0, float(np.abs(ends).max(axis=0).min()) / epsilon),
        spread=float(lengths.min()) if rule.draws_per_step else 0.0,
    )


def register(cls: type[Estimator]) -> type[Estimator]:
    """Enter an estimator under its name, if its weights are those of a first derivative.

    Raises:
        ConfigError: for a name that is taken, or weights that :meth:`Stencil.check` refuses.
    """
    optional = all(
        f.default is not MISSING or f.default_factory is not MISSING for f in fields(cls)
    )
    if issubclass(cls, Rule) and optional:
        rule = cls()
        draws = CHECKED_DRAWS if rule.draws_per_step else 1
        u = uniforms((rule.draws_per_step, draws), 0, 1, Purpose.PROBE)
        rule.stencil(u, 1.0, "float64").check(cls.name)
    return ESTIMATORS.add(cls.name, cls)
