"""Local losses: their gradient written anew, estimates of it, and agreement of backends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stochgrad.random import Purpose
from stochgrad.suite.models.gradients import Batch
from stochgrad.suite.models.initial import Layout, initial_parameters
from tests.suite.models.gradients.cases import (
    BATCH,
    INPUTS,
    LAYERS,
    MASK,
    TARGETS,
    WIDTHS,
    descent,
    flat,
    learner,
    parameters,
    perturbation,
    row_of,
)
from tests.suite.models.gradients.cases import LOCAL_LAYOUTS as LAYOUTS

BACKENDS = ["numpy", "tensorflow"]


def network(layout: Layout, values: dict[str, list[np.ndarray]]) -> list[np.ndarray]:
    """Return every layer of one replicate by loops over its groups, each with inputs held fixed.

    Written without any code of the package, of weights as whole matrices.
    """
    groups = [*(layout.groups or (1,) * (len(layout.widths) - 2)), 1]
    layer, found = INPUTS[0], []
    for i, count in enumerate(groups):
        rows = np.split(values["weights"][i], count)
        z = np.concatenate(
            [x @ w.T for x, w in zip(np.split(layer, count, 1), rows, strict=True)], 1
        )
        z = z + values["biases"][i]
        if i < len(groups) - 1:
            z = (z - z.mean(1, keepdims=True)) / np.sqrt(z.var(1, keepdims=True) + 1e-5)
            if layout.affine:
                z = z * values["scales"][i] + values["shifts"][i]
            z = np.tanh(z)
        layer = z
        found.append(layer)
    return found


def cross_entropy(logits: np.ndarray) -> float:
    chance = np.exp(logits - logits.max(1, keepdims=True))
    chance /= chance.sum(1, keepdims=True)
    return float((-np.log((chance * TARGETS[0]).sum(1)) * MASK).sum() / MASK.sum())


def losses(
    layout: Layout, values: dict[str, list[np.ndarray]], fixed: list[np.ndarray]
) -> list[list[float]]:
    """Return the losses of each layer, the output's last.

    Args:
        layout: of the network.
        values: parameters of one replicate.
        fixed: layers, of which the other shares of a shared readout are taken.
    """
    found, k, layers = [], 0, network(layout, values)
    for i, count in enumerate(layout.local):
        own: list[float] = []
        if count:
            shares = np.split(layers[i], count, 1)
            held = np.split(fixed[i], count, 1)
            W = np.split(values["readouts"][k], count)
            for g in range(count):
                if layout.shared:
                    b = values["readout_biases"][k]
                    logits = b + sum(
                        (shares[h] if h == g else held[h]) @ W[h].T for h in range(count)
                    )
                else:
                    b = np.split(values["readout_biases"][k], count, 1)[g]
                    logits = shares[g] @ W[g].T + b
                own.append(cross_entropy(logits))
            k += 1
        found.append(own)
    return [*found, [cross_entropy(layers[-1])]]


def written_anew(layout: Layout, own: Any, r: int) -> dict[str, list[np.ndarray]]:
    """Return minus the gradient: central differences of the losses that each parameter learns from.

    A parameter of layer i learns from the lowest losses at or above it, and from no others.
    """
    values = {key: [np.array(a[r]) for a in arrays] for key, arrays in own.items()}
    fixed = network(layout, values)
    counts = [*layout.local, 1]
    tops = [i for i, count in enumerate(counts) if count]

    def total(place: int) -> float:
        found = losses(layout, values, fixed)[place]
        return sum(found) / (len(found) if shared_readout else 1)

    h, result = 1e-5, {}
    for key, arrays in values.items():
        result[key] = []
        for i, array in enumerate(arrays):
            readout = key.startswith("readout")
            shared_readout = readout and layout.shared
            place = tops[i] if readout else next(t for t in tops if t >= i)
            slope = np.zeros_like(array)
            for index in np.ndindex(array.shape):
                ends = []
                for sign in (1, -1):
                    array[index] += sign * h
                    ends.append(total(place))
                    array[index] -= sign * h
                slope[index] = (ends[0] - ends[1]) / (2 * h)
            result[key].append(-slope)
    return result


@pytest.mark.parametrize("kind", LAYOUTS)
def test_back_propagation_is_the_gradient_of_local_losses(kind):
    """Errors of these differences are below 1e-8; of a wrong stop they would be of order 0.1."""
    one = learner(layout=LAYOUTS[kind])
    own = parameters(one)
    got = descent(one, own, {"mask": MASK})
    for r in range(2):
        want = written_anew(LAYOUTS[kind], own, r)
        assert want.keys() == got.keys()
        for key, arrays in want.items():
            for a, b in zip(arrays, got[key], strict=True):
                np.testing.assert_allclose(b[r], a, atol=2e-8)


def test_a_gradient_from_above_can_be_added():
    """Without stops, weights below learn from all losses: their gradients add up."""
    layout = Layout(WIDTHS, bias=True, local=(0, 1), stops=False)
    one = learner(layout=layout, norms=())
    own = parameters(one)
    both = descent(one, own, {"mask": MASK})
    local = descent(
        learner(layout=Layout(WIDTHS, bias=True, local=(0, 1)), norms=()),
        own, {"mask": MASK},
    )  # fmt: skip
    network = {k: v for k, v in own.items() if not k.startswith("readout")}
    output = descent(learner(layout=Layout(WIDTHS, bias=True), norms=()), network, {"mask": MASK})
    for key in ("weights", "biases"):
        for i in range(2):
            want = local[key][i] + output[key][i]
            np.testing.assert_allclose(both[key][i], want, atol=1e-14)


def test_the_output_changes_nothing_below_it():
    one = learner(layout=LAYERS)
    own = parameters(one)
    before = descent(one, own, {"mask": MASK})
    own["weights"] = (*own["weights"][:2], 5 * own["weights"][2])
    after = descent(one, own, {"mask": MASK})
    for i in range(2):
        np.testing.assert_array_equal(before["weights"][i], after["weights"][i])
    assert np.abs(before["weights"][2] - after["weights"][2]).max() > 1e-3


@pytest.mark.parametrize("name", ["backprop", "weight_perturbation", "activity_perturbation"])
def test_one_share_a_layer_is_the_layer(name):
    """Own and shared readouts are the same where there is one share."""
    found = []
    for shared in (False, True):
        one = learner(name, layout=Layout(WIDTHS, (1, 2), bias=True, local=(1, 1), shared=shared))
        found.append(flat(descent(one, parameters(one), row_of(one, perturbation(2)))))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-13)


@pytest.mark.parametrize("kind", LAYOUTS)
def test_weight_perturbation_is_each_loss_slope_times_its_own_direction(kind):
    """Against exact gradients of single losses, by differences along the share's direction."""
    layout = LAYOUTS[kind]
    one = learner("weight_perturbation", layout=layout, options={"law": "gaussian"})
    own, p = parameters(one, replicates=1), perturbation(1, replicates=1)
    row = row_of(one, p)
    got = descent(one, own, row)
    v = row["directions"][0, 0]
    values = {key: [a[0] for a in arrays] for key, arrays in own.items()}
    directions: dict[str, list[np.ndarray]] = {}
    low = 0
    for key in ("weights", "biases", "scales", "shifts"):
        for a in values.get(key, []):
            directions.setdefault(key, []).append(v[low : low + a.size].reshape(a.shape))
            low += a.size
    assert low == v.size
    counts, h, start = [*layout.local, 1], 1e-6, 0
    for top, count in enumerate(counts):
        if not count:
            continue
        fixed = network(layout, values)
        ends = []
        for sign in (1, -1):
            moved = {
                key: [
                    a + sign * h * directions[key][i] if key in directions and start <= i <= top
                    else a
                    for i, a in enumerate(arrays)
                ]
                for key, arrays in values.items()
            }  # fmt: skip
            ends.append(losses(layout, moved, fixed)[top])
        slopes = -np.subtract(ends[0], ends[1]) / (2 * h)
        for key, arrays in directions.items():
            for i in range(start, min(top + 1, len(arrays))):
                shape = arrays[i].shape
                want = arrays[i].reshape(count, -1) * slopes[:, None]
                np.testing.assert_allclose(got[key][i][0], want.reshape(shape), atol=1e-7)
        start = top + 1


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("slope", ["exact", "central"])
@pytest.mark.parametrize("kind", ["upper", "shares"])
def test_an_output_layer_that_is_not_perturbed_has_the_exact_gradient(backend, slope, kind):
    """The others have what they have where its directions are zero."""
    layout = LAYOUTS[kind]
    options = {"law": "gaussian", "slope": slope}
    one = learner("weight_perturbation", backend, layout=layout, options=options)
    some = learner(
        "weight_perturbation", backend, layout=layout, options={**options, "output": "exact"}
    )
    own = parameters(one)
    row = row_of(some, perturbation(2))
    v = np.asarray(one.xp.to_numpy(row["directions"]))
    sizes = [[int(a[0].size if hasattr(a[0], "size") else np.prod(a.shape[1:])) for a in own[k]]
             for k in own if not k.startswith("readout")]  # fmt: skip
    padded, low = [], 0
    for arrays in sizes:
        moving = sum(arrays[:3][:2])
        padded += [v[..., low : low + moving], np.zeros((*v.shape[:-1], sum(arrays[2:])))]
        low += moving
    assert low == v.shape[-1] == layout.count() - layout.counts()[-1]
    whole = {**row, "directions": one.xp.asarray(np.concatenate(padded, axis=-1))}
    exact = descent(learner(backend=backend, layout=layout), own, {"mask": row["mask"]})
    got, want = descent(some, own, row), descent(one, own, whole)
    for key in got:
        for i, array in enumerate(got[key]):
            last = key in ("weights", "biases") and i == 2
            np.testing.assert_allclose(array, (exact if last else want)[key][i], atol=1e-9)


@pytest.mark.parametrize("name", ["weight_perturbation", "activity_perturbation"])
@pytest.mark.parametrize("kind", ["shares", "shared", "block"])
def test_slopes_from_losses_approach_exact_ones(name, kind):
    """A central difference is off by O(ε²), a forward one by O(ε): 100 and 10 times less here."""
    found = {}
    for slope in ("exact", "central", "forward"):
        for epsilon in (1e-3, 1e-4):
            options = {"slope": slope, "law": "gaussian"}
            one = learner(name, layout=LAYOUTS[kind], options=options)
            row = row_of(one, perturbation(2, epsilon=epsilon))
            found[slope, epsilon] = flat(descent(one, parameters(one), row))
    exact = found["exact", 1e-3]
    for slope, ratio in (("central", 100), ("forward", 10)):
        far, near = (np.linalg.norm(found[slope, e] - exact) for e in (1e-3, 1e-4))
        assert far / near == pytest.approx(ratio, rel=0.1)


@pytest.mark.parametrize("name", ["weight_perturbation", "activity_perturbation"])
def test_a_projection_is_of_each_share(name):
    """With as many directions as a share has numbers, projections are the exact gradient."""
    layout = Layout((3, 4, 2), local=(2,))
    options = {"law": "gaussian", "combine": "projection"}
    size = {"weight_perturbation": 6, "activity_perturbation": 2}[name]
    inputs = {"layout": layout, "norms": ()}
    one = learner(name, options=options, **inputs)
    assert one.gradient.most_directions(layout) == size
    rng = np.random.default_rng(5)
    batch = Batch(rng.normal(size=(1, BATCH, 3)), np.eye(2)[[0, 1, 1, 0, 1, 0]][None], {})
    own, row = parameters(one), row_of(one, perturbation(size))
    batch = batch._replace(row=row)
    _, got = one.gradient.descent(one, own, batch)
    exact = learner(**inputs)
    _, want = exact.gradient.descent(exact, own, batch)
    for i in range(1 if name == "weight_perturbation" else 2):
        np.testing.assert_allclose(got["weights"][i], want["weights"][i], atol=1e-9)


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("backend", "name", "slope"),
    [
        ("numpy", "weight_perturbation", "exact"),
        ("numpy", "weight_perturbation", "central"),
        ("numpy", "activity_perturbation", "exact"),
        ("numpy", "activity_perturbation", "central"),
        ("tensorflow", "activity_perturbation", "exact"),
    ],
)
def test_the_mean_of_many_estimates_is_the_gradient_of_local_losses(backend, name, slope):
    """10,000 draws; each of 20 projections at most 4 standard errors off.

    A false alarm has odds of 20 · 6e-5, with this seed none. No norm: that of a layer would let
    shares see each other's weights.
    """
    layout = Layout((5, 24, 16, 3), (1, 4), bias=True, local=(2, 4))
    common = {"layout": layout, "norms": ()}
    options = {"law": "rademacher", "slope": slope}
    one = learner(name, backend, options=options, **common)
    own, mask = parameters(one, replicates=1), one.xp.asarray(MASK)
    exact = flat(descent(learner(backend=backend, **common), own, {"mask": mask}))[0]
    probes = np.stack([exact, *np.random.default_rng(3).normal(size=(19, len(exact)))])
    probes /= np.linalg.norm(probes, axis=1, keepdims=True)
    batch = [one.xp.asarray(a) for a in (INPUTS, TARGETS)]
    compiled = one.xp.compile(
        lambda parameters, row: one.gradient.descent(one, parameters, Batch(*batch, row))[1]
    )
    found = []
    for when in range(40):
        estimate = compiled(own, row_of(one, perturbation(250, replicates=1, epsilon=1e-5), when))
        arrays = {k: [np.asarray(one.xp.to_numpy(a)) for a in v] for k, v in estimate.items()}
        found.append(probes @ flat({key: arrays[key] for key in own})[0])
    samples = np.array(found)
    error = samples.mean(axis=0) - probes @ exact
    assert np.all(np.abs(error) <= 4 * samples.std(axis=0, ddof=1) / np.sqrt(len(found)))
    assert samples.std(axis=0).min() > 0


@pytest.mark.usefixtures("tensorflow")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("backprop", "shared"),
        ("weight_perturbation", "shares"),
        ("activity_perturbation", "shares"),
        ("activity_perturbation", "block"),
    ],
)
def test_backends_agree_after_a_hundred_steps(name, kind):
    perturbs = name != "backprop"
    options = {"slope": "central", "law": "gaussian"} if perturbs else {}
    weights = []
    for backend in BACKENDS:
        one = learner(name, backend, layout=LAYOUTS[kind], options=options)
        p = perturbation(2 if perturbs else 1, epsilon=1e-2)
        rows = one.gradient.draws(one, p, Purpose.PERTURBATION, 0)(100)
        data = {"inputs": one.xp.asarray(INPUTS), "targets": one.xp.asarray(TARGETS)}
        start = initial_parameters(one.layout, "xavier", 0, 2, "float64", zero_output=True)
        carry, _ = one.train(one.start(start), data, {"t": np.arange(100), **rows})
        weights.append(
            {k: [np.asarray(one.xp.to_numpy(a)) for a in v] for k, v in carry["parameters"].items()}
        )
    for key, arrays in weights[0].items():
        for a, b in zip(arrays, weights[1][key], strict=True):
            assert np.abs(a).max() > 0
            assert np.abs(a - b).max() <= 1e-9 * np.abs(a).max()


def test_parameters_are_counted():
    """M/1/16 of Ren et al. (2022), as its table has it: 429 K with one shared readout."""
    layout = Layout((784, 512, 512, 10), (1, 16), bias=True, local=(0, 16), shared=True)
    own = initial_parameters(layout, "normal", 0, 1, "float32")
    total = sum(a.size for arrays in own.values() for a in arrays)
    assert total == 429_076
    assert layout.count() == 429_076 - 5_130
    assert not any(np.any(a) for key in ("readouts", "readout_biases") for a in own[key])
