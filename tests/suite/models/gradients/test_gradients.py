"""Every way to find a gradient against the exact one, and that one against differences."""

from __future__ import annotations

import numpy as np
import pytest

from stochgrad.backends import get_backend
from stochgrad.random import Purpose
from stochgrad.suite.models.gradients import GRADIENTS, Batch
from stochgrad.suite.models.initial import Layout
from tests.suite.models.gradients.cases import (
    INPUTS,
    MASK,
    TARGETS,
    descent,
    flat,
    learner,
    parameters,
    perturbation,
    row_of,
)

BACKENDS = ["numpy", "tensorflow"]
LAYOUTS = {
    "plain": {"layout": Layout((5, 8, 4, 3)), "norms": ()},
    "biases": {"layout": Layout((5, 8, 4, 3), bias=True), "norms": ()},
    "normalized": {"layout": Layout((5, 8, 4, 3), bias=True)},
    "in groups": {"layout": Layout((5, 8, 4, 3), (1, 2), bias=True), "norms": (2, 2)},
    "affine": {"layout": Layout((5, 8, 4, 3), affine=True)},
    "blocks": {"layout": Layout((5, 8, 4, 3), (1, 2), bias=True), "norms": ()},
    "all": {},
    "squared": {"loss": "squared_error", "mean": False},
}


@pytest.mark.parametrize("kind", LAYOUTS)
def test_back_propagation_is_the_slope_of_the_loss(kind):
    """Central differences along every parameter: their error is below 1e-7 at this step."""
    one = learner(**LAYOUTS[kind])
    own = parameters(one)
    exact = descent(one, own, {"mask": MASK})
    row = {"mask": MASK}

    def loss() -> np.ndarray:
        outputs = one.forward(own, INPUTS).output[None]
        return one.read_loss(outputs, Batch(INPUTS, TARGETS, row), 0, 1)[0].sum(axis=-1)

    h = 1e-5
    for key, arrays in own.items():
        for array, found in zip(arrays, exact[key], strict=True):
            for index in np.ndindex(array.shape[1:]):
                values = []
                for sign in (1, -1):
                    array[(slice(None), *index)] += sign * h
                    values.append(loss())
                    array[(slice(None), *index)] -= sign * h
                slope = (values[0] - values[1]) / (2 * h)
                np.testing.assert_allclose(-found[(slice(None), *index)], slope, atol=1e-8)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("law", ["rademacher", "gaussian", "orthogonal"])
@pytest.mark.parametrize("slope", ["exact", "central", "forward"])
def test_weight_perturbation_is_the_slope_times_the_direction(backend, law, slope):
    one = learner("weight_perturbation", backend, options={"law": law, "slope": slope})
    own, p = parameters(one), perturbation(3)
    row = row_of(one, p)
    exact = flat(descent(learner(backend=backend), own, {"mask": row["mask"]}))
    v = one.xp.to_numpy(row["directions"])
    want = np.mean([(exact * u).sum(-1, keepdims=True) * u for u in v], axis=0)
    error = {"exact": 1e-12, "central": 1e-6, "forward": 1e-2}[slope]
    got = flat(descent(one, own, row))
    assert np.abs(got - want).max() <= error * np.abs(want).max()


@pytest.mark.parametrize("name", ["weight_perturbation", "activity_perturbation"])
def test_slopes_from_losses_approach_exact_ones(name):
    """A central difference is off by O(ε²), a forward one by O(ε): 100 and 10 times less here."""
    found = {}
    for slope in ("exact", "central", "forward"):
        for epsilon in (1e-3, 1e-4):
            options = {"slope": slope, "law": "gaussian"}
            one = learner(name, options=options)
            own = parameters(one)
            row = row_of(one, perturbation(2, epsilon=epsilon))
            found[slope, epsilon] = flat(descent(one, own, row))
    exact = found["exact", 1e-3]
    for slope, ratio in (("central", 100), ("forward", 10)):
        far, near = (np.linalg.norm(found[slope, e] - exact) for e in (1e-3, 1e-4))
        assert far / near == pytest.approx(ratio, rel=0.1)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("law", ["gaussian", "orthogonal"])
def test_projection_is_the_closest_point_in_the_span(backend, law):
    options = {"law": law, "combine": "projection"}
    one = learner("weight_perturbation", backend, options=options)
    own, row = parameters(one), row_of(one, perturbation(3))
    exact = flat(descent(learner(backend=backend), own, {"mask": row["mask"]}))
    got = flat(descent(one, own, row))
    v = one.xp.to_numpy(row["directions"])
    for r in range(2):
        basis = v[:, r].T
        want = basis @ np.linalg.lstsq(basis, exact[r], rcond=None)[0]
        np.testing.assert_allclose(got[r], want, atol=1e-12)


def test_as_many_orthogonal_directions_as_units_give_the_exact_gradient():
    layout = Layout((5, 4, 3), bias=True)
    options = {"law": "orthogonal", "output": "exact"}
    one = learner("activity_perturbation", layout=layout, options=options)
    own, row = parameters(one), row_of(one, perturbation(4))
    exact = flat(descent(learner(layout=layout), own, {"mask": row["mask"]}))
    np.testing.assert_allclose(flat(descent(one, own, row)), exact, atol=1e-12)


UNBIASED = {
    "spsa": ("weight_perturbation", {"law": "rademacher", "slope": "central"}),
    "forward_gradient": ("weight_perturbation", {"law": "gaussian"}),
    "table": ("weight_perturbation", {"law": "gaussian", "draw": "table"}),
    "orthogonal": ("weight_perturbation", {"law": "orthogonal"}),
    "node": ("activity_perturbation", {"law": "gaussian", "slope": "central",
                                       "output": "perturbed"}),
    "active": ("activity_perturbation", {"law": "rademacher", "units": "active"}),
}  # fmt: skip


@pytest.mark.statistical
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", UNBIASED)
def test_the_mean_of_many_estimates_is_the_exact_gradient(backend, case):
    """10,000 draws on 2,000 weights; each of 20 projections at most 4 standard errors off.

    A false alarm has odds of 20 · 6e-5, with this seed none. An estimate that is 4 % too long would
    be seen: the projection on the gradient itself has the standard error ‖g‖·√2/100 and less.
    """
    name, options = UNBIASED[case]
    layout = Layout((5, 120, 10, 3), (1, 1), bias=True, affine=False)
    activation = "relu" if case == "active" else "tanh"
    common = {"layout": layout, "activation": activation}
    one = learner(name, backend, options=options, **common)
    assert 1900 < layout.count() < 2100
    own = parameters(one, replicates=1)
    draws, rounds = 250, 40
    exact = flat(descent(learner(backend=backend, **common), own, {"mask": row_mask(one)}))[0]
    rng = np.random.default_rng(3)
    probes = np.stack([exact, *rng.normal(size=(19, len(exact)))])
    probes /= np.linalg.norm(probes, axis=1, keepdims=True)

    compiled = one.xp.compile(
        lambda parameters, row: one.gradient.descent(
            one, parameters, Batch(one.xp.asarray(INPUTS), one.xp.asarray(TARGETS), row)
        )[1]
    )
    found = []
    for when in range(rounds):  # each the mean of many directions at once
        row = row_of(one, perturbation(draws, replicates=1, epsilon=1e-5), when)
        estimate = compiled(own, row)
        arrays = {k: [np.asarray(one.xp.to_numpy(a)) for a in v] for k, v in estimate.items()}
        found.append(probes @ flat(arrays)[0])
    samples = np.array(found)
    error = samples.mean(axis=0) - probes @ exact
    assert np.all(np.abs(error) <= 4 * samples.std(axis=0, ddof=1) / np.sqrt(rounds))
    assert samples.std(axis=0).min() > 0


def row_mask(one):
    return one.xp.asarray(MASK)


@pytest.mark.parametrize("backend", BACKENDS)
def test_feedback_takes_the_place_of_weights(backend):
    """With the weights themselves as feedback, alignment is back-propagation."""
    common = {"norms": (), "layout": Layout((5, 8, 4, 3), bias=True)}
    one = learner("feedback_alignment", backend, **common)
    own, mask = parameters(one), row_mask(one)
    exact = flat(descent(learner(backend=backend, **common), own, {"mask": mask}))
    same = descent(one, own, {"mask": mask, "feedback": own["weights"]})
    np.testing.assert_allclose(flat(same), exact, rtol=1e-12)
    other = flat(descent(one, own, row_of(one, perturbation())))
    assert np.abs(other - exact).max() > 0.01 * np.abs(exact).max()


def test_direct_feedback_needs_no_layer_between():
    """With one hidden layer, direct feedback and feedback alignment are one."""
    common = {"norms": (), "layout": Layout((5, 8, 3), bias=True)}
    direct, aligned = (learner(f"{kind}feedback_alignment", **common) for kind in ("direct_", ""))
    own = parameters(direct)
    row = row_of(direct, perturbation())
    (back,) = row["feedback"]
    same = {**row, "feedback": (None, back)}
    np.testing.assert_allclose(
        flat(descent(direct, own, row)), flat(descent(aligned, own, same)), rtol=1e-12
    )


@pytest.mark.usefixtures("tensorflow")
@pytest.mark.parametrize("name", sorted(GRADIENTS))
def test_backends_agree_after_a_hundred_steps(name):
    reads = name.endswith("perturbation")
    options = {"slope": "central", "law": "gaussian"} if reads else {}
    weights = []
    for backend in BACKENDS:
        one = learner(name, backend, options=options)
        p = perturbation(2 if reads else 1, epsilon=1e-2, loss_noise=1e-3 if reads else 0.0)
        rows = one.gradient.draws(one, p, Purpose.PERTURBATION, 0)(100)
        data = {
            "inputs": one.xp.asarray(INPUTS), "targets": one.xp.asarray(TARGETS),
            **one.gradient.constants(one, p),
        }  # fmt: skip
        carry, _ = one.train(one.start(parameters(one)), data, {"t": np.arange(100), **rows})
        weights.append([np.asarray(one.xp.to_numpy(a)) for a in carry["parameters"]["weights"]])
    for a, b in zip(*weights, strict=True):
        assert np.abs(a - b).max() <= 1e-9 * np.abs(a).max()


def test_replicates_do_not_depend_on_each_other():
    one = learner("weight_perturbation", options={"law": "gaussian"})
    both = row_of(one, perturbation(2, replicates=2))["directions"]
    second = row_of(one, perturbation(2, replicates=1, seed=1))["directions"]
    np.testing.assert_array_equal(both[:, 1:], second)


def test_numpy_needs_no_tensorflow_for_exact_slopes():
    assert get_backend("numpy").name == "numpy"
    one = learner("weight_perturbation")
    assert np.isfinite(flat(descent(one, parameters(one), row_of(one, perturbation())))).all()
