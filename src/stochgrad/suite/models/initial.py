"""Initial weights, drawn as data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stochgrad.errors import ConfigError
from stochgrad.random import Purpose, stream
from stochgrad.registry import Registry

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, int], Floats]
"""``(source, fan_in, fan_out) -> (fan_in, fan_out)``, at scale 1."""

INITS: Registry[Draw] = Registry("init")


@INITS.register("uniform")
def uniform(source: np.random.Generator, fan_in: int, fan_out: int) -> Floats:
    """Draw from ``U[−1, 1)``."""
    return 2 * source.random((fan_in, fan_out)) - 1


@INITS.register("xavier")
def xavier(source: np.random.Generator, fan_in: int, fan_out: int) -> Floats:
    """Draw from ``U[−L, L)`` with Glorot and Bengio's ``L = √(6 / (in + out))``."""
    return uniform(source, fan_in, fan_out) * math.sqrt(6 / (fan_in + fan_out))


@INITS.register("normal")
def normal(source: np.random.Generator, fan_in: int, fan_out: int) -> Floats:
    """Draw from ``N(0, 1)``."""
    return source.standard_normal((fan_in, fan_out))


@INITS.register("kaiming")
def kaiming(source: np.random.Generator, fan_in: int, fan_out: int) -> Floats:
    """Draw from ``N(0, 2 / in)``: for ReLU, of He, Zhang, Ren and Sun (2015)."""
    return normal(source, fan_in, fan_out) * math.sqrt(2 / fan_in)


READOUTS = ("readouts", "readout_biases")
"""Parameters of local losses, which are no part of the network that predicts."""


class Module(NamedTuple):
    """Layers that learn from losses of their own, which no other layer learns from.

    Attributes:
        layers: which, the lowest first.
        losses: L: each layer is cut into so many equal shares, and each share learns from one.
        readout: which readout they are of; None for the output of the network.
    """

    layers: range
    losses: int = 1
    readout: int | None = None


@dataclass(frozen=True)
class Layout:
    """What parameters a perceptron has.

    Attributes:
        widths: units of every layer, inputs first.
        groups: of each hidden layer, of which each sees the units of one group below; empty where
            all have one.
        bias: whether biases are trained.
        affine: whether each normalized hidden layer has a trained scale and shift.
        local: losses of each hidden layer; with 0 it learns from those of a layer above. Empty
            where only the network's output has a loss.
        shared: whether the losses of a layer have one readout of all its units, of which each
            passes a gradient to its own share; or each has a readout of its share alone.
        stops: whether no gradient passes from above into a layer that has losses.
    """

    widths: tuple[int, ...]
    groups: tuple[int, ...] = ()
    bias: bool = False
    affine: bool = False
    local: tuple[int, ...] = ()
    shared: bool = False
    stops: bool = True

    def __post_init__(self) -> None:
        if self.groups and len(self.groups) != len(self.widths) - 2:
            raise ConfigError(
                f"model.groups={_as_typed(self.groups)}: must have a number for each hidden layer, "
                f"{len(self.widths) - 2} in all"
            )
        for groups, (fan_in, fan_out) in zip(self.groups, pairwise(self.widths), strict=False):
            if fan_in % groups or fan_out % groups:
                raise ConfigError(
                    f"model.groups={_as_typed(self.groups)}: a layer of {fan_out} units on "
                    f"{fan_in} cannot be cut into {groups}; give a number that divides both"
                )

        self._check_local()

    def _check_local(self) -> None:
        given = f"model.local_losses={_as_typed(self.local)}"
        if self.local and len(self.local) != len(self.widths) - 2:
            raise ConfigError(
                f"{given}: must have a number for each hidden layer, {len(self.widths) - 2} in all"
            )
        if self.local and not any(self.local):
            raise ConfigError(f"{given}: no layer has a loss; give one of them 1 or more")
        for module in self.modules[:-1]:
            for i in module.layers:
                units = self.widths[i + 1]
                if units % module.losses:
                    raise ConfigError(
                        f"{given}: a layer of {units} units cannot be cut into {module.losses}; "
                        f"give a number that divides it"
                    )
                groups = self.groups[i] if self.groups else 1
                if i > module.layers[0] and groups % module.losses:
                    raise ConfigError(
                        f"{given} model.groups={_as_typed(self.groups)}: layer {i + 1} mixes what "
                        f"its {module.losses} losses are of; give it a multiple of {module.losses} "
                        f"groups, or losses to the layer below"
                    )

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """Layers by the losses they learn from; the last are those of the network's output."""
        found: list[Module] = []
        low = 0
        for i, losses in enumerate(self.local):
            if losses:
                found.append(Module(range(low, i + 1), losses, len(found)))
                low = i + 1
        return (*found, Module(range(low, len(self.widths) - 1)))

    def readout_shapes(self) -> list[tuple[int, int]]:
        """Return the shape ``(losses · outputs, units / losses)`` of every readout's weights."""
        return [
            (m.losses * self.widths[-1], self.widths[m.layers[-1] + 1] // m.losses)
            for m in self.modules[:-1]
        ]

    def readout_biases(self) -> list[int]:
        """Return the number of biases of every readout."""
        return [self.widths[-1] * (1 if self.shared else m.losses) for m in self.modules[:-1]]

    def weight_shapes(self) -> list[tuple[int, int]]:
        """Return the shape ``(out, in / groups)`` of every layer's weights."""
        groups = [*(self.groups or [1] * (len(self.widths) - 2)), 1]
        return [(b, a // g) for g, (a, b) in zip(groups, pairwise(self.widths), strict=True)]

    def counts(self) -> list[int]:
        """Return the number of trained parameters of every layer, without those of readouts."""
        last, found = len(self.widths) - 2, []
        for i, (rows, columns) in enumerate(self.weight_shapes()):
            each = columns + self.bias + 2 * (self.affine and i < last)
            found.append(rows * each)
        return found

    def count(self) -> int:
        """Return the number of trained parameters, without those of readouts."""
        return sum(self.counts())


def draw_matrix(
    shape: tuple[int, int], init: str, scale: float, seeds: Sequence[int], dtype: str,
    purpose: Purpose, layer: int,
) -> NDArray[Any]:  # fmt: skip
    """Draw one layer's matrices, shape ``(R, out, in)``, a stream for each seed."""
    rows, columns = shape
    sources = [stream(seed, purpose, layer) for seed in seeds]
    drawn = [INITS[init](source, columns, rows) * scale for source in sources]
    return np.stack([matrix.T for matrix in drawn]).astype(dtype, order="C")


def initial_parameters(
    layout: Layout, init: str, seed: int, replicates: int, dtype: str, *, scale: float = 1.0,
    zero_output: bool = False,
) -> dict[str, tuple[NDArray[Any], ...]]:  # fmt: skip
    """Draw weights by one of the laws in :data:`INITS`, times a scale.

    Args:
        layout: of the network.
        init: name of the law.
        seed: of replicate 0.
        replicates: R.
        dtype: of the weights.
        scale: factor of the law.
        zero_output: whether the last layer's weights start at zero instead.

    Returns:
        ``weights``, shapes ``(R, out, in)``; ``biases`` from 0, shapes ``(R, 1, out)``, if they are
        trained; ``scales`` from 1 and ``shifts`` from 0, if they are. Readouts of local losses
        start from 0.
    """
    seeds = range(seed, seed + replicates)
    weights = [
        draw_matrix(shape, init, scale, seeds, dtype, Purpose.WEIGHTS, layer)
        for layer, shape in enumerate(layout.weight_shapes())
    ]
    if zero_output:
        weights[-1] = np.zeros_like(weights[-1])
    parameters: dict[str, tuple[NDArray[Any], ...]] = {"weights": tuple(weights)}

    def rows(widths: Sequence[int], value: float) -> tuple[NDArray[Any], ...]:
        return tuple(np.full((replicates, 1, w), value, dtype) for w in widths)

    if layout.bias:
        parameters["biases"] = rows(layout.widths[1:], 0)
    if layout.affine:
        parameters["scales"] = rows(layout.widths[1:-1], 1)
        parameters["shifts"] = rows(layout.widths[1:-1], 0)
    if layout.local:
        shapes = layout.readout_shapes()
        parameters["readouts"] = tuple(np.zeros((replicates, *s), dtype) for s in shapes)
        if layout.bias:
            parameters["readout_biases"] = rows(layout.readout_biases(), 0)
    return parameters


def _as_typed(numbers: Sequence[int]) -> str:
    return f"[{','.join(map(str, numbers))}]"
