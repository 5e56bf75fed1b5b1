"""Rotation circuits on a few qubits, and their expectation as it is measured: with shots.

A function that nature evaluates with noise: each evaluation is the mean of k outcomes ±1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BLOCK_AMPLITUDES = 2**15
"""Circuits are simulated together up to so many amplitudes, which stay in the cache."""


@dataclass(frozen=True)
class Circuit:
    """Layers of rotations ``RX(θ) RY(φ)`` on every qubit, with a ring of CZ gates between layers.

    It starts from ``|0…0⟩``, and the product of all Pauli Z is measured. With
    ``RP(θ) = exp(−iθP/2)``, one qubit in one layer has the expectation ``cos θ cos φ``.

    Attributes:
        qubits: 1 or more; the simulation takes ``2^qubits`` amplitudes.
        layers: 1 or more.
    """

    qubits: int
    layers: int
    rotation_angles = True

    @property
    def dimension(self) -> int:
        """Number of angles, d: two for each qubit in each layer."""
        return 2 * self.qubits * self.layers

    def __call__(self, angles: Array) -> Array:
        """Return exact expectations, from −1 to 1.

        Args:
            angles: in radians, shape ``(…, d)``: by layer, by qubit, θ before φ.

        Returns:
            Shape ``(…)``.
        """
        angles = np.asarray(angles, np.float64)
        flat = angles.reshape(-1, self.dimension)
        block = max(1, BLOCK_AMPLITUDES >> self.qubits)
        parts = [self._simulate(flat[i : i + block]) for i in range(0, len(flat), block)]
        return np.concatenate([np.zeros(0), *parts]).reshape(angles.shape[:-1])

    def _simulate(self, angles: Array) -> Array:
        """Follow the amplitudes, shape ``(2^qubits, n)``, through the circuit."""
        state = np.zeros((2**self.qubits, len(angles)), np.complex128)
        state[0] = 1
        half = angles.T.reshape(self.layers, self.qubits, 2, -1) / 2
        cos, sin = np.cos(half), np.sin(half)
        signs = self._ring()[:, None]
        for layer in range(self.layers):
            if layer:
                state *= signs
            for qubit in range(self.qubits):
                (cx, cy), (sx, sy) = cos[layer, qubit], sin[layer, qubit]
                # The amplitudes where this qubit is 0, and where it is 1.
                zero, one = state.reshape(2**qubit, 2, -1, len(angles)).swapaxes(0, 1)
                a, b = cx * zero - 1j * sx * one, cx * one - 1j * sx * zero
                zero[...], one[...] = cy * a - sy * b, cy * b + sy * a
        parity = (-1.0) ** self._bits().sum(axis=0)
        expectation: Array = parity @ (state.real**2 + state.imag**2)
        return expectation

    def _bits(self) -> NDArray[np.int64]:
        """Return the value of each qubit in each basis state, shape ``(qubits, 2^qubits)``."""
        shifts = np.arange(self.qubits)[::-1, None]
        return (np.arange(2**self.qubits) >> shifts) & 1

    def _ring(self) -> Array:
        """Return the signs of all CZ gates: between neighbours, and from the last to the first."""
        bits = self._bits()
        pairs = {tuple(sorted((q, (q + 1) % self.qubits))) for q in range(self.qubits)}
        excited = sum((bits[a] * bits[b] for a, b in pairs if a != b), 0 * bits[0])
        return np.asarray((-1.0) ** excited)


@dataclass(frozen=True)
class MeasuredCircuit:
    """The expectation of a circuit, estimated from independent shots.

    One evaluation is the mean of k outcomes ±1, of variance ``(1 − E²)/k``. It draws from its
    generator in the order in which it is evaluated.

    Attributes:
        circuit: what is measured.
        shots: k, at least 1.
        source: of the outcomes.
    """

    circuit: Circuit
    shots: int
    source: np.random.Generator
    rotation_angles = True

    def __call__(self, angles: Array) -> Array:
        """Return estimated expectations, shape ``(…)``, at angles of shape ``(…, d)``."""
        return measure(self.circuit(angles), self.shots, self.source)


def measure(expectation: Array, shots: int, source: np.random.Generator) -> Array:
    """Return the mean of ``shots`` outcomes ±1 whose expectation is given, in the same shape."""
    # Rounding may have left the expectation outside [−1, 1] by some units of the last place.
    chance = np.clip((1 + expectation) / 2, 0, 1)
    return np.asarray(2 * source.binomial(shots, chance) / shots - 1)
