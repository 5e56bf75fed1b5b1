"""What an estimated gradient is worth: its signal-to-noise ratio by layer, predicted and measured.

``SNR = ‖g‖² / E‖ĝ − g‖²``, over the weights of a layer, for one batch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import get_backend
from stochgrad.random import Purpose
from stochgrad.suite.models.blocks import cut
from stochgrad.suite.models.gradients import Batch, Perturbation
from stochgrad.suite.models.gradients.activities import ActivityPerturbation
from stochgrad.suite.models.gradients.directions import Directional
from stochgrad.suite.models.gradients.weights import WeightPerturbation
from stochgrad.suite.models.initial import READOUTS, Module
from stochgrad.suite.models.learner import CONSTANTS, Learner
from stochgrad.suite.models.normalization import Normalized, through
from stochgrad.suite.models.perceptron import Trace, backward
from stochgrad.theory.perturbation import activity_variance, orthogonal_variance, weight_variance

Floats = NDArray[np.float64]
Row = dict[str, float | int | str | None]


def measured(
    learner: Learner, parameters: Any, data: Mapping[str, Any], p: Perturbation, draws: int,
    when: int,
) -> list[dict[str, float]]:  # fmt: skip
    """Compare many estimates of the first replicate's gradient with the exact one.

    Args:
        learner: whose gradient it is.
        parameters: of one replicate, on the backend.
        data: ``inputs`` and ``targets`` of a batch, and constants.
        p: what draws depend on; of one replicate.
        draws: number of estimates.
        when: names the draws.

    Returns:
        For each layer ``snr`` with its ``standard_error``, and means of ``cosine`` and of
        ``relative_error``.
    """
    xp = learner.xp

    def run(parameters: Any, data: dict[str, Any], rows: dict[str, Any]) -> Any:
        exact = learner.exact_descent(parameters, data)["weights"]
        constants = {key: data[key] for key in CONSTANTS if key in data}

        def step(carry: Any, row: dict[str, Any]) -> Any:
            batch = Batch(data["inputs"], data["targets"], {**row, **constants})
            _, found = learner.gradient.descent(learner, parameters, batch)
            report: dict[str, Any] = {}
            for i, (e, g) in enumerate(zip(exact, found["weights"], strict=True)):
                report |= {
                    f"{i}/dot": xp.sum(e * g, (0, 1, 2)),
                    f"{i}/exact": xp.sum(e * e, (0, 1, 2)),
                    f"{i}/estimate": xp.sum(g * g, (0, 1, 2)),
                    f"{i}/error": xp.sum((g - e) * (g - e), (0, 1, 2)),
                }
            return carry, report

        return xp.scan(step, {"t": parameters["weights"][-1] * 0}, rows)[1]

    take, parts = learner.gradient.draws(learner, p, Purpose.PROBE, when), []
    compiled, block = xp.compile(run), min(draws, 100)
    for low in range(0, draws, block):
        count = min(block, draws - low)
        parts.append(compiled(parameters, dict(data), {"t": np.arange(count), **take(count)}))
    sums = {
        key: np.concatenate([np.asarray(xp.to_numpy(part[key]), np.float64) for part in parts])
        for key in parts[0]
    }
    found = []
    for i in range(len(learner.widths) - 1):
        dot, exact, estimate, error = (
            sums[f"{i}/{name}"] for name in ("dot", "exact", "estimate", "error")
        )
        with np.errstate(all="ignore"):
            snr = exact[0] / error.mean()
            spread = error.std(ddof=1) / error.mean() / math.sqrt(len(error))
            found.append({
                "snr": float(snr), "standard_error": float(snr * spread),
                "cosine": float((dot / np.sqrt(exact * estimate)).mean()),
                "relative_error": float(np.sqrt(error / exact).mean()),
            })  # fmt: skip
    return found


def predicted(
    learner: Learner,
    parameters: Mapping[str, Any],
    inputs: Floats,
    targets: Floats,
    directions: int,
) -> list[float]:
    """Predict the signal-to-noise ratio of each layer's weights, in the limit of a small step.

    NaN where there is no prediction: of a gradient without random directions, one that is
    projected, one that is zero and found to be so, or one whose local losses depend on each
    other's directions through a norm; infinity where the gradient is exact.

    Args:
        learner: whose gradient it is.
        parameters: NumPy arrays of one replicate.
        inputs: ``(1, batch, features)``.
        targets: ``(1, batch, outputs)``.
        directions: K.
    """
    gradient, layers = learner.gradient, len(learner.widths) - 1
    if not isinstance(gradient, Directional) or gradient.combine != "mean":
        return [math.nan] * layers
    one = replace(learner, xp=get_backend("numpy"), dtype="float64")
    own = {key: tuple(np.asarray(a, np.float64) for a in v) for key, v in parameters.items()}
    exact = one.exact_descent(own, {"inputs": inputs, "targets": targets})
    squares = [float((g * g).sum()) for g in exact["weights"]]
    activities = isinstance(gradient, ActivityPerturbation)
    if gradient.distribution.joint and (learner.layout.local or activities):
        return [math.nan] * layers
    if isinstance(gradient, ActivityPerturbation):
        variances = _of_activities(one, own, inputs, targets, gradient, directions)
    elif isinstance(gradient, WeightPerturbation):
        variances = _of_weights(one, exact, gradient, directions)
    else:
        return [math.nan] * layers
    nothing = {True: math.inf, False: math.nan}
    return [s / v if v else nothing[s > 0] for s, v in zip(squares, variances, strict=True)]


def _of_weights(
    one: Learner, exact: Mapping[str, Any], gradient: WeightPerturbation, directions: int
) -> list[float]:
    """Return the variance of each layer's weights, by the losses that its shares learn from."""
    kurtosis, layout = gradient.distribution.kurtosis, one.layout
    perturbed = gradient.perturbed(layout)
    dimension, moving = sum(perturbed), sum(n > 0 for n in perturbed)
    variances = []
    for module in layout.modules:
        if _is_mixed(one, module, module.layers):
            variances += [math.nan] * len(module.layers)
            continue

        def parts(array: Floats, losses: int = module.losses) -> Floats:
            return np.asarray((array.reshape(losses, -1) ** 2).sum(axis=-1))

        layers = range(module.layers[0], min(module.layers[-1] + 1, moving))
        arrays = [a for key in exact if key not in READOUTS for a in _of(exact[key], layers)]
        whole = np.sum([parts(a) for a in arrays], axis=0)
        for i in module.layers:
            if i >= moving:
                variances.append(0.0)
                continue
            weights = exact["weights"][i]
            size = int(weights[0].size) // module.losses
            own = zip(parts(weights), whole, strict=True)
            if gradient.distribution.joint:
                each = [orthogonal_variance(s, size, w, dimension, directions) for s, w in own]
            else:
                each = [weight_variance(s, size, w, kurtosis, directions) for s, w in own]
            variances.append(float(sum(each)))
    return variances


def _is_mixed(one: Learner, module: Module, layers: range) -> bool:
    """Return whether a norm of these layers lets shares depend on each other's directions."""
    return any(one.norms[i] % module.losses for i in layers if i < len(one.norms))


def _of(arrays: Sequence[Floats], layers: range) -> list[Floats]:
    """Return the arrays of some layers: scales and shifts have none of the last."""
    return [arrays[i] for i in layers if i < len(arrays)]


def _of_activities(
    one: Learner, own: Any, inputs: Floats, targets: Floats, gradient: ActivityPerturbation,
    directions: int,
) -> list[float]:  # fmt: skip
    """Return the variance of each layer's weights: of its shares, whose directions are apart."""
    trace = one.forward(own, inputs)
    slopes = one.exact_slopes(trace)
    heard = one.hear(own, trace, Batch(inputs, targets, {}))
    errors = backward(own, trace, heard.errors[-1][0], slopes, one.xp, local=heard.layers).deltas
    perturbed = [bool(n) for n in gradient.perturbed(one.widths)]
    kurtosis = gradient.distribution.kurtosis
    variances = []
    for module in one.layout.modules:
        chosen = [cut(errors[i][0], module.losses, one.xp) for i in module.layers if perturbed[i]]
        whole = (np.concatenate(chosen, axis=-1) ** 2).sum(axis=-1) if chosen else None
        for i in module.layers:
            if whole is None or not perturbed[i]:
                variances.append(0.0)
                continue
            if _is_mixed(one, module, module.layers[1:]):
                variances.append(math.nan)
                continue
            error = errors[i][0]
            jacobian = _jacobian(one, own, trace, i)
            slope = slopes[i]
            if gradient.units == "active" and slope is not None:
                jacobian = jacobian * (slope[0] != 0)[:, None, :]
            x = _squares(trace.layers[i][0], own["weights"][i][0])
            share = np.arange(error.shape[-1]) * module.losses // error.shape[-1]
            variances.append(
                sum(
                    activity_variance(
                        error, whole[:, g], jacobian * (share == g), x, kurtosis, directions
                    )
                    for g in range(module.losses)
                )
            )
    return variances


def _jacobian(one: Learner, own: Any, trace: Trace, i: int) -> Floats:
    """Return that of a layer's norm, scale included: ``(batch, units, units)``."""
    units, norm = one.widths[i + 1], trace.norms[i]
    basis = np.broadcast_to(np.eye(units), (trace.layers[i].shape[1], units, units))
    if norm is None:
        return basis
    each = Normalized(norm.value[0][:, None], norm.inverse[0][:, None], norm.groups)
    jacobian: Floats = through(each, basis, one.xp)  # symmetric
    return jacobian * own["scales"][i][0] if "scales" in own else jacobian


def _squares(layer: Floats, weights: Floats) -> Floats:
    """Return ``‖x‖²`` of what each unit sees of the layer below, its own group of units."""
    rows, columns = weights.shape
    groups = layer.shape[-1] // columns
    squares = (layer.reshape(len(layer), groups, columns) ** 2).sum(axis=-1)
    return np.repeat(squares, rows // groups, axis=-1)


def worth(
    learner: Learner, parameters: Mapping[str, Any], inputs: Floats, targets: Floats,
    data: Mapping[str, Any], p: Perturbation, draws: int, when: int, place: str,
) -> list[Row]:  # fmt: skip
    """Return a row for each layer: what was predicted of its gradient beside what was measured."""
    xp = learner.xp
    one = {key: tuple(a[:1] for a in arrays) for key, arrays in parameters.items()}
    first = replace(p, replicates=1)
    own = {key: tuple(xp.asarray(a) for a in arrays) for key, arrays in one.items()}
    constants = {**data, **learner.gradient.constants(learner, first)}
    found = measured(learner, own, constants, first, draws, when)
    said = predicted(learner, one, inputs, targets, p.num_directions)
    return [
        {"at": place, "layer": i + 1, "predicted_snr": expected, **row}
        for i, (row, expected) in enumerate(zip(found, said, strict=True))
    ]
