"""Which settings a run reads, by what its task, its gradient and its estimator say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stochgrad.stencils import Estimator
from stochgrad.suite.models.gradients import Gradient

STEPS = {"epsilon": "epsilon", "num_steps": "num_steps", "min_scale": "task.min_scale"}
"""What an estimator may read, and the setting that it is."""
TRAINING = frozenset((
    *STEPS.values(), "differentiate_at", "estimator", "loss_noise", "loss_shots", "num_directions",
))  # fmt: skip
"""Settings that some ways to find a gradient read, and others do not."""


def read_by(estimator: Estimator) -> frozenset[str]:
    """Return the settings among :data:`STEPS` that an estimator reads."""
    return frozenset(STEPS[key] for key in estimator.reads)


def read_in_training(gradient: Gradient, estimator: Estimator) -> frozenset[str]:
    """Return the settings among :data:`TRAINING` that a gradient reads, itself or by an estimator.

    >>> from stochgrad.stencils import make_estimator
    >>> from stochgrad.suite.models.gradients import make_gradient
    >>> sorted(read_in_training(make_gradient("backprop"), make_estimator("analytic")))
    ['differentiate_at', 'estimator']
    """
    return gradient.reads | (read_by(estimator) if gradient.uses_estimator else frozenset())


def unread(config: Any) -> dict[str, str]:
    """Return the settings that a run does not read, and the group whose choice says so.

    A name stands for the whole section of that name.
    """
    found = dict.fromkeys(config.task.unread, "task")
    if "estimator" in found:
        return found
    estimator = config.make_estimator()
    steps = dict.fromkeys(STEPS.values(), "estimator")
    if config.task.trains:
        gradient = config.make_gradient()
        read = read_in_training(gradient, estimator)
        group = dict.fromkeys(TRAINING, "gradient") | (steps if gradient.uses_estimator else {})
    else:
        read, group = read_by(estimator), steps
    return found | {key: group[key] for key in group.keys() - read}


def setting_of(key: str, settings: Iterable[str]) -> str:
    """Return the setting that a key belongs to; empty if it belongs to none of these.

    >>> setting_of("model.hidden", ["epsilon", "model"])
    'model'
    """
    return next((name for name in settings if f"{key}.".startswith(f"{name}.")), "")


def steps_read(config: Any) -> dict[str, str]:
    """Return step size and numbers of draws and of directions, those that a run reads.

    Args:
        config: a RunConfig, whose module this one cannot import.
    """
    values = {
        "epsilon": ("ε", config.step_text),
        "num_steps": ("N", f"{config.num_steps}"),
        "num_directions": ("K", f"{config.num_directions}"),
    }
    away = unread(config)
    return dict(pair for key, pair in values.items() if key not in away)
