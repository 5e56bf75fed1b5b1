"""A training run in progress: its weights, its curves, its state, and its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.errors import ConfigError
from stochgrad.random import Purpose, fresh_seed
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.models.fidelity import fidelity
from stochgrad.suite.models.gradients import Perturbation
from stochgrad.suite.models.initial import initial_parameters
from stochgrad.suite.models.learner import Learner
from stochgrad.suite.models.memory import steps_at_once
from stochgrad.suite.models.worth import worth
from stochgrad.suite.tasks.base import settings
from stochgrad.suite.tasks.result import Classification, Curve, Progress, Result, Row
from stochgrad.suite.tasks.state import State, flatten, restore
from stochgrad.suite.tasks.training import (
    TrainingConfig,
    batch_of,
    make_layout,
    make_learner,
    make_network,
)


@dataclass
class Session:
    """One training run in progress.

    Attributes:
        config: of the run.
        dataset: what it trains on.
        unit: in which progress is counted, ``"step"`` or ``"epoch"``.
        learner: the mathematics.
        seed: of replicate 0.
        carry: parameters and optimiser's state, on the backend.
        done: units done.
        points: of each curve.
        failure: why the run cannot go on, or None.
        started: reading of the clock at which a run without interruption would have started.
        worth: of the gradient, where it was weighed.
    """

    config: RunConfig
    dataset: Dataset
    unit: str
    learner: Learner = field(init=False)
    seed: int = field(init=False)
    carry: dict[str, Any] = field(init=False)
    done: int = 0
    points: dict[str, list[tuple[int, NDArray[Any]]]] = field(default_factory=dict)
    failure: str | None = None
    started: float = field(default_factory=time.perf_counter)
    worth: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        layout = make_layout(self.config, self.dataset)
        self.learner = make_learner(self.config, layout, batch_of(self.config, self.dataset))
        self.seed = fresh_seed() if self.config.seed is None else self.config.seed
        model = self.config.model
        first = initial_parameters(
            layout, model.init, self.seed, self.config.replicates, self.config.dtype,
            scale=model.init_scale, zero_output=model.zero_output,
        )  # fmt: skip
        self.carry = self.learner.start(first)

    @property
    def perturbation(self) -> Perturbation:
        """What the draws of this run depend on."""
        config = self.config
        return Perturbation(
            config.step, config.num_steps, self.seed, config.replicates, config.num_directions,
            config.loss_noise, config.loss_shots,
        )  # fmt: skip

    def constants(self) -> dict[str, Any]:
        """Return what the gradient draws once for all steps."""
        return self.learner.gradient.constants(self.learner, self.perturbation)

    def train(
        self, arrays: dict[str, Any], rows: dict[str, NDArray[Any]], key: int
    ) -> dict[str, NDArray[Any]]:
        """Train for some steps, in blocks whose draws fit into memory.

        Args:
            arrays: of the backend, the same in every step.
            rows: what differs from step to step, by name.
            key: names the draws of these steps.

        Returns:
            What each step reports, by name.
        """
        learner, reports = self.learner, []
        draw = learner.gradient.draws(learner, self.perturbation, Purpose.PERTURBATION, key)
        count = len(next(iter(rows.values())))
        each = learner.gradient.bytes_per_step(
            learner.layout, learner.dtype, self.perturbation, learner.batch
        )
        block = steps_at_once(each, count)
        for low in range(0, count, block):
            own = {name: row[low : low + block] for name, row in rows.items()}
            own |= draw(min(block, count - low))
            self.carry, report = learner.train(self.carry, arrays, own)
            reports.append({name: learner.xp.to_numpy(value) for name, value in report.items()})
        return {name: np.concatenate([report[name] for report in reports]) for name in reports[0]}

    def compare(self, batch: dict[str, Any]) -> None:
        """Note how close the gradient is to the exact one on a batch, if it is time for that."""
        every = settings(self.config, TrainingConfig).fidelity_every
        if every and self.done % every == 0:
            parameters = self.carry["parameters"]
            found = fidelity(self.learner, parameters, batch, self.perturbation, self.done)
            self.note(self.done, **found)

    def weigh(self, inputs: NDArray[Any], targets: NDArray[Any], place: str) -> None:
        """Note what the gradient is worth on a batch, if that is wanted.

        Args:
            inputs: ``(batch, features)``.
            targets: ``(batch, outputs)``.
            place: in the run, in words.
        """
        draws = settings(self.config, TrainingConfig).worth_draws
        if not draws:
            return
        learner = self.learner
        own = {k: tuple(map(learner.xp.to_numpy, v)) for k, v in self.carry["parameters"].items()}
        x, t = inputs[None], targets[None]
        data = {"inputs": learner.xp.asarray(x), "targets": learner.xp.asarray(t)}
        self.worth += worth(
            learner, own, x.astype(np.float64), t.astype(np.float64), data, self.perturbation,
            draws, self.done, place,
        )  # fmt: skip

    def note(self, at: int, **values: NDArray[Any]) -> None:
        """Record a point of each named curve; values have shape ``(R,)``."""
        for name, value in values.items():
            self.points.setdefault(name, []).append((at, np.asarray(value, np.float64)))

    def latest(self) -> dict[str, float]:
        """Return the newest value of each curve, averaged over replicates."""
        return {name: float(points[-1][1].mean()) for name, points in self.points.items()}

    def progress(self, total: int, more: Callable[[], State] = dict) -> Progress:
        """Report how far the run is.

        Args:
            total: units in all.
            more: returns what else the run has to go on from.
        """
        return Progress(
            self.done, total, self.unit, self.latest(), self.curves(),
            lambda: {**self._state(), **more()},
        )  # fmt: skip

    def curves(self) -> dict[str, Curve]:
        """Return the curves so far."""
        return {
            name: Curve(
                np.array([at for at, _ in points], np.int64),
                np.array([value for _, value in points]),
                self.unit,
            )
            for name, points in self.points.items()
        }

    def _state(self) -> State:
        state = flatten(self.carry, self.learner.xp.to_numpy, "carry")
        for name, curve in self.curves().items():
            state[f"at/{name}"], state[f"values/{name}"] = curve.at, curve.values
        state["done"] = np.array(self.done)
        state["seconds"] = np.array(time.perf_counter() - self.started)
        state["data_sha256"] = np.array(self.dataset.sha256())
        return state

    def resume(self, state: State) -> None:
        """Go on from what :meth:`progress` told.

        Raises:
            ConfigError: if that was a run on other data.
        """
        if str(state["data_sha256"]) != self.dataset.sha256():
            raise ConfigError(
                f"resume: the data of {self.dataset.name} are not those that the run began with; "
                f"restore them, or start anew without resume="
            )
        own = {n: self.learner.xp.asarray(a) for n, a in state.items() if n.startswith("carry/")}
        self.carry = restore(self.carry, own, "carry")
        self.done = int(state["done"])
        self.started -= float(state["seconds"])
        for name in (n.removeprefix("at/") for n in state if n.startswith("at/")):
            at, values = state[f"at/{name}"], state[f"values/{name}"]
            self.points[name] = list(zip(at.tolist(), values, strict=True))

    def check_finite(self, losses: NDArray[Any], first_step: int, where: str = "") -> int | None:
        """Look for the first step whose loss is NaN or infinite; record it as the failure.

        Args:
            losses: shape ``(T, R)``.
            first_step: number of the first row.
            where: added to the message.

        Returns:
            The row, or None.
        """
        bad = ~np.isfinite(losses)
        if not bad.any():
            return None
        row = int(bad.any(axis=1).argmax())
        replicate = int(bad[row].argmax())
        self.failure = (
            f"train_loss is {losses[row, replicate]} at step {first_step + row}{where}, "
            f"seed {self.seed + replicate}"
        )
        return row

    def check_weights(self) -> bool:
        """Return whether every weight can be moved; record one that cannot as the failure.

        By the step ε that a gradient made of losses alone takes, as at the start of a run. With any
        other gradient by 1: beyond that products with an input of 1 are off by more than the width
        of an activation.
        """
        step = self.config.step if self.learner.gradient.black_box else 1.0
        for array in self.carry["parameters"]["weights"]:
            own = self.learner.xp.to_numpy(array)
            largest = np.maximum(own.max(axis=(1, 2)), -own.min(axis=(1, 2)))
            stuck = largest + own.dtype.type(step) == largest
            if stuck.any():
                replicate = int(stuck.argmax())
                self.failure = (
                    f"a weight is {largest[replicate]:.3g} after {self.unit} {self.done}, seed "
                    f"{self.seed + replicate}: too large for a step of {step:g} to move it in "
                    f"{own.dtype}; lower the learning rate"
                )
                return False
        return True

    def finish(self, parameters: Any, steps: int, batch: float) -> Result:
        """Measure the trained networks on the test set and gather the Result.

        Args:
            parameters: NumPy arrays or the backend's.
            steps: training steps that were taken.
            batch: examples in a step, on average.
        """
        config, learner, data = self.config, self.learner, self.dataset
        xp = learner.xp
        parameters = {
            key: tuple(np.asarray(a) for a in arrays) for key, arrays in parameters.items()
        }
        nfev = learner.evaluations(config.num_steps) * round(batch * steps)
        result = Result(
            seed=self.seed,
            metrics={
                "nfev": float(nfev),
                "forward_passes": learner.gradient.forward_passes(config.num_directions),
            },
            curves=self.curves(),
            dataset=data,
            network=make_network(config, learner, parameters),
            failure=self.failure,
            device=xp.device(),
        )
        if self.worth:
            result.tables["gradient_worth"] = self.worth
        if self.failure is None:
            self._judge(result, parameters)
        result.seconds = time.perf_counter() - self.started
        return result

    def _judge(self, result: Result, parameters: Any) -> None:
        data, config = self.dataset, self.config
        own = {key: tuple(map(self.learner.xp.asarray, a)) for key, a in parameters.items()}
        outputs = self.learner.predict(own, data.vectors(data.test, config.dtype))
        result.outputs = outputs
        loss = self.learner.losses(outputs, data.targets(data.test, config.dtype))
        if data.kind == "bits":
            predicted = (outputs[..., 0] > 0.5).astype(np.int64)
        else:
            predicted = outputs.argmax(axis=-1).astype(np.int64)
            result.classification = Classification(predicted, data.test.labels)
        accuracy = (predicted == data.test.labels).mean(axis=1)
        per_replicate = {"test_loss": loss, "test_accuracy": accuracy}
        if data.kind == "bits":
            error = np.abs(outputs[..., 0] - data.test.labels).mean(axis=1)
            per_replicate["mean_abs_error"] = error
        result.measure(per_replicate)
