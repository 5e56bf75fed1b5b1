"""Settings of training that do not go together are refused in one line."""

from __future__ import annotations

from typing import Any

import pytest

from stochgrad.errors import ConfigError
from stochgrad.suite import tasks
from stochgrad.suite.models import memory
from tests.suite.tasks.configs import DIGITS, XOR, configure

SPSA = {"name": "weight_perturbation", "slope": "central"}
BLACK = {"black_box": True}
NEVER = {"fidelity_every": 0}
LOCAL = {"local_losses": [1, 1], "loss": "softmax_cross_entropy"}
CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({"gradient": SPSA, "epsilon": 1e-17}, ["epsilon=1e-17", "dtype=float64", "2.22e-16"]),
    ({"gradient": SPSA, "epsilon": 1e-8, "dtype": "float32"}, ["1.19e-07", "dtype=float64"]),
    ({"model": BLACK}, ["model.black_box=true", "gradient=spsa"]),
    ({"model": BLACK, "gradient": {"name": "weight_perturbation"}}, ["slope=central"]),
    ({"model": BLACK, "gradient": {"name": "activity_perturbation"}}, ["gradient=spsa"]),
    ({"model": BLACK, "gradient": {"name": "feedback_alignment"}}, ["gradient=spsa"]),
    ({"model": BLACK, "gradient": {**SPSA, "output": "exact"}}, ["gradient=spsa"]),
    ({"gradient": {**SPSA, "output": "none"}}, ["gradient.output=none", "exact, perturbed"]),
    ({"model": BLACK, "gradient": SPSA}, ["task.fidelity_every=0"]),
    ({"num_directions": 2}, ["num_directions=2", "gradient=backprop"]),
    ({"loss_noise": 0.1}, ["loss_noise=0.1", "gradient=backprop"]),
    ({"loss_shots": 9, "gradient": SPSA, "activation": "tanh"}, ["activation=sigmoid"]),
    ({"schedule": {"name": "linear", "warm_up": 100}}, ["schedule.warm_up=100", "task.steps=100"]),
    ({"model": {"normalization": "group"}}, ["model.groups=[]", "model.normalization=layer"]),
    ({"model": {"affine": True}}, ["model.normalization=layer"]),
    ({"model": {"standardize": [1.0, 0.0]}}, ["model.standardize=[1.0,0.0]", "deviation > 0"]),
    ({"model": {"hidden": []}, "gradient": {"name": "activity_perturbation"}}, ["model.hidden"]),
    ({"gradient": {"name": "spas"}}, ["gradient=spas", "activity_perturbation"]),
    ({"gradient": {"name": "backprop", "law": "gaussian"}}, ["gradient.law=gaussian"]),
    ({"gradient": {**SPSA, "law": "normal"}}, ["gradient.law=normal", "rademacher"]),
    ({"gradient": {**SPSA, "combine": "projection"}}, ["gradient.law=gaussian or orthogonal"]),
    ({"gradient": {**SPSA, "law": "orthogonal", "draw": "table"}}, ["gradient.draw=fresh"]),
    ({"gradient": {"name": "feedback_alignment", "scale": -1}}, ["gradient.scale=-1"]),
    (
        {"model": {"loss": "softmax_cross_entropy"}},
        ["model.loss=softmax_cross_entropy", "task=xor"],
    ),
    ({"task": {"worth_draws": 1}}, ["task.worth_draws=1", "2 or more"]),
    ({"model": {"local_losses": [1]}}, ["[1]", "model.loss=softmax_cross_entropy"]),
    ({"model": {"local_losses": [-1]}}, ["model.local_losses", "-1"]),
    ({"model": {"local_readout": "shared"}}, ["model.local_readout=shared", "for each hidden"]),
    ({"model": {"stop_gradient": False}}, ["model.stop_gradient=false", "model.local_losses=[]"]),
]


def said(base: dict[str, Any], changes: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        tasks.prepare(configure(base, **changes))
    return str(caught.value)


@pytest.mark.parametrize(("changes", "parts"), CASES, ids=str)
def test_what_cannot_be_is_refused(changes: dict[str, Any], parts: list[str]) -> None:
    message = said(XOR, changes)
    assert all(part in message for part in parts), message
    assert "\n" not in message
    assert len(message) < 300


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"task": {"patience": 3}, "schedule": {"name": "cosine"}}, ["task.patience=null"]),
        ({"task": {"validation": False}}, ["task.keep=last"]),
        ({"task": {"validation": False, "keep": "last", "patience": 2}}, ["task.patience=2"]),
        ({"model": {"groups": [1]}}, ["model.groups=[1]", "2 in all"]),
        ({"model": {"groups": [1, 5]}}, ["model.groups=[1,5]", "divides both"]),
        ({"model": {**LOCAL, "local_losses": [1]}}, ["model.local_losses=[1]", "2 in all"]),
        ({"model": {**LOCAL, "local_losses": [0, 0]}}, ["[0,0]", "1 or more"]),
        ({"model": {**LOCAL, "local_losses": [1, 5]}}, ["[1,5]", "32 units", "divides it"]),
        ({"model": {**LOCAL, "local_losses": [0, 4]}}, ["layer 2 mixes", "multiple of 4 groups"]),
        ({"model": {**LOCAL, **BLACK}, "gradient": SPSA}, ["model.black_box=true", "returns one"]),
        ({"model": LOCAL, "gradient": {"name": "feedback_alignment"}}, ["[1,1] gradient=feedback"]),
        ({"model": LOCAL, "gradient": {"name": "direct_feedback_alignment"}}, ["layer to layer"]),
        (
            {"model": {**LOCAL, "stop_gradient": False}, "gradient": SPSA},
            ["model.stop_gradient=false", "gradient=backprop"],
        ),
        (
            {"model": LOCAL, "gradient": {"name": "activity_perturbation", "output": "perturbed"}},
            ["gradient.output=exact"],
        ),
        (
            {"model": LOCAL, "gradient": SPSA, "loss_noise": 0.1},
            ["loss_noise=0.1", "loss_noise=0"],
        ),
    ],
    ids=str,
)
def test_what_a_classifier_cannot_be(changes: dict[str, Any], parts: list[str]) -> None:
    message = said(DIGITS, changes)
    assert all(part in message for part in parts), message
    assert "\n" not in message
    assert len(message) < 300


def test_as_many_directions_as_fit_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stochgrad.suite.tasks.training.machine_memory", lambda: 2**20)
    message = said(DIGITS, {"gradient": SPSA, "num_directions": 1000})
    elements = 64 * 16 + 16 * 32 + 32 * 10
    fit = int(2**20 * memory.SHARE) // (8 * elements)
    assert f"num_directions={fit} or fewer" in message
    tasks.prepare(configure(DIGITS, gradient=SPSA, num_directions=fit))


def test_no_more_directions_are_orthogonal_than_there_are_weights() -> None:
    law = {"name": "weight_perturbation", "law": "orthogonal"}
    assert "num_directions=24 or fewer" in said(XOR, {"gradient": law, "num_directions": 25})
    tasks.prepare(configure(XOR, gradient=law, num_directions=24))
