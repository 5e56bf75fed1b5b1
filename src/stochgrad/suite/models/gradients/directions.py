"""Slopes along random directions, and the gradient that is made of them.

The laws of directions and the rules along each are those of :mod:`stochgrad.stencils`.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Array, Backend
from stochgrad.errors import ConfigError
from stochgrad.random import Purpose, stream
from stochgrad.stencils.laws import ALL_LAWS, Draw, Law
from stochgrad.suite.models.gradients.along import stencil_of
from stochgrad.suite.models.gradients.base import (
    Draws,
    Gradient,
    Learns,
    Perturbation,
    check_choice,
    joined,
    per_step,
)
from stochgrad.suite.models.initial import Layout

TABLE = 2**24
"""Numbers in a table of draws. Over all places of a window the products of two of its numbers have
a mean that differs from the law's by about ``1/√TABLE``, 2.4e-4: an error of the mean estimate
that would show above its noise after ten million steps.

Reference: T. Salimans et al., arXiv:1703.03864 (2017), section 2.1, for a shared table."""


FEW_WINDOWS = 16
"""Up to so many windows are copied one after the other: more are gathered number by number, since
code for each would take long to compile."""


@cache
def _table(law: str, dtype: str) -> NDArray[Any]:
    drawn: NDArray[Any] = _draw(ALL_LAWS[law])(stream(0, Purpose.DIRECTION), (TABLE,), dtype)
    return drawn


def _draw(law: Law) -> Draw:
    assert law.draw is not None
    return law.draw


@dataclass(frozen=True)
class Directional(Gradient):
    """What perturbation of weights and of activities share.

    Attributes:
        law: of the directions: ``rademacher``, ``gaussian`` or ``orthogonal``.
        slope: along each: ``exact`` (forward mode), or ``central`` or ``forward`` from losses.
        combine: ``mean`` of slope times direction, unbiased; or ``projection`` of the gradient onto
            the span of the directions, which is closer to it, and shorter.
        draw: ``fresh`` numbers for every direction, or windows of a ``table`` of them at random
            places, which costs next to nothing where there are many weights.
    """

    perturbs: ClassVar[bool] = True

    law: str = "rademacher"
    slope: str = "exact"
    combine: str = "mean"
    draw: str = "fresh"

    def __post_init__(self) -> None:
        check_choice("law", self.law, tuple(sorted(ALL_LAWS)))
        check_choice("slope", self.slope, ("central", "exact", "forward"))
        check_choice("combine", self.combine, ("mean", "projection"))
        check_choice("draw", self.draw, ("fresh", "table"))
        if self.draw == "table" and self.distribution.joint:
            raise ConfigError(
                f"gradient.draw=table gradient.law={self.law}: such directions depend on each "
                f"other, and are no windows of a table; use gradient.draw=fresh"
            )
        if self.combine == "projection" and self.law == "rademacher":
            raise ConfigError(
                "gradient.combine=projection gradient.law=rademacher: two such directions may be "
                "the same, and span nothing new; use gradient.law=gaussian or orthogonal"
            )

    @property
    def distribution(self) -> Law:
        """The law of the directions."""
        return ALL_LAWS[self.law]

    @abstractmethod
    def spaces(self, layout: Layout) -> list[int]:
        """Return how many numbers of a direction each module's losses depend on."""

    def most_directions(self, layout: Layout) -> int | None:
        spaces = self.spaces(layout)
        if self.combine == "projection":  # on what a loss depends on, for each loss
            pairs = zip(spaces, layout.modules, strict=True)
            return min(n // module.losses for n, module in pairs if n)
        return sum(spaces) if self.distribution.joint else None

    @property
    def reads_losses(self) -> bool:
        return self.slope != "exact"

    def losses_read(self, num_directions: int) -> int:
        """Return how many losses one step reads."""
        if not self.reads_losses:
            return 0
        moving = int(np.count_nonzero(stencil_of(self.slope).nodes))
        return moving * num_directions + (moving < len(stencil_of(self.slope).nodes))

    def _draws(
        self,
        learner: Learns,
        p: Perturbation,
        purpose: Purpose,
        where: tuple[int, ...],
        shape: tuple[int, ...],
        examples: int | None,
    ) -> Draws:
        """Return a source of ``directions`` ``(S, K, R, *shape)`` and of what loss values need.

        Args:
            learner: whose dtype they have.
            p: number of directions and replicates, and seeds.
            purpose: of the directions.
            where: names the draws.
            shape: of one direction; its last axis is the space in which it is orthogonal.
            examples: in a batch, where each has a loss of its own.
        """
        law, K, R = self.distribution, p.num_directions, p.replicates
        purpose = Purpose.DIRECTION if purpose is Purpose.PERTURBATION else purpose
        sources = [stream(p.seed + r, purpose, *where) for r in range(R)]
        last = TABLE - math.prod(shape)

        def places(count: int) -> dict[str, Any]:
            drawn = [source.integers(0, last, (count, K), np.int32) for source in sources]
            return {"offsets": np.stack(drawn, axis=-1)}

        def take(count: int) -> dict[str, Any]:
            out = np.empty((count, K, R, *shape), learner.dtype)
            for r, source in enumerate(sources):
                if law.joint:  # the K directions of an example are drawn together
                    drawn = _draw(law)(source, (count, *shape[:-1], K, shape[-1]), learner.dtype)
                    out[:, :, r] = np.moveaxis(drawn, -2, 1)
                else:
                    out[:, :, r] = _draw(law)(source, (count, K, *shape), learner.dtype)
            return {"directions": out}

        drawn = places if self.draw == "table" else take
        if not self.reads_losses:
            return drawn
        return joined(
            drawn,
            per_step(p.epsilon, learner.dtype),
            self._readings(learner, p, purpose, where, examples),
        )

    def constants(self, learner: Learns, perturbation: Perturbation) -> dict[str, Any]:
        if self.draw == "fresh":
            return {}
        return {"table": learner.xp.asarray(_table(self.law, learner.dtype))}

    def directions(self, row: dict[str, Any], shape: tuple[int, ...], xp: Backend) -> Array:
        """Return the directions of a step, ``(K, R, *shape)``."""
        if "offsets" not in row:
            return row["directions"]
        count, replicates = row["offsets"].shape
        length = math.prod(shape)
        if count * replicates <= FEW_WINDOWS:
            windows = [
                xp.window(row["table"], row["offsets"][k, r], length)
                for k in range(count)
                for r in range(replicates)
            ]
            joint = xp.concat(windows) if len(windows) > 1 else windows[0]
        else:
            places = row["offsets"][..., None] + np.arange(length, dtype=np.int32)
            joint = xp.take(row["table"], places)
        return xp.reshape(joint, (count, replicates, *shape))

    def fits_table(self, length: int) -> None:
        """Refuse a table that is too short for a direction of so many numbers."""
        if self.draw == "table" and 2 * length > TABLE:
            raise ConfigError(
                f"gradient.draw=table: a direction has {length} numbers here, and the table holds "
                f"{TABLE}: too few for windows that differ; use gradient.draw=fresh"
            )

    def _readings(
        self,
        learner: Learns,
        p: Perturbation,
        purpose: Purpose,
        where: tuple[int, ...],
        examples: int | None,
    ) -> Draws:
        """Return a source of what disturbs the losses that are read, on the last axis of each."""
        read = self.losses_read(p.num_directions)
        sources = [
            stream(p.seed + r, Purpose.MEASURED_LOSS, int(purpose), *where)
            for r in range(p.replicates)
        ]

        def take(count: int) -> dict[str, Any]:
            found: dict[str, Any] = {}
            if p.loss_shots:
                shape = (count, read, learner.batch, learner.widths[-1], p.loss_shots)
                drawn = [source.random(shape) for source in sources]
                found["shots"] = np.stack(drawn, axis=2).astype(learner.dtype)
            if p.loss_noise:
                each = (count, read, 1 if examples is None else examples)
                with np.errstate(over="ignore"):  # the run fails by its infinite losses
                    noise = [p.loss_noise * source.standard_normal(each) for source in sources]
                key = "batch_noise" if examples is None else "example_noise"
                found[key] = np.stack(noise, axis=2).astype(learner.dtype)
            return found

        return take

    def combined(self, falls: Array, gram: Callable[[], Array], xp: Backend) -> Array:
        """Return the factor of each direction in the estimate.

        Args:
            falls: minus the slopes, shape ``(K, …)``, the losses of a module last.
            gram: returns products of the directions with each other, shape ``(…, K, K)``.
            xp: backend.
        """
        count = falls.shape[0]
        if self.combine == "mean":
            return falls / count
        matrix = gram()
        if count == 1:
            return falls / matrix[None, ..., 0, 0]
        axes = len(falls.shape) - 1
        right = _moved(falls, range(axes), 1, xp)[..., None]  # the first axis to the end
        return _moved(xp.solve(matrix, right)[..., 0], range(axes, 0, -1), -1, xp)


def _moved(array: Array, places: range, by: int, xp: Backend) -> Array:
    """Move an axis through places, one exchange after the other."""
    for axis in places:
        array = xp.swap_axes(array, axis, axis + by)
    return array


def split_last(array: Array, sizes: list[int]) -> list[Array]:
    """Cut an array along its last axis."""
    parts, low = [], 0
    for size in sizes:
        parts.append(array[..., low : low + size])
        low += size
    return parts
