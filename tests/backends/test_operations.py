"""The operations of every backend mean what NumPy's do."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stochgrad.backends import Backend, get_backend
from stochgrad.errors import ConfigError

RNG = np.random.default_rng(0)
A = RNG.normal(size=(2, 3, 4))
B = RNG.normal(size=(2, 4, 5))
POSITIVE = np.abs(A) + 0.1
MIXED = np.where(RNG.random(A.shape) < 0.3, 0.0, A)

Operation = Callable[[Backend, Any], Any]
OPERATIONS: dict[str, tuple[Operation, Any, Any]] = {
    "exp": (lambda xp, a: xp.exp(a), A, np.exp(A)),
    "log": (lambda xp, a: xp.log(a), POSITIVE, np.log(POSITIVE)),
    "log1p": (lambda xp, a: xp.log1p(a), POSITIVE, np.log1p(POSITIVE)),
    "tanh": (lambda xp, a: xp.tanh(a), A, np.tanh(A)),
    "sin": (lambda xp, a: xp.sin(a), A, np.sin(A)),
    "cos": (lambda xp, a: xp.cos(a), A, np.cos(A)),
    "sqrt": (lambda xp, a: xp.sqrt(a), POSITIVE, np.sqrt(POSITIVE)),
    "abs": (lambda xp, a: xp.abs(a), A, np.abs(A)),
    "sigmoid": (lambda xp, a: xp.sigmoid(a), A, 1 / (1 + np.exp(-A))),
    "power": (lambda xp, a: xp.power(a, a), POSITIVE, POSITIVE**POSITIVE),
    "maximum": (lambda xp, a: xp.maximum(a, 0 * a), A, np.maximum(A, 0)),
    "where": (lambda xp, a: xp.where(a < 0, -a, 2 * a), A, np.where(A < 0, -A, 2 * A)),
    "divide_no_nan": (
        lambda xp, a: xp.divide_no_nan(1 + 0 * a, a),
        MIXED,
        np.divide(1, MIXED, out=np.zeros_like(MIXED), where=MIXED != 0),
    ),
    "sum": (lambda xp, a: xp.sum(a, (1, 2)), A, A.sum((1, 2))),
    "sum, keeping": (lambda xp, a: xp.sum(a, axis=1, keepdims=True), A, A.sum(1, keepdims=True)),
    "mean": (lambda xp, a: xp.mean(a, 0), A, A.mean(0)),
    "mean, two axes": (lambda xp, a: xp.mean(a, (0, -1)), A, A.mean((0, -1))),
    "max": (lambda xp, a: xp.max(a, axis=-1), A, A.max(-1)),
    "max, keeping": (lambda xp, a: xp.max(a, axis=-1, keepdims=True), A, A.max(-1, keepdims=True)),
    "argmax": (lambda xp, a: xp.argmax(a), A, A.argmax(-1)),
    "take": (lambda xp, a: xp.take(a, xp.asarray(np.array([1, 0, 1]))), A, A[[1, 0, 1]]),
    "cast": (lambda xp, a: xp.cast(a, "float32"), A, A.astype(np.float32)),
    "real": (lambda xp, a: xp.real(xp.complex(a, 2 * a)), A, A),
    "imag": (lambda xp, a: xp.imag(xp.complex(a, 2 * a)), A, 2 * A),
    "complex, broadcast": (
        lambda xp, a: xp.imag(xp.complex(a, a[0, 0, 0])), A, np.full(A.shape, A[0, 0, 0]),
    ),
    "matmul": (lambda xp, a: xp.matmul(a, xp.asarray(B)), A, A @ B),
    "matmul, first transposed": (
        lambda xp, a: xp.matmul(a, xp.asarray(A), transpose_a=True), A, A.mT @ A,
    ),
    "matmul, second transposed": (
        lambda xp, a: xp.matmul(a, xp.asarray(A), transpose_b=True), A, A @ A.mT,
    ),
    "turn": (lambda xp, a: xp.turn(a), A, A.mT),
    "matmul, broadcast": (lambda xp, a: xp.matmul(a[:1], xp.asarray(B)), A, A[:1] @ B),
}  # fmt: skip


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_an_operation_is_numpys(compiled: bool, xp: Backend) -> None:
    """All in one program, because each program takes a while to compile; to 1e-14."""

    def run(arrays: dict[str, Any]) -> dict[str, Any]:
        return {name: OPERATIONS[name][0](xp, array) for name, array in arrays.items()}

    arrays = {name: xp.asarray(argument) for name, (_, argument, _) in OPERATIONS.items()}
    found = (xp.compile(run) if compiled else run)(arrays)
    for name, (_, _, expected) in OPERATIONS.items():
        array = xp.to_numpy(found[name])
        assert array.dtype == expected.dtype, name
        assert array.shape == expected.shape, name
        assert np.allclose(array, expected, rtol=1e-14, atol=1e-14), name


def test_erfc_in_the_tail(xp: Backend) -> None:
    x = np.array([-3.0, 0.0, 0.5, 4.0, 20.0])
    expected = [math.erfc(v) for v in x]
    assert np.allclose(xp.to_numpy(xp.erfc(xp.asarray(x))), expected, rtol=1e-13, atol=0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_precision_is_kept(dtype: str, xp: Backend) -> None:
    x = xp.asarray(np.ones(3, dtype))
    assert xp.smallest_normal(x) == np.finfo(dtype).tiny
    assert not xp.is_complex(x)
    z = xp.complex(x, x)
    assert xp.is_complex(z)
    assert xp.to_numpy(z).dtype == np.result_type(dtype, np.complex64)
    assert xp.to_numpy(xp.sigmoid(2 * x + 1)).dtype == dtype


def test_no_nan_survives_only_a_nan(xp: Backend) -> None:
    a = np.array([1.0, np.nan, 0.0, np.inf, 1.0, 0.0])
    b = np.array([0.0, 2.0, 0.0, 2.0, np.nan, 5.0])
    found = xp.to_numpy(xp.divide_no_nan(xp.asarray(a), xp.asarray(b)))
    assert np.array_equal(found, [0, np.nan, 0, np.inf, np.nan, 0], equal_nan=True)


def test_a_compiled_program_does_not_warn_of_overflow(xp: Backend) -> None:
    """exp(1000) = inf is meant, in 1/(1 + inf) = 0."""
    run = xp.compile(lambda x: (xp.sigmoid(x), 1 / (x * 0)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sigmoid, infinite = run(xp.asarray(np.array([-1e3, 1e3])))
    assert xp.to_numpy(sigmoid).tolist() == [0, 1]
    assert np.isinf(xp.to_numpy(infinite)).all()


def step(carry: Any, row: Any) -> Any:
    """A little of everything: a nested carry, rows of two kinds, two outputs of different shape."""
    (total, count), scale = carry["state"], carry["scale"]
    x, (y, _) = row["x"], row["pair"]
    total = total + scale * x + y
    return {"state": (total, count + 1), "scale": scale}, {"total": total, "sum": total[0] * count}


@pytest.mark.parametrize("length", [1, 5])
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_scan(compiled: bool, length: int, xp: Backend) -> None:
    x, y = RNG.normal(size=(length, 3)), RNG.normal(size=(length,))
    carry: Any = {"state": (np.zeros(3), np.array(0.0)), "scale": np.array(2.0)}
    totals, sums = [], []
    current = carry
    for t in range(length):
        current, out = step(current, {"x": x[t], "pair": (y[t], y[t])})
        totals.append(out["total"])
        sums.append(out["sum"])

    def run(x: Any, y: Any, zeros: Any, count: Any, scale: Any) -> Any:
        carry = {"state": (zeros, count), "scale": scale}
        return xp.scan(step, carry, {"x": x, "pair": (y, y)})

    arguments = [xp.asarray(a) for a in (x, y, np.zeros(3), np.array(0.0), np.array(2.0))]
    last, outs = (xp.compile(run) if compiled else run)(*arguments)
    assert np.allclose(xp.to_numpy(last["state"][0]), totals[-1], rtol=1e-14)
    assert xp.to_numpy(last["state"][1]) == length
    assert np.allclose(xp.to_numpy(outs["total"]), totals, rtol=1e-14)
    assert np.allclose(xp.to_numpy(outs["sum"]), sums, rtol=1e-14)
    assert xp.to_numpy(outs["total"]).shape == (length, 3)


def test_a_compiled_program_is_traced_once_for_one_shape(tensorflow: Backend) -> None:
    traced = []

    def f(x: Any) -> Any:
        traced.append(1)
        return 2 * x

    run = tensorflow.compile(f)
    for _ in range(3):
        run(tensorflow.asarray(np.ones(3)))
    assert len(traced) == 1


def test_a_backend_is_made_once_and_says_where_it_computes(xp: Backend) -> None:
    assert get_backend(xp.name) is xp
    assert xp.device()


def test_an_unknown_backend_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^backend=torch: .*allowed: numpy, tensorflow\."):
        get_backend("torch")
