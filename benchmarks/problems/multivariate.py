"""Functions of many variables with gradients in closed form, whose variables have scales apart.

With ``z = x/s``, s of its own for each variable, f is a sum of functions of single variables, of
two neighbours, and of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.problems.drawing import Draw

Floats = NDArray[np.float64]
DECADES = 6
"""Scales of variables lie between 1e-6 and 1e6."""
SINGLE = {
    "sin": (np.sin, np.cos),
    "exp": (lambda u: np.exp(u / 2), lambda u: np.exp(u / 2) / 2),
    "cube": (lambda u: u**3, lambda u: 3 * u**2),
    "tanh": (np.tanh, lambda u: 1 / np.cosh(u) ** 2),
    "log": (lambda u: np.log1p(u**2), lambda u: 2 * u / (1 + u**2)),
    "root": (lambda u: np.sqrt(1 + u**2), lambda u: u / np.sqrt(1 + u**2)),
    "bell": (lambda u: np.exp(-(u**2) / 2), lambda u: -u * np.exp(-(u**2) / 2)),
}
"""Functions of one variable, and their derivatives."""
WHOLE = ("ridge", "chain", "softmax", "product")


@dataclass(frozen=True)
class Multivariate:
    """``Σ aᵢ gᵢ(kᵢzᵢ)`` and a function of all variables.

    Attributes:
        x: the point, in its dtype, shape ``(d,)``.
        scale: s, exact in that dtype.
        kinds: for each variable a name in ``SINGLE``.
        factor: a.
        rate: k.
        weight: of the variables in a ridge, of unit length.
        whole: the function of all variables, a name in ``WHOLE``.
    """

    x: NDArray[Any]
    scale: Floats
    kinds: list[str]
    factor: Floats
    rate: Floats
    weight: Floats
    whole: str

    def _each(self, z: NDArray[Any], which: int) -> NDArray[Any]:
        """Return single functions (0) or their derivatives (1)."""
        found = np.empty_like(z)
        for kind, pair in SINGLE.items():
            at = np.array([k == kind for k in self.kinds])
            found[..., at] = pair[which](z[..., at] * self.rate[at].astype(z.dtype))
        return found

    def __call__(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return values, shape ``(…)``, computed in the dtype of x."""
        z = x / self.scale.astype(x.dtype)
        total = (self._each(z, 0) * self.factor.astype(x.dtype)).sum(axis=-1)
        u = z @ self.weight.astype(x.dtype)
        if self.whole == "ridge":
            return total + np.sin(u)
        if self.whole == "chain":
            return total + ((z[..., 1:] - z[..., :-1] ** 2) ** 2).sum(axis=-1) / x.dtype.type(10)
        if self.whole == "softmax":
            return total + np.log(np.exp(z).sum(axis=-1))
        return total + (z[..., 1:] * z[..., :-1]).sum(axis=-1)

    def gradient(self) -> Floats:
        """Return the gradient at x, in float64."""
        z = self.x.astype(float) / self.scale
        found = self._each(z, 1) * self.factor * self.rate
        if self.whole == "ridge":
            found += np.cos(z @ self.weight) * self.weight
        elif self.whole == "chain":
            bend = z[1:] - z[:-1] ** 2
            found[1:] += bend / 5
            found[:-1] -= 2 * z[:-1] * bend / 5
        elif self.whole == "softmax":
            found += np.exp(z) / np.exp(z).sum()
        else:
            found[1:] += z[:-1]
            found[:-1] += z[1:]
        return np.asarray(found / self.scale)


def draw_multivariate(draw: Draw, least: int, most: int, decades: float = DECADES) -> Multivariate:
    """Draw a function of ``least`` to ``most`` variables, whose number is uniform in its log."""
    rng, kind = draw.rng, draw.dtype
    d = round(float(np.exp(rng.uniform(np.log(least), np.log(most)))))
    scale = (10.0 ** rng.uniform(-decades, decades, d)).astype(kind)
    x = (scale * rng.uniform(0.3, 3, d) * rng.choice([-1, 1], d)).astype(kind)
    weight = rng.standard_normal(d)
    return Multivariate(
        x, scale.astype(float), [str(k) for k in rng.choice(list(SINGLE), d)],
        rng.standard_normal(d).astype(np.float32).astype(float),
        rng.uniform(0.3, 2, d).astype(np.float32).astype(float),
        (weight / np.linalg.norm(weight)).astype(np.float32).astype(float), str(rng.choice(WHOLE)),
    )  # fmt: skip
