"""Every kind of function is what its exact derivative says, in both dtypes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.problems import KINDS, Kind, draw_problem
from benchmarks.problems.namespaces import mp
from benchmarks.problems.rounding import CORRELATED_ERRORS, hashed, with_error

DTYPES = ("float64", "float32")
DIGITS = 150
"""Of which a difference over 1e-40 of x leaves a hundred and more."""
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def difference(ideal: object, x: float, side: int) -> float:
    """Return the slope over a step of 1e-40 of x; of side 0, a central one."""
    assert callable(ideal)
    with mp.workdps(DIGITS):
        step = abs(mp.mpf(x)) * mp.mpf(10) ** -40 if x else mp.mpf(10) ** -60
        above, below = (0 if side < 0 else step), (0 if side > 0 else step)
        rise = ideal(mp.mpf(x) + above) - ideal(mp.mpf(x) - below)
        return float(mp.re(rise / (above + below)))


def test_there_are_enough_kinds() -> None:
    assert len(KINDS) >= 80
    assert len({kind.category for kind in KINDS.values()}) >= 15


@every_kind
def test_exact_slopes_are_those_of_differences_in_many_digits(kind: Kind) -> None:
    for dtype in DTYPES:
        for index in range(4):
            found = draw_problem(kind, 7, index, dtype)
            sides = (0,) if found.differentiable else (-1, 1)
            for side, slope in zip(sides, (found.slopes[0], found.slopes[-1]), strict=False):
                if math.isinf(slope):
                    assert abs(difference(found.ideal, found.x, side)) > 1e15
                else:
                    expected = pytest.approx(slope, rel=1e-13, abs=5e-324)
                    assert difference(found.ideal, found.x, side) == expected


@every_kind
@pytest.mark.parametrize("dtype", DTYPES)
def test_functions_are_elementwise_keep_the_dtype_and_repeat(kind: Kind, dtype: str) -> None:
    first, second = (draw_problem(kind, -3, 1, dtype) for _ in range(2))
    x = np.asarray(first.x, dtype)
    assert float(x) == first.x == second.x
    points = (x * np.array([[1, 1.001, 0.999], [1.01, 1, 1.02]])).astype(dtype)
    values = first.f(points)
    assert values.dtype == dtype
    assert values.shape == points.shape
    np.testing.assert_array_equal(values, second.f(points))
    assert first.slopes == second.slopes
    scalar = first.f(x)
    assert scalar.dtype == dtype
    assert scalar.shape == ()
    if kind.category != "noise":  # vector instructions may round a power in another way
        np.testing.assert_allclose(values[0, 0], scalar, rtol=100 * np.finfo(dtype).eps)


def test_another_seed_draws_another_problem() -> None:
    kind = KINDS["fast sine"]
    drawn = {draw_problem(kind, seed, index).x for seed in (-1, 0, 2**70) for index in range(3)}
    assert len(drawn) == 9


def test_errors_of_the_last_places_are_as_large_as_they_say() -> None:
    x = np.linspace(0.5, 4, 10_001)
    for model in ("random", "smooth"):
        off = (with_error(np.exp, model, 5)(x) - np.exp(x)) / np.spacing(np.exp(x))
        assert np.abs(off).max() == CORRELATED_ERRORS
        # A wave through the floats from 0.5 to 4 has a mean of zero, as random errors have.
        assert abs(off.mean()) < 0.1


def test_hashes_are_uniform_and_repeat() -> None:
    x = np.linspace(1, 2, 10_000)
    unit = hashed(x, 1)
    np.testing.assert_array_equal(unit, hashed(x, 1))
    # A mean of 10,000 uniform numbers is within 4 standard errors, but once in 16,000 keys.
    assert abs(unit.mean() - 0.5) < 4 / math.sqrt(12 * unit.size)
    assert abs(np.corrcoef(unit[1:], unit[:-1])[0, 1]) < 0.04
