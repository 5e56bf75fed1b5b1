"""A user's function, made to take whole arrays of points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.calling import (
    Calls,
    check_numbers,
    has_imaginary_part,
    with_arguments,
)
from stochgrad.errors import ConfigError

Array = NDArray[Any]


class ComplexValuesError(ConfigError):
    """f turned real numbers into complex ones: its two parts have a derivative each."""


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
        args: further arguments of f; arrays have the shape of the points that it is called with,
            or of the last axes of them.
        kwargs: keyword arguments of f.
        part: what is taken of complex values, such as ``np.real``; None refuses them.

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
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        part: Callable[[Any], Any] | None = None,
    ) -> None:
        self._arrays = [np.asarray(a) for a in args if np.ndim(a)]
        f = with_arguments(f, args, kwargs)
        self._calls, self._name = Calls(f, name, workers=workers, on_error=on_error), name
        self._part, self._scalar = part, self._calls.one_by_one
        self.refused = 0
        self._asks = bool(getattr(f, "located", False))
        self.located = self._asks or bool(self._arrays)

    def __call__(self, x: Array, **where: Any) -> Array:
        """Return f at every point, in the shape of x; one that is ``located`` is told where.

        Raises:
            ConfigError: where f turns real numbers into complex ones or the other way round, or
                returns anything but a number for each point.
        """
        y = self._values(x, **where)
        if self._part is not None and x.dtype.kind != "c":
            y = self._part(y)
        self._check_kind(x, y)
        if y.dtype.kind == "c" and (has_imaginary_part(y) or (y.imag == 0).any()):
            # A step in the imaginary direction leaves little of it, unless f has some without one;
            # and nothing where f does not change, or has conjugated its argument on the way.
            self.refused += 1
            self._check_kind(x.real, self._values(x.real, **where))
        return check_numbers(y, self._name)

    def at(self, which: Array) -> BlackBox:
        """Return the function of some of the points, in one axis."""
        some = copy(self)
        some._arrays = [a.reshape(-1)[which] for a in self._arrays]
        return some

    def _values(self, x: Array, **where: Any) -> Array:
        own = [self._own(a, x, **where) for a in self._arrays]
        where = where if self._asks else {}
        y = None if self._scalar else self._whole(x, own, **where)
        return self._point_by_point(x, own) if y is None else y

    def _own(self, array: Array, x: Array, columns: Any = None) -> Array:
        """Return an argument at each of the points."""
        if columns is not None:
            array = array.reshape(-1)[np.asarray(columns) % array.size]
        return np.broadcast_to(array, x.shape)

    def _whole(self, x: Array, own: list[Array], **where: Any) -> Array | None:
        try:
            y = self._calls.whole(x, *own, **where)
        except Exception as error:
            if not isinstance(error, TypeError | ValueError) and not self._calls.silent:
                raise
            y = None
        if y is None or y.shape != x.shape:
            self._scalar = True
            self.refused += 1
            return None
        return y

    def _point_by_point(self, x: Array, own: list[Array]) -> Array:
        try:
            # Python's own complex: math's functions drop the imaginary part of NumPy's.
            points: Any = x.ravel().tolist() if x.dtype.kind == "c" else x.ravel()
            if own:
                points = zip(points, *(a.ravel() for a in own), strict=True)
            values = self._calls.each(points)
        except TypeError as error:
            if x.dtype.kind != "c":
                raise
            raise ConfigError(
                f"estimator=complex_step: f does not take complex arguments ({error}); write it "
                f"with NumPy's functions, or choose another estimator"
            ) from error
        for value in values:
            if value.size != 1 or value[()] is None:
                what = "None" if value.size == 1 else f"an array of shape {value.shape}"
                raise ConfigError(
                    f"{self._name} returned {what} for one point: must return one number"
                )
        plain = [v.item() if v.dtype.kind == "O" else v for v in values]
        return np.asarray(plain, None if values else x.dtype).reshape(x.shape)

    def _check_kind(self, x: Array, y: Array) -> None:
        check_numbers(y, self._name)
        if x.dtype.kind == "c" and y.dtype.kind in "buif":
            raise ConfigError(
                "estimator=complex_step: f returned real numbers for complex ones, so it is not "
                "analytic; choose another estimator"
            )
        if x.dtype.kind != "c" and y.dtype.kind == "c":
            raise ComplexValuesError(
                f"{self._name} returned complex numbers for real ones: must return real numbers"
            )


def returns_tensors(f: Callable[[Any], Any], name: str = "f") -> Callable[[Any], Any]:
    """Return f, which raises where it answers a tensor with anything but a tensor of its shape."""

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
