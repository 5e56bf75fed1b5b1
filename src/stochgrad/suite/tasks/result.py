"""What a run returns: everything that figures, export and tracking need, and nothing of theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.suite.analysis.tables import Row as Row
from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.models.perceptron import Network
from stochgrad.suite.tasks.state import State


@dataclass(frozen=True)
class Curve:
    """A metric over training, for each replicate.

    Attributes:
        at: shape ``(P,)``: steps or epochs at which it was measured.
        values: shape ``(P, R)``.
        unit: ``"step"`` or ``"epoch"``.
    """

    at: NDArray[np.int64]
    values: NDArray[np.float64]
    unit: str


@dataclass(frozen=True)
class Progress:
    """Told to a listener while a run goes on.

    Attributes:
        done: units done so far.
        total: units in all.
        unit: ``"step"``, ``"epoch"`` or ``"function"``.
        metrics: the newest values, averaged over replicates.
        curves: so far.
        state: returns what the run could go on from; None for a task that cannot.
    """

    done: int
    total: int
    unit: str
    metrics: dict[str, float] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    state: Callable[[], State] | None = None


Listener = Callable[[Progress], None]


@dataclass(frozen=True)
class Classification:
    """A trained classifier on its test set, for each replicate.

    Attributes:
        predicted: shape ``(R, n)``, int64.
        true: shape ``(n,)``, int64.
    """

    predicted: NDArray[np.int64]
    true: NDArray[np.int64]

    def by_digit(self) -> Iterator[tuple[int, int, NDArray[np.float64]]]:
        """Yield every true digit, its number of examples, and the accuracy of each replicate."""
        for digit in np.unique(self.true):
            here = self.true == digit
            yield int(digit), int(here.sum()), (self.predicted[:, here] == digit).mean(axis=1)


@dataclass
class Result:
    """The outcome of one run.

    Attributes:
        seed: of replicate 0, as used.
        metrics: final scalars (means over replicates), by MLflow name.
        curves: metrics over training, by MLflow name.
        tables: rows by table name; a row is a dict from column to value.
        network: the trained networks of all replicates; None for a task that trains none.
        dataset: what it was trained on.
        outputs: test outputs of the network, shape ``(R, n, classes)``, for checking an export.
        classification: predictions, for classifiers.
        arrays: other arrays that figures need, by name.
        failure: why the run failed, or None.
        headline: names of the metrics that a summary shows first.
        device: that computed.
        seconds: time spent in the numerical work, compilation included.
    """

    seed: int
    metrics: dict[str, float] = field(default_factory=dict)
    curves: dict[str, Curve] = field(default_factory=dict)
    tables: dict[str, list[Row]] = field(default_factory=dict)
    network: Network | None = None
    dataset: Dataset | None = None
    outputs: NDArray[Any] | None = None
    classification: Classification | None = None
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    failure: str | None = None
    headline: tuple[str, ...] = ()
    device: str = ""
    seconds: float = 0.0

    def measure(self, per_replicate: Mapping[str, NDArray[Any]]) -> None:
        """Add final metrics: mean, standard deviation over replicates, and a table of them all."""
        replicates = len(next(iter(per_replicate.values())))
        for name, values in per_replicate.items():
            self.metrics[name] = float(np.mean(values, dtype=np.float64))
            if replicates > 1:
                self.metrics[f"{name}_std"] = float(np.std(values, ddof=1, dtype=np.float64))
        self.tables["replicates"] = [
            {"seed": self.seed + r, **{name: float(v[r]) for name, v in per_replicate.items()}}
            for r in range(replicates)
        ]

    def finals(self) -> dict[str, float]:
        """Return the final metrics, and the last point of each curve averaged over replicates."""
        last = {n: float(c.values[-1].mean()) for n, c in self.curves.items() if len(c.at)}
        return {**last, **self.metrics}
