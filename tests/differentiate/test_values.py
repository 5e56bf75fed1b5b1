"""What f may take and return: arrays of arguments, complex values, values of little precision."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from stochgrad import ConfigError, derivative

ml_dtypes = pytest.importorskip("ml_dtypes")

X = np.linspace(0.5, 2, 40)
RULES: list[dict[str, Any]] = [
    {}, {"estimator": "central"}, {"estimator": "central", "epsilon": 1e-4},
    {"estimator": "quadratic", "epsilon": 1e-4},
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_arguments_broadcast_with_x(rule: dict[str, Any]) -> None:
    """As in SciPy: a scalar x and three powers are three derivatives."""
    found = derivative(lambda x, p: x**p, 2.0, args=(np.array([1.0, 2.0, 3.0]),), seed=0, **rule)
    assert found.df == pytest.approx([1, 4, 12], rel=1e-6)
    grid = derivative(
        lambda x, p, q, shift: q * x**p + shift, [2.0, 3.0],
        args=(np.array([[1.0], [2.0]]), 2.0), kwargs={"shift": 1.0}, seeds=2, seed=0, **rule,
    )  # fmt: skip
    assert grid.df == pytest.approx(np.array([[[2, 2], [8, 12]]] * 2), rel=1e-6)


@pytest.mark.parametrize("workers", [1, map])
def test_arguments_of_a_function_of_scalars(workers: Any) -> None:
    def power(x: float, p: float) -> float:
        return math.sin(x) ** p

    found = derivative(power, [1.0, 2.0], args=(np.array([1.0, 2.0]),), seed=0, workers=workers)
    assert found.df == pytest.approx([math.cos(1), math.sin(4)], rel=1e-9)


@pytest.mark.parametrize("rule", RULES)
def test_complex_values(rule: dict[str, Any]) -> None:
    """Both parts have an estimate, an error and an interval; evaluations are those of both."""
    found = derivative(lambda x: np.exp(1j * x), X, seed=0, **rule)
    exact = 1j * np.exp(1j * X)
    low, high = found.confidence_interval()
    held = [
        (low.real <= exact.real) & (exact.real <= high.real),
        (low.imag <= exact.imag) & (exact.imag <= high.imag),
    ]
    assert found.df == pytest.approx(exact, rel=1e-6)
    assert np.mean(held) >= 0.9
    assert found.success.mean() >= 0.9


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_values_of_half_precision(dtype: Any) -> None:
    """The rounding unit is that of what f returned: 1e-3 and 8e-3. Draws are fixed."""
    found = derivative(lambda x: np.sin(x).astype(dtype), X, seed=0)
    low, high = found.confidence_interval()
    assert found.success.mean() >= 0.95
    assert ((low <= np.cos(X)) & (np.cos(X) <= high)).mean() >= 0.93
    assert np.abs(found.df - np.cos(X)).max() < float(ml_dtypes.finfo(dtype).eps)
    given = derivative(
        lambda x: np.sin(x).astype(dtype), X, estimator="regression", epsilon=0.5, seed=0
    )
    assert np.abs(given.df - np.cos(X)).max() < float(ml_dtypes.finfo(dtype).eps)


def test_a_derivative_beyond_the_largest_float_is_no_success() -> None:
    found = derivative(lambda x: np.cosh(30 * x), 3.0, order=2, dtype="float32", seed=0)
    assert found.status != 0
    assert not found.success


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"order": 1.0}, "order=1.0: must be 1 or 2"),
        ({"args": 2.0}, "args=2.0: must be a tuple"),
        ({"kwargs": [1]}, "kwargs=.*: must be a dictionary"),
        ({"f": None}, "f=None: must be a function"),
    ],
)
def test_what_is_not_an_argument_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        derivative(**{"f": np.sin, "x": 1.0, **settings})
