"""The contract of ``stochgrad.gradient`` and ``stochgrad.jacobian``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stochgrad import GRADIENT_ESTIMATORS, ConfigError, GradientResult, gradient, jacobian
from stochgrad.backends import Backend
from stochgrad.differentiate.result import DRAWS_COINCIDE, NO_ERROR_BARS, NOT_FINITE, STEP_TOO_SMALL

X = np.array([0.3, -1.2, 2.0, 0.5])


class Rotations:
    """What is measured of two qubits, each of them turned by two angles."""

    rotation_angles = True

    def __call__(self, angles: Any) -> Any:
        return np.cos(np.asarray(angles, np.float64)).prod(axis=-1)


CIRCUIT = Rotations()


def f(x: Any) -> Any:
    return np.sin(x).sum(axis=-1) + x[..., 0] * x[..., 1]


EXACT = np.cos(X) + np.array([X[1], X[0], 0, 0])


def find(function: Any = f, **settings: Any) -> GradientResult:
    return gradient(function, X, **{"seed": 0, **settings})  # type: ignore[typeddict-item]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", GRADIENT_ESTIMATORS)
def test_fields(name: str, dtype: str) -> None:
    result = find(CIRCUIT, estimator=name, dtype=dtype, epsilon=1e-2, jvp=jvp_if_needed(name))
    assert result.df.dtype == dtype
    assert result.df.shape == result.standard_error.shape == result.status.shape == (4,)
    assert result.standard_error.dtype == np.float64
    assert result.status.dtype == np.int64
    assert isinstance(result.nfev, int)
    assert result.success.all()
    low, high = result.confidence_interval(0.95)
    assert low.shape == high.shape == (4,)
    assert np.isfinite(result.standard_error).all()
    assert result.draws == (100 if GRADIENT_ESTIMATORS[name]().random else 1)
    assert result.estimator == name
    cheap = find(CIRCUIT, estimator=name, dtype=dtype, epsilon=1e-2, error_bars=False,
                 jvp=jvp_if_needed(name))  # fmt: skip
    np.testing.assert_array_equal(cheap.df, result.df)
    assert not cheap.success.any() or name == "forward_gradient"


def jvp_if_needed(name: str) -> Any:
    """The circuit's own, since it takes real angles only."""
    if not GRADIENT_ESTIMATORS[name]().needs_slopes:
        return None
    shift = np.eye(4) * np.pi / 2
    return lambda x, v: ((CIRCUIT(x + shift) - CIRCUIT(x - shift)) / 2) @ v if x.ndim == 1 else 0.0


@pytest.mark.parametrize("name", ["forward", "central"])
def test_baselines_find_the_gradient(name: str) -> None:
    assert find(estimator=name).df == pytest.approx(EXACT, abs=1e-4 if name == "forward" else 1e-9)


@pytest.mark.parametrize("name", ["spsa", "gaussian_smoothing", "forward_gradient"])
@pytest.mark.statistical
def test_intervals_cover_the_gradient(name: str) -> None:
    """Of 4 · 400 intervals of 95 %, from 200 directions: between 92.5 % and 97.5 %.

    The few looks that tell the truncation error are left out: it is nothing at this step.

    The errors of the four are correlated: of 400 independent ones the standard deviation is 1.1 %,
    of all together between that and 0.5 %; the odds of 2.3 of the former are 2 %, of 5 of the
    latter 6e-7.
    """
    covered = []
    for seed in range(400):
        settings: dict[str, Any] = {"num_directions": 200, "epsilon": 1e-5, "error_bars": False}
        low, high = find(estimator=name, seed=seed, **settings).confidence_interval(0.95)
        covered += list((low <= EXACT) & (high >= EXACT))
    assert 0.925 < np.mean(covered) < 0.975


def test_the_interval_is_students() -> None:
    result = find(num_directions=2, estimator="spsa", epsilon=1e-5)
    low, high = result.confidence_interval(0.95)
    assert (high - low) / 2 == pytest.approx(12.7062047 * result.standard_error)
    for level in (0, 1, 2, "a"):
        with pytest.raises(ConfigError, match=r"confidence_level=.*between 0 and 1"):
            result.confidence_interval(level)  # type: ignore[arg-type]


def test_directions_that_tell_the_same_have_a_status() -> None:
    """Two directions in two variables are often the same; beside 1e12 no step is seen."""
    rosenbrock = lambda x: (1 - x[..., 0]) ** 2 + 100 * (x[..., 1] - x[..., 0] ** 2) ** 2  # noqa: E731
    step: dict[str, Any] = {"estimator": "spsa", "epsilon": 1e-5}
    for seed in range(20):
        found = gradient(rosenbrock, [0.5, 0.5], num_directions=2, seed=seed, **step)
        assert np.array_equal(found.status, np.where(found.standard_error < 1e-6, 1, 0))
    flat = gradient(lambda x: (x**2).sum(-1) + 1e12, [1.0, 2.0], seed=0, **step)
    assert flat.status.tolist() == [1, 1]
    assert not flat.success.any()
    one = gradient(rosenbrock, [0.5, 0.5], num_directions=1, seed=0, **step)
    assert one.status.tolist() == [NO_ERROR_BARS] * 2
    assert np.isnan(one.standard_error).all()


def test_nfev_is_what_f_was_asked_for() -> None:
    calls = 0

    def counted(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return float(np.sin(x[0]) * x[1])

    for name in ("spsa", "gaussian_smoothing", "forward", "central", None):
        calls = 0
        step: dict[str, Any] = {} if name is None else {"epsilon": 1e-5}
        step |= {"num_directions": 5} if name in ("spsa", "gaussian_smoothing") else {}
        assert find(counted, estimator=name, **step).nfev == calls
    cheap: dict[str, Any] = {"epsilon": 1e-5, "error_bars": False}
    tried = 4  # whether f takes batches
    assert find(estimator="central", **cheap).nfev == 8 + tried
    assert find(estimator="forward", **cheap).nfev == 5 + tried
    assert find(estimator="spsa", num_directions=5, **cheap).nfev == 10 + tried
    assert find(estimator="spsa", num_directions=1, **cheap).nfev == 2
    assert find(estimator="central", vectorized=True, **cheap).nfev == 8
    assert find(estimator="forward_gradient", num_directions=5, **cheap).nfev == 5 + tried


def test_a_seed_repeats_every_bit_and_is_recorded() -> None:
    for name in ("spsa", "gaussian_smoothing", "forward_gradient"):
        first = find(estimator=name, seed=None)
        again = find(estimator=name, seed=first.seed)
        assert np.array_equal(first.df, again.df)
        assert not np.array_equal(first.df, find(estimator=name, seed=first.seed + 1).df)


def test_status_tells_what_cannot_be_trusted() -> None:
    big = gradient(
        lambda x: x.sum(axis=-1), [1.0, 1e9], dtype="float32", epsilon=1e-3, estimator="spsa",
        error_bars=False, seed=0,
    )  # fmt: skip
    assert big.status.tolist() == [DRAWS_COINCIDE, STEP_TOO_SMALL]
    assert not big.success.any()
    broken = find(lambda x: np.log(x).sum(axis=-1), estimator="central")
    assert broken.status.tolist() == [NOT_FINITE] * 4
    # No step is taken: nothing can be too small.
    exact = gradient(lambda x: x.sum(axis=-1), [1e9], estimator="forward_gradient", seed=0)
    assert exact.success.all()


@pytest.mark.parametrize("estimator", [None, "central", "forward", "spsa", "forward_gradient"])
def test_jacobian(estimator: str | None) -> None:
    """Its rows are the gradients of the components, found with the same draws."""

    def vector(x: Any) -> Any:
        return np.stack([f(x), x[..., 0] * x[..., 3], 0 * x[..., 1]], axis=-1)

    settings: dict[str, Any] = {"estimator": estimator, "seed": 3}
    if estimator is not None:
        settings |= {"epsilon": 1e-5, "error_bars": False}
    if estimator in ("spsa", "forward_gradient"):
        settings |= {"num_directions": 9}
    result = jacobian(vector, X, **settings)
    assert result.df.shape == result.standard_error.shape == result.status.shape == (3, 4)
    for row in range(3):
        alone = gradient(lambda x, row=row: vector(x)[..., row], X, **settings)
        np.testing.assert_allclose(result.df[row], alone.df, rtol=1e-9, atol=1e-12)
        assert result.nfev >= alone.nfev
    assert result.nfev < (180 if estimator is None else 50)  # shared, not three times as many
    assert not result.df[2].any()


def test_tensorflow_functions(tensorflow: Backend) -> None:
    import tensorflow as tf

    def g(x: Any) -> Any:
        return tf.reduce_sum(tf.sin(x), axis=-1) + x[..., 0] * x[..., 1]

    for name in ("spsa", "central", "forward_gradient"):
        step: dict[str, Any] = {"estimator": name, "epsilon": 1e-5}
        step |= {} if name == "central" else {"num_directions": 30}
        ours = find(g, backend="tensorflow", **step)
        assert ours.df == pytest.approx(find(**step).df, abs=1e-8)
    assert find(g, backend="tensorflow").df == pytest.approx(EXACT, rel=1e-12)
    # Of a single point, and not analytic: forward mode takes it nevertheless.
    single = find(lambda x: tf.reduce_max(tf.abs(x)), estimator="forward_gradient",
                  backend="tensorflow", num_directions=50)  # fmt: skip
    # Along v the derivative is v₂: the estimate is the mean of v₂v, which the other gives for x₂.
    assert single.df == pytest.approx(
        find(lambda x: x[..., 2], estimator="forward_gradient", num_directions=50).df
    )
    rows = jacobian(tf.sin, X, estimator="forward_gradient", backend="tensorflow",
                    num_directions=2000, tangents="rademacher", seed=0)  # fmt: skip
    assert rows.df == pytest.approx(np.diag(np.cos(X)), abs=0.15)
    assert np.diag(rows.df) == pytest.approx(np.cos(X), abs=1e-12)


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"estimator": "spsaa"}, "estimator=spsaa: unknown estimator; .*Did you mean 'spsa'"),
    ({"epsilon": 0}, "epsilon=0: must be a finite number greater than 0"),
    ({"num_directions": 0}, "num_directions=0: must be a whole number"),
    ({"dtype": "float16"}, "dtype=float16: unknown dtype"),
    (
        {"seed": -1},
        "seed=-1: must be a whole number in digits",
    ),
    ({"backend": "torch"}, "backend=torch: unknown backend"),
    ({"jitter": 1}, "jitter=1: there is no such setting here; allowed: .*method"),
    ({"estimator": "spsa", "jitter": 1}, "estimator.jitter=1: unknown"),
    ({"vectorized": "yes"}, "vectorized=yes: must be True, False or None"),
    ({"estimator": "spsa", "jvp": lambda x, v: 0}, "estimator=spsa jvp=…: .*forward_gradient"),
    ({"estimator": "parameter_shift"}, "estimator=parameter_shift: .*f.rotation_angles = True"),
]


@pytest.mark.parametrize(("settings", "said"), MISTAKES)
def test_mistakes_are_explained(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        find(**settings)


def test_settings_of_directions_ask_for_them() -> None:
    assert find().method == "coordinates"
    for settings in ({"projection": True}, {"guides": [[1, 0, 0, 0]]}, {"num_directions": 4}):
        found = find(**settings)
        assert found.method == "directions"
        np.testing.assert_allclose(found.df, EXACT, rtol=1e-7)
    half = find(projection=True, num_directions=2)
    assert np.linalg.norm(half.df) < np.linalg.norm(EXACT)


@pytest.mark.parametrize("name", ["central", "forward", "spsa"])
def test_an_estimator_keeps_within_its_evaluations(name: str) -> None:
    for most in (400, 700):
        for step in ("auto", 1e-3):
            found = find(estimator=name, max_evaluations=most, epsilon=step)
            assert found.nfev <= most
            assert found.success.all() or most == 400


def test_elements_of_x_that_are_not_finite_are_named() -> None:
    for value in (np.nan, np.inf):
        for settings in ({}, {"method": "directions"}, {"estimator": "spsa"}):
            found = gradient(f, [0.3, value, 1.0], seed=0, **settings)  # type: ignore[typeddict-item]
            assert (found.status == NOT_FINITE).all()
            assert f"(x[1] is {value:g})" in found.message
    two = gradient(f, [[0.3, 1.0], [np.nan, np.nan]], seed=0)
    assert "(x[1, 0] is nan, and 1 more are not finite)" in two.message
    assert two.success.tolist() == [[True, True], [False, False]]
    tree = gradient(lambda p: p["a"] * p["b"], {"a": 1.0, "b": np.nan}, seed=0)
    assert "(b is nan)" in tree.message


def test_masked_values_of_f_are_none() -> None:
    masked = lambda x: np.ma.masked_where(x[..., 0] > 0.4, np.sin(x).sum(axis=-1))  # noqa: E731
    assert gradient(masked, [0.3, 1.0], seed=0).success.all()
    assert (gradient(masked, [0.5, 1.0], seed=0).status == NOT_FINITE).all()


@pytest.mark.parametrize("x", [1.0, [], "text", [[1.0], [1.0, 2.0]]])
def test_x_is_a_point_or_many(x: Any) -> None:
    with pytest.raises(ConfigError, match=r"x of shape .*: must be a point|x=.*: must be a real"):
        gradient(f, x)
