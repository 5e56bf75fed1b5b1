"""Seconds an epoch on MNIST: the notebook, this package, other packages, and the limit."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.limit import numpy_products, operations, tensorflow_products
from benchmarks.notebook import train_step
from benchmarks.others import OTHERS
from benchmarks.timing import Timing, clock, quotient, show
from stochgrad.backends import get_backend
from stochgrad.suite import tasks
from stochgrad.suite.config.compose import plan_run
from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.data.images import load_images
from stochgrad.suite.paths import project_root
from stochgrad.suite.tasks.classify import train_epoch, training_arrays
from stochgrad.suite.tasks.session import Session

WIDTHS = (784, 700, 500, 10)
SMALL = (784, 16, 32, 10)
BATCH = 128
CONF = Path(__file__).resolve().parents[1] / "conf"
Epoch = Callable[[], str]


def ours(data: Dataset, *arguments: str) -> Epoch:
    """Return a function that trains for one more epoch, as the command does: draws and all."""
    session = Session(plan_run(arguments, CONF), data, "epoch")
    arrays = training_arrays(session)

    def epoch() -> str:
        assert train_epoch(session, BATCH, arrays)
        return f"{session.latest()['train_loss']:.4f}"

    return epoch


def notebook_sag(data: Dataset) -> Epoch:
    """Return the notebook's loop: float32 images, float64 weights, labels encoded one by one."""
    from benchmarks.notebook_tensorflow import batches

    rng, source = np.random.default_rng(0), random.SystemRandom()
    weights = [2 * rng.random(shape) - 1 for shape in pairwise(SMALL)]
    feed = batches(data.train.inputs, data.train.labels)

    def epoch() -> str:
        errors = []
        for x, y in feed:
            targets = np.array([[1 if label == i else 0 for i in range(10)] for label in y.numpy()])
            errors.append(train_step(weights, x.numpy(), targets, 1e-3, source))
        return f"|t − o| {np.mean(errors):.4f}"

    return epoch


def large(data: Dataset, rounds: int) -> list[Timing]:
    """Time the 784-700-500-10 network, exact and estimated, here and elsewhere."""
    from benchmarks.notebook_tensorflow import trainer

    x, y = data.vectors(data.train, "float32"), data.train.labels
    steps = -(-len(y) // BATCH)
    contenders = {
        "notebook's TensorFlow, eager": trainer(data.train.inputs, y, WIDTHS),
        **{
            name: make(x, y, WIDTHS)
            for name, (package, make) in OTHERS.items()
            if importlib.util.find_spec(package) is not None
        },
        "stochgrad, NumPy, exact": ours(
            data, "experiment=notebook_mnist_tensorflow", "backend=numpy", "estimator=analytic"
        ),
        "stochgrad, TensorFlow (XLA), exact": ours(data, "experiment=notebook_mnist_tensorflow"),
        "stochgrad, TensorFlow (XLA), estimated": ours(data, "experiment=mnist_sag_full"),
        "matrix products alone, NumPy": numpy_products(WIDTHS, BATCH, steps),
        "matrix products alone, TensorFlow": tensorflow_products(WIDTHS, BATCH, steps),
    }
    timings = clock(contenders, rounds)
    show("An epoch of 784-700-500-10, ReLU, Adam, batch 128, float32", timings, "train_loss")
    took = {timing.name: timing.rounds for timing in timings}
    limit = [min(both) for both in zip(*(s for n, s in took.items() if "alone" in n), strict=True)]
    exact, estimated = (took[f"stochgrad, TensorFlow (XLA), {k}"] for k in ("exact", "estimated"))
    rate = operations(WIDTHS, steps * BATCH) / min(limit) / 1e9
    told = {
        "of the limit's speed": (limit, exact),
        "the time of estimated over that of exact": (estimated, exact),
        **{f"times as fast as {name}": (took[name], exact) for name in OTHERS if name in took},
    }
    print(f"  Exact, median over {rounds} rounds, and quartiles (limit: up to {rate:.0f} GFLOP/s):")
    for what, (above, below) in told.items():
        middle, low, high = quotient(above, below)
        print(f"  {middle:5.2f} [{low:.2f}, {high:.2f}] {what}")
    for name in (name for name in OTHERS if name not in took):
        print(f"  {name}: not installed; pip install {OTHERS[name][0]}")
    print()
    return timings


def small(data: Dataset, rounds: int) -> list[Timing]:
    """Time the notebook's SAG network, 784-16-32-10."""
    preset = "experiment=notebook_mnist_sag"
    contenders: dict[str, Any] = {
        "notebook's loop": notebook_sag(data),
        "stochgrad, NumPy, float64": ours(data, preset, "backend=numpy"),
        "stochgrad, NumPy, float32, epsilon 1e-3": ours(
            data, preset, "backend=numpy", "dtype=float32", "epsilon=1e-3"
        ),
        "stochgrad, TensorFlow (XLA), float64": ours(data, preset),
        "stochgrad, TensorFlow (XLA), float32, epsilon 1e-3": ours(
            data, preset, "dtype=float32", "epsilon=1e-3"
        ),
    }
    timings = clock(contenders, rounds)
    show("An epoch of 784-16-32-10, three_slope, N = 10, batch 128", timings, "train_loss")
    return timings


def main(repeats: int = 5) -> None:
    """Time both networks and print the tables."""
    get_backend("tensorflow")  # imports TensorFlow without its chatter
    tasks.prepare(plan_run(["task=mnist"], CONF))
    data = load_images("mnist", project_root() / "data")
    small(data, repeats)
    large(data, repeats)
