"""Slopes of the losses of a module along directions: exact, or from losses a step apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from stochgrad.backends import Array
from stochgrad.stencils.differences import CentralFixed, Forward
from stochgrad.stencils.rule import Rule
from stochgrad.stencils.stencil import Stencil
from stochgrad.suite.models.gradients.base import Batch, Learns
from stochgrad.suite.models.local import Readout
from stochgrad.suite.models.perceptron import Trace

RULES: dict[str, Rule] = {"central": CentralFixed(), "forward": Forward()}
"""The rule of the core behind each way to find a slope from losses."""


@cache
def stencil_of(slope: str) -> Stencil:
    """Return the rule along a direction, for a step of 1.

    >>> stencil_of("central").nodes
    array([ 1., -1.])
    """
    return RULES[slope].stencil(np.zeros((0, 1, 1)), 1.0, "float64")


@dataclass(frozen=True)
class Losses:
    """The losses of a module, at the point where a step of training starts.

    Attributes:
        learner: whose they are.
        batch: that they are of.
        trace: of the forward pass.
        readout: of the module.
        error: negative gradient at the logits, ``(L, R, batch, classes)``.
    """

    learner: Learns
    batch: Batch
    trace: Trace
    readout: Readout
    error: Array

    def falls(
        self,
        slope: str,
        along: Callable[[], Array],
        moved: Callable[[Array], Array],
        count: int,
        low: int = 0,
    ) -> Array:
        """Return minus the slopes along some of K directions, ``(…, L, R, batch or 1)``.

        Args:
            slope: ``exact``, or which rule.
            along: returns the derivative of the module's last layer along them.
            moved: returns that layer at a step along them.
            count: K.
            low: place of the first of them among K.
        """
        xp, readout = self.learner.xp, self.readout
        if slope == "exact":
            return xp.sum(self.error * readout.part(along()), axis=-1)
        made, epsilon = stencil_of(slope), self.batch.row["epsilon"]
        values, read = [], 0
        for node in made.nodes.tolist():
            if node:
                layer, first = moved(node * epsilon), read + low
            else:
                layer, first = self.trace.layers[readout.module.layers[-1] + 1][None], read
            values.append(self.learner.read(readout, layer, self.batch, first, layer.shape[0]))
            read += count if node else 1
        total: Any = 0.0
        for (i, j), share in zip(made.pairs, made.shares.tolist(), strict=True):
            gap = float(made.nodes[i] - made.nodes[j])
            total = total + (values[j] - values[i]) * (share / gap)
        return total / epsilon
