"""A user's function of many variables, as gradient estimators evaluate it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from stochgrad.backends import DIFFERENTIATING, Backend
from stochgrad.differentiate.batched import Batched
from stochgrad.differentiate.calling import Array, Calls, check_function, has_imaginary_part
from stochgrad.errors import ConfigError


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
