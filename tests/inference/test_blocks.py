"""What is inferred at a point does not depend on how points are cut into blocks."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from stochgrad import DerivativeResult, derivative


def mixed(x: Any) -> Any:
    """Return smooth, quantised and noisy values, a corner and the end of a domain, by the size."""
    noisy = np.sin(x) + 1e-4 * np.sin(1e12 * x)
    kinds = [x < 1, x < 2, x < 3, x < 4]
    with np.errstate(invalid="ignore"):
        return np.select(kinds, [np.exp(x), np.round(x, 3), noisy, np.abs(x - 3.5)], np.sqrt(x - 4))


def assert_same(one: DerivativeResult, other: DerivativeResult) -> None:
    """Compare what products of other shapes round alike, and statuses."""
    for name in ("status", "nfev"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    sure = one.success
    np.testing.assert_allclose(one.df[sure], other.df[sure], rtol=1e-8)


def test_points_are_searched_alike_in_any_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.concatenate([np.random.default_rng(3).uniform(0.5, 5, 150), [3.5, 4.0]])
    whole = derivative(mixed, x, seed=0)
    monkeypatch.setattr("stochgrad.inference.sampler.BLOCK", 37)
    monkeypatch.setattr(importlib.import_module("stochgrad.inference.infer"), "MOST", 111)
    assert_same(derivative(mixed, x, seed=0), whole)
    assert len(np.unique(whole.status)) >= 3
