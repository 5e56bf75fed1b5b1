"""The polynomials that values are fitted by."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from stochgrad.inference.designs import fresh_nodes, orthonormal

pytestmark = pytest.mark.skipif(
    np.finfo(np.longdouble).eps > 1e-18, reason="needs floats of more than 64 bits"
)


def chebyshev(u: float, columns: int) -> list[Fraction]:
    """Return the values of Chebyshev's polynomials at a float, without rounding."""
    values = [Fraction(1), Fraction(u)]
    while len(values) < columns:
        values.append(2 * Fraction(u) * values[-1] - values[-2])
    return values[:columns]


@pytest.mark.parametrize(("number", "columns"), [(8, 8), (20, 20), (38, 19)])
def test_a_basis_is_rounded_once(number: int, columns: int) -> None:
    """What it leaves of exact polynomials, and of 1 in its norms, is that of rounded entries.

    Entries below 1/2 are off by up to 2^-55; there are ``columns`` products of them with
    coefficients below ``sqrt(number)``.
    """
    u = fresh_nodes((7, 0), number, 0, 2)
    q, _ = orthonormal(u, columns)
    rows = [[Fraction(v) for v in row] for row in q]
    t = [chebyshev(v, columns) for v in u]
    worst = lack = Fraction(0)
    for k in range(columns):
        norm = [sum(r[k] * r[j] for r in rows) for j in range(k + 1)]
        lack = max(lack, abs(norm[k] - 1), *(abs(n) for n in norm[:k]), Fraction(0))
        along = [sum(r[j] * row[k] for r, row in zip(rows, t, strict=True)) for j in range(columns)]
        for r, row in zip(rows, t, strict=True):
            worst = max(worst, abs(row[k] - sum(a * b for a, b in zip(along, r, strict=True))))
    assert float(lack) < 3e-16
    assert float(worst) < 2.0**-55 * np.sqrt(number * columns)
