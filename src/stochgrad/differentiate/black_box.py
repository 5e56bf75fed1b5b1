"""A user's function, made to take whole arrays of points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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


def with_scalars(
    f: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any] | None
) -> Callable[[Any], Any]:
    """Return f with further arguments.

    Raises:
        ConfigError: for arrays: f is called with points of any shape.
    """
    if any(np.ndim(a) for a in args):
        raise ConfigError(
            f"args={args!r:.80}: must be scalars; for a parameter that differs between points "
            f"call derivative for each"
        )
    return with_arguments(f, args, kwargs)


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
        self._calls, self._name = Calls(f, name, workers=workers, on_error=on_error), name
        self._scalar = self._calls.one_by_one
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
        return check_numbers(y, self._name)

    def _values(self, x: Array, **where: Any) -> Array:
        y = None if self._scalar else self._whole(x, **where)
        return self._point_by_point(x) if y is None else y

    def _whole(self, x: Array, **where: Any) -> Array | None:
        try:
            y = self._calls.whole(x, **where)
        except Exception as error:
            if not isinstance(error, TypeError | ValueError) and not self._calls.silent:
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
