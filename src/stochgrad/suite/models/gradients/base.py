"""What a way to find the gradient of the loss has to say of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from stochgrad.backends import Array, Backend
from stochgrad.errors import ConfigError, unknown
from stochgrad.random import Purpose
from stochgrad.registry import Registry
from stochgrad.suite.models.initial import Layout
from stochgrad.suite.models.local import Heard, Readout
from stochgrad.suite.models.optimizers import Parameters
from stochgrad.suite.models.perceptron import Trace


@dataclass(frozen=True)
class Perturbation:
    """What the draws of a run depend on.

    Attributes:
        epsilon: step size.
        num_steps: N, draws in one estimate of an activation's derivative.
        seed: of replicate 0.
        replicates: R.
        num_directions: K, random directions in one estimate of the gradient.
        loss_noise: standard deviation of the noise in each loss that is read.
        loss_shots: readings of each output behind each loss; 0 for exact outputs.
    """

    epsilon: float
    num_steps: int
    seed: int
    replicates: int
    num_directions: int = 1
    loss_noise: float = 0.0
    loss_shots: int = 0


class Batch(NamedTuple):
    """What a step of training sees.

    Attributes:
        inputs: ``(R or 1, batch, features)``.
        targets: ``(R or 1, batch, outputs)``.
        row: draws of this step and constants; and ``mask`` ``(batch,)``, 0 for an example that only
            pads the batch, where one is padded.
    """

    inputs: Array
    targets: Array
    row: dict[str, Any]


class Learns(Protocol):
    """What a gradient needs of a learner: its network, its loss, and its draws."""

    @property
    def xp(self) -> Backend: ...
    @property
    def layout(self) -> Layout: ...
    @property
    def widths(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> str: ...
    @property
    def batch(self) -> int: ...

    def forward(
        self,
        parameters: Parameters,
        inputs: Array,
        added: Sequence[Array | None] = (),
        first: Array | None = None,
        layers: range | None = None,
    ) -> Trace:
        """Run layers; ``added`` to arguments of activations, the ``first`` product known."""
        ...

    def error(self, outputs: Array, batch: Batch) -> Array:
        """Return the negative gradient of a step's loss at the outputs."""
        ...

    def slopes(self, trace: Trace, steps: Any) -> list[Array | None]:
        """Estimate the activation's derivative in each layer; None where there is none."""
        ...

    def exact_slopes(self, trace: Trace) -> list[Array | None]:
        """Return the activation's exact derivative in each layer; None where there is none."""
        ...

    def read(self, readout: Readout, layer: Array, batch: Batch, first: int, number: int) -> Array:
        """Return the losses of a module as they are measured: ``(K, L, R, batch or 1)``."""
        ...

    def hear(self, parameters: Parameters, trace: Trace, batch: Batch) -> Heard:
        """Return the readouts of all modules, and the errors of their losses."""
        ...

    def descent(self, parameters: Parameters, trace: Trace, batch: Batch) -> Parameters:
        """Return the descent direction of a batch by back-propagation."""
        ...

    def perturbations(
        self, count: int, perturbation: Perturbation, purpose: Purpose, *where: int
    ) -> dict[str, Any]:
        """Draw the perturbations of activations in ``count`` training steps."""
        ...


Draws = Callable[[int], dict[str, Any]]
"""``take(count)``: the draws of the next so many steps, arrays with a leading axis of that length,
or nested structures of them."""


@dataclass(frozen=True)
class Gradient(ABC):
    """A way to find the gradient of the loss; the fields of a subclass are its options."""

    name: ClassVar[str]
    summary: ClassVar[str]
    uses_estimator: ClassVar[bool] = False
    """Whether derivatives of activations are those of ``estimator=``."""
    perturbs: ClassVar[bool] = False
    """Whether random directions are drawn: ``num_directions`` of them."""

    takes_local_losses: ClassVar[bool] = True
    """Whether it finds the gradients of losses that a layer has for itself."""

    @property
    def reads_losses(self) -> bool:
        """Whether slopes are found from values of the loss, a step ε apart."""
        return False

    @property
    def reads(self) -> frozenset[str]:
        """Settings of a run that it depends on, but for those of its estimator."""
        found = {"estimator", "differentiate_at"} if self.uses_estimator else set()
        found |= {"num_directions"} if self.perturbs else set()
        return frozenset(
            found | ({"epsilon", "loss_noise", "loss_shots"} if self.reads_losses else set())
        )

    @property
    def black_box(self) -> bool:
        """Whether nothing is needed of a network but losses at given weights."""
        return False

    @abstractmethod
    def draws(
        self, learner: Learns, perturbation: Perturbation, purpose: Purpose, *where: int
    ) -> Draws:
        """Return a source of draws for steps of training, which names them by purpose and place."""

    def bytes_per_step(
        self, layout: Layout, dtype: str, perturbation: Perturbation, batch: int
    ) -> int:
        """Return how much memory the draws of one step take."""
        return 0

    def most_directions(self, layout: Layout) -> int | None:
        """Return how many directions can be independent where they have to be; None: any number."""
        return None

    def constants(self, learner: Learns, perturbation: Perturbation) -> dict[str, Any]:
        """Return what stays the same in all steps, drawn once."""
        return {}

    @abstractmethod
    def descent(
        self, learner: Learns, parameters: Parameters, batch: Batch
    ) -> tuple[Array, Parameters]:
        """Return the outputs of a batch, and the descent direction of its loss.

        Args:
            learner: whose network it is.
            parameters: of it.
            batch: examples and draws.
        """

    @abstractmethod
    def forward_passes(self, num_directions: int) -> float:
        """Return what a step costs an example, in forward passes.

        A pass forwards or along one direction is one product with every matrix; so is a pass back,
        and so is the product that makes a gradient of the weights.
        """


GRADIENTS: Registry[Callable[..., Gradient]] = Registry("gradient")


def register_gradient(cls: type[Gradient]) -> type[Gradient]:
    """Enter a way to find the gradient under its name."""
    GRADIENTS.add(cls.name, cls)
    return cls


def make_gradient(name: str, **options: Any) -> Gradient:
    """Build a gradient from its name and options.

    Raises:
        ConfigError: for an unknown name or option, or a value that is not allowed.
    """
    gradient: Gradient = GRADIENTS.make(name, Gradient, options)
    return gradient


def check_choice(key: str, value: Any, allowed: tuple[str, ...]) -> None:
    """Refuse an option that is none of a few names."""
    if value not in allowed:
        raise unknown(f"gradient.{key}", value, allowed)


def check_flag(key: str, value: Any) -> None:
    """Refuse an option that is neither true nor false."""
    if not isinstance(value, bool):
        raise ConfigError(f"gradient.{key}={value}: must be true or false")


def joined(*draws: Draws) -> Draws:
    """Return a source of the draws of several sources."""

    def take(count: int) -> dict[str, Any]:
        return {key: value for draw in draws for key, value in draw(count).items()}

    return take


def per_step(value: float, dtype: str) -> Draws:
    """Return a source of one number, the same in all steps: so that programs do not contain it."""
    return lambda count: {"epsilon": np.full(count, value, dtype)}
