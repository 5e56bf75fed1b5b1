"""What an estimated gradient is worth: its signal-to-noise ratio by layer, predicted and measured.

``SNR = ‖g‖² / E‖ĝ − g‖²``, over the weights of a layer, for one batch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import get_backend
from stochgrad.random import Purpose
from stochgrad.suite.models.gradients import Batch, Perturbation
from stochgrad.suite.models.gradients.activities import ActivityPerturbation
from stochgrad.suite.models.gradients.directions import Directional
from stochgrad.suite.models.learner import CONSTANTS, Learner
from stochgrad.suite.models.perceptron import argument_errors
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
        rows = take(min(block, draws - low))
        parts.append(compiled(parameters, dict(data), {"t": np.arange(len(_any(rows))), **rows}))
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


def _any(rows: dict[str, Any]) -> Any:
    return next(iter(rows.values()))


def predicted(
    learner: Learner,
    parameters: Mapping[str, Any],
    inputs: Floats,
    targets: Floats,
    directions: int,
) -> list[float]:
    """Predict the signal-to-noise ratio of each layer's weights, in the limit of a small step.

    NaN where there is no prediction: of a gradient without random directions, or one that is
    projected; infinity where the gradient is exact.

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
    kurtosis = gradient.distribution.kurtosis
    if not isinstance(gradient, ActivityPerturbation):
        whole = sum(float((g * g).sum()) for arrays in exact.values() for g in arrays)
        sizes = [int(g[0].size) for g in exact["weights"]]
        if gradient.distribution.joint:
            d = learner.layout.count()
            variances = [
                orthogonal_variance(s, n, whole, d, directions)
                for s, n in zip(squares, sizes, strict=True)
            ]
        else:
            variances = [
                weight_variance(s, n, whole, kurtosis, directions)
                for s, n in zip(squares, sizes, strict=True)
            ]
    elif gradient.distribution.joint:
        return [math.nan] * layers
    else:
        variances = _of_activities(one, own, inputs, targets, gradient, directions)
    return [s / v if v > 0 else math.inf for s, v in zip(squares, variances, strict=True)]


def _of_activities(
    one: Learner, own: Any, inputs: Floats, targets: Floats, gradient: ActivityPerturbation,
    directions: int,
) -> list[float]:  # fmt: skip
    trace = one.forward(own, inputs)
    slopes = one.exact_slopes(trace)
    error = one.error(trace.output, Batch(inputs, targets, {}))
    errors = argument_errors(own, trace, error, slopes, one.xp)
    perturbed = [bool(n) for n in gradient.perturbed(one.widths)]
    chosen = [e[0] for e, p in zip(errors, perturbed, strict=True) if p]
    whole = (np.concatenate(chosen, axis=-1) ** 2).sum(axis=-1)
    variances = []
    for i, (e, p) in enumerate(zip(errors, perturbed, strict=True)):
        if not p:
            variances.append(0.0)
            continue
        slope, norm = slopes[i], trace.norms[i]
        jacobian = np.broadcast_to(np.eye(e.shape[-1]), (*e.shape[1:], e.shape[-1]))
        if norm is not None:
            n = norm.value[0]
            units = n.shape[-1]
            jacobian = jacobian - 1 / units - n[:, :, None] * n[:, None, :] / units
            jacobian = jacobian * norm.inverse[0][..., None]
            if "scales" in own:
                jacobian = jacobian * own["scales"][i][0]
        if gradient.units == "active" and slope is not None:
            jacobian = jacobian * (slope[0] != 0)[:, None, :]
        x = _squares(trace.layers[i][0], own["weights"][i][0])
        kurtosis = gradient.distribution.kurtosis
        variances.append(activity_variance(e[0], whole, jacobian, x, kurtosis, directions))
    return variances


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
