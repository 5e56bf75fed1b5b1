"""A user's function, made to take whole arrays of points."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.output_checks import has_imaginary_part, objects_as_floats
from stochgrad.errors import ConfigError

Array = NDArray[Any]


class BlackBox:
    """Call ``f`` with whole arrays, or point by point once it has refused one.

    A function refuses an array by raising TypeError or ValueError (``math.sin``, ``if x > 0``), by
    writing into it, or by returning something of another shape (a constant, a sum). What it returns
    is copied: it may be an array of its own, which the next call writes to.

    Args:
        f: the function.
        name: of it, in messages.

    Attributes:
        refused: how many calls with an array were in vain: 0, or 1 for a function of scalars; and
            1 more where a complex value needed a check.
    """

    def __init__(self, f: Callable[[Any], Any], name: str = "f") -> None:
        self._f, self._name = f, name
        self._scalar = False
        self.refused = 0

    def __call__(self, x: Array) -> Array:
        """Return f at every point, in the shape of x.

        Raises:
            ConfigError: where f turns real numbers into complex ones or the other way round, or
                returns anything but a number for each point.
        """
        y = self._values(x)
        self._check_kind(x, y)
        if y.dtype.kind == "c" and (has_imaginary_part(y) or (y.imag == 0).any()):
            # A step in the imaginary direction leaves little of it, unless f has some without one;
            # and nothing where f does not change, or has conjugated its argument on the way.
            self.refused += 1
            self._check_kind(x.real, self._values(x.real))
        # Differences of unsigned integers wrap, and truth values have none.
        return y.astype(np.float64) if y.dtype.kind in "bui" else y

    def _values(self, x: Array) -> Array:
        x = x.view()
        x.flags.writeable = False
        y = None if self._scalar else self._whole(x)
        return self._point_by_point(x) if y is None else y

    def _whole(self, x: Array) -> Array | None:
        try:
            y = np.array(self._f(x))
        except (TypeError, ValueError):
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
            values = [copy(self._f(p)) for p in points]
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
