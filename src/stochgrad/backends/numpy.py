"""The NumPy backend: plain arrays, a Python loop, no compilation."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.errors import ConfigError

Array = NDArray[Any]

SHARED_MATRIX = 2**16
"""A loop over products with matrices of fewer elements stays on one thread: between products the
other threads of OpenBLAS would wait at full speed, and take time from all that runs beside."""
CACHED_ELEMENTS = 2**14
"""Draws are taken together up to so many array elements, which stay in the processor's cache."""
# A dictionary, since numpy.finfo costs as much as ten operations on small arrays.
SMALLEST_NORMAL = {np.dtype(t): float(np.finfo(t).tiny) for t in (np.float32, np.float64)}


@cache
def _libraries() -> Any:
    """Return the libraries whose threads can be limited; None without threadpoolctl.

    The suite installs it; the core, which needs NumPy and SciPy only, computes the same without.
    """
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController()  # looks at all loaded libraries, which takes 10 ms


def _on_one_thread(small: bool) -> AbstractContextManager[Any]:
    libraries = _libraries() if small else None
    return nullcontext() if libraries is None else libraries.limit(limits=1, user_api="blas")


def _erfc(x: Array) -> Array:
    from scipy.special import erfc  # costs 0.3 s to import and only GELU needs it

    result: Array = erfc(x)
    return result


class NumPyBackend:
    """NumPy's own functions under the names of :class:`stochgrad.backends.Backend`."""

    name = "numpy"
    joined_unit_limit = 64  # on arrays this small the calls cost more than the arithmetic
    exp = staticmethod(np.exp)
    log = staticmethod(np.log)
    log1p = staticmethod(np.log1p)
    tanh = staticmethod(np.tanh)
    sin = staticmethod(np.sin)
    cos = staticmethod(np.cos)
    sqrt = staticmethod(np.sqrt)
    abs = staticmethod(np.abs)
    erfc = staticmethod(_erfc)
    power = staticmethod(np.power)
    maximum = staticmethod(np.maximum)
    where = staticmethod(np.where)
    real = staticmethod(np.real)
    imag = staticmethod(np.imag)
    sum = staticmethod(np.add.reduce)
    max = staticmethod(np.maximum.reduce)

    @staticmethod
    def sigmoid(x: Array) -> Array:
        y = np.negative(x)  # in place from here: on small arrays the temporaries are what costs
        if y.ndim == 0:
            return 1 / (1 + np.exp(y))
        np.exp(y, out=y)
        np.add(y, 1, out=y)
        return np.reciprocal(y, out=y)

    @staticmethod
    def divide_no_nan(a: Array, b: Array) -> Array:
        if b.all():  # nearly always, and quicker than to mask
            return a / b
        return np.divide(a, b, out=np.zeros_like(a), where=b != 0)

    @staticmethod
    def smallest_normal(array: Array) -> float:
        return SMALLEST_NORMAL[array.dtype]

    @staticmethod
    def is_complex(array: Array) -> bool:
        return array.dtype.kind == "c"

    @staticmethod
    def asarray(values: Any, dtype: str | None = None) -> Array:
        return np.asarray(values, dtype=dtype)

    @staticmethod
    def to_numpy(array: Array) -> Array:
        return array

    @staticmethod
    def cast(array: Array, dtype: str) -> Array:
        return np.asarray(array).astype(dtype, copy=False)

    @staticmethod
    def complex(real: Array, imag: Array) -> Array:
        z: Array = real + 1j * imag
        return z

    @staticmethod
    def mean(array: Array, axis: int | tuple[int, ...]) -> Array:
        shape = array.shape
        count = shape[axis] if isinstance(axis, int) else math.prod(shape[a] for a in axis)
        mean: Array = np.add.reduce(array, axis) / count
        return mean

    @staticmethod
    def concat(arrays: list[Array]) -> Array:
        return np.concatenate(arrays, -1)

    @staticmethod
    def argmax(array: Array) -> Array:
        index: Array = np.argmax(array, axis=-1)
        return index

    @staticmethod
    def take(array: Array, index: Array) -> Array:
        rows: Array = np.take(array, index, axis=0)  # twice as fast as array[index]
        return rows

    @staticmethod
    def reshape(array: Array, shape: tuple[int, ...]) -> Array:
        return array.reshape(shape)

    @staticmethod
    def window(array: Array, first: Array, length: int) -> Array:
        return array[first : first + length]

    @staticmethod
    def swap_axes(array: Array, first: int, second: int) -> Array:
        return array.swapaxes(first, second)

    @staticmethod
    def solve(matrix: Array, right: Array) -> Array:
        solution: Array = np.linalg.solve(matrix, right)
        return solution

    @staticmethod
    def turn(array: Array) -> Array:
        return array.mT

    @staticmethod
    def prefers_column_major(array: Array) -> bool:
        return False  # loops are not compiled, and run over all of an array

    @staticmethod
    def matmul(
        a: Array, b: Array, *, transpose_a: bool = False, transpose_b: bool = False
    ) -> Array:
        product: Array = np.matmul(a.mT if transpose_a else a, b.mT if transpose_b else b)
        return product

    @staticmethod
    def autodiff(f: Callable[[Array], Array], x: Array) -> Array:
        raise ConfigError(
            "estimator=autodiff: the numpy backend has no automatic differentiation; "
            "use backend=tensorflow, or estimator=analytic for the closed form"
        )

    @staticmethod
    def jvp(f: Callable[[Array], Array], x: Array, v: Array) -> Array:
        raise ConfigError(
            "the numpy backend has no automatic differentiation; use backend=tensorflow"
        )

    @staticmethod
    def draw_chunk(draws: int, elements: int) -> int:
        return max(1, min(draws, CACHED_ELEMENTS // max(1, elements)))

    @staticmethod
    def compile(f: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            # exp(1000) = inf is meant: 1 / (1 + inf) = 0 is the right sigmoid. A NaN that
            # matters reaches the loss, and the loss is checked.
            with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
                return f(*args)

        return run

    @staticmethod
    def scan(
        step: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any
    ) -> tuple[Any, dict[str, Array]]:
        small = all(math.prod(a.shape[-2:]) < SHARED_MATRIX for a in _leaves(carry))
        ys = []
        with _on_one_thread(small):
            for row in _unstack(xs):
                carry, y = step(carry, row)
                ys.append(y)
        return carry, {key: np.stack([y[key] for y in ys]) for key in ys[0]}

    @staticmethod
    def device() -> str:
        return f"CPU ({platform.machine()})"


def _leaves(tree: Any) -> list[Array]:
    """Return the arrays of nested tuples, lists and dicts."""
    if not isinstance(tree, dict | list | tuple):
        return [tree]
    parts = tree.values() if isinstance(tree, dict) else tree
    return [leaf for part in parts for leaf in _leaves(part)]


def _unstack(xs: Any) -> Any:
    """Split nested tuples, lists and dicts of arrays along their first axis."""
    if isinstance(xs, dict):
        keys = list(xs)
        return [dict(zip(keys, row, strict=True)) for row in _rows([xs[k] for k in keys])]
    if isinstance(xs, list | tuple):
        return _rows(list(xs))
    return list(xs)


def _rows(parts: list[Any]) -> list[tuple[Any, ...]]:
    return list(zip(*(_unstack(part) for part in parts), strict=True))


def backend() -> NumPyBackend:
    """Return the backend."""
    return NumPyBackend()
