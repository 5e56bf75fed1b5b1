"""Results as the tasks return them, made up from a seed in a moment."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from stochgrad.suite import tasks  # noqa: F401  (enters the tasks' schemas)
from stochgrad.suite.config.schema import RunConfig, validate
from stochgrad.suite.data.dataset import Dataset, Split
from stochgrad.suite.data.xor import load_xor
from stochgrad.suite.models.functions import FUNCTIONS
from stochgrad.suite.tasks.result import Classification, Curve, Result

COMMON: dict[str, Any] = {
    "estimator": {"name": "quadratic"},
    "backend": {"name": "numpy"},
    "optimizer": {"name": "sgd"},
    "model": {"hidden": [8]},
    "activation": "sigmoid",
    "epsilon": 1e-5,
    "num_steps": 10,
    "dtype": "float64",
    "seed": 7,
    "replicates": 1,
    "differentiate_at": "preactivation",
}
TASKS: dict[str, dict[str, Any]] = {
    "xor": {"name": "xor"},
    "digits": {"name": "digits"},
    "derivative": {"name": "derivative", "functions": ["square", "self_power"], "x": [0.5]},
    "circuit": {"name": "circuit", "estimators": ["central", "spsa"], "shots": [100, 1000, 9000]},
}


def make_config(name: str = "xor", **changes: Any) -> RunConfig:
    own = {"estimator": None} if name == "circuit" else {}
    return validate({**COMMON, "task": TASKS[name], **own, **changes})


def decay(replicates: int, points: int = 11, unit: str = "step", seed: int = 0) -> Curve:
    """A loss that falls by four decades, different for each replicate."""
    at = np.linspace(0, 1000 if unit == "step" else 10, points).astype(np.int64)
    rng = np.random.default_rng(seed)
    start = rng.uniform(0.1, 0.3, replicates)
    values = start * 10 ** (-4 * np.arange(points)[:, None] / max(1, points - 1))
    return Curve(at, values * rng.uniform(0.8, 1.25, values.shape), unit)


def broken(curve: Curve, replicate: int, first: int) -> Curve:
    """A curve whose ``replicate`` is NaN from point ``first`` on."""
    values = curve.values.copy()
    values[first:, replicate] = np.nan
    return Curve(curve.at, values, curve.unit)


def fidelity(replicates: int, layers: int = 2, unit: str = "step") -> dict[str, Curve]:
    rng = np.random.default_rng(1)
    at = np.arange(0, 5, dtype=np.int64) * 250
    curves = {}
    for suffix in ("", *(f"_layer_{i + 1}" for i in range(layers))):
        error = rng.uniform(1e-4, 1e-2, (len(at), replicates))
        curves["gradient_relative_error" + suffix] = Curve(at, error, unit)
        curves["gradient_cosine" + suffix] = Curve(at, 1 - error**2 / 2, unit)
    return curves


def xor_result(replicates: int = 1) -> Result:
    data = load_xor()
    errors = np.random.default_rng(2).uniform(1e-3, 0.1, (replicates, 4, 1))
    targets = data.targets(data.test, "float64")
    return Result(
        seed=7,
        curves={"train_loss": decay(replicates), **fidelity(replicates)},
        dataset=data,
        outputs=np.abs(targets - errors),
    )


def images(count: int, seed: int) -> Split:
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    return Split(rng.integers(0, 17, (count, 8, 8, 1), dtype=np.uint8), labels)


def digits_result(replicates: int = 1, wrong: float = 0.1) -> Result:
    data = Dataset("digits", "images", 16.0, 10, images(300, 0), images(100, 1), images(200, 2))
    rng = np.random.default_rng(3)
    true = data.test.labels
    slips = rng.random((replicates, len(true))) < wrong
    predicted = (true + slips * rng.integers(1, 10, slips.shape)) % 10
    curves = {"train_loss": decay(replicates, unit="epoch")}
    curves["val_loss"] = decay(replicates, unit="epoch", seed=1)
    for name in ("train_accuracy", "val_accuracy"):
        curves[name] = Curve(curves["val_loss"].at, 1 - curves["val_loss"].values, "epoch")
    return Result(
        seed=7,
        curves={**curves, **fidelity(replicates, layers=3, unit="epoch")},
        dataset=data,
        classification=Classification(predicted, true),
    )


def derivative_result(
    replicates: int = 1,
    x: tuple[float, ...] = (0.5,),
    names: tuple[str, ...] = ("square", "self_power"),
    exact: Any = None,
) -> Result:
    """Estimates with errors of 1 % bias and 1 % spread around exact values from 1 to 2."""
    rng = np.random.default_rng(4)
    shape = (len(names), len(x))
    exact = rng.uniform(1, 2, shape) if exact is None else np.asarray(exact, float)
    estimates = exact[:, None] * (
        1.01 + 0.01 * rng.standard_normal((shape[0], replicates, shape[1]))
    )
    rows = []
    for i, name in enumerate(names):
        error = estimates[i] - exact[i]
        spread = error.std(axis=0, ddof=1) if replicates > 1 else np.full(len(x), np.nan)
        rows += [
            {
                "function": name,
                "formula": FUNCTIONS[name].formula,
                "x": x[j],
                "exact": exact[i, j],
                "tensorflow": exact[i, j] * (1 + 1e-7),
                "bias": error[:, j].mean(),
                "std": spread[j],
                "rmse": np.sqrt((error[:, j] ** 2).mean()),
            }
            for j in range(len(x))
        ]
    arrays = {"estimates": estimates, "exact": exact, "x": np.array(x)}
    return Result(seed=7, tables={"derivatives": rows}, arrays=arrays)


def circuit_result(replicates: int = 1) -> Result:
    """Errors that fall with the root of the shots, of one estimator twice those of the other."""
    rng = np.random.default_rng(5)
    shots = np.array([100, 1000, 9000])
    size = np.array([[2.0], [1.0]]) * 10 / np.sqrt(shots)
    squared = size[..., None] ** 2 * rng.chisquare(16, (2, 3, replicates)) / 16
    exact = rng.standard_normal((replicates, 16))
    norm2 = (exact**2).sum(axis=1).mean()
    rows = [
        {
            "estimator": name,
            "shots": int(shots[j]),
            "relative_rmse": float(np.sqrt(squared[i, j].mean() / norm2)),
            "predicted_relative_rmse": float(size[i, j] / np.sqrt(norm2)),
        }
        for i, name in enumerate(("central", "spsa"))
        for j in range(3)
    ]
    arrays = {"squared_errors": squared, "exact": exact}
    return Result(seed=7, tables={"gradients": rows}, arrays=arrays)


RESULTS = {
    "circuit": circuit_result,
    "xor": xor_result,
    "digits": digits_result,
    "derivative": derivative_result,
}


def texts(figure: Figure) -> str:
    """Every text in a figure, one a line."""
    return "\n".join(t.get_text() for t in figure.findobj(match=lambda a: hasattr(a, "get_text")))
