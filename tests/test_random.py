from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from stochgrad.random import Purpose, fresh_seed, stream, uniforms


def test_a_stream_repeats() -> None:
    a = stream(3, Purpose.PERTURBATION, 1, 2).random(5)
    assert np.array_equal(a, stream(3, Purpose.PERTURBATION, 1, 2).random(5))


def test_streams_of_different_names_differ() -> None:
    names = [
        (seed, purpose, *where)
        for seed in (0, 1, 2**40)
        for purpose in Purpose
        for where in ((), (0,), (1,), (0, 0), (0, 1), (1, 0))
    ]
    first = {stream(*name).random() for name in names}
    assert len(first) == len(names)


def test_numbers_of_purposes_never_change() -> None:
    """A seed means something only together with them."""
    assert {p.name: p.value for p in Purpose} == {
        "PERTURBATION": 1,
        "WEIGHTS": 2,
        "SHUFFLE": 3,
        "NUM_STEPS": 4,
        "PROBE": 5,
        "FEEDBACK": 6,
        "MEASURED_LOSS": 7,
        "DIRECTION": 10,
        "SHOTS": 11,
        "ANGLES": 12,
        "NOISE": 20,
    }


def test_a_seed_keeps_its_numbers() -> None:
    """Pinned: if these move, every recorded seed has lost its meaning."""
    assert stream(0, Purpose.WEIGHTS, 1).random(2).tolist() == [
        0.5201119370155237,
        0.37649698194871994,
    ]


@pytest.mark.parametrize("replicates", [1, 2, 5])
def test_a_replicate_depends_on_its_own_seed_only(replicates: int) -> None:
    many = uniforms((3, 2), 7, replicates, Purpose.SHUFFLE, 4)
    assert many.shape == (3, 2, replicates)
    assert many.dtype == np.float64
    for r in range(replicates):
        alone = uniforms((3, 2), 7 + r, 1, Purpose.SHUFFLE, 4)
        assert np.array_equal(many[..., r], alone[..., 0])


def test_no_draws_are_an_empty_array() -> None:
    assert uniforms((2, 0, 1), 0, 3, Purpose.PERTURBATION).shape == (2, 0, 1, 3)


def test_draws_are_uniform() -> None:
    """Kolmogorov-Smirnov on 100,000 numbers; would see a deviation of 1 %. False alarm 1e-6."""
    u = uniforms((1000,), 0, 100, Purpose.PERTURBATION)
    assert u.min() >= 0
    assert u.max() < 1
    assert stats.kstest(u.ravel(), "uniform").pvalue > 1e-6


def test_neighbouring_streams_are_independent() -> None:
    """Correlation of 10,000 pairs between any two of 8 streams; would see 0.06.

    28 pairs at 5.5 standard deviations each: false alarm 28 · 4e-8 = 1e-6.
    """
    streams = [stream(s, Purpose.PERTURBATION, w).random(10_000) for s in (0, 1) for w in range(4)]
    for a, b in itertools.combinations(streams, 2):
        assert abs(np.corrcoef(a, b)[0, 1]) < 5.5 / np.sqrt(10_000)


def test_a_fresh_seed_is_readable_and_fresh() -> None:
    """Ten seeds of 32 bits: two are equal with odds of 1e-8."""
    seeds = [fresh_seed() for _ in range(10)]
    assert all(0 <= s < 2**32 for s in seeds)
    assert len(set(seeds)) == 10
