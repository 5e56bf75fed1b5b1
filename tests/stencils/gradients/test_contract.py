"""What holds for every gradient estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stochgrad import GRADIENT_ESTIMATORS
from stochgrad.errors import ConfigError
from stochgrad.stencils import gradients
from stochgrad.stencils.gradients import Field, GradientEstimate, make_gradient_estimator
from stochgrad.stencils.laws import RunningMoments as Moments

from .functions import Cubic


class Rotations(Cubic):
    rotations = True


def find(name: str, f: Field, x: Any, directions: int = 7, seed: int = 3) -> GradientEstimate:
    rule = make_gradient_estimator(name)
    return rule.estimate(f, x, epsilon=1e-4, num_directions=directions, seed=seed)


@pytest.mark.parametrize("block", [1, 50, 2**18])
@pytest.mark.parametrize("name", GRADIENT_ESTIMATORS)
def test_cost_and_result_do_not_depend_on_blocks(
    name: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    f = Rotations(5)
    x = np.tile(f.x, (2, 1))
    whole = find(name, f, x)
    f.calls = 0
    monkeypatch.setattr(gradients, "BLOCK_ELEMENTS", block)
    found = find(name, f, x)
    assert f.calls == 2 * make_gradient_estimator(name).evaluations(5, 7)
    np.testing.assert_allclose(found.mean, whole.mean, rtol=1e-12)
    np.testing.assert_allclose(found.spread, whole.spread, rtol=1e-12)


class Drawing(Rotations):
    """With noise from its own generator, drawn in the order of evaluation."""

    def __init__(self) -> None:
        super().__init__(5)
        self.rng = np.random.default_rng(0)

    def __call__(self, points: Any) -> Any:
        exact = super().__call__(points)
        return exact + self.rng.standard_normal(exact.shape)


@pytest.mark.parametrize("name", GRADIENT_ESTIMATORS)
def test_a_noisy_function_draws_the_same_in_any_blocks(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for block in (1, 30, 2**18):
        monkeypatch.setattr(gradients, "BLOCK_ELEMENTS", block)
        f = Drawing()
        found.append(find(name, f, f.x[None]).mean)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)
    np.testing.assert_allclose(found[0], found[2], rtol=1e-9)


COSTS = {
    "central": 2000,
    "forward": 1001,
    "forward_gradient": 10,
    "gaussian_smoothing": 20,
    "parameter_shift": 2000,
    "spsa": 20,
}


def test_cost_of_ten_directions_in_a_thousand_dimensions() -> None:
    assert {
        n: make_gradient_estimator(n).evaluations(1000, 10) for n in GRADIENT_ESTIMATORS
    } == COSTS


@pytest.mark.parametrize("name", GRADIENT_ESTIMATORS)
def test_replicate_r_is_the_run_with_seed_plus_r(name: str) -> None:
    f = Rotations(4)
    together = find(name, f, np.tile(f.x, (3, 1)), seed=5)
    assert together.mean.shape == together.spread.shape == (3, 1, 4)
    for r in range(3):
        alone = find(name, f, f.x[None], seed=5 + r)
        # The last bit of f over ε: a product of matrices may add up in another order.
        np.testing.assert_allclose(together.mean[r], alone.mean[0], atol=1e-16 / 1e-4 * 100)


@pytest.mark.parametrize(
    "name", [n for n in GRADIENT_ESTIMATORS if make_gradient_estimator(n).random]
)
def test_the_first_directions_stay_the_same_when_more_are_drawn(name: str) -> None:
    f = Cubic(3)
    two, three = (find(name, f, f.x[None], n).mean for n in (2, 3))
    seen: list[Any] = []
    original = Moments.add
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Moments, "add", lambda self, s: (seen.append(s), original(self, s))[1])
        find(name, f, f.x[None], 3)
    samples = np.concatenate(seen)
    np.testing.assert_allclose(samples[:2].mean(axis=0), two, rtol=1e-12)
    np.testing.assert_allclose(samples.mean(axis=0), three, rtol=1e-12)


@pytest.mark.parametrize("name", GRADIENT_ESTIMATORS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_points_keep_their_dtype(name: str, dtype: str) -> None:
    seen = set()

    class Watched(Rotations):
        def __call__(self, points: Any) -> Any:
            seen.add(points.dtype.name)
            return super().__call__(points)

        def slopes(self, points: Any, directions: Any) -> Any:
            seen.update((points.dtype.name, directions.dtype.name))
            return super().slopes(points, directions)

    f = Watched(3)
    find(name, f, f.x[None].astype(dtype))
    assert seen == {dtype}


def test_in_float32_the_realised_distance_is_what_is_divided_by() -> None:
    """At x = 1000 a step of 1e-3 is 16 floats: rounding it is an error of 3 %, and is undone."""

    class Linear(Cubic):
        def value(self, x: Any) -> Any:
            return x.astype(np.float64) @ self.b

    f = Linear(1)
    x = np.array([[1000.0]], np.float32)
    for name in ("spsa", "forward", "central"):
        found = make_gradient_estimator(name).estimate(f, x, epsilon=1e-3, num_directions=1, seed=0)
        assert found.mean[0, 0] == pytest.approx(f.b, rel=1e-10)


def test_moments_are_numpys() -> None:
    samples = np.random.default_rng(0).normal(1e6, 1, (100, 2, 3))
    moments = Moments()
    for first, last in ((0, 1), (1, 60), (60, 100)):
        moments.add(samples[first:last])
    np.testing.assert_allclose(moments.mean, samples.mean(axis=0), rtol=1e-15)
    np.testing.assert_allclose(moments.deviation(), samples.std(axis=0, ddof=1), rtol=1e-9)


def test_options_and_names_are_checked() -> None:
    with pytest.raises(ConfigError, match=r"estimator=spsaa: .*Did you mean 'spsa'"):
        make_gradient_estimator("spsaa")
    with pytest.raises(ConfigError, match=r"estimator.jitter=1: .*allowed: no options"):
        make_gradient_estimator("spsa", jitter=1)
    with pytest.raises(ConfigError, match=r"estimator.tangents=normal: .*gaussian, rademacher"):
        make_gradient_estimator("forward_gradient", tangents="normal")
