"""A user's function of many variables, made to take whole batches of points."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from stochgrad.backends import DIFFERENTIATING, Backend
from stochgrad.errors import ConfigError
from stochgrad.gradients.base import Array

REFUSALS = (TypeError, ValueError, IndexError)


class Batched:
    """Call a function with batches, or point by point once it has refused one.

    A batch holds a point in each row: shape ``(n, d)``. The function takes it if it returns ``n``
    numbers, or n rows of them for a vector function. It refuses it by raising TypeError, ValueError
    or IndexError, by writing into it, or by returning something of another shape. The first batch
    has one row: for that a function of a single point returns what is asked for by accident only if
    it is a vector function that returns one row of the batch, which then is tried with a point too.

    Attributes:
        evaluations: points at which the function was evaluated; a refused batch counts as one.
    """

    def __init__(self, f: Callable[..., Any], xp: Backend, *, vector: bool, name: str) -> None:
        self._f, self._xp, self._vector, self._name = f, xp, vector, name
        self._kind = type(xp.asarray(np.zeros(1)))
        self._takes_batches: bool | None = None
        self._proven = False  # by a batch of several points: [x.sum()] looks right for one
        self.evaluations = 0

    def __call__(self, *batches: Array) -> Array:
        """Return values of shape ``(n,)``, or ``(n, m)`` for a vector function.

        Args:
            *batches: one for each argument of the function, of shape ``(n, d)``.

        Raises:
            ConfigError: if the function returns something else than numbers of one shape.
        """
        number = len(batches[0])
        if self._takes_batches is None and number > 1:
            first = self(*(b[:1] for b in batches))
            return np.concatenate([first, self(*(b[1:] for b in batches))])
        if self._takes_batches is None:
            values = self._first(*batches)
        elif self._takes_batches:
            values = self._rows(number, *batches)
        else:
            values = self._one_by_one(*batches)
        return _as_numbers(values, self._name)

    def _rows(self, number: int, *batches: Array) -> Array:
        """Call with a batch; a function that took only batches of one point is called by points."""
        values = self._call(*batches) if self._proven else self._try(*batches)
        if values.shape[:1] == (number,) and values.ndim == 1 + self._vector:
            self.evaluations += number if self._proven else number - 1
            self._proven = self._proven or number > 1
            return values
        if not self._proven:
            self._takes_batches = False
            return self._one_by_one(*batches)
        raise ConfigError(
            f"{self._name} returned shape {values.shape} for {number} points, and a row for each "
            f"of them before: must always return a row for each"
        )

    def _first(self, *batches: Array) -> Array:
        """Find out whether batches are taken, with one of a single point."""
        values = self._try(*batches)
        self._takes_batches = values.ndim == 1 + self._vector and len(values) == 1
        if self._takes_batches and self._vector and values.shape == batches[0].shape:
            alone = self._try(*(b[0] for b in batches))
            self._takes_batches = alone.ndim != 1 or alone.shape == values.shape[1:]
        return values if self._takes_batches else self._one_by_one(*batches)

    def _try(self, *arrays: Array) -> Array:
        self.evaluations += 1
        try:
            return self._call(*arrays)
        except REFUSALS:
            return np.zeros(())

    def _call(self, *arrays: Array) -> Array:
        views = [a.view() for a in arrays]
        for view in views:
            view.flags.writeable = False
        return self._to_numpy(self._f(*map(self._xp.asarray, views)))

    def _to_numpy(self, found: Any) -> Array:
        return np.asarray(self._xp.to_numpy(found) if isinstance(found, self._kind) else found)

    def _one_by_one(self, *batches: Array) -> Array:
        rows = []
        for point in zip(*batches, strict=True):
            found = self._f(*(self._xp.asarray(p.copy()) for p in point))
            rows.append(self._to_numpy(found))
        self.evaluations += len(rows)
        shapes = {row.shape for row in rows}
        wanted = "a vector" if self._vector else "one number"
        if len(shapes) > 1 or any(self._wrong(row) for row in rows):
            raise ConfigError(
                f"{self._name} returned shape {' and '.join(map(str, sorted(shapes)))} for a point "
                f"of shape {batches[0].shape[1:]}: must return {wanted}"
            )
        return np.stack(rows).reshape(len(rows), *((-1,) if self._vector else ()))

    def _wrong(self, row: Array) -> bool:
        return row.ndim != 1 if self._vector else row.size != 1


def _as_numbers(values: Array, name: str) -> Array:
    if values.dtype.kind == "O":
        values = values.astype(np.float64)
    if values.dtype.kind not in "buifc":
        raise ConfigError(f"{name} returned {values.dtype} values: must return numbers")
    # Differences of unsigned integers wrap, and truth values have none.
    return values.astype(np.float64) if values.dtype.kind in "bui" else values


class BlackBoxField:
    """A user's function as a :class:`stochgrad.gradients.base.Field`.

    Args:
        f: takes points ``(n, d)``, or one point ``(d,)``.
        xp: backend whose arrays f takes.
        vector: whether f returns vectors.
        jvp: ``jvp(x, v) = ∇f(x)·v``, exact, on the same arrays; None finds it by the backend's
            automatic differentiation or, with NumPy, by a complex step.
    """

    def __init__(
        self,
        f: Callable[[Any], Any],
        xp: Backend,
        *,
        vector: bool = False,
        jvp: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        self.rotations = bool(getattr(f, "rotation_angles", False))
        self._vector = vector
        self._values = Batched(f, xp, vector=vector, name="f")
        self._exact = None
        if jvp is not None:
            self._exact = Batched(jvp, xp, vector=vector, name="jvp")
        elif xp.name in DIFFERENTIATING:
            through = self._values._f
            self._exact = Batched(lambda x, v: xp.jvp(through, x, v), xp, vector=vector, name="f")

    @property
    def evaluations(self) -> int:
        """How often f, or its directional derivative, was evaluated so far."""
        return self._values.evaluations + (self._exact.evaluations if self._exact else 0)

    def __call__(self, points: Array) -> Array:
        """Return values of shape ``(n, R, m)``; m = 1 for a scalar function."""
        values = self._values(points.reshape(-1, points.shape[-1]))
        if values.dtype.kind == "c":
            raise ConfigError("f returned complex numbers for real ones: must return real numbers")
        return self._shaped(values, points)

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
        return values.imag / step

    def _shaped(self, values: Array, points: Array) -> Array:
        return values.reshape(*points.shape[:2], -1)


def _complex(points: Array) -> np.dtype[Any]:
    return np.result_type(points.dtype, np.complex64)
