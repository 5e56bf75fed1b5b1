"""A stand-in for a task: random weights on real data, with outputs computed in plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from stochgrad.suite import tasks  # noqa: F401  (enters the tasks' schemas)
from stochgrad.suite.config.schema import RunConfig, validate
from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.data.digits import load_digits
from stochgrad.suite.data.xor import load_xor
from stochgrad.suite.models.perceptron import Network
from stochgrad.suite.tasks.result import Classification, Curve, Listener, Progress, Result

HIDDEN = 8
EPOCHS = 3


def make_config(task: str = "digits", **changes: Any) -> RunConfig:
    values = {
        "task": {"name": task, "learning_rate": 0.01},
        "estimator": {"name": "quadratic"},
        "backend": {"name": "numpy"},
        "optimizer": {"name": "sgd"},
        "model": {"hidden": [HIDDEN]},
        "activation": "tanh",
        "epsilon": 1e-5,
        "num_steps": 10,
        "dtype": "float64",
        "seed": 7,
        "replicates": 2,
        "differentiate_at": "preactivation",
    }
    return validate({**values, **changes})


def run_synthetic(config: RunConfig, listener: Listener | None = None) -> Result:
    """ "Train": draw weights from the seed, and report curves that can be computed by hand."""
    assert config.seed is not None
    dataset = load_digits() if config.task.name == "digits" else load_xor()
    network = random_network(dataset, config)
    layer = dataset.vectors(dataset.test, config.dtype)[None]
    for W, b in zip(network.weights, network.biases, strict=True):
        layer = np.tanh(layer @ W + b)
    at = np.arange(1, EPOCHS + 1)
    curves = {"train_loss": Curve(at, at[:, None] * np.array([[1.0, 2.0]]), "epoch")}
    classification = None
    if dataset.kind == "images":
        classification = Classification(layer.argmax(-1), dataset.test.labels)
        for name in ("val_loss", "train_accuracy", "val_accuracy"):
            curves[name] = Curve(at, at[:, None] / np.array([[4.0, 8.0]]), "epoch")
    if listener is not None:
        listener(Progress(EPOCHS, EPOCHS, "epoch"))
    return Result(
        seed=config.seed,
        metrics={"test_loss": 0.25, "train_loss": 4.5},
        curves=curves,
        tables={"replicates": [{"seed": config.seed + r, "loss": 0.1 * r} for r in range(2)]},
        network=network,
        dataset=dataset,
        outputs=layer,
        classification=classification,
        headline=("test_loss",),
        device="CPU",
        seconds=0.5,
    )


def random_network(dataset: Dataset, config: RunConfig) -> Network:
    rng = np.random.default_rng(config.seed)
    widths = [(dataset.features, HIDDEN), (HIDDEN, dataset.outputs)]
    return Network(
        weights=tuple(rng.uniform(-1, 1, (2, *w)).astype(config.dtype) for w in widths),
        biases=tuple(np.ones((2, 1, w[1]), config.dtype) for w in widths),
        activation=config.activation,
        linear_output=False,
    )
