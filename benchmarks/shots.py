"""Gradients of a circuit that is measured with shots, at equal shots."""

from __future__ import annotations

import importlib.util
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.verdict import Row, Verdict, show_rows, show_verdicts, with_bar, write_rows
from stochgrad.suite.models.circuits import Circuit, MeasuredCircuit

QUBITS, LAYERS = 4, 2


class Unnamed:
    """A circuit that does not say that it is one."""

    def __init__(self, circuit: MeasuredCircuit) -> None:
        self._circuit = circuit

    def __call__(self, angles: NDArray[Any]) -> NDArray[np.float64]:
        """Return estimated expectations."""
        return self._circuit(angles)


def pennylane_differences(x: NDArray[np.float64], shots: int, seed: int) -> Any:
    """Return PennyLane's default finite differences of the same circuit."""
    import pennylane as qml

    @qml.qnode(qml.device("default.qubit", wires=QUBITS, seed=seed))
    def circuit(angles: Any) -> Any:
        at = iter(range(2 * QUBITS * LAYERS))
        for _ in range(LAYERS):
            for wire in range(QUBITS):
                qml.RX(angles[next(at)], wires=wire)
                qml.RY(angles[next(at)], wires=wire)
            for wire in range(QUBITS):
                qml.CZ(wires=[wire, (wire + 1) % QUBITS])
        return qml.expval(qml.prod(*(qml.PauliZ(w) for w in range(QUBITS))))

    measured = qml.set_shots(circuit, shots)
    return np.array(qml.gradients.finite_diff(measured)(qml.numpy.array(x, requires_grad=True)))


def main(*, seed: int = 0, shots: int = 1000, points: int = 20, output: str = "") -> None:
    """Print root mean square errors over the length of the gradient.

    The parameter-shift rule gets as many evaluations as ``gradient`` took.

    Args:
        seed: any integer; draws angles and shots.
        shots: of an evaluation.
        points: at which gradients are found.
        output: a JSON file for the same.
    """
    from stochgrad import gradient

    circuit = Circuit(QUBITS, LAYERS)
    d, units = circuit.dimension, np.eye(circuit.dimension) * np.pi / 2
    rows: list[Row] = []
    for budget in (320, 1600, 3840):
        errors: dict[str, list[float]] = {}
        for number in with_bar(f"{budget} evaluations", list(range(points))):
            rng = np.random.default_rng([abs(seed), number])
            x = rng.uniform(0, 2 * np.pi, d)
            exact = (circuit(x + units) - circuit(x - units)) / 2
            measured = MeasuredCircuit(circuit, shots, rng)
            settings: dict[str, Any] = {"seed": number, "vectorized": True}
            ours = gradient(measured, x, max_evaluations=budget, **settings)
            unnamed = gradient(Unnamed(measured), x, max_evaluations=budget, scale=4.0, **settings)
            repeats = max(1, ours.nfev // (2 * d))
            shifted = [measured(x + units) - measured(x - units) for _ in range(repeats)]
            found = {
                "gradient": ours.df, "parameter shift": np.mean(shifted, axis=0) / 2,
                "gradient, of an f that is not known to be a circuit, scale=4": unnamed.df,
            }  # fmt: skip
            if budget == 320 and importlib.util.find_spec("pennylane"):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    found["PennyLane's finite differences"] = pennylane_differences(
                        x, shots, number
                    )
            for name, df in found.items():
                errors.setdefault(name, []).append(float(((df - exact) ** 2).sum()))
        base = np.mean(errors["parameter shift"])
        rows += [
            {"evaluations": budget, "": name, "rms error": float(np.sqrt(np.mean(e))),
             "over parameter shift": float(np.sqrt(np.mean(e) / base))}
            for name, e in errors.items()
        ]  # fmt: skip
    title = f"{d} angles, {shots} shots an evaluation, seed={seed}"
    show_rows(title, rows, list(rows[0]))
    write_rows(output, title, rows)
    worst = max(r["over parameter shift"] for r in rows if r[""] == "gradient")
    verdicts = [Verdict("gradient over parameter shift", worst, most=1.7)]
    other = [r for r in rows if r[""].startswith("PennyLane")]
    if other:
        own = next(r for r in rows if r[""] == "gradient")["rms error"]
        verdicts.append(Verdict("PennyLane over gradient", other[0]["rms error"] / own, 1000))
    show_verdicts("At equal shots", verdicts, "errors over all angles")
