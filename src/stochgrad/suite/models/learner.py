"""One network's mathematics on one backend: steps of training, predictions, gradient fidelity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Array, Backend, get_backend
from stochgrad.random import Purpose
from stochgrad.stencils import Estimator
from stochgrad.suite.models.gradients import Batch, Gradient, Perturbation
from stochgrad.suite.models.gradients.backprop import Backprop
from stochgrad.suite.models.initial import Layout
from stochgrad.suite.models.local import Heard, Readout, gather_errors, make_readout
from stochgrad.suite.models.losses import LOSSES, Loss
from stochgrad.suite.models.optimizers import Optimizer, Parameters
from stochgrad.suite.models.perceptron import Trace, backward, forward
from stochgrad.suite.models.slopes import Slopes

PREDICTION_ROWS = 2048
"""Predictions are computed this many examples at a time, to bound memory."""


EXACT = Backprop()
CONSTANTS = ("feedback", "table")
"""What the data of a run has besides examples, for every step."""


@dataclass(frozen=True)
class Learner:
    """How a perceptron learns with estimated activation derivatives.

    It holds what is compiled into a program; what differs between runs of one program is passed in.

    Attributes:
        xp: backend.
        layout: what parameters the network has.
        estimator: of the activation's derivative.
        activation: name.
        loss: name.
        optimizer: follows the descent direction.
        dtype: of everything.
        at_output: whether the activation is differentiated at its own output (the notebook).
        mean: whether the loss is averaged over a batch instead of summed.
        min_scale: see :func:`stochgrad.stencils.base.step_scale`.
        gradient: how the gradient of the loss is found.
        norms: groups in which each hidden layer is normalized; empty where none is.
        batch: examples in a step.
    """

    xp: Backend
    layout: Layout
    estimator: Estimator
    activation: str
    loss: str
    optimizer: Optimizer
    dtype: str
    at_output: bool
    mean: bool
    min_scale: float
    gradient: Gradient = EXACT
    norms: tuple[int, ...] = ()
    batch: int = 0

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of every layer, inputs first."""
        return self.layout.widths

    @cached_property
    def _loss(self) -> Loss:
        return LOSSES[self.loss]

    @cached_property
    def _slopes(self) -> Slopes:
        """What differentiates the activation of every layer that has one."""
        units = self.widths[1:-1] if self._loss.linear_output else self.widths[1:]
        return Slopes(
            self.xp, self.estimator, self.activation, units, len(self.widths) - 1, self.dtype,
            self.at_output, self.min_scale,
        )  # fmt: skip

    def forward(
        self,
        parameters: Parameters,
        inputs: Array,
        added: Sequence[Array | None] = (),
        first: Array | None = None,
        layers: range | None = None,
    ) -> Trace:
        """Run the network, or some layers of it.

        What is ``added`` goes to the arguments of activations; ``first`` is the first layer's
        product, where it is known.
        """
        return forward(
            parameters, inputs, self._slopes.act, self._loss.linear_output, self.xp,
            norms=self.norms, added=added, first=first, layers=layers,
        )  # fmt: skip

    def exact_slopes(self, trace: Trace) -> list[Array | None]:
        """Return the activation's exact derivative in each layer; None where there is none."""
        return self._slopes.exact(trace)

    def slopes(self, trace: Trace, steps: Any) -> list[Array | None]:
        """Estimate the activation's derivative in each layer; None where there is none."""
        return self._slopes.estimated(trace, steps)

    def perturbations(
        self, count: int, perturbation: Perturbation, purpose: Purpose, *where: int
    ) -> dict[str, Any]:
        """Draw the perturbations of activations in ``count`` training steps."""
        return self._slopes.draws(count, perturbation, purpose, *where)

    def evaluations(self, num_steps: int) -> int:
        """Count evaluations of the activation that derivatives cost, for one example of a batch."""
        return self._slopes.evaluations(num_steps) if self.gradient.uses_estimator else 0

    def read_loss(self, outputs: Array, batch: Batch, first: int, number: int) -> Array:
        """Return losses as they are measured, with noise and shots.

        Args:
            outputs: ``(K, R, batch, outputs)``.
            batch: its readings ``first, …, first + number − 1`` are taken.
            first: reading.
            number: of readings, K.

        Returns:
            Shape ``(K, R, batch)``, or ``(K, R, 1)`` where the batch is read as a whole: the parts
            of a step's loss.
        """
        xp, row = self.xp, batch.row
        if "shots" in row:
            hits = row["shots"][first : first + number] < outputs[..., None]
            outputs = xp.sum(xp.cast(hits, self.dtype), axis=-1) / int(row["shots"].shape[-1])
        values = self._loss.value(outputs, batch.targets, xp)
        if "example_noise" in row:
            values = values + row["example_noise"][first : first + number]
        mask = row.get("mask")
        if mask is not None:
            values = values * mask
        if self.mean:
            values = values / (values.shape[-1] if mask is None else xp.sum(mask, axis=0))
        if "batch_noise" in row:
            total = xp.sum(values, axis=-1, keepdims=True)
            values = total + row["batch_noise"][first : first + number]
        return values

    def read(self, readout: Readout, layer: Array, batch: Batch, first: int, number: int) -> Array:
        """Return the losses of a module as they are measured: ``(K, L, R, batch or 1)``.

        Args:
            readout: of the module.
            layer: its last, ``(K, R, batch, units)``.
            batch: its readings ``first, …, first + number − 1`` are taken.
            first: reading.
            number: of readings, K.
        """
        if readout.weights is None:
            return self.read_loss(layer, batch, first, number)[:, None]
        return self.read_loss(readout(layer), batch, first, number)

    def descent(self, parameters: Parameters, trace: Trace, batch: Batch) -> Parameters:
        """Return the descent direction of a batch, with estimated derivatives."""
        return self._backward(parameters, trace, batch, self.slopes(trace, batch.row.get("steps")))

    def _backward(
        self, parameters: Parameters, trace: Trace, batch: Batch, slopes: list[Array | None]
    ) -> Parameters:
        if not self.layout.local:  # without an axis of shares, which takes time in small networks
            error = self.error(trace.output, batch)
            return backward(parameters, trace, error, slopes, self.xp).descent
        heard = self.hear(parameters, trace, batch)
        found = backward(
            parameters, trace, heard.errors[-1][0], slopes, self.xp,
            local=heard.layers, stops=self.layout.stops,
        )  # fmt: skip
        return {**found.descent, **heard.descent}

    def hear(self, parameters: Parameters, trace: Trace, batch: Batch) -> Heard:
        """Return the readouts of all modules, and the errors of their losses."""
        readouts, errors = [], []
        for module in self.layout.modules:
            layer = trace.layers[module.layers[-1] + 1]
            readouts.append(make_readout(parameters, self.layout, module, layer, self.xp))
            errors.append(self.error(readouts[-1](layer), batch))
        return gather_errors(parameters, self.layout, trace, readouts, errors, self.xp)

    def error(self, outputs: Array, batch: Batch) -> Array:
        """Return the negative gradient of a step's loss at the outputs."""
        error, mask = self._loss.error(outputs, batch.targets, self.xp), batch.row.get("mask")
        if mask is not None:
            error = error * mask[:, None]
        if self.mean:
            error = error / (error.shape[-2] if mask is None else self.xp.sum(mask, axis=0))
        return error

    def _train(self, carry: Any, data: dict[str, Array], rows: dict[str, Any]) -> Any:
        xp = self.xp
        batches = "index" in rows
        constants = {key: data[key] for key in CONSTANTS if key in data}
        if batches:
            rows = {**rows, "targets": xp.take(data["targets"], rows["index"])}

        def step(carry: Any, row: dict[str, Any]) -> Any:
            parameters, state = carry["parameters"], carry["state"]
            inputs = data["inputs"]
            if batches:
                raw = xp.cast(xp.take(inputs, row["index"]), self.dtype)
                inputs = (raw - data["offset"]) / data["scale"]
            targets = row.get("targets", data["targets"])
            batch = Batch(inputs, targets, {**row, **constants})
            outputs, descent = self.gradient.descent(self, parameters, batch)
            parameters, state = self.optimizer.update(
                parameters, descent, state, xp, row.get("rate")
            )
            return {"parameters": parameters, "state": state}, {"outputs": outputs}

        carry, report = xp.scan(step, carry, rows)
        if batches:
            report = self._report(report["outputs"], rows["targets"], rows["mask"][:, None])
        return carry, report

    def _report(self, outputs: Array, targets: Array, mask: Array) -> dict[str, Array]:
        """Sum losses and correct answers over each batch ``(S, R, batch, …)``: all at once."""
        xp = self.xp
        loss = self._loss.value(outputs, targets, xp)
        correct = xp.argmax(outputs) == xp.argmax(targets)
        return {
            "loss": xp.sum(loss * mask, axis=-1),
            "correct": xp.sum(xp.cast(correct, self.dtype) * mask, axis=-1),
        }

    @cached_property
    def train(self) -> Any:
        """Compiled: ``(carry, data, rows) -> (carry, report)``, a loop over the S rows.

        ``data`` are the ``inputs`` and ``targets`` of every step, as in :class:`Batch`;
        ``report`` then has the ``outputs``. Or the rows have an ``index`` ``(S, R, batch)`` into
        them and a ``mask`` ``(S, batch)``, the inputs are raw and divided by ``scale`` when they
        are used, and ``report`` has sums over each batch: ``loss`` and ``correct``, ``(S, R)``.
        """
        return self.xp.compile(self._train)

    @cached_property
    def _outputs(self) -> Any:
        return self.xp.compile(lambda p, x: self.forward(p, x).output)

    def start(self, parameters: Any) -> dict[str, Any]:
        """Return the carry before the first step, from NumPy parameters."""
        own = {key: tuple(self.xp.asarray(a) for a in arrays) for key, arrays in parameters.items()}
        return {"parameters": own, "state": self.optimizer.init(own, self.xp)}

    def predict(self, parameters: Parameters, inputs: NDArray[Any]) -> NDArray[Any]:
        """Return outputs ``(R, n, outputs)`` for inputs ``(n, features)``."""
        xp, n = self.xp, len(inputs)
        rows = min(n, PREDICTION_ROWS)
        parts = []
        for low in range(0, n, rows):
            part = inputs[low : low + rows]
            padded = np.zeros((rows, inputs.shape[1]), inputs.dtype)  # one shape, compiled once
            padded[: len(part)] = part
            outputs = xp.to_numpy(self._outputs(parameters, xp.asarray(padded[None])))
            parts.append(outputs[:, : len(part)])
        return np.concatenate(parts, axis=1)

    def losses(self, outputs: NDArray[Any], targets: NDArray[Any]) -> NDArray[Any]:
        """Return mean losses over the examples of outputs ``(…, R, n, outputs)``: ``(…, R)``."""
        with np.errstate(all="ignore"):
            values = self._loss.value(outputs, targets, get_backend("numpy"))
            return np.asarray(values.mean(axis=-1))

    def exact_descent(self, parameters: Parameters, data: dict[str, Array]) -> Parameters:
        """Return the exact descent direction of the loss over ``inputs`` and ``targets``."""
        trace = self.forward(parameters, data["inputs"])
        batch = Batch(data["inputs"], data["targets"], {})
        return self._backward(parameters, trace, batch, self.exact_slopes(trace))
