"""Polynomials orthonormal over points, against NumPy's."""

from __future__ import annotations

import numpy as np

from stochgrad.inference.orthogonal import make_basis, project


def test_they_are_orthonormal_and_project_as_least_squares_does() -> None:
    rng = np.random.default_rng(0)
    t = rng.uniform(-1, 1, (30, 3))
    y = np.exp(t) + rng.standard_normal(t.shape)
    basis = make_basis(t, 4)
    g, residual = project(basis.q, y)
    for i in range(3):
        q = np.stack([p[:, i] for p in basis.q])
        assert np.allclose(q @ q.T, np.eye(5), atol=1e-14)
        expected = np.polyfit(t[:, i], y[:, i], 4)
        assert np.allclose(y[:, i] - residual[:, i], np.polyval(expected, t[:, i]), atol=1e-12)
        # gₖ·leading is the coefficient of the highest power, and Σ gₖqₖ′(0) the slope at 0.
        assert np.isclose(g[4, i] * basis.leading[4, i], expected[0], rtol=1e-10)
        assert np.isclose((g[:, i] * basis.slope[:, i]).sum(), expected[-2], rtol=1e-10)


def test_powers_that_points_cannot_tell_apart_are_not_there() -> None:
    """Three different points bear a parabola, and no more."""
    t = np.repeat([-1.0, 0.1, 1.0], 4)[:, None]
    assert make_basis(t, 4).used[:, 0].tolist() == [True, True, True, False, False]
