"""Optimisers: pure functions from (parameters, descent direction, state) to the next of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

from stochgrad.backends import Array, Backend
from stochgrad.errors import ConfigError, unknown
from stochgrad.registry import Registry

Parameters = dict[str, tuple[Array, ...]]
"""Trained arrays: ``weights`` and, if they are trained, ``biases``; one array a layer."""


DECAYING = {"weights", "readouts"}
"""What shrinks by weight decay: matrices."""


class Optimizer(Protocol):
    """How parameters follow a descent direction, the negative gradient."""

    name: ClassVar[str]

    @property
    def learning_rate(self) -> float:
        """η, before any schedule."""
        ...

    def init(self, parameters: Parameters, xp: Backend) -> Any:
        """Return the state before the first update."""
        ...

    def update(
        self,
        parameters: Parameters,
        descent: Parameters,
        state: Any,
        xp: Backend,
        factor: Array | None = None,
    ) -> tuple[Parameters, Any]:
        """Return the parameters and the state after one update.

        Args:
            parameters: before.
            descent: negative gradient.
            state: before.
            xp: backend.
            factor: of the learning rate in this step, by its schedule; None for 1.
        """
        ...


OPTIMIZERS: Registry[Callable[..., Optimizer]] = Registry("optimizer")


def make_optimizer(name: str, **options: Any) -> Optimizer:
    """Build an optimiser from its name and options.

    Raises:
        ConfigError: for an unknown name or option, or an option outside its range.
    """
    cls: Any = OPTIMIZERS[name]
    allowed = [f.name for f in fields(cls)]
    for key, value in options.items():
        if key not in allowed:
            raise unknown(f"optimizer.{key}", value, allowed)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"optimizer.{key}={value}: must be a number")
    optimizer: Optimizer = cls(**options)
    return optimizer


def _require(ok: bool, key: str, value: float, allowed: str) -> None:
    if not ok:
        raise ConfigError(f"optimizer.{key}={value}: must be {allowed}")


def _map(f: Callable[..., Array], *trees: Parameters) -> Parameters:
    return {key: tuple(map(f, *(tree[key] for tree in trees))) for key in trees[0]}


def _require_decay(value: float) -> None:
    _require(0 <= value < float("inf"), "weight_decay", value, "a finite number, 0 or more")


def _decayed(descent: Parameters, parameters: Parameters, decay: float) -> Parameters:
    """Let weights shrink towards zero as they descend."""
    if not decay:
        return descent
    found = dict(descent)
    for key in DECAYING & set(parameters):
        own = zip(descent[key], parameters[key], strict=True)
        found[key] = tuple(d - decay * w for d, w in own)
    return found


@dataclass(frozen=True)
class Sgd:
    """Gradient descent: ``w ← w − η·(g + λw)``.

    Attributes:
        learning_rate: η.
        weight_decay: λ, of matrices alone: not of biases, nor of what scales and shifts a layer.
    """

    name: ClassVar[str] = "sgd"
    learning_rate: float = 1.0
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _require_decay(self.weight_decay)
        _require(
            0 < self.learning_rate < float("inf"),
            "learning_rate", self.learning_rate, "a finite number greater than 0",
        )  # fmt: skip

    def init(self, parameters: Parameters, xp: Backend) -> Any:
        return {}

    def update(
        self,
        parameters: Parameters,
        descent: Parameters,
        state: Any,
        xp: Backend,
        factor: Array | None = None,
    ) -> tuple[Parameters, Any]:
        descent = _decayed(descent, parameters, self.weight_decay)
        rate = self.learning_rate if factor is None else self.learning_rate * factor
        if factor is None and rate == 1:
            return _map(lambda w, d: w + d, parameters, descent), state
        return _map(lambda w, d: w + rate * d, parameters, descent), state


@dataclass(frozen=True)
class Adam:
    """Adam with bias correction: ``w ← w − η·m̂ / (√v̂ + ε)``.

    Attributes:
        learning_rate: η.
        beta_1: decay of the mean m.
        beta_2: decay of the mean square v.
        epsilon: ε, outside the root, as in the notebook.
        weight_decay: λ: weights also shrink by ``η·λ·w`` (AdamW, of Loshchilov and Hutter, 2019).

    Reference: D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR (2015).
    """

    name: ClassVar[str] = "adam"
    learning_rate: float = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _require_decay(self.weight_decay)
        for key in ("learning_rate", "epsilon"):
            value = getattr(self, key)
            _require(0 < value < float("inf"), key, value, "a finite number greater than 0")
        for key in ("beta_1", "beta_2"):
            value = getattr(self, key)
            _require(0 <= value < 1, key, value, "at least 0 and less than 1")

    def init(self, parameters: Parameters, xp: Backend) -> Any:
        first = parameters["weights"][0]
        return {
            "mean": _map(lambda w: w * 0, parameters),
            "square": _map(lambda w: w * 0, parameters),
            # β₁ᵗ and β₂ᵗ, as running products in the dtype of the weights.
            "decay_1": first[0, 0, 0] * 0 + 1,
            "decay_2": first[0, 0, 0] * 0 + 1,
        }

    def update(
        self,
        parameters: Parameters,
        descent: Parameters,
        state: Any,
        xp: Backend,
        factor: Array | None = None,
    ) -> tuple[Parameters, Any]:
        b1, b2 = self.beta_1, self.beta_2
        mean = _map(lambda m, d: b1 * m + (1 - b1) * d, state["mean"], descent)
        square = _map(lambda s, d: b2 * s + (1 - b2) * d * d, state["square"], descent)
        decay_1, decay_2 = state["decay_1"] * b1, state["decay_2"] * b2
        whole = self.learning_rate if factor is None else self.learning_rate * factor
        rate, unbias = whole / (1 - decay_1), 1 / (1 - decay_2)
        moved = _map(
            lambda w, m, s: w + rate * m / (xp.sqrt(s * unbias) + self.epsilon),
            parameters, mean, square,
        )  # fmt: skip
        if self.weight_decay:
            shrink = whole * self.weight_decay
            for key in DECAYING & set(parameters):
                own = zip(moved[key], parameters[key], strict=True)
                moved[key] = tuple(new - shrink * old for new, old in own)
        state = {"mean": mean, "square": square, "decay_1": decay_1, "decay_2": decay_2}
        return moved, state


OPTIMIZERS.add("sgd", Sgd)
OPTIMIZERS.add("adam", Adam)
