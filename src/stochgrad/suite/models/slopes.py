"""Derivatives of a network's activations, exact or estimated, and what is drawn for them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from stochgrad.backends import Array, Backend
from stochgrad.random import Purpose, uniforms
from stochgrad.stencils import Estimator, Function, Target, expand, step_scale
from stochgrad.suite.models.activations import ACTIVATIONS
from stochgrad.suite.models.gradients.base import Perturbation
from stochgrad.suite.models.perceptron import Trace


def num_draws(steps: dict[str, Array]) -> int:
    """Return N of perturbations of shape ``(…, N, R, 1, 1)``: 1 where nothing is drawn."""
    return next((int(s.shape[-4]) for s in steps.values()), 1)


@dataclass(frozen=True)
class Slopes:
    """How the activation is differentiated in every layer that has one.

    Attributes:
        xp: backend.
        estimator: of the derivative.
        activation: name.
        units: of each layer that has an activation, the lowest first.
        layers: of the network, with or without one.
        dtype: of everything.
        at_output: whether the activation is differentiated at its own output (the notebook).
        min_scale: see :func:`stochgrad.stencils.base.step_scale`.
    """

    xp: Backend
    estimator: Estimator
    activation: str
    units: tuple[int, ...]
    layers: int
    dtype: str
    at_output: bool
    min_scale: float

    @cached_property
    def act(self) -> Function:
        """The activation."""
        f, xp = ACTIVATIONS[self.activation].f, self.xp
        return lambda x: f(x, xp)

    @cached_property
    def _derivative(self) -> Function:
        derivative, xp = ACTIVATIONS[self.activation].derivative, self.xp
        return lambda x: derivative(x, xp)

    @cached_property
    def _groups(self) -> tuple[tuple[int, ...], ...]:
        """Layers whose derivatives are estimated in one call: all of them, if they are small."""
        layers = tuple(range(len(self.units)))
        if sum(self.units) <= self.xp.joined_unit_limit:
            return (layers,)
        return tuple((i,) for i in layers)

    def exact(self, trace: Trace) -> list[Array | None]:
        """Return the activation's exact derivative in each layer; None where there is none."""
        own: list[Array | None] = [self._derivative(z) for z in trace.arguments[: len(self.units)]]
        return own + [None] * (self.layers - len(own))

    def estimated(self, trace: Trace, steps: Any) -> list[Array | None]:
        """Estimate the activation's derivative in each layer; None where there is no activation."""
        xp = self.xp
        slopes: list[Array | None] = [None] * self.layers
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
                slopes[i] = joint[..., low : low + self.units[i]]
                low += self.units[i]
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
        value = a if not self.at_output else self.act(x) if estimator.uses_value else None
        target = Target(self.act, self._derivative, value)
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

    def draws(
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
                units = [self.units[i] for i in group]
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
        """Count evaluations of the activation for one example.

        ``f(z)`` itself costs nothing where the forward pass has it.
        """
        each = self.estimator.evaluations(num_steps)
        if self.estimator.uses_value and not self.at_output:
            each -= 1
        return each * sum(self.units)
