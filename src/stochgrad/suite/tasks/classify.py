"""Train an image classifier in epochs, with validation and early stopping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from stochgrad.errors import ConfigError
from stochgrad.random import Purpose, stream
from stochgrad.suite.config.schema import Count, Flag, Positive, RunConfig
from stochgrad.suite.data.dataset import Dataset, Split
from stochgrad.suite.tasks.base import settings
from stochgrad.suite.tasks.result import Listener, Result
from stochgrad.suite.tasks.session import Session
from stochgrad.suite.tasks.state import State, flatten, restore
from stochgrad.suite.tasks.training import TrainingConfig, metrics, rates

ToNumpy = Callable[[Any], NDArray[Any]]


class ClassifierConfig(TrainingConfig):
    """Settings of a task that trains a classifier.

    Attributes:
        epochs: passes over the training set, at most.
        batch_size: examples in a step.
        patience: stop after this many epochs without a better validation loss; None never stops.
        keep: which weights are tested and exported: those of the epoch with the best validation
            loss, or of the last one.
        validation: whether some training examples are put aside to validate; without, all are
            trained on.
    """

    learning_rate: Positive = 1e-3
    epochs: Count = 32
    batch_size: Count = 128
    patience: Count | None = None
    keep: Literal["best", "last"] = "best"
    validation: Flag = True
    fidelity_every: Annotated[int, Field(ge=0, strict=True)] = 1

    @model_validator(mode="after")
    def _check_validation(self) -> ClassifierConfig:
        if not self.validation and (self.keep == "best" or self.patience is not None):
            needs = "task.keep=best" if self.keep == "best" else f"task.patience={self.patience}"
            raise ConfigError(
                f"task.validation=false {needs}: without validation no epoch is known to be the "
                f"best; use task.keep=last task.patience=null, or task.validation=true"
            )
        return self


def classifier_metrics(config: RunConfig) -> list[str]:
    """Return the names of the metrics of a classifier."""
    task = settings(config, ClassifierConfig)
    validated = ["val_loss", "val_accuracy", "best_epoch"] if task.validation else []
    return [*validated, "train_accuracy", *metrics(config)]


def batches(examples: int, size: int, seed: int, replicates: int, epoch: int) -> dict[str, Any]:
    """Shuffle the training set for one epoch.

    Returns:
        ``index``, int32 of shape ``(S, R, size)``: examples of each of S steps, in an order of its
        own for each replicate; ``mask`` of shape ``(S, size)``: 0 where the last step is padded.
    """
    steps = -(-examples // size)
    order = np.zeros((replicates, steps * size), np.int32)
    for r in range(replicates):
        order[r, :examples] = stream(seed + r, Purpose.SHUFFLE, epoch).permutation(examples)
    mask = (np.arange(steps * size) < examples).reshape(steps, size)
    return {"index": order.reshape(replicates, steps, size).swapaxes(0, 1).copy(), "mask": mask}


@dataclass
class Best:
    """The best weights of each replicate by validation loss, and when they were.

    Attributes:
        patience: epochs to wait for a better loss; None waits for ever.
        loss: lowest validation loss, shape ``(R,)``; infinite before the first epoch.
        epoch: in which it was, shape ``(R,)``.
        parameters: as they were then.
    """

    patience: int | None
    loss: NDArray[Any]
    epoch: NDArray[np.int64]
    parameters: dict[str, tuple[NDArray[Any], ...]]

    @classmethod
    def before(cls, patience: int | None, parameters: Any, to_numpy: ToNumpy) -> Best:
        """Return what is known before the first epoch: nothing is better than these parameters."""
        own = {key: tuple(np.array(to_numpy(a)) for a in v) for key, v in parameters.items()}
        replicates = len(own["weights"][0])
        return cls(patience, np.full(replicates, np.inf), np.zeros(replicates, np.int64), own)

    def update(self, epoch: int, loss: NDArray[Any], parameters: Any, to_numpy: ToNumpy) -> None:
        """Keep a copy of what improved."""
        better = (loss < self.loss) & self._running(epoch)
        self.loss[better], self.epoch[better] = loss[better], epoch
        if better.any():
            for key, kept in self.parameters.items():
                for copy, array in zip(kept, parameters[key], strict=True):
                    copy[better] = to_numpy(array)[better]

    def may_improve(self, epoch: int) -> bool:
        """Return whether any replicate is still given a chance after so many epochs."""
        return bool(self._running(epoch + 1).any())

    def _running(self, epoch: int) -> NDArray[np.bool_]:
        if self.patience is None:
            return np.ones(self.epoch.shape, bool)
        return epoch - self.epoch <= self.patience

    def state(self) -> State:
        """Return copies of the arrays: the next epoch writes into these."""
        tree = {"loss": self.loss, "epoch": self.epoch, "parameters": self.parameters}
        return flatten(tree, np.copy, "best")

    def resume(self, state: State) -> None:
        """Go on from what :meth:`state` returned."""
        self.loss, self.epoch = state["best/loss"].copy(), state["best/epoch"].copy()
        self.parameters = restore(self.parameters, state, "best/parameters")


def train_classifier(
    config: RunConfig, data: Dataset, listener: Listener, state: State | None = None
) -> Result:
    """Train R networks, keep each one's best weights on the validation set, test those."""
    task = settings(config, ClassifierConfig)
    data = data.standardized(config.model.standardize)
    session = Session(config, data, "epoch")
    learner, to_numpy = session.learner, session.learner.xp.to_numpy
    best = Best.before(task.patience, session.carry["parameters"], to_numpy)
    size = learner.batch
    arrays = training_arrays(session)
    validation = None if data.validation is None else _vectors(session, data.validation)
    first = Split(data.train.inputs[:size], data.train.labels[:size])
    some = _vectors(session, first)
    inputs, targets = (learner.xp.asarray(a[None]) for a in some)
    probe = {"inputs": inputs, "targets": targets, **session.constants()}
    if state is None:
        session.weigh(*some, "first weights")
    else:
        session.resume(state)
        best.resume(state)
    while session.done < task.epochs and best.may_improve(session.done):
        session.compare(probe)
        if not train_epoch(session, size, arrays):
            break
        if validation is not None:
            losses = _validate(session, *validation)
            best.update(session.done, losses, session.carry["parameters"], to_numpy)
        listener(session.progress(task.epochs, best.state))
    session.weigh(*some, "last weights")
    steps = -(-len(data.train) // size)
    kept = task.keep == "best" and session.failure is None
    parameters = best.parameters if kept else session.carry["parameters"]
    result = session.finish(parameters, session.done * steps, len(data.train) / steps)
    if session.failure is None:
        if validation is not None:
            result.metrics["best_epoch"] = float(best.epoch.mean())
        result.tables["accuracy_by_digit"] = accuracy_by_digit(result)
    result.headline = ("test_accuracy", "test_loss", "val_accuracy", "gradient_cosine")
    return result


def with_splits(config: RunConfig, data: Dataset) -> Dataset:
    """Return a data set with the splits that a configuration wants."""
    task = settings(config, ClassifierConfig)
    return data if task.validation else data.without_validation()


def train_epoch(session: Session, batch_size: int, arrays: dict[str, Any]) -> bool:
    """Train for one epoch, and note its mean loss and accuracy; False where it diverged."""
    config = session.config
    task = settings(config, ClassifierConfig)
    examples = len(session.dataset.train)
    epoch = session.done
    rows = batches(examples, batch_size, session.seed, config.replicates, epoch)
    rows["mask"] = rows["mask"].astype(config.dtype)
    steps = len(rows["mask"])
    total, warm_up = task.epochs * steps, config.schedule.warm_up * steps
    rows |= rates(config, epoch * steps, steps, total, warm_up)
    report = session.train(arrays, rows, epoch)
    session.done += 1
    losses, correct = report["loss"], report["correct"]
    if session.check_finite(losses, 1, f" of epoch {session.done}") is not None:
        return False
    session.note(
        session.done,
        train_loss=losses.sum(axis=0, dtype=np.float64) / examples,
        train_accuracy=correct.sum(axis=0, dtype=np.float64) / examples,
    )
    return session.check_weights()


def training_arrays(session: Session) -> dict[str, Any]:
    """Return the training set as arrays of the backend: raw, for a step reads less memory then."""
    xp, data, dtype = session.learner.xp, session.dataset, session.config.dtype
    return {
        "inputs": xp.asarray(data.train.inputs.reshape(len(data.train), -1)),
        "targets": xp.asarray(data.targets(data.train, dtype)),
        "offset": xp.asarray(np.asarray(data.offset, dtype)),
        "scale": xp.asarray(np.asarray(data.scale, dtype)),
        **session.constants(),
    }


def _vectors(session: Session, split: Split) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return inputs ``(n, features)`` and targets ``(n, classes)``, scaled once for all epochs."""
    data, dtype = session.dataset, session.config.dtype
    return data.vectors(split, dtype), data.targets(split, dtype)


def _validate(session: Session, inputs: NDArray[Any], targets: NDArray[Any]) -> NDArray[Any]:
    """Note loss and accuracy on the validation set; return the loss, shape ``(R,)``."""
    outputs = session.learner.predict(session.carry["parameters"], inputs)
    losses = session.learner.losses(outputs, targets)
    correct = outputs.argmax(axis=-1) == targets.argmax(axis=-1)
    session.note(session.done, val_loss=losses, val_accuracy=correct.mean(axis=1))
    return losses


def accuracy_by_digit(result: Result) -> list[dict[str, Any]]:
    """Return a row for each true class: examples, and mean accuracy over replicates."""
    found = result.classification
    assert found is not None
    rows = [
        {"digit": digit, "examples": examples, "accuracy": float(accuracy.mean())}
        for digit, examples, accuracy in found.by_digit()
    ]
    return sorted(rows, key=lambda row: row["accuracy"])
