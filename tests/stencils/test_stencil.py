"""A rule as data: what is derived from nodes and weights, and which are refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from stochgrad.backends import Backend, get_backend
from stochgrad.errors import ConfigError
from stochgrad.stencils import ESTIMATORS, Rule, Stencil, Target, make_estimator, register
from stochgrad.stencils.estimate import estimate
from stochgrad.stencils.rule import layout

NUMPY = get_backend("numpy")
FIVE = [2.0, 1.0, -1.0, -2.0], [-1 / 12, 8 / 12, -8 / 12, 1 / 12]


@dataclass(frozen=True)
class FivePoint(Rule):
    """A rule that is nothing but nodes and weights."""

    name: ClassVar[str] = "five_point_test"
    summary: ClassVar[str] = "five-point stencil"

    def stencil(self, uniforms: NDArray[np.float64], epsilon: float, dtype: str) -> Stencil:
        nodes, weights = FIVE
        return Stencil([epsilon * t for t in nodes], [w / epsilon for w in weights])


def test_weights_and_slopes_say_the_same() -> None:
    rng = np.random.default_rng(0)
    nodes = rng.standard_normal((5, 7, 3))
    weights = rng.standard_normal((5, 7, 3))
    weights -= weights.mean(axis=0)
    weights /= (weights * nodes).sum(axis=0)
    made = Stencil(nodes, weights)
    again = Stencil.of_slopes(nodes, made.pairs, made.shares)
    assert np.allclose(again.weights, weights, rtol=1e-9, atol=1e-9)
    assert np.allclose(made.shares.sum(axis=0), 1)


@pytest.mark.parametrize("name", [n for n in ESTIMATORS if issubclass(ESTIMATORS[n], Rule)])
def test_the_weights_of_every_rule_are_those_of_a_first_derivative(name: str) -> None:
    rule = make_estimator(name)
    assert isinstance(rule, Rule)
    u = np.random.default_rng(1).random((rule.draws_per_step, 20, 3))
    rule.stencil(u, 0.1, "float64").check(name)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0.5, -0.4], "estimator=bad: its weights add up to 0.1: must be 0"),
        ([1.0, -1.0], "estimator=bad: the first moment of its weights, the mean of Σ wₖtₖ, is 2:"),
    ],
)
def test_what_is_no_first_derivative_is_refused_when_it_is_registered(
    weights: list[float], message: str
) -> None:
    @dataclass(frozen=True)
    class Bad(Rule):
        """Wrong."""

        name: ClassVar[str] = "bad"
        summary: ClassVar[str] = "wrong"

        def stencil(self, uniforms: Any, epsilon: float, dtype: str) -> Stencil:
            return Stencil([epsilon, -epsilon], [w / epsilon for w in weights])

    with pytest.raises(ConfigError) as caught:
        register(Bad)
    assert str(caught.value).startswith(message)
    assert "bad" not in ESTIMATORS


def test_as_many_weights_as_nodes() -> None:
    with pytest.raises(ConfigError, match=r"^3 weights for 2 nodes"):
        Stencil([1.0, -1.0], [0.5, -0.5, 0.0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_all_follows_from_nodes_and_weights(dtype: str, xp: Backend) -> None:
    """Exact for polynomials of degree 4 but for rounding: ε·4! of the last place over the step."""
    rule, x = FivePoint(), np.array([0.5, -1.25, 3.0], dtype)
    assert (rule.evaluations(7), rule.uses_value, rule.interval(0.1)) == (4, False, 0.0)
    assert layout(rule).shortest == pytest.approx(1)
    found = estimate(
        rule, Target(lambda p: p * p * p * p), x, epsilon=0.25, num_steps=7, seed=0, xp=xp
    )
    assert np.allclose(found.mean[0], 4 * x**3, rtol=64 * float(np.finfo(dtype).eps))


def test_slopes_are_zero_where_points_coincide_and_in_the_precision_of_the_points() -> None:
    x = np.array([1.0, 1e9], np.float32)
    found = estimate(
        make_estimator("three_slope"), Target(lambda p: np.sin(p.astype(np.float64))), x,
        epsilon=1e-3, num_steps=5, seed=0, xp=NUMPY,
    ).mean  # fmt: skip
    assert found.dtype == np.float32
    assert found[0, 1] == 0
