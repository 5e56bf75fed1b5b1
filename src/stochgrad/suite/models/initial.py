"""Initial weights, drawn as data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

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


@dataclass(frozen=True)
class Layout:
    """What parameters a perceptron has.

    Attributes:
        widths: units of every layer, inputs first.
        groups: of each hidden layer, of which each sees the units of one group below; empty where
            all have one.
        bias: whether biases are trained.
        affine: whether each normalized hidden layer has a trained scale and shift.
    """

    widths: tuple[int, ...]
    groups: tuple[int, ...] = ()
    bias: bool = False
    affine: bool = False

    def __post_init__(self) -> None:
        if self.groups and len(self.groups) != len(self.widths) - 2:
            raise ConfigError(
                f"model.groups={list(self.groups)}: must have a number for each hidden layer, "
                f"{len(self.widths) - 2} in all"
            )
        for groups, (fan_in, fan_out) in zip(self.groups, pairwise(self.widths), strict=False):
            if fan_in % groups or fan_out % groups:
                raise ConfigError(
                    f"model.groups={list(self.groups)}: a layer of {fan_out} units on {fan_in} "
                    f"cannot be cut into {groups}; give a number that divides both"
                )

    def weight_shapes(self) -> list[tuple[int, int]]:
        """Return the shape ``(out, in / groups)`` of every layer's weights."""
        groups = [*(self.groups or [1] * (len(self.widths) - 2)), 1]
        return [(b, a // g) for g, (a, b) in zip(groups, pairwise(self.widths), strict=True)]

    def count(self) -> int:
        """Return the number of trained parameters."""
        weights = sum(rows * columns for rows, columns in self.weight_shapes())
        hidden = sum(self.widths[1:-1])
        return weights + self.bias * (hidden + self.widths[-1]) + self.affine * 2 * hidden


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
        trained; ``scales`` from 1 and ``shifts`` from 0, if they are.
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
    return parameters
