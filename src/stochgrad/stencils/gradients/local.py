"""What the theory of gradient estimators knows of a function at a point: a few derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Local:
    """Derivatives of ``f: ℝᵈ → ℝ`` at a point; every array has shape ``(…, d)``.

    With them ``f(x + εv) = f + ε g·v + ε²/2 H[v, v] + ε³/6 T[v, v, v] + O(ε⁴)``. A difference of
    two points ``x ± εv`` keeps the odd terms: ``g·v + ε²/6 T[v, v, v] + O(ε⁴)``. Of the tensor T of
    third derivatives the mean over random directions leaves two contractions.

    Attributes:
        gradient: ``gᵢ = ∂ᵢf``.
        second: ``Hᵢᵢ = ∂ᵢ²f``.
        third: ``Tᵢᵢᵢ = ∂ᵢ³f``.
        mixed: ``Σⱼ Tᵢⱼⱼ = ∂ᵢ Δf``, the gradient of the Laplacian; j = i included.
    """

    gradient: Vector
    second: Vector
    third: Vector
    mixed: Vector

    @property
    def norm2(self) -> Vector:
        """``‖g‖²``, of shape ``(…, 1)``."""
        return np.asarray((self.gradient**2).sum(axis=-1, keepdims=True))
