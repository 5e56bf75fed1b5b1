"""Gradients of circuits: the parameter-shift rule where f passes a check of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stochgrad import gradient, jacobian

X = np.array([0.3, 2.0, 1.1, 5.0])


class Circuit:
    """The expectation of four turned qubits, exact or as a mean of outcomes ±1."""

    rotation_angles = True

    def __init__(self, shots: int | None = None, rate: float = 1.0) -> None:
        self.rng, self.shots, self.rate = np.random.default_rng(0), shots, rate

    def __call__(self, x: Any) -> Any:
        turned = self.rate * x
        exact = np.cos(turned[..., :2]).prod(axis=-1) * np.sin(turned[..., 2:]).sum(axis=-1)
        exact = exact / 2
        if self.shots is None:
            return exact
        return 2 * self.rng.binomial(self.shots, (1 + exact) / 2) / self.shots - 1

    def gradient(self) -> Any:
        a, b, c, d = X
        s = (np.sin(c) + np.sin(d)) / 2
        both = np.cos(a) * np.cos(b) / 2
        return np.array([-np.sin(a) * np.cos(b) * s, -np.cos(a) * np.sin(b) * s,
                         both * np.cos(c), both * np.cos(d)])  # fmt: skip


def test_a_circuit_without_noise() -> None:
    found = gradient(Circuit(), X, seed=0)
    assert found.estimator == "parameter_shift"
    assert found.success.all()
    np.testing.assert_allclose(found.df, Circuit().gradient(), atol=1e-14)
    assert found.nfev <= 20


@pytest.mark.statistical
def test_shots() -> None:
    """Of 400 intervals of 95 %: 92 to 98 %, 2.8 standard errors. Budgets are kept.

    One check in a thousand fails by chance: of 100 three do with odds of 2e-4.
    """
    circuit, covered, errors = Circuit(1000), [], []
    exact = circuit.gradient()
    for seed in range(100):
        found = gradient(circuit, X, seed=seed, vectorized=True, max_evaluations=100)
        assert found.nfev <= 100
        if found.estimator != "parameter_shift":
            continue
        low, high = found.confidence_interval()
        covered.append((low <= exact) & (exact <= high))
        errors.append((found.df - exact) ** 2)
    assert len(covered) >= 98
    assert 0.92 <= np.mean(covered) <= 0.98
    # Half of 1/(shots · evaluations of a variable) is the least there is, for E = 0.
    assert np.sqrt(np.mean(errors)) < 1.3 * np.sqrt(1 / 1000 / 25)


def test_functions_of_another_form_are_inferred() -> None:
    """Three times the frequency passes at π and ±π/2, and has another gradient."""
    fast = Circuit(rate=3.0)
    found = gradient(fast, X / 3, seed=0)
    assert found.estimator == "inference"
    np.testing.assert_allclose(found.df, 3 * Circuit().gradient(), rtol=1e-8)
    noisy = gradient(Circuit(1000, rate=3.0), X / 3, seed=0, vectorized=True)
    assert noisy.estimator == "inference"
    few = gradient(Circuit(1000), X, seed=0, vectorized=True, max_evaluations=20)
    assert few.method == "directions"


def test_many_points_and_rows() -> None:
    points = np.stack([X, X + 0.5])
    found = gradient(Circuit(), points, seed=0)
    assert found.df.shape == (2, 4)
    np.testing.assert_allclose(found.df[0], Circuit().gradient(), atol=1e-14)

    def both(x: Any) -> Any:
        return np.stack([Circuit()(x), -Circuit()(x)], axis=-1)

    both.rotation_angles = True  # type: ignore[attr-defined]
    rows = jacobian(both, X, seed=0)
    assert rows.estimator == "parameter_shift"
    exact = np.stack([Circuit().gradient(), -Circuit().gradient()])
    np.testing.assert_allclose(rows.df, exact, atol=1e-14)
