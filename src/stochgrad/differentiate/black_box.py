"""A user's function, made to take whole arrays of points."""

from __future__ import annotations

import functools
import multiprocessing
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.output_checks import has_imaginary_part, objects_as_floats
from stochgrad.errors import ConfigError

Array = NDArray[Any]


class NanOnError:
    """A function of one point that returns NaN where f raises; it can be sent to a process."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f = f

    def __call__(self, x: Any) -> Any:
        """Return ``f(x)``, or NaN."""
        try:
            return self.f(x)
        except Exception:  # whatever it is: the user asked for it
            return float("nan")


class Processes:
    """``map`` over processes, which are started with the first call and end with this object."""

    def __init__(self, number: int) -> None:
        self._number = os.cpu_count() or 1 if number == -1 else number
        self._pool: Any = None

    def __call__(self, f: Callable[[Any], Any], points: Iterable[Any]) -> list[Any]:
        """Return f at every point, in their order."""
        if self._pool is None:
            self._pool = multiprocessing.get_context().Pool(self._number)
        return list(self._pool.map(f, points))

    def __del__(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.terminate()


def mapping(workers: int | Callable[..., Any]) -> Callable[..., Any]:
    """Return what maps a function over points.

    Raises:
        ConfigError: unless it is a number of processes, −1 for all cores, or a callable.
    """
    if callable(workers):
        return workers
    whole = isinstance(workers, int) and not isinstance(workers, bool)
    if not whole or (workers < 1 and workers != -1):
        raise ConfigError(
            f"workers={workers}: must be a number of processes, -1 for all cores, or a callable "
            f"like map"
        )
    return map if workers == 1 else Processes(workers)


def with_arguments(
    f: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None,
) -> Callable[[Any], Any]:
    """Return f with further arguments.

    Raises:
        ConfigError: for arrays: f is called with points of any shape.
    """
    if not args and not kwargs:
        return f
    if any(np.ndim(a) for a in args):
        raise ConfigError(
            f"args={args!r:.80}: must be scalars; for a parameter that differs between points "
            f"call derivative for each"
        )
    return functools.partial(_called, f, tuple(args), dict(kwargs or {}))


def _called(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], x: Any) -> Any:
    return f(x, *args, **kwargs)


class BlackBox:
    """Call ``f`` with whole arrays, or point by point once it has refused one.

    A function refuses an array by raising TypeError or ValueError (``math.sin``, ``if x > 0``), by
    writing into it, or by returning something of another shape (a constant, a sum). What it returns
    is copied: it may be an array of its own, which the next call writes to.

    Args:
        f: the function.
        name: of it, in messages.
        workers: number of processes for points one by one, or a callable like ``map``; other than
            1 means that f takes scalars.
        on_error: ``"nan"`` for NaN where f raises.

    Attributes:
        refused: how many calls with an array were in vain: 0, or 1 for a function of scalars; and
            1 more where a complex value needed a check.
    """

    def __init__(
        self,
        f: Callable[[Any], Any],
        name: str = "f",
        *,
        workers: int | Callable[..., Any] = 1,
        on_error: str = "raise",
    ) -> None:
        self._f, self._name = f, name
        self._map = mapping(workers)
        self._one = NanOnError(f) if on_error == "nan" else f
        self._scalar = self._map is not map
        self.refused = 0
        self.located = bool(getattr(f, "located", False))

    def __call__(self, x: Array, **where: Any) -> Array:
        """Return f at every point, in the shape of x.

        Args:
            x: Points.
            **where: For a function that is ``located``: at which elements they are.

        Raises:
            ConfigError: where f turns real numbers into complex ones or the other way round, or
                returns anything but a number for each point.
        """
        y = self._values(x, **where)
        self._check_kind(x, y)
        if y.dtype.kind == "c" and (has_imaginary_part(y) or (y.imag == 0).any()):
            # A step in the imaginary direction leaves little of it, unless f has some without one;
            # and nothing where f does not change, or has conjugated its argument on the way.
            self.refused += 1
            self._check_kind(x.real, self._values(x.real, **where))
        # Differences of unsigned integers wrap, and truth values have none.
        return y.astype(np.float64) if y.dtype.kind in "bui" else y

    def _values(self, x: Array, **where: Any) -> Array:
        x = x.view()
        x.flags.writeable = False
        y = None if self._scalar else self._whole(x, **where)
        return self._point_by_point(x) if y is None else y

    def _whole(self, x: Array, **where: Any) -> Array | None:
        try:
            y = np.array(self._f(x, **where))
        except Exception as error:
            if not isinstance(error, TypeError | ValueError) and self._one is self._f:
                raise
            y = None
        if y is None or y.shape != x.shape:
            self._scalar = True
            self.refused += 1
            return None
        return y

    def _point_by_point(self, x: Array) -> Array:
        try:
            # Python's own complex: math's functions drop the imaginary part of NumPy's.
            points = x.ravel().tolist() if x.dtype.kind == "c" else x.ravel()
            values = [copy(v) for v in self._map(self._one, points)]
        except TypeError as error:
            if x.dtype.kind != "c":
                raise
            raise ConfigError(
                f"estimator=complex_step: f does not take complex arguments ({error}); write it "
                f"with NumPy's functions, or choose another estimator"
            ) from error
        for value in values:
            if value is None or np.size(value) != 1:
                what = value if value is None else f"an array of shape {np.shape(value)}"
                raise ConfigError(
                    f"{self._name} returned {what} for one point: must return one number"
                )
        return np.asarray(values, None if values else x.dtype).reshape(x.shape)

    def _check_kind(self, x: Array, y: Array) -> None:
        if y.dtype.kind not in "buifcO":
            raise ConfigError(f"{self._name} returned {y.dtype} values: must return numbers")
        if y.dtype.kind == "O":
            objects_as_floats(y, self._name)
        if x.dtype.kind == "c" and y.dtype.kind in "buif":
            raise ConfigError(
                "estimator=complex_step: f returned real numbers for complex ones, so it is not "
                "analytic; choose another estimator"
            )
        if x.dtype.kind != "c" and y.dtype.kind == "c":
            raise ConfigError(
                f"{self._name} returned complex numbers for real ones: must return real numbers"
            )


def returns_tensors(f: Callable[[Any], Any], name: str = "f") -> Callable[[Any], Any]:
    """Return f, refused where it answers a tensor with anything but a tensor of its shape.

    Args:
        f: the function.
        name: of it, in messages.

    Raises:
        ConfigError: when it is called.
    """

    def call(x: Any) -> Any:
        y = f(x)
        if not isinstance(y, type(x)):
            raise ConfigError(
                f"{name} returned {type(y).__name__} for a tensor: with backend=tensorflow write "
                "it with TensorFlow's operations (tf.sin, not np.sin), or take backend=numpy"
            )
        if y.shape != x.shape:
            raise ConfigError(
                f"{name} returned shape {tuple(y.shape)} for points of shape {tuple(x.shape)}: "
                f"must return one number for each"
            )
        if not (y.dtype.is_floating or y.dtype.is_integer or y.dtype.is_complex):
            raise ConfigError(f"{name} returned {y.dtype.name} values: must return numbers")
        if y.dtype.is_complex and not x.dtype.is_complex:
            raise ConfigError(
                f"{name} returned complex numbers for real ones: must return real numbers"
            )
        return y

    return call
