from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stochgrad.backends import get_backend
from stochgrad.stencils import Target, estimate, make_estimator
from stochgrad.stencils.estimate import Estimate, numbers_of_draws

NUMPY = get_backend("numpy")
RANDOM = ["central", "three_slope", "quadratic"]
X = np.array([[0.0, 0.3, -1.5], [2.0, 1e-8, -700.0]])
SETTINGS: dict[str, Any] = {"epsilon": 1e-3, "num_steps": 11, "seed": 4, "xp": NUMPY}


def same(a: Estimate, b: Estimate) -> bool:
    """Tell whether two estimates are equal to the last bit."""
    return all(
        np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True)
        for name in ("mean", "spread", "draws", "distinct")
    )


@pytest.mark.parametrize("spread", [0.0, 0.3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", RANDOM)
def test_replicate_r_is_the_run_with_the_seed_plus_r(name: str, dtype: str, spread: float) -> None:
    rule, target, x = make_estimator(name), Target(np.sin), X.astype(dtype)
    kept = {**SETTINGS, "num_steps_spread": spread}
    many = estimate.estimate(rule, target, x, replicates=6, **kept)
    assert spread == 0 or len(set(many.draws)) > 1
    for r in range(6):
        alone = estimate.estimate(rule, target, x, **{**kept, "seed": 4 + r})
        row = Estimate(
            *(getattr(many, f)[r : r + 1] for f in ("mean", "spread", "draws", "distinct"))
        )
        assert same(row, alone)


@pytest.mark.parametrize("name", RANDOM)
def test_the_size_of_blocks_changes_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rule, target = make_estimator(name), Target(np.sin)
    found = []
    for elements in (1, 7, 40, 2**21):
        monkeypatch.setattr(estimate, "BLOCK_ELEMENTS", elements)
        found.append(
            estimate.estimate(rule, target, X, replicates=3, num_steps_spread=0.3, **SETTINGS)
        )
    assert all(same(found[0], other) for other in found[1:])


def samples_of(name: str, x: NDArray[Any]) -> tuple[Estimate, NDArray[Any]]:
    """Return an estimate and the samples that it is made of, caught on their way."""
    rule, caught = make_estimator(name), []

    class Spy(type(rule)):  # type: ignore[misc]
        def samples(self, *args: Any) -> Any:
            caught.append(super().samples(*args))
            return caught[-1]

    found = estimate.estimate(Spy(), Target(np.sin), x, replicates=2, **SETTINGS)
    samples = np.concatenate(caught)
    assert samples.shape == (11, 2, *x.shape)
    return found, samples


def test_draws_that_are_kept_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rule, target = make_estimator("central"), Target(np.sin)
    first = estimate.estimate(rule, target, X, replicates=3, **SETTINGS)
    kept = estimate._draws(11, 2, (4, 5, 6))
    assert kept is estimate._draws(11, 2, (4, 5, 6))
    with pytest.raises(ValueError, match="read-only"):
        kept[0] = 0
    again = estimate.estimate(rule, target, X, replicates=3, **SETTINGS)
    monkeypatch.setattr(estimate, "KEPT_ELEMENTS", 0)
    assert same(first, again)
    assert same(first, estimate.estimate(rule, target, X, replicates=3, **SETTINGS))


@pytest.mark.parametrize("name", RANDOM)
def test_mean_and_spread_are_those_of_the_draws(name: str) -> None:
    found, samples = samples_of(name, X)
    assert np.allclose(found.mean, samples.mean(axis=0), rtol=1e-14)
    assert np.allclose(found.spread, samples.std(axis=0, ddof=1), rtol=1e-10, atol=1e-15)
    assert np.array_equal(found.distinct, (samples != samples[0]).any(axis=0))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", RANDOM)
def test_the_sum_over_draws_is_rounded_once(name: str, dtype: str) -> None:
    """In float64, to a few of its last places; a running sum in float32 is off by more."""
    found, samples = samples_of(name, X.astype(dtype))
    columns = samples.astype(float).reshape(11, -1).T
    exact = np.array([math.fsum(column) / 11 for column in columns]).reshape(found.mean.shape)
    assert found.mean.dtype == dtype
    unit = np.spacing(exact.astype(dtype)) if dtype == "float32" else 4 * np.spacing(exact)
    assert np.all(np.abs(found.mean - exact) <= np.abs(unit))
    naive = np.zeros(samples.shape[1:], np.float32)
    for sample in samples:
        naive = naive + sample.astype(np.float32)
    assert not np.array_equal(found.mean, naive / np.float32(11))


def test_a_single_draw_has_no_spread() -> None:
    found = estimate.estimate(
        make_estimator("central"), Target(np.sin), X, **{**SETTINGS, "num_steps": 1}
    )
    assert np.isnan(found.spread).all()
    assert not found.distinct.any()


class TestNumbersOfDraws:
    def test_without_spread_all_are_n(self) -> None:
        assert numbers_of_draws(100, 0, range(4)).tolist() == [100] * 4

    def test_with_spread_they_are_the_integers_around_n(self) -> None:
        """Uniform on 90 … 109; the frequency of each to 5 standard errors: false alarm 1e-5."""
        counts = numbers_of_draws(100, 0.1, range(20_000))
        values, frequency = np.unique(counts, return_counts=True)
        assert values.tolist() == list(range(90, 110))
        assert np.abs(frequency - 1000).max() <= 5 * np.sqrt(1000 * 0.95)

    def test_never_none(self) -> None:
        assert set(numbers_of_draws(1, 0.5, range(200))) == {1}

    def test_a_replicate_depends_on_its_own_seed(self) -> None:
        assert numbers_of_draws(100, 0.1, range(5, 8))[2] == numbers_of_draws(100, 0.1, [7])[0]
