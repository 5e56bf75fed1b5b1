"""The pipeline on a small scale: real runs of seconds, in a project folder of their own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]

_DIGITS = {"task.epochs": 3, "task.fidelity_every": 1, "replicates": 3, "export": False}
PARAMS: dict[str, Any] = {
    "derivatives": {
        "experiment": "notebook_derivatives",
        "dtype": ["float32", "float64"],
        "task.compare_tensorflow": False,
        "replicates": 20,
    },
    "epsilon_study": {
        "num_steps": 10,
        "draws": [1, 30],
        "grids": {
            "float32": {"decades": [-5, -1], "per_decade": 1, "epsilon": 1e-3},
            "float64": {"decades": [-7, -3], "per_decade": 1, "epsilon": 1e-5},
        },
        "replicates": 20,
        "task": {
            "functions": ["power_pi"], "x": [0.3183098861837907],
            "estimators": ["central", "quadratic"],
        },
    },
    "xor_study": {
        "activation": {
            "task": "xor", "activation": ["sigmoid", "tanh"],
            "estimator": ["analytic", "quadratic"], "task.learning_rate": 0.1, "task.steps": 200,
            "replicates": 3, "export": False,
        },
        "epsilon": {
            "task": "xor", "dtype": "float32", "estimator": ["quadratic", "central"],
            "epsilon": [1e-5, 0.1], "task.steps": 200, "replicates": 3, "export": False,
        },
    },
    "gradients": {
        "digits": {
            "experiment": ["digits_by_backprop", "digits_by_spsa"], "task.epochs": 2,
            "replicates": 3, "backend": "numpy",
        },
        "worth": {
            "experiment": "gradients_digits", "gradient": ["spsa"], "task.epochs": 1,
            "task.worth_draws": 20, "backend": "numpy", "task.learning_rate": 1e-3,
        },
    },
    "classifiers": {
        "digits": {
            "exact": {"experiment": "digits_exact", **_DIGITS},
            "estimated": {
                "experiment": "digits_estimated", "num_steps": [2, 1], "epsilon": 1e-3, **_DIGITS
            },
            "notebook": {"experiment": "notebook_digits_sag", **_DIGITS},
        }
    },
    "cost": {"digits": {"turns": 1, "task.epochs": 1, "task.fidelity_every": 0}},
}  # fmt: skip


def make_project(root: Path) -> Path:
    """Put everything that a stage reads of a clone into a folder, with small parameters."""
    root.mkdir(parents=True)
    shutil.copytree(ROOT / "conf", root / "conf")
    shutil.copy(ROOT / "pyproject.toml", root)
    (root / "params.yaml").write_text(yaml.safe_dump(PARAMS), encoding="utf-8")
    return root
