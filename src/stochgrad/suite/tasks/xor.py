"""Train the XOR gate with estimated derivatives."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from stochgrad.suite.config.schema import Count, Positive, RunConfig
from stochgrad.suite.data.xor import load_xor
from stochgrad.suite.tasks.base import register_task, settings
from stochgrad.suite.tasks.result import Listener, Result
from stochgrad.suite.tasks.session import Session
from stochgrad.suite.tasks.state import State
from stochgrad.suite.tasks.training import TrainingConfig, check_network, metrics, rates

BLOCK = 2000
"""Steps that share one stream of draws and one call of the compiled loop. It names the draws:
changing it changes the meaning of a seed."""


class XorConfig(TrainingConfig):
    """Settings of the XOR task.

    Attributes:
        steps: full-batch training steps.
        log_every: steps between two points of the loss curve.
        solved_below: a replicate counts as solved when its mean absolute error is less.
    """

    learning_rate: Positive = 1.0
    steps: Count = 10_000
    log_every: Count = 100
    fidelity_every: Annotated[int, Field(ge=0, multiple_of=BLOCK, strict=True)] = BLOCK
    solved_below: Annotated[float, Field(gt=0, lt=1, strict=True)] = 0.02


def xor_metrics(config: RunConfig) -> list[str]:
    """Return the names of the metrics of a run."""
    spread = ["mean_abs_error_std"] if config.replicates > 1 else []
    return [*metrics(config), "mean_abs_error", *spread, "solved_fraction"]


def prepare(config: RunConfig) -> None:
    """Refuse a network that cannot be."""
    check_network(config, load_xor())


@register_task("xor", XorConfig, prepare, load=lambda config: load_xor(), metrics=xor_metrics)
def train_xor(config: RunConfig, listener: Listener, state: State | None = None) -> Result:
    """Train on the truth table, all four examples in every step."""
    task = settings(config, XorConfig)
    session = Session(config, load_xor(), "step")
    learner, data = session.learner, session.dataset
    inputs = data.vectors(data.train, config.dtype)
    targets = data.targets(data.train, config.dtype)
    arrays = {
        "inputs": learner.xp.asarray(inputs[None]),
        "targets": learner.xp.asarray(targets[None]),
        **session.constants(),
    }
    if state is not None:
        session.resume(state)
    else:
        session.weigh(inputs, targets, "first weights")
    while session.done < task.steps and session.failure is None:
        done = session.done
        session.compare(arrays)
        count = min(BLOCK, task.steps - done)
        rows = rates(config, done, count, task.steps, config.schedule.warm_up)
        report = session.train(arrays, {"t": np.arange(count), **rows}, done // BLOCK)
        losses = learner.losses(report["outputs"], targets)
        bad = session.check_finite(losses, done + 1)
        for row in range(count if bad is None else bad):
            step = done + row + 1
            if step % task.log_every == 0 or step in (1, task.steps):
                session.note(step, train_loss=losses[row])
        session.done += count
        if bad is None:
            session.check_weights()
        listener(session.progress(task.steps))
    session.weigh(inputs, targets, "last weights")
    result = session.finish(session.carry["parameters"], session.done, len(data.train))
    if result.failure is None:
        errors = [row["mean_abs_error"] for row in result.tables["replicates"]]
        result.metrics["solved_fraction"] = float(np.mean(np.array(errors) < task.solved_below))
    result.headline = ("mean_abs_error", "solved_fraction", "test_loss", "gradient_cosine")
    return result
