"""Steps of S/1/1 (784-256-256-10, layer norm) by gradients of all kinds, in turns."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

# One thread each, before TensorFlow or JAX is imported: the ratio is that of the work.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)

import numpy as np

from benchmarks.timing import clock, quotient
from benchmarks.verdict import Row, show_rows
from stochgrad.random import Purpose
from stochgrad.stencils import make_estimator
from stochgrad.suite.models.gradients import Batch, Perturbation, make_gradient
from stochgrad.suite.models.gradients.directions import TABLE
from stochgrad.suite.models.initial import Layout, initial_parameters
from stochgrad.suite.models.learner import Learner
from stochgrad.suite.models.optimizers import make_optimizer

LAYOUT = Layout((784, 256, 256, 10), bias=True)
BATCH, EXAMPLES = 100, 10_000
ACTIVITIES = {"law": "gaussian", "units": "active", "draw": "table"}
WEIGHTS = {"law": "gaussian", "draw": "table"}
SPSA = {"law": "rademacher", "slope": "central", "draw": "table"}
CONTENDERS: dict[str, tuple[Any, ...]] = {
    "back-propagation": ("backprop", {}, 1),
    "FG-A": ("activity_perturbation", ACTIVITIES, 1),
    "FG-A, 16 local losses a layer": ("activity_perturbation", ACTIVITIES, 1, (16, 16)),
    "FG-W, 1 direction": ("weight_perturbation", WEIGHTS, 1),
    "SPSA, 1 direction": ("weight_perturbation", SPSA, 1),
    "SPSA, 4 directions": ("weight_perturbation", SPSA, 4),
}
IN_JAX = {"FG-A, JAX, fresh draws": "fresh", "FG-A, JAX, table of draws": "table"}


def _data(steps: int) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (EXAMPLES, 784), dtype=np.uint8)
    targets = np.eye(10, dtype=np.float32)[rng.integers(0, 10, EXAMPLES)]
    index = rng.integers(0, EXAMPLES, (steps, 1, BATCH)).astype(np.int32)
    return images, targets, index


def make_learner(name: str, options: dict[str, Any], local: tuple[int, ...] = ()) -> Learner:
    """Return the learner of a gradient, on TensorFlow."""
    from stochgrad.backends import get_backend

    return Learner(
        xp=get_backend("tensorflow"), layout=replace(LAYOUT, local=local),
        estimator=make_estimator("analytic"),
        activation="relu", loss="softmax_cross_entropy",
        optimizer=make_optimizer("sgd", learning_rate=0.01), dtype="float32", at_output=False,
        mean=True, min_scale=1.0, gradient=make_gradient(name, **options), norms=(1, 1),
        batch=BATCH,
    )  # fmt: skip


def ours(
    steps: int, name: str, options: dict[str, Any], directions: int, local: tuple[int, ...] = ()
) -> Callable[[], str]:
    """Return a call that trains for some steps, its draws included."""
    one = make_learner(name, options, local)
    xp = one.xp
    images, targets, index = _data(steps)
    p = Perturbation(1e-3, 1, 0, 1, directions)
    data = {
        "inputs": xp.asarray(images), "targets": xp.asarray(targets),
        "offset": xp.asarray(np.float32(33.3)), "scale": xp.asarray(np.float32(78.6)),
        **one.gradient.constants(one, p),
    }  # fmt: skip
    own = initial_parameters(one.layout, "normal", 0, 1, "float32", scale=0.1)
    state = {"carry": one.start(own)}
    mask = np.ones((steps, BATCH), np.float32)

    def work() -> str:
        draws = one.gradient.draws(one, p, Purpose.PERTURBATION, 0)(steps)
        rows = {"index": index, "mask": mask, **draws}
        state["carry"], report = one.train(state["carry"], data, rows)
        return f"{float(xp.to_numpy(report['loss'])[-1].sum()) / BATCH:.2f}"

    return work


def forward_passes(steps: int) -> Callable[[], str]:
    """Return a call that runs the network on as many batches, and takes their losses."""
    one = make_learner("backprop", {})
    xp = one.xp
    images, targets, index = _data(steps)
    x, t = xp.asarray(images), xp.asarray(targets)
    own = one.start(initial_parameters(LAYOUT, "normal", 0, 1, "float32", scale=0.1))["parameters"]

    def run(own: Any, index: Any) -> Any:
        def step(carry: Any, row: Any) -> Any:
            raw = xp.cast(xp.take(x, row["index"]), "float32")
            outputs = one.forward(own, (raw - 33.3) / 78.6).output
            loss = one.read_loss(outputs[None], Batch(x, xp.take(t, row["index"]), {}), 0, 1)
            return carry, {"loss": xp.sum(loss, axis=(0, 1, 2))}

        return xp.scan(step, {"t": own["weights"][-1] * 0}, {"index": index})[1]

    compiled = xp.compile(run)
    return lambda: f"{float(xp.to_numpy(compiled(own, index)['loss'])[-1]):.2f}"


def jax_step(steps: int, draw: str) -> Callable[[], str]:
    """Return a call of FG-A as one would write it in JAX, with one pass forwards a step.

    Args:
        steps: of training in a call.
        draw: ``fresh`` normal numbers, or windows of a ``table`` of them at random places, as ours.
    """
    import jax
    import jax.numpy as jnp

    images, targets, index = _data(steps)
    x, t, index = jnp.asarray(images), jnp.asarray(targets), jnp.asarray(index[:, 0])
    own = initial_parameters(LAYOUT, "normal", 0, 1, "float32", scale=0.1)
    pairs = zip(own["weights"], own["biases"], strict=True)
    weights = [(jnp.asarray(w[0].T), jnp.asarray(b[0, 0])) for w, b in pairs]
    units = LAYOUT.widths[1:-1]
    table = jax.random.normal(jax.random.key(1), (TABLE,))

    def layer(parameters: Any, x: Any) -> Any:
        z = x @ parameters[0] + parameters[1]
        centred = z - z.mean(-1, keepdims=True)
        return centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)

    def losses(weights: Any, x: Any, t: Any, noise: Any) -> Any:
        layers = [x]
        for own, v in zip(weights[:-1], noise, strict=True):
            layers.append(jax.nn.relu(layer(own, layers[-1]) + v))
        logits = layers[-1] @ weights[-1][0] + weights[-1][1]
        return -(t * jax.nn.log_softmax(logits)).sum(-1), (layers, logits)

    def normal(key: Any) -> Any:
        size = BATCH * sum(units)
        if draw == "fresh":
            return jax.random.normal(key, (size,))
        place = jax.random.randint(key, (), 0, TABLE - size)
        return jax.lax.dynamic_slice(table, (place,), (size,))

    def step(carry: Any, index: Any) -> Any:
        weights, key = carry
        key, used = jax.random.split(key)
        x_, t_ = (x[index].astype(jnp.float32) - 33.3) / 78.6, t[index]
        zero = [jnp.zeros((BATCH, n)) for n in units]
        loss, along, (layers, logits) = jax.linearize(
            lambda noise: losses(weights, x_, t_, noise), zero, has_aux=True
        )
        drawn = jnp.split(normal(used).reshape(BATCH, -1), np.cumsum(units)[:-1], axis=-1)
        v = [d * (a > 0) for d, a in zip(drawn, layers[1:], strict=True)]
        slopes = along(v)
        new = []
        for own, below, direction in zip(weights[:-1], layers, v, strict=False):
            _, back = jax.vjp(lambda p, below=below: layer(p, below), own)
            (g,) = back(slopes[:, None] * direction / BATCH)
            new.append(jax.tree.map(lambda p, d: p - 0.01 * d, own, g))
        error = (jax.nn.softmax(logits) - t_) / BATCH
        w, b = weights[-1]
        new.append((w - 0.01 * layers[-1].T @ error, b - 0.01 * error.sum(0)))
        return (new, key), loss.mean()

    run = jax.jit(lambda carry: jax.lax.scan(step, carry, index))
    state = [(weights, jax.random.key(0))]

    def work() -> str:
        state[0], found = run(state[0])
        return f"{float(found[-1]):.2f}"

    return work


def main(*, rounds: int = 9, steps: int = 100) -> None:
    """Print medians of times over that of back-propagation, and over k forward passes.

    Args:
        rounds: taken in turns.
        steps: of training in a call, on batches of 100.
    """
    calls = {name: ours(steps, *how) for name, how in CONTENDERS.items()}
    calls["forward passes"] = forward_passes(steps)
    if find_spec("jax") is None:
        print("FG-A in JAX is left out: JAX is not installed (pip install jax)")
    else:
        calls |= {name: jax_step(steps, draw) for name, draw in IN_JAX.items()}
    timings = {timing.name: timing for timing in clock(calls, rounds)}
    rows: list[Row] = []
    for name, timing in timings.items():
        middle, low, high = quotient(timing.rounds, timings["back-propagation"].rounds)
        forward, *_ = quotient(timing.rounds, timings["forward passes"].rounds)
        rows.append({
            "": name, "ms a step": 1e3 * float(np.median(timing.rounds)) / steps,
            "over back-propagation": f"{middle:.2f} [{low:.2f}, {high:.2f}]",
            "in forward passes": f"{forward:.2f}", "loss": timing.outcome,
        })  # fmt: skip
    for name in IN_JAX:
        if name in timings:
            middle, low, high = quotient(timings["FG-A"].rounds, timings[name].rounds)
            rows.append({"": f"ours over {name}: {middle:.2f} [{low:.2f}, {high:.2f}]"})
    show_rows(f"{steps} steps of S/1/1: {rounds} rounds", rows, list(rows[0]))
