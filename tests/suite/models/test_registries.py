from __future__ import annotations

import pytest

from stochgrad.registry import Registry
from stochgrad.suite.models.activations import ACTIVATIONS
from stochgrad.suite.models.functions import FUNCTIONS

PROMISED = [
    (ACTIVATIONS, "gelu identity leaky_relu relu sigmoid silu softplus tanh"),
    (FUNCTIONS, "square power_pi self_power exp_power"),
]


@pytest.mark.parametrize(("table", "names"), PROMISED, ids=lambda v: getattr(v, "kind", ""))
def test_what_is_promised_is_there(table: Registry[object], names: str) -> None:
    assert set(names.split()) <= set(table)
