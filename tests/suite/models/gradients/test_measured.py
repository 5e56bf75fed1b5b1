"""Losses that are measured: with noise, with shots, and how often they are read."""

from __future__ import annotations

import numpy as np
import pytest

from stochgrad.suite.models.gradients import Batch
from stochgrad.suite.tasks import run
from tests.suite.models.gradients.cases import (
    INPUTS,
    TARGETS,
    learner,
    parameters,
    perturbation,
    row_of,
)
from tests.suite.tasks.configs import XOR, configure

SPSA = {"law": "rademacher", "slope": "central"}


@pytest.mark.parametrize("backend", ["numpy", "tensorflow"])
def test_a_readout_counts_how_often_an_output_is_one(backend):
    one = learner(
        "weight_perturbation", backend, options=SPSA, loss="squared_error", activation="sigmoid"
    )
    row = row_of(one, perturbation(3, loss_shots=7))
    u = one.xp.to_numpy(row["shots"])
    assert u.shape == (6, 2, 6, 3, 7)  # readings, replicates, examples, outputs, shots
    p = np.random.default_rng(0).uniform(size=(3, 2, 6, 3))
    found = one.read_loss(one.xp.asarray(p), Batch(INPUTS, one.xp.asarray(TARGETS), row), 3, 3)
    read = (u[3:] < p[..., None]).mean(axis=-1)
    want = 0.5 * ((TARGETS - read) ** 2).sum(axis=-1) * one.xp.to_numpy(row["mask"]) / 5
    np.testing.assert_allclose(one.xp.to_numpy(found), want, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "key", "shape"),
    [
        ("weight_perturbation", "batch_noise", (8, 2, 1)),
        ("activity_perturbation", "example_noise", (8, 2, 6)),
    ],
)
def test_every_loss_that_is_read_has_noise_of_its_own(name, key, shape):
    one = learner(name, options=SPSA)
    noise = row_of(one, perturbation(4, loss_noise=0.5))[key]
    assert noise.shape == shape
    assert len(np.unique(noise)) == noise.size


def test_noise_beyond_all_floats_is_infinite_and_no_warning() -> None:
    one = learner("weight_perturbation", options=SPSA)
    assert np.isinf(row_of(one, perturbation(64, loss_noise=1.7e308))["batch_noise"]).any()


@pytest.mark.parametrize(
    ("name", "slope", "passes"),
    [
        ("weight_perturbation", "exact", 9),
        ("weight_perturbation", "central", 8),
        ("weight_perturbation", "forward", 5),
        ("activity_perturbation", "exact", 6),
        ("activity_perturbation", "central", 9),
    ],
)
def test_forward_passes_of_four_directions(name, slope, passes):
    assert learner(name, options={"slope": slope}).gradient.forward_passes(4) == passes


@pytest.mark.parametrize("changes", [{"loss_shots": 50}, {"loss_noise": 1e-3}])
def test_xor_learns_from_measured_losses(changes):
    config = configure(
        XOR, gradient={"name": "weight_perturbation", **SPSA}, epsilon=0.1,
        task={"steps": 300, "log_every": 50, "fidelity_every": 0},
        model={"hidden": [8], "black_box": True, "bias": "trainable"}, **changes,
    )  # fmt: skip
    result = run(config)
    losses = result.curves["train_loss"].values[:, 0]
    assert result.failure is None
    assert losses[-1] < losses[0]


def test_few_directions_are_what_many_are():
    """Up to eight are taken one after the other, more all at once: the same sum."""
    from stochgrad.suite.models.gradients import weights

    one = learner("weight_perturbation", options=SPSA)
    own, row = parameters(one), row_of(one, perturbation(4, loss_noise=1e-3))
    found = []
    for few in (8, 1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(weights, "FEW", few)
            _, descent = one.gradient.descent(one, own, Batch(INPUTS, TARGETS, row))
            found.append(np.concatenate([a.ravel() for a in descent["weights"]]))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9, atol=1e-12)
