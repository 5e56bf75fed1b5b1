"""What the settings of a training run cannot be together, said before it starts."""

from __future__ import annotations

from typing import Any

import numpy as np

from stochgrad.errors import ConfigError
from stochgrad.suite.models.losses import LOSSES

FROM_LOSSES = "gradient=spsa, evolution_strategies or mezo"


def check_training(config: Any) -> None:
    """Refuse settings of a gradient, a loss and a model that do not go together.

    Args:
        config: a RunConfig, whose module this one cannot import.

    Raises:
        ConfigError: naming the settings, and what to do.
    """
    gradient, model = config.make_gradient(), config.model
    name = f"gradient={gradient.name}"
    if model.affine and model.normalization == "none":
        raise ConfigError(
            "model.affine=true model.normalization=none: only a normalized layer has a scale and "
            "a shift; use model.normalization=layer, or model.affine=false"
        )
    if model.normalization == "group" and not model.groups:
        raise ConfigError(
            "model.normalization=group model.groups=[]: no layer has groups; give a number of them "
            "for each hidden layer, or use model.normalization=layer"
        )
    if config.num_directions > 1 and not gradient.perturbs:
        raise ConfigError(
            f"num_directions={config.num_directions} {name}: it takes no directions; leave it at "
            f"1, or use gradient=weight_perturbation or activity_perturbation"
        )
    if getattr(config.task, "worth_draws", 0) == 1:
        raise ConfigError("task.worth_draws=1: one estimate has no scatter; use 0, or 2 or more")
    _check_local(config)
    _check_black_box(config)
    _check_losses(config)
    _check_schedule(config)


def _check_black_box(config: Any) -> None:
    """Refuse what needs more of a black box than its losses."""
    gradient = config.make_gradient()
    if not config.model.black_box:
        return
    given = f"model.black_box=true gradient={gradient.name}"
    if not gradient.black_box:
        slope = getattr(gradient, "slope", None)
        if slope == "exact" and gradient.name == "weight_perturbation":
            raise ConfigError(
                f"{given} gradient.slope=exact: a black box has no derivatives; use "
                f"gradient.slope=central or forward"
            )
        raise ConfigError(
            f"{given}: a black box returns losses, and this gradient needs more; use {FROM_LOSSES}"
        )
    every = getattr(config.task, "fidelity_every", 0)
    if every:
        raise ConfigError(
            f"model.black_box=true task.fidelity_every={every}: a black box has no exact gradient "
            f"to compare with; set task.fidelity_every=0"
        )


def _check_local(config: Any) -> None:
    """Refuse local losses where there can be none, and their settings where there are none."""
    gradient, model = config.make_gradient(), config.model
    given = f"model.local_losses=[{','.join(map(str, model.local_losses))}]"
    if not model.local_losses:
        for key, default in (("local_readout", "own"), ("stop_gradient", True)):
            value = getattr(model, key)
            if value != default:
                raise ConfigError(
                    f"model.{key}={str(value).lower()} {given}: no layer has local losses; leave "
                    f"model.{key} out, or give model.local_losses a number for each hidden layer"
                )
        return
    if model.loss != "softmax_cross_entropy":
        raise ConfigError(
            f"{given} model.loss={model.loss}: local losses are softmax cross-entropies; use "
            f"model.loss=softmax_cross_entropy"
        )
    if model.black_box:
        raise ConfigError(
            f"{given} model.black_box=true: a black box returns one loss, and local losses are of "
            f"layers inside it; use model.local_losses=[], or model.black_box=false"
        )
    if not gradient.takes_local_losses:
        raise ConfigError(
            f"{given} gradient={gradient.name}: it sends errors from layer to layer, which local "
            f"losses stop; use gradient=backprop, weight_perturbation or activity_perturbation"
        )
    if not model.stop_gradient and gradient.perturbs:
        raise ConfigError(
            f"model.stop_gradient=false gradient={gradient.name}: directions of a layer are tried "
            f"on its own losses alone; use model.stop_gradient=true, or gradient=backprop"
        )
    if gradient.name == "activity_perturbation" and gradient.output == "perturbed":
        raise ConfigError(
            f"{given} gradient.output=perturbed: readouts learn from the exact gradient of their "
            f"losses; use gradient.output=exact"
        )
    if config.loss_noise:
        raise ConfigError(
            f"{given} loss_noise={config.loss_noise:g}: only the loss of the output can be read "
            f"with noise; use loss_noise=0, or model.local_losses=[]"
        )


def _check_schedule(config: Any) -> None:
    """Refuse a schedule whose end is not known, or comes before its warm-up is over."""
    schedule, task = config.schedule, config.task
    key = "epochs" if hasattr(task, "epochs") else "steps"
    total = getattr(task, key)
    if schedule.warm_up >= total:
        raise ConfigError(
            f"schedule.warm_up={schedule.warm_up} task.{key}={total}: the run ends before the rate "
            f"has risen; use fewer than {total}"
        )
    patience = getattr(task, "patience", None)
    if schedule.name != "constant" and patience is not None:
        raise ConfigError(
            f"schedule.name={schedule.name} task.patience={patience}: a run that may stop at any "
            f"epoch has no known end for the rate to fall to 0 at; use task.patience=null, or "
            f"schedule.name=constant"
        )


def _check_losses(config: Any) -> None:
    """Refuse a step or a noise that does not go with how the loss is read."""
    gradient = config.make_gradient()
    for key in ("loss_noise", "loss_shots"):
        value = getattr(config, key)
        if value and not gradient.reads_losses:
            raise ConfigError(
                f"{key}={value:g} gradient={gradient.name}: it reads no values of the loss; leave "
                f"{key} out, or use {FROM_LOSSES}"
            )
    if config.loss_shots and (
        LOSSES[config.model.loss].linear_output or config.activation != "sigmoid"
    ):
        raise ConfigError(
            f"loss_shots={config.loss_shots} model.loss={config.model.loss} activation="
            f"{config.activation}: only an output that is a probability can be read as 0 or 1; use "
            f"model.loss=squared_error activation=sigmoid"
        )
    if not gradient.reads_losses or config.epsilon == "auto":
        return
    smallest = float(np.finfo(config.dtype).eps)
    if config.epsilon < smallest:
        other = " (or dtype=float64)" if config.dtype == "float32" else ""
        raise ConfigError(
            f"epsilon={config.epsilon:g} gradient={gradient.name}: too small to move weights in "
            f"dtype={config.dtype}; the smallest that does is {smallest:.3g}{other}"
        )
