"""The circuits against closed forms and full matrices, and their shots against the binomial law."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from stochgrad import gradient
from stochgrad.suite.models.circuits import Circuit, MeasuredCircuit

X = np.array([[0, 1], [1, 0]])
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1])


def angles(circuit: Circuit, number: int = 5) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 2 * np.pi, (number, circuit.dimension))


def with_matrices(circuit: Circuit, point: np.ndarray) -> float:
    """Multiply the matrices of all gates, each of the whole register."""
    n = circuit.qubits

    def on(qubit: int, matrix: np.ndarray) -> np.ndarray:
        return reduce(np.kron, [matrix if q == qubit else np.eye(2) for q in range(n)])

    def rotation(pauli: np.ndarray, angle: float) -> np.ndarray:
        return np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * pauli

    one = np.diag([0, 1])
    pairs = [(q, q + 1) for q in range(n - 1)] + ([(n - 1, 0)] if n > 2 else [])
    state = np.eye(2**n)[0].astype(complex)
    for layer, rows in enumerate(point.reshape(circuit.layers, n, 2)):
        if layer:
            for a, b in pairs:
                state = (np.eye(2**n) - 2 * on(a, one) @ on(b, one)) @ state
        for qubit, (x, y) in enumerate(rows):
            state = on(qubit, rotation(Y, y)) @ on(qubit, rotation(X, x)) @ state
    return float((state.conj() @ reduce(np.kron, [Z] * n) @ state).real)


@pytest.mark.parametrize(("qubits", "layers"), [(1, 1), (1, 3), (2, 2), (3, 2), (4, 3)])
def test_it_is_the_product_of_its_matrices(qubits: int, layers: int) -> None:
    circuit = Circuit(qubits, layers)
    points = angles(circuit)
    expected = [with_matrices(circuit, point) for point in points]
    np.testing.assert_allclose(circuit(points), expected, atol=1e-14)


def test_one_qubit_has_a_closed_form() -> None:
    points = angles(Circuit(1, 1), 100)
    np.testing.assert_allclose(Circuit(1, 1)(points), np.cos(points).prod(axis=1), atol=1e-15)


def test_axes_are_kept_and_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = Circuit(3, 2)
    points = angles(circuit, 12).reshape(3, 4, -1)
    whole = circuit(points)
    assert whole.shape == (3, 4)
    monkeypatch.setattr("stochgrad.suite.models.circuits.BLOCK_AMPLITUDES", 40)
    np.testing.assert_allclose(circuit(points), whole, atol=1e-15)


@pytest.mark.parametrize(("qubits", "layers"), [(1, 1), (3, 2), (4, 2)])
def test_the_parameter_shift_rule_is_exact(qubits: int, layers: int) -> None:
    circuit = Circuit(qubits, layers)
    point = angles(circuit, 1)[0]
    shifted = gradient(
        circuit, point, estimator="parameter_shift", vectorized=True, error_bars=False
    )
    central = gradient(circuit, point, estimator="central", epsilon=1e-4)
    # Truncation ε²/6 = 2e-9, rounding 1e-16/1e-4.
    np.testing.assert_allclose(shifted.df, central.df, atol=5e-9)
    assert shifted.nfev == 2 * circuit.dimension


def test_shots_have_the_mean_and_variance_of_their_law() -> None:
    """100,000 evaluations of 7 shots: within 5 standard errors of E and of (1 − E²)/k, 6e-7 each.

    The relative standard deviation of a variance of nearly normal numbers is √(2/n).
    """
    circuit, number, shots = Circuit(2, 1), 100_000, 7
    point = angles(circuit, 1)[0]
    exact = circuit(point)
    measured = MeasuredCircuit(circuit, shots, np.random.default_rng(0))
    found = measured(np.tile(point, (number, 1)))
    variance = (1 - exact**2) / shots
    assert abs(found.mean() - exact) < 5 * np.sqrt(variance / number)
    assert found.var() == pytest.approx(variance, rel=5 * np.sqrt(2 / number))
    assert set(np.round((found + 1) * shots / 2, 9)) <= set(range(shots + 1))


def test_a_certain_outcome_is_certain() -> None:
    measured = MeasuredCircuit(Circuit(1, 1), 3, np.random.default_rng(0))
    assert measured(np.array([[0, 0], [np.pi, 0]])).tolist() == [1, -1]
