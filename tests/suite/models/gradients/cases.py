"""A small network with every kind of layer, for tests of gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from stochgrad.backends import get_backend
from stochgrad.random import Purpose
from stochgrad.stencils import make_estimator
from stochgrad.suite.models.gradients import Batch, Perturbation, make_gradient
from stochgrad.suite.models.initial import Layout, initial_parameters
from stochgrad.suite.models.learner import CONSTANTS, Learner
from stochgrad.suite.models.optimizers import make_optimizer

RNG = np.random.default_rng(0)
BATCH = 6
WIDTHS = (5, 8, 4, 3)
INPUTS = RNG.normal(size=(1, BATCH, WIDTHS[0]))
TARGETS = np.eye(WIDTHS[-1])[RNG.integers(0, WIDTHS[-1], BATCH)][None]
MASK = np.array([1.0] * 5 + [0.0])
LAYERS = Layout(WIDTHS, (1, 2), bias=True, affine=True, local=(1, 1))
SHARES = Layout(WIDTHS, (1, 2), bias=True, affine=True, local=(4, 2))
SHARED = Layout(WIDTHS, (1, 2), bias=True, affine=True, local=(4, 2), shared=True)
BLOCK = Layout(WIDTHS, (1, 2), bias=True, local=(0, 2), shared=True)
UPPER = Layout(WIDTHS, (1, 2), bias=True, local=(2, 0))
LOCAL_LAYOUTS = {
    "layers": LAYERS, "shares": SHARES, "shared": SHARED, "block": BLOCK, "upper": UPPER,
}  # fmt: skip
"""Networks whose layers have losses of their own."""


def learner(name: str = "backprop", backend: str = "numpy", **changes: Any) -> Learner:
    """Return a learner; options of the gradient are given as ``options``."""
    fields: dict[str, Any] = {
        "xp": get_backend(backend),
        "layout": Layout(WIDTHS, (1, 2), bias=True, affine=True),
        "estimator": make_estimator("analytic"),
        "activation": "tanh",
        "loss": "softmax_cross_entropy",
        "optimizer": make_optimizer("sgd", learning_rate=0.1),
        "dtype": "float64",
        "at_output": False,
        "mean": True,
        "min_scale": 1.0,
        "gradient": make_gradient(name, **changes.pop("options", {})),
        "norms": (1, 1),
        "batch": BATCH,
    }
    return Learner(**{**fields, **changes})


def parameters(one: Learner, replicates: int = 2) -> Any:
    """Return its parameters, none of them zero, as arrays of its backend."""
    drawn = initial_parameters(one.layout, "xavier", 0, replicates, one.dtype)
    rng = np.random.default_rng(1)
    moved = {k: tuple(a + 0.1 * rng.normal(size=a.shape) for a in v) for k, v in drawn.items()}
    return {k: tuple(one.xp.asarray(a.astype(one.dtype)) for a in v) for k, v in moved.items()}


def row_of(one: Learner, p: Perturbation, when: int = 0) -> dict[str, Any]:
    """Return the draws of one step, and what is drawn once."""
    drawn = one.gradient.draws(one, p, Purpose.PERTURBATION, when)(1)
    rows = {
        key: one.xp.asarray(value[0])
        for key, value in drawn.items()
        if not isinstance(value, tuple)
    }
    constants = one.gradient.constants(one, p)
    assert set(constants) <= set(CONSTANTS)
    return {**rows, **constants, "mask": one.xp.asarray(MASK.astype(one.dtype))}


def perturbation(directions: int = 1, replicates: int = 2, **changes: Any) -> Perturbation:
    """Return what draws depend on."""
    return Perturbation(**{
        "epsilon": 1e-4, "num_steps": 1, "seed": 0, "replicates": replicates,
        "num_directions": directions, **changes,
    })  # fmt: skip


def descent(one: Learner, own: Any, row: dict[str, Any]) -> dict[str, list[np.ndarray]]:
    """Return the descent direction of the batch as NumPy arrays."""
    inputs, targets = (one.xp.asarray(a.astype(one.dtype)) for a in (INPUTS, TARGETS))
    _, found = one.gradient.descent(one, own, Batch(inputs, targets, row))
    return {k: [np.asarray(one.xp.to_numpy(a)) for a in v] for k, v in found.items()}


def flat(found: dict[str, list[np.ndarray]]) -> np.ndarray:
    """Return all of it as vectors, ``(R, d)``."""
    return np.concatenate(
        [a.reshape(len(a), -1) for arrays in found.values() for a in arrays], axis=1
    )
