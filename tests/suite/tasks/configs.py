"""Run configurations for tests, without Hydra."""

from __future__ import annotations

from typing import Any

from stochgrad.suite.config.schema import RunConfig, validate

XOR: dict[str, Any] = {
    "task": {"name": "xor", "steps": 100, "log_every": 10, "fidelity_every": 2000},
    "estimator": {"name": "quadratic"},
    "backend": {"name": "numpy"},
    "optimizer": {"name": "sgd", "learning_rate": 1.0},
    "model": {"hidden": [8]},
    "activation": "sigmoid",
    "epsilon": 1e-4,
    "num_steps": 10,
    "dtype": "float64",
    "seed": 0,
    "replicates": 1,
    "differentiate_at": "preactivation",
}
DIGITS: dict[str, Any] = {
    **XOR,
    "task": {"name": "digits", "epochs": 1, "batch_size": 128},
    "optimizer": {"name": "sgd", "learning_rate": 0.01},
    "model": {"hidden": [16, 32]},
}


def configure(base: dict[str, Any], **changes: Any) -> RunConfig:
    """Return a validated configuration: ``base`` with changes, merged one level deep."""
    values = dict(base)
    for key, change in changes.items():
        old = values.get(key)
        values[key] = {**old, **change} if isinstance(old, dict) else change
    return validate(values)
