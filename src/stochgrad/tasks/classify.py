"""Train an image classifier in epochs, with validation and early stopping."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from stochgrad.config import Count, RunConfig
from stochgrad.data.dataset import Dataset, Split
from stochgrad.draws import Purpose, stream
from stochgrad.tasks.result import Listener, Progress, Result
from stochgrad.tasks.training import Session, TrainingConfig, settings


class ClassifierConfig(TrainingConfig):
    """Settings of a task that trains a classifier.

    Attributes:
        epochs: passes over the training set, at most.
        batch_size: examples in a step.
        patience: stop after this many epochs without a better validation loss; None never stops.
            The weights of the best epoch are kept either way.
    """

    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1e-3
    epochs: Count = 32
    batch_size: Count = 128
    patience: Count | None = None
    fidelity_every: Annotated[int, Field(ge=0)] = 1


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
    """The best weights of each replicate by validation loss, and when they were."""

    patience: int | None
    loss: NDArray[Any] | None = None
    epoch: NDArray[Any] = field(default_factory=lambda: np.zeros(0))
    parameters: dict[str, list[NDArray[Any]]] = field(default_factory=dict)

    def update(self, epoch: int, loss: NDArray[Any], parameters: Any, to_numpy: Any) -> bool:
        """Keep a copy of what improved; return whether any replicate may still improve."""
        if self.loss is None:
            better = np.ones(loss.shape, bool)
            self.loss, self.epoch = loss.copy(), np.full(loss.shape, epoch)
        else:
            better = (loss < self.loss) & self._running(epoch)
            self.loss[better], self.epoch[better] = loss[better], epoch
        if better.any():
            for key, arrays in parameters.items():
                kept = self.parameters.setdefault(key, [np.zeros_like(to_numpy(a)) for a in arrays])
                for copy, array in zip(kept, arrays, strict=True):
                    copy[better] = to_numpy(array)[better]
        return bool(self._running(epoch + 1).any())

    def _running(self, epoch: int) -> NDArray[np.bool_]:
        if self.patience is None:
            return np.ones(self.epoch.shape, bool)
        return epoch - self.epoch <= self.patience


def train_classifier(config: RunConfig, data: Dataset, listener: Listener) -> Result:
    """Train R networks, keep each one's best weights on the validation set, test those."""
    task: ClassifierConfig = settings(config, ClassifierConfig)
    session = Session(config, data)
    learner, replicates = session.learner, config.replicates
    examples = len(data.train)
    assert data.validation is not None
    arrays = _arrays(session, data.train)
    probe = _arrays(session, data.train, min(examples, task.batch_size))
    size = min(task.batch_size, examples)
    steps = -(-examples // size)
    carry = session.start()
    best = Best(task.patience)
    epoch, going = 0, True
    while going and epoch < task.epochs and session.failure is None:
        if task.fidelity_every and epoch % task.fidelity_every == 0:
            one = {key: value[None] for key, value in probe.items()}
            found = learner.fidelity(carry["parameters"], one, session.perturbation, epoch)
            session.note(epoch, **found)
        rows = batches(examples, size, session.seed, replicates, epoch)
        rows["mask"] = rows["mask"].astype(config.dtype)
        rows |= learner.perturbations(steps, session.perturbation, Purpose.PERTURBATION, epoch)
        carry, report = learner.train(carry, arrays, rows)
        losses = learner.xp.to_numpy(report["loss"])
        epoch += 1
        where = f" of epoch {epoch}"
        if session.check_finite(losses, 1, where) is not None:
            break
        correct = learner.xp.to_numpy(report["correct"])
        session.note(
            epoch,
            train_loss=losses.sum(axis=0, dtype=np.float64) / examples,
            train_accuracy=correct.sum(axis=0, dtype=np.float64) / examples,
        )
        validation = _validate(session, carry["parameters"], data.validation)
        session.note(epoch, **validation)
        going = best.update(epoch, validation["val_loss"], carry["parameters"], learner.xp.to_numpy)
        listener(Progress(epoch, task.epochs, "epoch", session.latest()))
    parameters = best.parameters if session.failure is None else carry["parameters"]
    result = session.finish(
        {k: tuple(map(learner.xp.asarray, v)) for k, v in parameters.items()},
        "epoch", epoch * steps, examples / steps,
    )  # fmt: skip
    if session.failure is None:
        result.metrics["best_epoch"] = float(best.epoch.mean())
        result.tables["accuracy_by_digit"] = accuracy_by_digit(result)
    result.headline = ("test_accuracy", "test_loss", "val_accuracy", "gradient_cosine")
    return result


def _arrays(session: Session, split: Split, rows: int | None = None) -> dict[str, Any]:
    data, dtype, xp = session.dataset, session.config.dtype, session.learner.xp
    part = Split(split.inputs[:rows], split.labels[:rows])
    return {
        "inputs": xp.asarray(data.vectors(part, dtype)),
        "targets": xp.asarray(data.targets(part, dtype)),
    }


def _validate(session: Session, parameters: Any, split: Split) -> dict[str, NDArray[Any]]:
    data, dtype, learner = session.dataset, session.config.dtype, session.learner
    outputs = learner.predict(parameters, data.vectors(split, dtype))
    return {
        "val_loss": learner.losses(outputs, data.targets(split, dtype)),
        "val_accuracy": (outputs.argmax(axis=-1) == split.labels).mean(axis=1),
    }


def accuracy_by_digit(result: Result) -> list[dict[str, Any]]:
    """Return a row for each true class: examples, and mean accuracy over replicates."""
    found = result.classification
    assert found is not None
    rows = []
    for digit in np.unique(found.true):
        correct = (found.predicted[:, found.true == digit] == digit).mean(axis=1)
        row = {"digit": int(digit), "examples": int((found.true == digit).sum())}
        rows.append({**row, "accuracy": float(correct.mean())})
    return sorted(rows, key=lambda row: row["accuracy"])
