"""Which estimators go with the other choices of a run."""

from __future__ import annotations

from typing import Any

from stochgrad.backends import BACKENDS
from stochgrad.errors import ConfigError
from stochgrad.stencils import Estimator
from stochgrad.suite.config.text import rounded_up
from stochgrad.suite.models.activations import ACTIVATIONS, Activation
from stochgrad.theory.moments import require_moments


def check_estimator(config: Any, estimator: Estimator, activation: Activation) -> None:
    """Refuse an estimator that does not go with the other choices."""
    backend = config.backend.name
    if estimator.backends is not None and backend not in estimator.backends:
        raise ConfigError(
            f"estimator={estimator.name} backend={backend}: {estimator.backends_why}; use "
            f"backend={' or '.join(sorted(estimator.backends))}, or estimator=analytic for the "
            f"closed form"
        )
    if config.task.trains and estimator.needs_complex:
        usable = [n for n in ACTIVATIONS if ACTIVATIONS[n].takes_complex(backend)]
        if not activation.analytic:
            raise ConfigError(
                f"estimator={estimator.name} activation={config.activation}: needs an analytic "
                f"function, and {config.activation} is not; with this estimator use "
                f"activation={' or '.join(usable)}"
            )
        if not activation.takes_complex(backend):
            where = [b for b in BACKENDS if activation.takes_complex(b)]
            raise ConfigError(
                f"estimator={estimator.name} activation={config.activation} backend={backend}: "
                f"{backend} cannot evaluate it at complex arguments; use "
                f"backend={' or '.join(where)}, or activation={' or '.join(usable)}"
            )
    if config.task.trains and not config.make_gradient().uses_estimator:
        return
    if config.epsilon == "auto":
        require_moments(estimator)
    smallest = estimator.smallest_epsilon(config.dtype, config.task.largest_x)
    if config.epsilon != "auto" and config.epsilon < smallest:
        other = " (or dtype=float64)" if config.dtype == "float32" else ""
        raise ConfigError(
            f"epsilon={config.epsilon:g}: too small to move x in dtype={config.dtype}; the "
            f"smallest that does is {rounded_up(smallest):.3g}{other}"
        )
