"""One network's mathematics on one backend: steps of training, predictions, gradient fidelity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Array, Backend, get_backend
from stochgrad.random import Purpose, uniforms
from stochgrad.stencils import Estimator, Function, Target, expand, step_scale
from stochgrad.suite.models.activations import ACTIVATIONS
from stochgrad.suite.models.gradients import Gradient, Perturbation
from stochgrad.suite.models.gradients.backprop import Backprop
from stochgrad.suite.models.initial import Layout
from stochgrad.suite.models.losses import LOSSES, Loss
from stochgrad.suite.models.optimizers import Optimizer, Parameters
from stochgrad.suite.models.perceptron import Trace, backward, forward

PREDICTION_ROWS = 2048
"""Predictions are computed this many examples at a time, to bound memory."""


EXACT = Backprop()
CONSTANTS = ("feedback", "table")
"""What the data of a run has besides examples, for every step."""


def num_draws(steps: dict[str, Array]) -> int:
    """Return N of perturbations of shape ``(…, N, R, 1, 1)``: 1 where nothing is drawn."""
    return next((int(s.shape[-4]) for s in steps.values()), 1)


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
        normalized: whether hidden layers are normalized.
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
    normalized: bool = False
    batch: int = 0

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of every layer, inputs first."""
        return self.layout.widths

    @cached_property
    def _loss(self) -> Loss:
        return LOSSES[self.loss]

    @cached_property
    def _act(self) -> Function:
        f, xp = ACTIVATIONS[self.activation].f, self.xp
        return lambda x: f(x, xp)

    @cached_property
    def _exact(self) -> Function:
        derivative, xp = ACTIVATIONS[self.activation].derivative, self.xp
        return lambda x: derivative(x, xp)

    def forward(
        self,
        parameters: Parameters,
        inputs: Array,
        added: Sequence[Array | None] = (),
        first: Array | None = None,
    ) -> Trace:
        """Run the network.

        What is ``added`` goes to the arguments of activations; ``first`` is the first layer's
        product, where it is known.
        """
        return forward(
            parameters, inputs, self._act, self._loss.linear_output, self.xp,
            normalized=self.normalized, added=added, first=first,
        )  # fmt: skip

    def exact_slopes(self, trace: Trace) -> list[Array | None]:
        """Return the activation's exact derivative in each layer; None where there is none."""
        return [
            self._exact(z) if i in self._estimated else None for i, z in enumerate(trace.arguments)
        ]

    def read_loss(
        self, outputs: Array, targets: Array, row: dict[str, Any], first: int, number: int
    ) -> Array:
        """Return losses as they are measured, with the noise and the shots in ``row``.

        Args:
            outputs: ``(K, R, batch, outputs)``.
            targets: ``(R or 1, batch, outputs)``.
            row: of this step; its readings ``first, …, first + number − 1`` are taken.
            first: reading.
            number: of readings, K.

        Returns:
            Shape ``(K, R, batch)``, or ``(K, R, 1)`` where the batch is read as a whole: the parts
            of a step's loss.
        """
        xp = self.xp
        if "readout" in row:
            hits = row["readout"][first : first + number] < outputs[..., None]
            outputs = xp.sum(xp.cast(hits, self.dtype), axis=-1) / int(row["readout"].shape[-1])
        values = self._loss.value(outputs, targets, xp)
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

    @cached_property
    def _estimated(self) -> tuple[int, ...]:
        """Layers that have an activation to differentiate."""
        layers = len(self.widths) - 1
        return tuple(range(layers - 1 if self._loss.linear_output else layers))

    @cached_property
    def _groups(self) -> tuple[tuple[int, ...], ...]:
        """Layers whose derivatives are estimated in one call: all of them, if they are small."""
        if sum(self.widths[i + 1] for i in self._estimated) <= self.xp.joined_unit_limit:
            return (self._estimated,)
        return tuple((i,) for i in self._estimated)

    def slopes(self, trace: Trace, steps: Any) -> list[Array | None]:
        """Estimate the activation's derivative in each layer; None where there is no activation."""
        xp = self.xp
        slopes: list[Array | None] = [None] * (len(self.widths) - 1)
        for g, group in enumerate(self._groups):
            z = [trace.arguments[i] for i in group]
            a = [trace.layers[i + 1] for i in group]
            own = {} if steps is None else steps[g]
            if len(group) == 1:
                slopes[group[0]] = self._estimate(z[0], a[0], own)
                continue
            joint = self._estimate(None if self.at_output else xp.concat(z), xp.concat(a), own)
            low = 0
            for i in group:
                slopes[i] = joint[..., low : low + self.widths[i + 1]]
                low += self.widths[i + 1]
        return slopes

    def _estimate(self, z: Array, a: Array, steps: dict[str, Array]) -> Array:
        """Estimate the activation's derivative for units with argument z and output a."""
        xp = self.xp
        if not xp.prefers_column_major(a):
            return self._average(z, a, steps)
        z = None if z is None else xp.turn(z)
        return xp.turn(self._average(z, xp.turn(a), steps))

    def _average(self, z: Array, a: Array, steps: dict[str, Array]) -> Array:
        """Average the draws, at arrays of any shape ``(R, …)``."""
        xp, estimator = self.xp, self.estimator
        x = a if self.at_output else z
        value = a if not self.at_output else self._act(x) if estimator.uses_value else None
        target = Target(self._act, self._exact, value)
        scale = step_scale(x, self.min_scale, xp) if estimator.relative else None
        draws = num_draws(steps)
        block = xp.draw_chunk(draws, math.prod(a.shape))
        if block >= draws:
            samples = estimator.samples(target, x, steps, scale, xp)
            return xp.mean(samples, 0) if draws > 1 else samples[0]
        total = 0.0
        for low in range(0, draws, block):
            own = {key: s[..., low : low + block, :, :, :] for key, s in steps.items()}
            samples = estimator.samples(target, x, own, scale, xp)
            total = total + (xp.sum(samples, axis=0) if block > 1 else samples[0])
        return total / draws

    def perturbations(
        self, count: int, perturbation: Perturbation, purpose: Purpose, *where: int
    ) -> dict[str, Any]:
        """Draw the perturbations of ``count`` training steps.

        Returns:
            ``{"steps": …}``, for each group of layers a dict of arrays of shape
            ``(count, …, N, R, 1, 1)``, or with the units of the group as the last axis; nothing for
            an estimator that perturbs nothing.
        """
        steps = []
        for group in self._groups:
            layers = [self._layer_steps(i, count, perturbation, purpose, *where) for i in group]
            if len(group) > 1:
                units = [self.widths[i + 1] for i in group]
                joint = {
                    key: np.concatenate(
                        [np.repeat(s[key], n, -1) for s, n in zip(layers, units, strict=True)], -1
                    )
                    for key in layers[0]
                }
                layers = [joint]
            steps += layers
        return {"steps": tuple(steps)} if any(steps) else {}

    def _layer_steps(
        self, layer: int, count: int, p: Perturbation, purpose: Purpose, *where: int
    ) -> dict[str, Any]:
        k = self.estimator.draws_per_step
        shape = (count, k, p.num_steps if k else 1)
        u = uniforms(shape, p.seed, p.replicates, purpose, *where, layer)
        return expand(self.estimator.steps(u, p.epsilon, self.dtype), 3)

    def evaluations(self, num_steps: int) -> int:
        """Count evaluations of the activation that derivatives cost, for one example of a batch.

        ``f(z)`` itself costs nothing where the forward pass has it.
        """
        if not self.gradient.uses_estimator:
            return 0
        each = self.estimator.evaluations(num_steps)
        if self.estimator.uses_value and not self.at_output:
            each -= 1
        return each * sum(self.widths[i + 1] for i in self._estimated)

    def descent(
        self, parameters: Parameters, trace: Trace, targets: Array, row: dict[str, Any]
    ) -> Parameters:
        """Return the descent direction of a batch, with estimated derivatives.

        ``row`` may hold ``steps`` (one row of :meth:`perturbations`) and ``mask`` (1 for a real
        example, 0 for padding, shape ``(batch,)``).
        """
        error = self.error(trace, targets, row)
        slopes = self.slopes(trace, row.get("steps"))
        return backward(parameters, trace, error, slopes, self.xp)

    def error(self, trace: Trace, targets: Array, row: dict[str, Any]) -> Array:
        """Return the negative gradient of a step's loss at the outputs."""
        error = self._loss.error(trace.output, targets, self.xp)
        mask = row.get("mask")
        if mask is not None:
            error = error * mask[:, None]
        if self.mean:
            error = error / (error.shape[1] if mask is None else self.xp.sum(mask, axis=0))
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
            outputs, descent = self.gradient.descent(
                self, parameters, inputs, targets, {**row, **constants}
            )
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

        ``data`` are the ``inputs`` and ``targets`` of every step, as :meth:`descent` takes them;
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
        error = self.error(trace, data["targets"], {})
        return backward(parameters, trace, error, self.exact_slopes(trace), self.xp)
