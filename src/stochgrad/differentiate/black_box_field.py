"""A user's function of many variables, made to take whole batches of points."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from stochgrad.backends import DIFFERENTIATING, Backend
from stochgrad.differentiate.output_checks import has_imaginary_part, objects_as_floats
from stochgrad.errors import ConfigError
from stochgrad.stencils.gradients import Array

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
        f: the function.
        xp: backend whose arrays it takes.
        vector: whether it returns vectors.
        name: what messages call it.
        vectorized: whether it takes batches; None finds out.

    Attributes:
        evaluations: points at which the function was evaluated; a refused batch counts as one.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        xp: Backend,
        *,
        vector: bool,
        name: str,
        vectorized: bool | None = None,
    ) -> None:
        self._f, self._xp, self._vector, self._name = f, xp, vector, name
        self._kind = type(xp.asarray(np.zeros(1)))
        self._takes_batches = vectorized
        self.evaluations = 0

    def __call__(self, *batches: Array) -> Array:
        """Return values of shape ``(n,)``, or ``(n, m)`` for a vector function.

        Args:
            *batches: one for each argument of the function, of shape ``(n, d)``.

        Raises:
            ConfigError: if the function returns something else than numbers of one shape.
        """
        if self._takes_batches is None:
            values = self._first(*batches) if len(batches[0]) > FEW else self._few(*batches)
        elif self._takes_batches:
            values = self._rows(*batches)
        else:
            values = self._one_by_one(*batches)
        return _as_numbers(values, self._name)

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
            self._takes_batches = alone is None or _alike(together[:FEW], alone, self._name)
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
        values = self._call(*batches)
        self.evaluations += number
        if not self._is_batch(values, number):
            raise ConfigError(
                f"{self._name} returned shape {values.shape} for {number} points: must return "
                f"{'a vector' if self._vector else 'one number'} for each"
            )
        return values

    def _is_batch(self, values: Array, number: int) -> bool:
        return values.ndim == 1 + self._vector and len(values) == number

    def _try(self, *batches: Array) -> Array:
        """Call with a batch that may be refused."""
        try:
            values = self._call(*batches)
        except Exception:  # TensorFlow has its own; if it is no refusal, points raise it again
            values = np.zeros(())
        number = len(batches[0])
        self.evaluations += number if self._is_batch(values, number) else 1
        return values

    def _call(self, *batches: Array) -> Array:
        views = [b.view() for b in batches]
        for view in views:
            view.flags.writeable = False
        return self._to_numpy(self._f(*map(self._xp.asarray, views)))

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
                f"{self._name} returned shape {shapes} for a point of shape "
                f"{batches[0].shape[1:]}: must return "
                f"{'a vector' if self._vector else 'one number'}"
            )
        return self._stack(rows)

    def _points(self, *batches: Array) -> list[Array]:
        rows = []
        for point in zip(*batches, strict=True):
            self.evaluations += 1
            rows.append(self._to_numpy(self._f(*(self._xp.asarray(p.copy()) for p in point))))
        return rows

    def _of_another_form(self, rows: list[Array]) -> bool:
        wrong = any(row.ndim != 1 if self._vector else row.size != 1 for row in rows)
        return wrong or len({row.shape for row in rows}) > 1

    def _stack(self, rows: list[Array]) -> Array:
        return np.stack(rows).reshape(len(rows), *((-1,) if self._vector else ()))

    def _to_numpy(self, found: Any) -> Array:
        # A copy: what f returned may be its own, and be written to by the next call.
        return np.array(self._xp.to_numpy(found) if isinstance(found, self._kind) else found)


def _alike(rows: Array, alone: Array, name: str) -> bool:
    """Return whether values differ by no more than their rounding errors."""
    if rows.shape != alone.shape:
        return False
    rows, alone = _as_numbers(rows, name), _as_numbers(alone, name)
    for a, b in ((rows.real, alone.real), (rows.imag, alone.imag)):  # one may be tiny beside it
        largest = np.abs(b).max(where=np.isfinite(b), initial=0.0)
        unit = np.finfo(np.result_type(a, b)).eps * largest
        if not np.allclose(a, b, rtol=0, atol=ROUNDINGS * unit, equal_nan=True):
            return False
    return True


def _as_numbers(values: Array, name: str) -> Array:
    if values.dtype.kind == "O":
        if any(value is None for value in values.flat):
            raise ConfigError(f"{name} returned None: must return numbers")
        values = objects_as_floats(values, name)
    if values.dtype.kind not in "buifc":
        raise ConfigError(f"{name} returned {values.dtype} values: must return numbers")
    # Differences of unsigned integers wrap, and truth values have none.
    return values.astype(np.float64) if values.dtype.kind in "bui" else values


class BlackBoxField:
    """A user's function as a :class:`stochgrad.stencils.gradients.Field`.

    Args:
        f: takes points ``(n, d)``, or one point ``(d,)``.
        xp: backend whose arrays f takes.
        vector: whether f returns vectors.
        vectorized: whether f, and jvp, take batches; None finds out.
        jvp: ``jvp(x, v) = ∇f(x)·v``, exact, on the same arrays; None finds it by the backend's
            automatic differentiation or, with NumPy, by a complex step.
    """

    def __init__(
        self,
        f: Callable[[Any], Any],
        xp: Backend,
        *,
        vector: bool = False,
        vectorized: bool | None = None,
        jvp: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        self.rotations = bool(getattr(f, "rotation_angles", False))
        self._vector = vector
        form: dict[str, Any] = {"vector": vector, "vectorized": vectorized}
        self._values = Batched(f, xp, name="f", **form)
        self._exact = None
        if jvp is not None:
            self._exact = Batched(jvp, xp, name="jvp", **form)
        elif xp.name in DIFFERENTIATING:
            through = self._values._f
            self._exact = Batched(lambda x, v: xp.jvp(through, x, v), xp, name="f", **form)

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
