"""What :func:`stochgrad.check_gradient` returns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_BLAMED = 8
"""Components that are named."""


@dataclass(frozen=True, repr=False)
class CheckResult:
    """What :func:`check_gradient` returns; true if the gradient agrees.

    Attributes:
        verdict: ``"agrees"``, ``"differs"`` or ``"cannot tell"``.
        claimed: slopes along the directions by the gradient, shape ``(n,)``.
        found: slopes as inferred from values of f.
        standard_error: their standard errors; with what the rounding of the gradient may explain
            they are what differences are judged by.
        p_value: probability, if the gradient were right, of a difference as large along any of the
            directions (Bonferroni).
        direction: the one with the largest difference, in the form of x.
        components: to blame, as ``(name, claimed, found, standard error)``; empty where the
            gradient agrees, or where the evaluations did not suffice to find them.
        detects: the smallest relative error, of the gradient along a direction, that would have
            been found.
        nfev: evaluations of f.
        nfev_verdict: of them, until the verdict; the others looked for the components.
        seed: repeats the result.
        message: all of that, to read.
    """

    verdict: str
    claimed: Floats
    found: Floats
    standard_error: Floats
    p_value: float
    direction: Any
    components: list[tuple[str, float, float, float]]
    detects: float
    nfev: int
    nfev_verdict: int
    seed: int
    message: str

    def __bool__(self) -> bool:
        """Return whether the gradient agrees."""
        return self.verdict == "agrees"

    def __getitem__(self, name: str) -> Any:
        """Return an attribute by its name, as results of SciPy do."""
        if name not in (f.name for f in fields(self)):
            raise KeyError(name)
        return getattr(self, name)

    def __str__(self) -> str:
        """Show the message."""
        return self.message

    __repr__ = __str__
