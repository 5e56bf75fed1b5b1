"""Backends: the arrays that the mathematics is written on.

A backend is an array namespace (``xp``) with the operations listed in :class:`Backend`, plus a way
to compile a function and to loop over its steps. Estimators, activations and the perceptron are
written once, on ``xp``; draws come in as arrays, so all backends compute the same function of the
same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from stochgrad.errors import ConfigError
from stochgrad.registry import Registry

Array = Any
"""An array of some backend: ``numpy.ndarray`` or ``tensorflow.Tensor``."""


class Backend(Protocol):
    """Array operations, with NumPy's meaning, and compilation."""

    name: str
    joined_unit_limit: int
    """Networks of no more units estimate all layers' derivatives in one call."""
    exp: Callable[[Array], Array]
    log: Callable[[Array], Array]
    log1p: Callable[[Array], Array]
    tanh: Callable[[Array], Array]
    sin: Callable[[Array], Array]
    cos: Callable[[Array], Array]
    sqrt: Callable[[Array], Array]
    abs: Callable[[Array], Array]
    erfc: Callable[[Array], Array]
    power: Callable[[Array, Array], Array]
    maximum: Callable[[Array, Array], Array]
    where: Callable[[Array, Array, Array], Array]
    real: Callable[[Array], Array]
    imag: Callable[[Array], Array]

    def asarray(self, values: Any, dtype: str | None = None) -> Array:
        """Turn NumPy values into an array of this backend."""
        ...

    def to_numpy(self, array: Array) -> Any:
        """Turn an array of this backend into a NumPy array."""
        ...

    def cast(self, array: Array, dtype: str) -> Array:
        """Convert to another dtype."""
        ...

    def sigmoid(self, x: Array) -> Array:
        """``1 / (1 + exp(−x))`` of a real array; an overflow of exp is right, since 1 / inf = 0."""
        ...

    def divide_no_nan(self, a: Array, b: Array) -> Array:
        """``a / b``, and 0 where b is 0, for arrays of one shape and dtype."""
        ...

    def smallest_normal(self, array: Array) -> float:
        """Return the smallest positive normal number of the array's dtype."""
        ...

    def is_complex(self, array: Array) -> bool:
        """Return whether the dtype is complex."""
        ...

    def complex(self, real: Array, imag: Array) -> Array:
        """Build ``real + 1j * imag`` in the complex dtype of the same precision."""
        ...

    def sum(self, array: Array, axis: int | tuple[int, ...], keepdims: bool = False) -> Array:
        """Sum over axes."""
        ...

    def mean(self, array: Array, axis: int | tuple[int, ...]) -> Array:
        """Average over axes."""
        ...

    def max(self, array: Array, axis: int, keepdims: bool = False) -> Array:
        """Maximum over an axis."""
        ...

    def concat(self, arrays: list[Array]) -> Array:
        """Join along the last axis."""
        ...

    def argmax(self, array: Array) -> Array:
        """Index of the largest value along the last axis."""
        ...

    def take(self, array: Array, index: Array) -> Array:
        """Gather rows: ``array[index]``."""
        ...

    def reshape(self, array: Array, shape: tuple[int, ...]) -> Array:
        """Return the same numbers, in the same order, in another shape."""
        ...

    def window(self, array: Array, first: Array, length: int) -> Array:
        """Return so many elements of a vector, from a place that may be an array's value."""
        ...

    def swap_axes(self, array: Array, first: int, second: int) -> Array:
        """Exchange two axes."""
        ...

    def solve(self, matrix: Array, right: Array) -> Array:
        """Solve ``matrix @ x = right`` for symmetric positive definite matrices ``(…, k, k)``."""
        ...

    def turn(self, array: Array) -> Array:
        """Exchange the last two axes."""
        ...

    def prefers_column_major(self, array: Array) -> bool:
        """Return whether elementwise work on so few columns is quicker with the rows innermost."""
        ...

    def matmul(
        self, a: Array, b: Array, *, transpose_a: bool = False, transpose_b: bool = False
    ) -> Array:
        """Matrix product of the last two axes; leading axes broadcast."""
        ...

    def autodiff(self, f: Callable[[Array], Array], x: Array) -> Array:
        """Exact elementwise derivative by automatic differentiation."""
        ...

    def jvp(self, f: Callable[[Array], Array], x: Array, v: Array) -> Array:
        """Exact derivative of f at x along v, by automatic differentiation in forward mode."""
        ...

    def draw_chunk(self, draws: int, elements: int) -> int:
        """Return how many of N draws, each for so many elements, are best computed together."""
        ...

    def compile(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """Compile ``f``, a function of (nested structures of) arrays."""
        ...

    def scan(
        self, step: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any
    ) -> tuple[Any, Any]:
        """Run ``carry, y = step(carry, xs[t])`` for every t; return the last carry, stacked ys."""
        ...

    def device(self) -> str:
        """Name the device that computes."""
        ...


@dataclass(frozen=True)
class BackendEntry:
    """Where a backend is, and what has to be known of it before its library is imported.

    Attributes:
        module: with a function ``backend()`` that returns it.
        differentiates: whether it has automatic differentiation: ``autodiff`` and ``jvp``.
    """

    module: str
    differentiates: bool = False


BACKENDS: Registry[BackendEntry] = Registry("backend")
DIFFERENTIATING: set[str] = set()
"""Names of the backends with automatic differentiation."""


def register_backend(name: str, module: str, *, differentiates: bool = False) -> None:
    """Enter a backend; its module is imported when it is used.

    Args:
        name: as in ``backend=name``.
        module: dotted name of a module with a function ``backend()``.
        differentiates: whether it has automatic differentiation.
    """
    BACKENDS.add(name, BackendEntry(module, differentiates))
    if differentiates:
        DIFFERENTIATING.add(name)


register_backend("numpy", "stochgrad.backends.numpy")
register_backend("tensorflow", "stochgrad.backends.tensorflow", differentiates=True)


_LOADED: dict[str, Backend] = {}


def get_backend(name: str) -> Backend:
    """Return the backend called ``name``, importing its library only now.

    >>> get_backend("numpy").name
    'numpy'
    """
    entry = BACKENDS[name]
    if name not in _LOADED:
        try:
            _LOADED[name] = import_module(entry.module).backend()
        except ModuleNotFoundError as error:
            library = f"{error.name}, which is not installed; pip install {error.name}"
            raise ConfigError(f"backend={name}: needs {library}") from None
    return _LOADED[name]
