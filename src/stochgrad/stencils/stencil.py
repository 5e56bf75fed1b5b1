"""A rule as data: where a black box is evaluated, and with which weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochgrad.errors import ConfigError

Floats = NDArray[np.float64]

ROUND_OFF = 1e-6
"""How far sums of weights may be from 0 and 1, relative to the sum of their sizes: weights typed
with six digits, or the result of a linear solve, pass; a forgotten factor does not."""


class Stencil:
    """``f′(x)·s ≈ Σₖ wₖ f(x + s·tₖ)``, s the scale of x, for one draw or for arrays of them.

    Because ``Σ wₖ = 0``, the sum is a combination of slopes between pairs of nodes,
    ``Σₚ cₚ (f_i − f_j)/(t_i − t_j)`` with shares ``Σ cₚ = Σ wₖtₖ = 1``, and that is how it is
    computed: values are subtracted before anything is multiplied, so that nothing cancels, and each
    slope is divided by the distance of its nodes as they were rounded, so that the weights are
    those of the realised nodes.

    Args:
        nodes: K offsets ``tₖ``, each a number or an array whose last axes are draws and replicates.
        weights: K weights ``wₖ``, likewise. The pairs are then neighbours in the order given.

    Attributes:
        nodes: shape ``(K, …)``, float64.
        pairs: of nodes (i, j), one a slope.
        shares: shape ``(P, …)``, or ``(P,)`` where they are the same in every draw.
        nominal: for each pair, whether its slope is divided by ``t_i − t_j`` as it was meant.

    >>> Stencil([1.0, -1.0], [0.5, -0.5]).shares
    array([1.])
    """

    def __init__(self, nodes: Sequence[ArrayLike], weights: Sequence[ArrayLike]) -> None:
        self.nodes = _stack(nodes)
        given = _stack(weights)
        if len(given) != len(self.nodes):
            raise ConfigError(
                f"{len(given)} weights for {len(self.nodes)} nodes: must be as many of each"
            )
        # Summation by parts: what is left of the first k weights crosses the gap behind node k.
        self.shares = np.cumsum(given, axis=0)[:-1] * -np.diff(self.nodes, axis=0)
        self.pairs = tuple((k + 1, k) for k in range(len(self.nodes) - 1))
        self.nominal = (False,) * len(self.pairs)
        self._given: Floats | None = given

    @classmethod
    def of_slopes(
        cls,
        nodes: Sequence[ArrayLike],
        pairs: Sequence[tuple[int, int]],
        shares: Sequence[ArrayLike],
        nominal: Sequence[bool] | None = None,
    ) -> Stencil:
        """Return the stencil that is a mean of slopes between pairs of nodes, with given shares."""
        made = cls.__new__(cls)
        made.nodes, made.pairs, made.shares = _stack(nodes), tuple(pairs), _stack(shares)
        made.nominal = tuple(nominal or (False,) * len(pairs))
        made._given = None
        return made

    @property
    def weights(self) -> Floats:
        """The weights ``wₖ``, shape ``(K, …)``."""
        if self._given is not None:
            return np.broadcast_arrays(self._given, self.nodes)[0]
        draws = np.broadcast_shapes(self.nodes.shape[1:], self.shares.shape[1:])
        found = np.zeros((len(self.nodes), *draws))
        with np.errstate(divide="ignore", invalid="ignore"):
            for (i, j), share in zip(self.pairs, self.shares, strict=True):
                weight: Floats = np.asarray(share / (self.nodes[i] - self.nodes[j]))
                found[i] += weight
                found[j] -= weight
        return found

    def check(self, name: str) -> None:
        """Refuse weights that are no rule for a first derivative, on average over the draws.

        Raises:
            ConfigError: unless ``Σ wₖ = 0`` in every draw and ``Σ wₖtₖ = 1`` in their mean.
        """
        weights = self.weights
        size, total = np.abs(weights).sum(axis=0), weights.sum(axis=0)
        if not np.all(np.abs(total) <= ROUND_OFF * size):
            worst = total.flat[np.argmax(np.abs(total) / size)]
            raise ConfigError(
                f"estimator={name}: its weights add up to {worst:.6g}: must be 0, or a constant "
                f"has a slope"
            )
        first = float((weights * self.nodes).sum(axis=0).mean())
        if not abs(first - 1) <= ROUND_OFF:
            raise ConfigError(
                f"estimator={name}: the first moment of its weights, the mean of Σ wₖtₖ, is "
                f"{first:.6g}: must be 1, or a straight line has another slope"
            )


def _stack(rows: Sequence[ArrayLike]) -> Floats:
    """Return rows as one array; numbers are repeated where another row has draws."""
    arrays = [np.asarray(row, np.float64) for row in rows]
    if not any(array.ndim for array in arrays):  # a tenth of the time
        return np.array(arrays, np.float64)
    return np.stack(np.broadcast_arrays(*arrays))


def unit_draws(draws_per_step: int, draws: int = 1) -> Floats:
    """Return distinct uniform numbers around a half, the same in every draw: ``(k, draws, 1)``."""
    k = np.arange(1, draws_per_step + 1)
    middle = np.asarray(0.5 + (k - (draws_per_step + 1) / 2) * 1e-3, np.float64)
    return np.repeat(middle[:, None, None], draws, axis=1)
