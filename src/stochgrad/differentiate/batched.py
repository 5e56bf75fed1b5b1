"""A user's function of many variables: made to take batches, and as estimators evaluate it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from stochgrad.backends import DIFFERENTIATING, Backend
from stochgrad.differentiate.calling import (
    Array,
    Calls,
    check_function,
    check_numbers,
    has_imaginary_part,
    is_coarse,
)
from stochgrad.errors import ConfigError
from stochgrad.inference.sampler import rounding_unit

FEW = 2
"""Up to so many points are no batch, unless the function does not take them one by one."""
ROUNDINGS = 64
"""Units in the last place, of the largest value, by which a row may differ from its point alone: a
matrix product adds up in another order."""


class Batched:
    """Call a function with batches, or point by point if it does not take them.

    A batch holds a point in each row: shape ``(n, d)``. The function takes it if it returns ``n``
    numbers, or n rows of them for a vector function. It refuses it by raising anything, by writing
    into it, or by returning something of another shape. One that takes a small batch of two corners
    of the box around all points is asked for both alone: if it gives other values, it mixes the
    rows of a batch, as ``x / x.sum()`` does, or is noisy, and is called point by point.

    Args:
        calls: the function.
        vector: whether it returns vectors.
        vectorized: whether it takes batches; None finds out, unless it is meant to be called with
            single points.

    Attributes:
        evaluations: points at which the function was evaluated; a refused batch counts as one.
        unit: spacing of floats at one, of the dtype of its values.
    """

    def __init__(
        self, calls: Calls, *, vector: bool = False, vectorized: bool | None = None
    ) -> None:
        self._calls, self._vector = calls, vector
        self._takes_batches = False if calls.one_by_one else vectorized
        self.evaluations, self.unit = 0, 0.0

    def __call__(self, *batches: Array) -> Array:
        """Return values ``(n,)``, or ``(n, m)`` of a vector function; one batch an argument."""
        if self._takes_batches is None:
            values = self._first(*batches) if len(batches[0]) > FEW else self._few(*batches)
        elif self._takes_batches:
            values = self._rows(*batches)
        else:
            values = self._one_by_one(*batches)
        values = check_numbers(values, self._calls.name)
        self.unit = max(self.unit, rounding_unit(values.dtype.type(0).real.dtype))
        coarse = is_coarse(values.dtype) or values.dtype == np.float16
        return values.astype(np.float32) if coarse else values

    def _first(self, *batches: Array) -> Array:
        """Evaluate more than a few points, and find out whether batches are taken."""
        # Corners, since points on the axes have most coordinates in common. What a function makes
        # of two variables is as long as what it makes of two points: then it gets three.
        rows = 3 if batches[0].shape[1] == FEW else FEW
        box = [np.stack([b.max(axis=0), b.min(axis=0), b[0]][:rows]) for b in batches]
        together = self._try(*box)
        self._takes_batches = self._is_batch(together, rows)
        if self._takes_batches:
            alone = self._alone(*(corners[:FEW] for corners in box))
            self._takes_batches = alone is None or _agree(together[:FEW], alone, self._calls.name)
        return self._rows(*batches) if self._takes_batches else self._one_by_one(*batches)

    def _few(self, *batches: Array) -> Array:
        """Evaluate one or two points, which do not tell whether batches are taken."""
        alone = self._alone(*batches)
        if alone is not None:
            return alone
        values = self._try(*batches)
        if not self._is_batch(values, len(batches[0])):
            return self._one_by_one(*batches)  # says why not
        self._takes_batches = True
        return values

    def _rows(self, *batches: Array) -> Array:
        number = len(batches[0])
        values = self._calls.whole(*batches)
        self.evaluations += number
        if number == 1 and not self._vector and values.size == 1:
            values = values.reshape(1)  # as circuits of PennyLane return a batch of one
        if not self._is_batch(values, number):
            raise ConfigError(
                f"{self._calls.name} returned shape {values.shape} for {number} points: must "
                f"return {'a vector' if self._vector else 'one number'} for each"
            )
        return values

    def _is_batch(self, values: Array, number: int) -> bool:
        return values.ndim == 1 + self._vector and len(values) == number

    def _try(self, *batches: Array) -> Array:
        """Call with a batch that may be refused."""
        try:
            values = self._calls.whole(*batches)
        except Exception:  # TensorFlow has its own; if it is no refusal, points raise it again
            values = np.zeros(())
        number = len(batches[0])
        self.evaluations += number if self._is_batch(values, number) else 1
        return values

    def _alone(self, *batches: Array) -> Array | None:
        """Return the values of points, or None if the function does not take them one by one."""
        try:
            rows = self._points(*batches)
        except Exception:  # a function that takes batches may make anything of a point
            return None
        return None if self._of_another_form(rows) else self._stack(rows)

    def _one_by_one(self, *batches: Array) -> Array:
        rows = self._points(*batches)
        if self._of_another_form(rows):
            shapes = " and ".join(sorted({str(row.shape) for row in rows}))
            raise ConfigError(
                f"{self._calls.name} returned shape {shapes} for a point of shape "
                f"{batches[0].shape[1:]}: must return "
                f"{'a vector' if self._vector else 'one number'}"
            )
        return self._stack(rows)

    def _points(self, *batches: Array) -> list[Array]:
        try:
            rows = self._calls.each(*(iter(b.copy()) for b in batches))
        except Exception:
            self.evaluations += 1
            raise
        self.evaluations += len(rows)
        if self._vector and self._calls.silent:  # a point without values has as many as the others
            shape = next((row.shape for row in rows if row.ndim == 1), None)
            rows = [row if row.ndim or shape is None else np.full(shape, row) for row in rows]
        return rows

    def _of_another_form(self, rows: list[Array]) -> bool:
        wrong = any(row.ndim != 1 if self._vector else row.size != 1 for row in rows)
        return wrong or len({row.shape for row in rows}) > 1

    def _stack(self, rows: list[Array]) -> Array:
        return np.stack(rows).reshape(len(rows), *((-1,) if self._vector else ()))


def _agree(rows: Array, alone: Array, name: str) -> bool:
    """Return whether values differ by no more than their rounding errors."""
    if rows.shape != alone.shape:
        return False
    rows, alone = check_numbers(rows, name), check_numbers(alone, name)
    unit = rounding_unit(rows.dtype.type(0).real.dtype)
    if is_coarse(rows.dtype):
        rows, alone = rows.astype(float), alone.astype(float)
    for a, b in ((rows.real, alone.real), (rows.imag, alone.imag)):  # one may be tiny beside it
        largest = np.abs(b).max(where=np.isfinite(b), initial=0.0)
        if not np.allclose(a, b, rtol=0, atol=ROUNDINGS * unit * largest, equal_nan=True):
            return False
    return True


class BlackBoxField:
    """A user's function as a :class:`stochgrad.stencils.gradients.Field`.

    Args:
        f: takes points ``(n, d)``, or one point ``(d,)``.
        xp: backend whose arrays f takes.
        vector: whether f returns vectors.
        vectorized: whether f, and jvp, take batches; None finds out.
        jvp: ``jvp(x, v) = ∇f(x)·v``, exact, on the same arrays; None finds it by the backend's
            automatic differentiation or, with NumPy, by a complex step.
        made: turns NumPy points into what f takes; None for arrays of the backend.
        **calling: ``workers`` and ``on_error``, of :class:`Calls`.
    """

    def __init__(
        self,
        f: Callable[[Any], Any],
        xp: Backend,
        *,
        vector: bool = False,
        vectorized: bool | None = None,
        jvp: Callable[[Any, Any], Any] | None = None,
        made: Callable[[Array], Any] | None = None,
        **calling: Any,
    ) -> None:
        if jvp is not None:
            check_function("jvp", jvp)
        self.rotations = bool(getattr(f, "rotation_angles", False))
        self._vector = vector
        made = xp.asarray if made is None else made
        form: dict[str, Any] = {"vector": vector, "vectorized": vectorized}
        self._values = Batched(Calls(f, made=made, **calling), **form)
        self._exact = None
        if jvp is not None:
            self._exact = Batched(Calls(jvp, "jvp", made=made), **form)
        elif xp.name in DIFFERENTIATING:
            self._exact = Batched(Calls(lambda x, v: xp.jvp(f, x, v), made=made), **form)

    @property
    def unit(self) -> float:
        """Spacing of floats at one, of the dtype of the values so far."""
        return self._values.unit

    @property
    def evaluations(self) -> int:
        """How often f, or its directional derivative, was evaluated so far."""
        return self._values.evaluations + (self._exact.evaluations if self._exact else 0)

    def __call__(self, points: Array) -> Array:
        """Return values of shape ``(n, R, m)``; m = 1 for a scalar function."""
        return self._shaped(self._real(points.reshape(-1, points.shape[-1])), points)

    def _real(self, points: Array) -> Array:
        values = self._values(points)
        if values.dtype.kind == "c":
            raise ConfigError("f returned complex numbers for real ones: must return real numbers")
        return values

    def slopes(self, points: Array, directions: Array) -> Array:
        """Return directional derivatives of shape ``(n, R, m)``."""
        flat = [a.reshape(-1, points.shape[-1]) for a in (points, directions)]
        if self._exact is not None:
            return self._shaped(self._exact(*flat), points)
        return self._shaped(self._complex_step(*flat), points)

    def _complex_step(self, points: Array, directions: Array) -> Array:
        """``Im f(x + ihv) / h``: no cancellation, so h may be so small that its square is nothing.

        Reference: W. Squire and G. Trapp, "Using complex variables to estimate derivatives of real
        functions", SIAM Review 40 (1998).
        """
        step = float(np.sqrt(np.finfo(points.dtype).tiny))
        advice = (
            "pass jvp=…, write f for backend=tensorflow, or choose another estimator, such as spsa"
        )
        try:
            with warnings.catch_warnings():
                # math.sin drops the imaginary part of NumPy's numbers, and only warns of it.
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                values = self._values(points + np.asarray(1j * step, _complex(points)) * directions)
        except (TypeError, np.exceptions.ComplexWarning) as error:
            raise ConfigError(
                f"estimator=forward_gradient: f does not take complex arguments ({error}); {advice}"
            ) from error
        if values.dtype.kind != "c":
            raise ConfigError(
                "estimator=forward_gradient: f returned real numbers for complex ones, so it is "
                f"not analytic; {advice}"
            )
        if has_imaginary_part(values):
            self._real(points[:1])  # refused if it has an imaginary part without a step, too
        return values.imag / step

    def _shaped(self, values: Array, points: Array) -> Array:
        return values.reshape(*points.shape[:2], -1)


def _complex(points: Array) -> np.dtype[Any]:
    return np.result_type(points.dtype, np.complex64)
