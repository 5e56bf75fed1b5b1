"""Measure gradient estimators on a quantum circuit: their error against the shots they spend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from stochgrad import gradient
from stochgrad.errors import ConfigError
from stochgrad.random import Purpose, fresh_seed, stream
from stochgrad.stencils.gradients import GradientEstimator, Local, make_gradient_estimator
from stochgrad.suite.config.schema import Count, RunConfig, TaskConfig
from stochgrad.suite.config.sections import NETWORK
from stochgrad.suite.config.text import rounded_up
from stochgrad.suite.models.circuits import Circuit, measure
from stochgrad.suite.tasks.base import register_task, settings
from stochgrad.suite.tasks.result import Listener, Progress, Result, Row

Floats = NDArray[np.float64]


class CircuitConfig(TaskConfig):
    """Settings of the circuit task.

    Attributes:
        qubits: of :class:`stochgrad.suite.models.circuits.Circuit`.
        layers: of the circuit; it has 2·qubits·layers angles.
        estimators: names in ``stochgrad.GRADIENT_ESTIMATORS``.
        shots: what one gradient may spend.
        shots_per_evaluation: of an estimator on random directions, which takes as many directions
            as it can afford; one on coordinates divides its shots among them.
    """

    unread = NETWORK | {"estimator", "num_steps"}
    qubits: Annotated[int, Field(ge=1, le=10, strict=True)] = 2
    layers: Annotated[int, Field(ge=1, le=20, strict=True)] = 2
    estimators: Annotated[list[str], Field(min_length=1)]
    shots: Annotated[list[Count], Field(min_length=1)]
    shots_per_evaluation: Count = 10

    @property
    def circuit(self) -> Circuit:
        """What is differentiated."""
        return Circuit(self.qubits, self.layers)

    def check(self, dtype: str, epsilon: float | str) -> None:
        """Refuse a step that moves no angle up to 2π, or after which no angle is known any more."""
        smallest = float(np.spacing(np.asarray(2 * np.pi, dtype)))
        if float(epsilon) * np.finfo(dtype).eps > 2 * np.pi:
            raise ConfigError(
                f"epsilon={epsilon:g}: next to it angles in dtype={dtype} are more than 2π apart; "
                f"use less than {2 * np.pi / np.finfo(dtype).eps:.0e}"
            )
        moving = [name for name in self.estimators if make_gradient_estimator(name).perturbs]
        if moving and float(epsilon) < smallest:
            other = " (or dtype=float64)" if dtype == "float32" else ""
            raise ConfigError(
                f"epsilon={epsilon:g}: too small to move an angle in dtype={dtype}, which "
                f"{moving[0]} does; the smallest that does is {rounded_up(smallest):.3g}{other}"
            )

    @model_validator(mode="after")
    def _check_estimators(self) -> CircuitConfig:
        for name in self.estimators:
            rule = make_gradient_estimator(name)
            if rule.needs_slopes:
                raise ConfigError(
                    f"task.estimators={name}: needs exact directional derivatives, and shots give "
                    f"values only; leave it out"
                )
            least = rule.evaluations(self.circuit.dimension, 1)
            least *= self.shots_per_evaluation if rule.random else 1
            if min(self.shots) < least:
                raise ConfigError(
                    f"task.shots={min(self.shots)}: {name} takes {least} shots or more on this "
                    f"circuit; raise task.shots, or leave it out"
                )
        return self


@dataclass(frozen=True)
class Spending:
    """How an estimator spends its shots on one gradient."""

    evaluations: int
    directions: int
    each: int

    @property
    def shots(self) -> int:
        """Spent in all: the budget, less what cannot be divided."""
        return self.evaluations * self.each


def spend(rule: GradientEstimator, dimension: int, budget: int, each: int) -> Spending:
    """Divide a budget of shots among evaluations."""
    if not rule.random:
        evaluations = rule.evaluations(dimension, 1)
        return Spending(evaluations, 1, budget // evaluations)
    directions = budget // (rule.evaluations(dimension, 1) * each)
    return Spending(rule.evaluations(dimension, directions), directions, each)


@dataclass(frozen=True)
class Shots:
    """The circuit as replicates see it, each with shots from a stream of its own."""

    circuit: Circuit
    each: int
    sources: list[np.random.Generator]
    rotation_angles = True

    def __call__(self, points: Floats) -> Floats:
        """Return estimated expectations at angles ``(n·R, d)``, a step's replicates in turn."""
        exact = self.circuit(points).reshape(-1, len(self.sources))
        columns = [measure(exact[:, r], self.each, s) for r, s in enumerate(self.sources)]
        return np.stack(columns, axis=1).ravel()


def local_derivatives(circuit: Circuit, x: Floats) -> Local:
    """Return exact derivatives at points of shape ``(R, d)``, by shifts of half a period.

    In each angle f is ``A + B cos θ + C sin θ``. So with the shift π along j, which turns the signs
    of B and C, ``∂ⱼ²f = (f(x + πeⱼ) − f(x))/2``, and likewise for the derivatives of ``∂ᵢf``. They
    are added up one j at a time: no array has more than ``R·d²`` elements.
    """
    units = np.eye(circuit.dimension)

    def gradient(points: Floats) -> Floats:
        shifted = points[..., None, :] + units * (np.pi / 2)
        return np.asarray((circuit(shifted) - circuit(shifted - units * np.pi)) / 2)

    opposite = x[:, None, :] + units * np.pi
    slope = gradient(x)
    mixed = np.zeros_like(slope)
    for j in range(circuit.dimension):
        mixed += (gradient(opposite[:, j]) - slope) / 2
    return Local(
        gradient=slope,
        second=(circuit(opposite) - circuit(x)[:, None]) / 2,
        third=-slope,
        mixed=mixed,
    )


def prepare(config: RunConfig) -> None:
    """Refuse what the simulation cannot do."""
    if config.backend.name != "numpy":
        raise ConfigError(
            f"backend={config.backend.name}: circuits are simulated with NumPy; use backend=numpy"
        )


def metrics(config: RunConfig) -> list[str]:
    """Return the names of the metrics of a run."""
    task = settings(config, CircuitConfig)
    return [f"relative_rmse.{name}" for name in task.estimators]


@register_task("circuit", CircuitConfig, prepare, metrics=metrics)
def measure_circuit(config: RunConfig, listener: Listener) -> Result:
    """Estimate the gradient at a random point of each seed, with every estimator and budget."""
    task = settings(config, CircuitConfig)
    seed = fresh_seed() if config.seed is None else config.seed
    circuit, seeds = task.circuit, range(seed, seed + config.replicates)
    x = np.stack(
        [stream(s, Purpose.ANGLES).uniform(0, 2 * np.pi, circuit.dimension) for s in seeds]
    )
    local = local_derivatives(circuit, x)
    variance = 1 - circuit(x)[:, None] ** 2  # of a single shot at x
    errors = np.zeros((len(task.estimators), len(task.shots), config.replicates))
    rows: list[Row] = []
    for i, name in enumerate(task.estimators):
        rule = make_gradient_estimator(name)
        for j, budget in enumerate(task.shots):
            plan = spend(rule, circuit.dimension, budget, task.shots_per_evaluation)
            sources = [stream(s, Purpose.SHOTS, budget) for s in seeds]
            found = gradient(
                Shots(circuit, plan.each, sources), x, estimator=rule, epsilon=config.step,
                num_directions=plan.directions if rule.random else None, dtype=config.dtype,
                seed=seed, vectorized=True, error_bars=False,
            )  # fmt: skip
            # The slope is df in double precision.
            errors[i, j] = ((found.slope - local.gradient) ** 2).sum(axis=-1)
            bias = rule.predicted_bias(local, config.step)
            spread = rule.predicted_variance(
                local, config.step, plan.directions, variance / plan.each
            )
            predicted = (bias**2 + spread).sum(axis=-1)
            rows.append(_row(name, plan, errors[i, j], predicted, local))
            listener(Progress(len(rows), errors[..., 0].size, "gradient"))
    result = Result(seed=seed, device="CPU (simulated)")
    result.tables["gradients"] = rows
    result.arrays = {"squared_errors": errors, "exact": local.gradient, "x": x}
    most = int(np.argmax(task.shots))
    for i, name in enumerate(metrics(config)):  # at the largest budget
        result.metrics[name] = rows[i * len(task.shots) + most]["relative_rmse"]
    result.headline = tuple(result.metrics)
    return result


def _row(name: str, plan: Spending, errors: Floats, predicted: Floats, local: Local) -> Row:
    """Describe one estimator at one budget.

    ``rmse`` is ``√mean‖ĝ − ∇f‖²`` over seeds, each at its own point. Its standard error is that of
    the mean over twice the root; None for one seed. ``relative_rmse`` is over ``√mean‖∇f‖²``.
    """
    mean, replicates = float(errors.mean()), len(errors)
    norm = float(np.sqrt((local.gradient**2).sum(axis=-1).mean()))
    spread = float(errors.std(ddof=1) / np.sqrt(replicates)) if replicates > 1 else None
    return {
        "estimator": name,
        "shots": plan.shots,
        "evaluations": plan.evaluations,
        "shots_per_evaluation": plan.each,
        "directions": plan.directions,
        "rmse": mean**0.5,
        "rmse_standard_error": None if spread is None else spread / (2 * mean**0.5),
        "relative_rmse": mean**0.5 / norm,
        "predicted_relative_rmse": float(np.sqrt(predicted.mean())) / norm,
        "replicates": replicates,
    }
