"""What tasks that train a network share."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from stochgrad.backends import get_backend
from stochgrad.errors import ConfigError
from stochgrad.suite.config.schema import NotNegative, Positive, RunConfig, TaskConfig
from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.models.blocks import whole
from stochgrad.suite.models.gradients import Perturbation
from stochgrad.suite.models.initial import Layout
from stochgrad.suite.models.learner import Learner
from stochgrad.suite.models.losses import LOSSES
from stochgrad.suite.models.memory import SHARE, machine_memory
from stochgrad.suite.models.optimizers import Optimizer, make_optimizer
from stochgrad.suite.models.perceptron import CONSTANT_BIAS, Network
from stochgrad.suite.models.schedules import factors
from stochgrad.suite.tasks.base import settings


class TrainingConfig(TaskConfig):
    """Settings of every training task.

    Attributes:
        learning_rate: what ``optimizer=sgd`` takes by default.
        fidelity_every: steps or epochs between comparisons of the estimated gradient with the exact
            one; 0 for never.
        worth_draws: estimates whose scatter gives the signal-to-noise ratio of the gradient, at the
            first weights and at the last; 0 for none, otherwise at least 2.
    """

    min_scale: NotNegative = 1.0
    learning_rate: Positive
    fidelity_every: Annotated[int, Field(ge=0, strict=True)] = 0
    worth_draws: Annotated[int, Field(ge=0, le=10**6, strict=True)] = 0

    @property
    def trains(self) -> bool:
        """Whether the task trains a network."""
        return True


def metrics(config: RunConfig) -> list[str]:
    """Return the names of the metrics that all training tasks have."""
    task = settings(config, TrainingConfig)
    names = ["train_loss", "nfev", "forward_passes"]
    if task.fidelity_every:
        layers = range(1, len(config.model.hidden) + 2)
        for suffix in ("", *(f"_layer_{layer}" for layer in layers)):
            names += [f"gradient_cosine{suffix}", f"gradient_relative_error{suffix}"]
    return names


@lru_cache(maxsize=16)
def _shared(learner: Learner) -> Learner:
    """Return one learner for all that are equal: runs that differ in ε or seed compile once."""
    return learner


def make_layout(config: RunConfig, dataset: Dataset) -> Layout:
    """Return what parameters the network of a configuration has on a data set."""
    model = config.model
    widths = (dataset.features, *model.hidden, dataset.outputs)
    return Layout(
        widths, tuple(model.groups), model.bias == "trainable", model.affine,
        tuple(model.local_losses), model.local_readout == "shared", model.stop_gradient,
    )  # fmt: skip


def is_scheduled(config: RunConfig) -> bool:
    """Return whether the learning rate is another in every step."""
    return config.schedule.name != "constant" or config.schedule.warm_up > 0


def rates(config: RunConfig, first: int, count: int, total: int, warm_up: int) -> dict[str, Any]:
    """Return the learning rates of some steps; nothing where it is constant."""
    if not is_scheduled(config):
        return {}
    whole = make_optimizer(config.optimizer.name, **config.optimizer.options).learning_rate
    found = whole * factors(config.schedule.name, first, count, total, warm_up)
    return {"rate": found.astype(config.dtype)}


def _optimizer(config: RunConfig) -> Optimizer:
    """Build the optimiser; where rates come with the steps, its own is 1, whatever they are."""
    options = config.optimizer.options
    own = {**options, "learning_rate": 1.0} if is_scheduled(config) else options
    return make_optimizer(config.optimizer.name, **own)


def _norms(config: RunConfig) -> tuple[int, ...]:
    """Return in how many groups each hidden layer is normalized."""
    model = config.model
    if model.normalization == "none":
        return ()
    return tuple(model.groups) if model.normalization == "group" else (1,) * len(model.hidden)


def make_learner(config: RunConfig, layout: Layout, batch: int) -> Learner:
    """Build the learner that a configuration describes, for steps of so many examples."""
    learner = Learner(
        xp=get_backend(config.backend.name),
        layout=layout,
        estimator=config.make_estimator(),
        activation=config.activation,
        loss=config.model.loss,
        optimizer=_optimizer(config),
        dtype=config.dtype,
        at_output=config.differentiate_at == "output",
        mean=config.model.reduction == "mean",
        min_scale=config.task.min_scale,
        gradient=config.make_gradient(),
        norms=_norms(config),
        batch=batch,
    )
    return _shared(learner)


def make_network(config: RunConfig, learner: Learner, parameters: Any) -> Network:
    """Return trained networks, as they are exported and loaded."""
    widths = learner.widths
    weights = [whole(w, n) for w, n in zip(parameters["weights"], widths, strict=False)]
    constant = tuple(np.full((w.shape[0], 1, w.shape[1]), CONSTANT_BIAS, w.dtype) for w in weights)
    return Network(
        weights=tuple(np.ascontiguousarray(w.mT) for w in weights),
        biases=parameters.get("biases", constant),
        activation=config.activation,
        linear_output=LOSSES[config.model.loss].linear_output,
        norms=learner.norms,
        scales=parameters.get("scales", ()),
        shifts=parameters.get("shifts", ()),
    )


def batch_of(config: RunConfig, dataset: Dataset) -> int:
    """Return the number of examples in a step."""
    return min(getattr(config.task, "batch_size", len(dataset.train)), len(dataset.train))


def check_network(config: RunConfig, dataset: Dataset) -> None:
    """Refuse a network that cannot learn, and more directions than the machine's memory holds.

    Raises:
        ConfigError: that says what does fit.
    """
    if config.model.loss == "softmax_cross_entropy" and dataset.outputs == 1:
        raise ConfigError(
            f"model.loss=softmax_cross_entropy task={config.task.name}: the softmax of one output "
            f"is 1; use model.loss=squared_error"
        )
    layout, gradient = make_layout(config, dataset), config.make_gradient()
    one = Perturbation(0.0, 1, 0, config.replicates)
    each = gradient.bytes_per_step(layout, config.dtype, one, batch_of(config, dataset))
    fit = int(SHARE * machine_memory()) // max(1, each)
    if config.num_directions > fit:
        raise ConfigError(
            f"num_directions={config.num_directions}: one takes {each / 2**20:.3g} MiB here, and "
            f"this machine holds {fit}; use num_directions={max(1, fit)} or fewer"
        )
    most = gradient.most_directions(layout)
    if most is not None and config.num_directions > most:
        raise ConfigError(
            f"num_directions={config.num_directions} gradient.law="
            f"{config.gradient.options.get('law')}: no more than {most} directions are independent "
            f"in this network; use num_directions={most} or fewer"
        )
