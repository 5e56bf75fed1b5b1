"""The variables of f: arrays, tensors, dictionaries and other trees of arrays, pandas Series."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.calling import is_coarse, to_numpy
from stochgrad.differentiate.checks import check_unmasked
from stochgrad.errors import ConfigError, shown

Array = NDArray[Any]
TENSORS = {
    "torch": lambda points, like: import_module("torch").as_tensor(
        np.array(points), device=like.device
    ),
    "jax": lambda points, like: import_module("jax.numpy").asarray(points),
    "jaxlib": lambda points, like: import_module("jax.numpy").asarray(points),
    "tensorflow": lambda points, like: import_module("tensorflow").convert_to_tensor(points),
}
"""How points become what f takes, by the library that x is from."""


class Variables:
    """Between x as the user gave it and points of shape ``(…, d)``.

    Args:
        x: array of shape ``(…, d)``; a tensor of PyTorch, JAX or TensorFlow; a pandas Series; or
            dictionaries, lists and tuples of such, nested as one likes, which are one point.
        name: of x, in messages.

    Attributes:
        points: x as an array, shape ``(…, d)``.
        is_tree: whether f takes a structure, one point at a time.
    """

    def __init__(self, x: Any, name: str = "x") -> None:
        self._x = x
        self.is_tree = isinstance(x, Mapping) or _is_series(x) or _is_ragged(x)
        if self.is_tree:
            leaves = [_as_array(leaf, name) for leaf in _leaves(x)]
            self._shapes = [leaf.shape for leaf in leaves]
            flat = [leaf.ravel() for leaf in leaves]
            self.points = np.concatenate(flat) if flat else np.zeros(0)
            if not self.points.size:
                raise ConfigError(f"{name}={shown(repr(x))}: must hold at least one number")
        else:
            self.points = _as_array(x, name)
            if not self.points.ndim or not self.points.size:
                raise ConfigError(
                    f"{name} of shape {self.points.shape}: must be a point, of shape (d,) with d "
                    f"at least 1, or many, (…, d); for a function of one number call derivative"
                )

    @property
    def made(self) -> Callable[[Array], Any] | None:
        """Turns NumPy points into what f takes; None where that is NumPy arrays."""
        if self.is_tree:
            return lambda points: self.restored(points, tensors=True)
        make = TENSORS.get(type(self._x).__module__.partition(".")[0])
        if make is None:
            return None
        return lambda points: make(points, self._x)

    def restored(self, values: Array, tensors: bool = False) -> Any:
        """Return values ``(…, d)`` in the structure of x, as arrays or as the tensors of x."""
        if not self.is_tree:
            return values
        ends = np.cumsum([int(np.prod(shape)) for shape in self._shapes])[:-1]
        parts = np.split(values, ends, axis=-1)
        shaped = [
            p.reshape((*p.shape[:-1], *shape))[()]
            for p, shape in zip(parts, self._shapes, strict=True)
        ]
        return _rebuilt(self._x, iter(shaped), tensors)

    def matched(self, tree: Any) -> Array:
        """Return another tree of the structure of x, such as its gradient, as a point."""
        return Variables(_ordered(tree, self._x), "grad").points

    def name(self, index: int) -> str:
        """Return what a variable is called: ``x[3]``, or ``weights[0, 1]`` of a tree."""
        if not self.is_tree:
            return f"x[{index}]"
        if _is_series(self._x):
            return str(self._x.index[index])
        for path, shape in zip(_paths(self._x), self._shapes, strict=True):
            size = int(np.prod(shape))
            if index < size:
                where = ", ".join(str(i) for i in np.unravel_index(index, shape)) if shape else ""
                return f"{path}[{where}]" if where else path
            index -= size
        raise IndexError(index)


def _ordered(tree: Any, like: Any) -> Any:
    """Return a tree with the keys in the order of another."""
    if isinstance(like, Mapping) and isinstance(tree, Mapping):
        if set(tree) != set(like):
            raise ConfigError(f"grad has {[*tree]!s:.99}: must have the keys of x, {[*like]!s:.99}")
        return {key: _ordered(tree[key], value) for key, value in like.items()}
    return tree


def _paths(x: Any, before: str = "") -> list[str]:
    if isinstance(x, Mapping):
        return [p for k, v in x.items() for p in _paths(v, f"{before}.{k}" if before else str(k))]
    if isinstance(x, list | tuple) and _is_ragged(x):
        return [p for k, v in enumerate(x) for p in _paths(v, f"{before or 'x'}[{k}]")]
    return [before or "x"]


def _as_array(x: Any, name: str) -> Array:
    check_unmasked(name, x)
    try:
        found = to_numpy(x)
    except ValueError:
        found = np.asarray(None)  # rows of different lengths
    if is_coarse(found.dtype):
        found = found.astype(np.float32)
    if found.dtype.kind not in "biuf":
        text = shown(repr(x))
        raise ConfigError(f"{name}={text}: must be a real number or an array of real numbers")
    return found


def _is_series(x: Any) -> bool:
    return hasattr(x, "index") and hasattr(x, "to_numpy")


def _is_ragged(x: Any) -> bool:
    """Return whether a list or tuple is a tree, and no array of numbers."""
    if not isinstance(x, list | tuple):
        return False
    if any(isinstance(part, Mapping) or _is_series(part) for part in x):
        return True
    if all(isinstance(part, int | float | np.generic) for part in x):
        return False
    arrays = any(hasattr(part, "shape") for part in x)
    return arrays or (any(_is_ragged(part) for part in x))


def _leaves(x: Any) -> list[Any]:
    if isinstance(x, Mapping):
        return [leaf for value in x.values() for leaf in _leaves(value)]
    if isinstance(x, list | tuple) and _is_ragged(x):
        return [leaf for value in x for leaf in _leaves(value)]
    return [x.to_numpy() if _is_series(x) else x]


def _rebuilt(x: Any, leaves: Any, tensors: bool) -> Any:
    if isinstance(x, Mapping):
        return {key: _rebuilt(value, leaves, tensors) for key, value in x.items()}
    if isinstance(x, list | tuple) and _is_ragged(x):
        parts = [_rebuilt(value, leaves, tensors) for value in x]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    leaf = next(leaves)
    if _is_series(x) and np.shape(leaf) == x.shape:
        return type(x)(leaf, index=x.index)
    make = TENSORS.get(type(x).__module__.partition(".")[0]) if tensors else None
    return leaf if make is None else make(leaf, x)
