"""The notebook's XOR training: its own loop, and ours on both backends."""

from __future__ import annotations

import random

import numpy as np

from benchmarks.notebook import train_step
from benchmarks.timing import clock, show
from stochgrad.suite.config.schema import RunConfig, validate
from stochgrad.suite.data.xor import load_xor
from stochgrad.suite.tasks import run

STEPS = 10_000


def config(backend: str) -> RunConfig:
    """Return the settings of the preset ``notebook_xor``."""
    return validate(
        {
            "task": {"name": "xor", "steps": STEPS, "fidelity_every": 0},
            "estimator": {"name": "three_slope", "division": "nominal"},
            "backend": {"name": backend},
            "optimizer": {"name": "sgd", "learning_rate": 1.0},
            "model": {"hidden": [8]},
            "activation": "sigmoid",
            "epsilon": 1e-8,
            "num_steps": 10,
            "dtype": "float64",
            "seed": 0,
            "replicates": 1,
            "differentiate_at": "output",
        }
    )


def notebook() -> str:
    """Train with the plain loop."""
    rng = random.SystemRandom()
    data = load_xor().train
    targets = data.labels[:, None]
    weights = [2 * np.random.default_rng(0).random(shape) - 1 for shape in ((2, 8), (8, 1))]
    for _ in range(STEPS):
        error = train_step(weights, data.inputs, targets, 1.0, rng)
    return f"{error:.4f}"


def ours(backend: str) -> str:
    """Train with the package."""
    return f"{run(config(backend)).metrics['mean_abs_error']:.4f}"


def main(repeats: int = 5) -> None:
    """Time all three and print the table."""
    show(
        f"XOR, {STEPS:,} steps, three_slope, N = 10, float64",
        clock(
            {
                "notebook's loop": notebook,
                "stochgrad, NumPy": lambda: ours("numpy"),
                "stochgrad, TensorFlow (XLA)": lambda: ours("tensorflow"),
            },
            repeats,
        ),
        "mean abs. error",
    )
