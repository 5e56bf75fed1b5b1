"""How close an estimated gradient is to the exact one, on a batch."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Array, Backend
from stochgrad.random import Purpose
from stochgrad.suite.models.gradients import Batch, Perturbation
from stochgrad.suite.models.learner import CONSTANTS, Learner
from stochgrad.suite.models.optimizers import Parameters


def _first(rows: Any) -> Any:
    """Return the first row of nested arrays."""
    if isinstance(rows, dict):
        return {key: _first(value) for key, value in rows.items()}
    return tuple(map(_first, rows)) if isinstance(rows, tuple) else rows[0]


def _compare(exact: Array, estimated: Array, xp: Backend) -> tuple[Array, Array, Array, Array]:
    axes, difference = (1, 2), estimated - exact
    return (
        xp.sum(exact * estimated, axes),
        xp.sum(exact * exact, axes),
        xp.sum(estimated * estimated, axes),
        xp.sum(difference * difference, axes),
    )


@lru_cache(maxsize=16)
def _compiled(learner: Learner) -> Any:
    def gradients(parameters: Parameters, data: dict[str, Array], row: Any) -> Any:
        batch = Batch(data["inputs"], data["targets"], row)
        _, estimated = learner.gradient.descent(learner, parameters, batch)
        exact = learner.exact_descent(parameters, data)
        pairs = zip(exact["weights"], estimated["weights"], strict=True)
        return [_compare(e, g, learner.xp) for e, g in pairs]

    return learner.xp.compile(gradients)


def fidelity(
    learner: Learner,
    parameters: Parameters,
    data: dict[str, Array],
    perturbation: Perturbation,
    when: int,
) -> dict[str, NDArray[np.float64]]:
    """Compare the estimated gradient of the weights with the exact one on a batch.

    Args:
        learner: whose gradient it is.
        parameters: of the network.
        data: ``inputs`` ``(1, batch, features)`` and ``targets``.
        perturbation: how the estimates are drawn.
        when: the epoch or step, which names the draws.

    Returns:
        ``gradient_cosine`` and ``gradient_relative_error``, over all weights and, with the
        suffix ``_layer_1`` …, by layer; each of shape ``(R,)``. NaN where the exact gradient is
        zero; the error is infinite where one of them overflows.
    """
    drawn = learner.gradient.draws(learner, perturbation, Purpose.PROBE, when)(1)
    row = {key: _first(value) for key, value in drawn.items()}
    row |= {key: data[key] for key in CONSTANTS if key in data}
    sums = [
        [np.asarray(learner.xp.to_numpy(part), np.float64) for part in layer]
        for layer in _compiled(learner)(parameters, data, row)
    ]
    groups = {f"_layer_{i + 1}": layer for i, layer in enumerate(sums)}
    groups[""] = [np.sum([layer[part] for layer in sums], axis=0) for part in range(4)]
    found = {}
    with np.errstate(all="ignore"):
        for suffix, (dot, exact, estimated, difference) in groups.items():
            cosine = dot / (np.sqrt(exact) * np.sqrt(estimated))
            found["gradient_cosine" + suffix] = np.where((estimated == 0) & (exact > 0), 0, cosine)
            finite = np.isfinite(exact + difference)
            found["gradient_relative_error" + suffix] = np.where(
                exact == 0, np.nan, np.where(finite, np.sqrt(difference / exact), np.inf)
            )
    return found
