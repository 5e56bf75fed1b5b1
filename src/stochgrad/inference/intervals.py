"""Student's interval, of estimates that are reported only where their noise was seen to be enough.

A truncation error is negligible beside much noise, not beside little, and few values know their
noise badly: those that happen to show less than they have are refused, and they are the ones whose
intervals would have been too short. Of those that are left, Student's intervals would hold the
derivative more often than they say. So they are made from the distribution that is left.

With ``z`` the error of an estimate over its standard error per unit of noise and s² the mean of ν
squares of noise, ``w = z² + νs²`` is sufficient for the noise, and ``u = z²/w`` has the Beta
distribution of ½ and ν/2, whatever w. Where s below c is refused, u does not come above
``1 − νc²/w``: a value is in the interval of level p if ``F(u) ≤ p·F(1 − νc²/w)``. For c = 0 that is
Student's interval.

Reference: W. Fithian, D. Sun and J. Taylor, "Optimal inference after model selection", arXiv
1410.2597 (2014), section 4: the selective t-test.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REFUSED = 1e-4
"""Part of the distribution that may be refused without a difference."""
TOLERANCE = 1e-6
"""Relative, of a width."""
SHORTEST = 0.25
"""Of a standard error: no interval is narrower than what may be left of the truncation error."""


def half_width(level: float, freedom: Floats, clearance: Floats) -> Floats:
    """Return half the width of an interval over the standard error.

    Args:
        level: such as 0.95.
        freedom: ν; infinite for the normal distribution.
        clearance: s/c; of what is refused, below 1, Student's is returned.
    """
    from scipy.special import betainc, stdtrit  # 0.3 s to import, for intervals only

    def excess(t: Floats, nu: Floats, least: Floats) -> Floats:
        w = t * t + nu
        allowed = betainc(0.5, nu / 2, np.maximum(1 - nu * least / w, 0.0))
        return np.asarray(betainc(0.5, nu / 2, t * t / w) - level * allowed)

    nu = np.minimum(freedom, 1e9)
    student = np.array(stdtrit(nu, 0.5 + level / 2))
    with np.errstate(all="ignore"):
        least = np.where(clearance < 1, 0.0, 1 / np.square(clearance))
        matters = excess(student, nu, least) > level * REFUSED
        if matters.any():
            from scipy.optimize.elementwise import find_root

            widest = student[matters]
            found = find_root(
                excess, (np.zeros(widest.shape), widest), args=(nu[matters], least[matters]),
                tolerances={"xrtol": TOLERANCE},
            )  # fmt: skip
            student[matters] = np.maximum(found.x, SHORTEST)
    return student
