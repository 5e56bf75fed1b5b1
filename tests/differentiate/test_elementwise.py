"""The contract of ``stochgrad.derivative``."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from stochgrad import ESTIMATORS, ConfigError, DerivativeResult, derivative
from stochgrad.backends import Backend
from stochgrad.differentiate.result import OK

X = np.array([[0.3, -1.2, 2.0], [0.7, 1e-3, -5.0]])
ON_NUMPY = [n for n in ESTIMATORS if n != "autodiff"]
RANDOM = ["central", "three_slope", "quadratic"]


def find(f: Any = np.sin, x: Any = X, **settings: Any) -> DerivativeResult:
    given = {"seed": 0, "derivative": np.cos, "estimator": "central", "epsilon": 1e-5}
    return derivative(f, x, **{**given, **settings})


# Truncation at ε = 1e-5 is ε·f″ for the one-sided slopes, else ε²·f‴ and below rounding, u/ε.
TOLERANCE = {"three_slope": 1e-5, "forward": 5e-5}


@pytest.mark.parametrize("shape", [(), (6,), (2, 3), (1, 2, 1, 3), (0,), (2, 0)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ON_NUMPY)
def test_every_field_has_the_shape_of_x(name: str, dtype: str, shape: tuple[int, ...]) -> None:
    x = np.resize(X, shape)
    result = find(x=x, estimator=name, dtype=dtype, num_steps=10)
    for field, kind in (
        (result.df, dtype),
        (result.standard_error, "float64"),
        (result.nfev, "int64"),
        (result.status, "int64"),
        (result.success, "bool"),
    ):
        assert np.shape(field) == shape
        assert field.dtype == kind
    low, high = result.confidence_interval(0.95)
    assert np.shape(low) == np.shape(high) == shape
    if dtype == "float64":
        assert np.allclose(result.df, np.cos(x), rtol=0, atol=TOLERANCE.get(name, 1e-9))


def test_a_scalar_in_is_scalars_out() -> None:
    result = find(x=1.0)
    for field in (result.df, result.standard_error, result.nfev, result.status, result.success):
        assert np.isscalar(field)
    assert isinstance(result.df, np.float64)
    assert isinstance(find(x=1, dtype="float32").df, np.float32)


@pytest.mark.parametrize(
    "x", [1, True, np.int64(1), np.float32(1), [1], ((1, 0), (0, 1)), range(3)]
)
def test_points_may_come_in_any_form(x: Any) -> None:
    result = find(x=x)
    assert np.allclose(result.df, np.cos(np.asarray(x, float)), rtol=0, atol=1e-9)


def branch(x: Any) -> Any:
    return x * x if x > 0 else -x


SCALAR: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "math.sin": (math.sin, np.cos),
    "branch": (branch, lambda x: np.where(x > 0, 2 * x, -1.0)),
    "constant": (lambda x: 3.0, np.zeros_like),
}


@pytest.mark.parametrize("x", [0.5, X], ids=["scalar", "array"])
@pytest.mark.parametrize("function", SCALAR)
@pytest.mark.parametrize("name", ["central", "three_slope", "quadratic", "forward"])
def test_a_function_of_scalars(name: str, function: str, x: Any) -> None:
    f, slope = SCALAR[function]
    result = find(f, x, estimator=name)
    assert np.allclose(result.df, slope(np.asarray(x)), rtol=0, atol=2 * TOLERANCE.get(name, 1e-8))


class Counted:
    """Counts calls, and the elements that were evaluated."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f, self.calls, self.elements = f, 0, 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        self.elements += np.size(x)
        return self.f(x)


@pytest.mark.parametrize("num_steps", [1, 7])
@pytest.mark.parametrize("name", [n for n in ON_NUMPY if n != "complex_step"])
def test_nfev_is_what_f_was_asked_for(name: str, num_steps: int) -> None:
    """Elements for a function of arrays; calls for one of scalars, the refused one included."""
    f = Counted(np.sin)
    assert find(f, estimator=name, num_steps=num_steps).nfev.sum() == f.elements

    f = Counted(math.sin)
    assert find(f, 0.5, estimator=name, num_steps=num_steps).nfev == f.calls

    f = Counted(math.sin)
    result = find(f, estimator=name, num_steps=num_steps)
    refused = 1 if f.calls else 0
    assert (result.nfev - refused).sum() + refused == f.calls


def test_a_seed_repeats_every_bit() -> None:
    for name in RANDOM:
        first, second = find(estimator=name, seed=5), find(estimator=name, seed=5)
        assert first.seed == 5
        assert np.array_equal(first.df, second.df)
        assert np.array_equal(first.standard_error, second.standard_error)
        assert not np.array_equal(first.df, find(estimator=name, seed=6).df)


def test_no_seed_takes_one_and_records_it() -> None:
    """Three fresh seeds of 32 bits: two are equal with odds of 7e-10."""
    results = [find(seed=None) for _ in range(3)]
    assert len({result.seed for result in results}) == 3
    for result in results:
        assert np.array_equal(find(seed=result.seed).df, result.df)


def test_an_element_does_not_depend_on_its_neighbours() -> None:
    """Draws are shared by all of x: an array gives what its elements give one by one."""
    together = find(lambda x: x * x * x).df
    alone = [find(lambda x: x * x * x, x).df for x in X.ravel()]
    assert together.ravel().tolist() == alone


def test_f_may_be_evaluated_in_a_higher_precision_than_x() -> None:
    """math.exp works in double: in float32 only the points are rounded."""
    result = find(math.exp, 1.0, estimator="central", epsilon=1e-3, dtype="float32")
    assert isinstance(result.df, np.float32)
    assert result.df == pytest.approx(math.e, rel=1e-6)
    single = find(np.exp, 1.0, estimator="central", epsilon=1e-3, dtype="float32")
    assert abs(single.df - math.e) > abs(result.df - math.e)


def test_f_cannot_change_the_points() -> None:
    def f(x: Any) -> Any:
        x *= 2
        return x

    x = X.copy()
    assert np.allclose(find(f, x).df, 2)
    assert np.array_equal(x, X)


@pytest.mark.slow
def test_f_may_return_numbers_of_other_kinds() -> None:
    for f in (lambda x: np.floor(x).astype(int), lambda x: (x > 0).astype(np.uint8), branch_of):
        assert not find(f, [0.5, -1.5, 7.25]).df.any()
    assert find(lambda x: np.asarray(3 * x, object)).df == pytest.approx(3)
    assert find(lambda x: Fraction(float(x)) * 3, epsilon="auto").df == pytest.approx(3)


def test_options_may_be_numpys_numbers() -> None:
    plain = find(estimator="central", jitter=0.5, epsilon=1e-3)
    assert np.array_equal(
        find(estimator="central", jitter=np.float32(0.5), epsilon=1e-3).df, plain.df
    )
    assert find(estimator="regression", degree=np.int64(3)).success.all()


def branch_of(x: Any) -> bool:
    return bool(x > 0)


def test_an_imaginary_part_that_is_large_is_looked_into() -> None:
    """At a zero of f nothing but the step's is left: f is asked once more, whether it is real."""
    f = Counted(np.sin)
    result = find(f, 0.0, estimator="complex_step")
    assert result.df == pytest.approx(1, rel=1e-9)
    assert result.nfev == f.elements == 2


def test_an_imaginary_part_that_is_nothing_is_looked_into() -> None:
    """An expectation ⟨ψ|Z|ψ⟩ has conjugated half of the step away: a slope of 0 is none."""

    def expectation(t: Any) -> Any:
        psi = np.array([np.cos(t / 2), -1j * np.sin(t / 2)])
        return np.vdot(psi, psi * [1, -1])

    with pytest.raises(ConfigError, match=r"^f returned complex numbers for real ones"):
        find(expectation, 0.7, estimator="complex_step")
    constant = find(lambda x: 0 * x + 3, 0.7, estimator="complex_step")
    assert (constant.df, constant.nfev, constant.status) == (0, 2, OK)


class TestTensorFlow:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("name", [n for n in sorted(ESTIMATORS) if n != "richardson"])
    def test_same_result_as_numpy(self, name: str, dtype: str, tensorflow: Backend) -> None:
        """Same draws, so the same estimates, up to the last bits of sin over the step."""
        settings = {"estimator": name, "dtype": dtype, "epsilon": 1e-3, "num_steps": 10}
        theirs = find(
            tensorflow.sin, **{**settings, "backend": "tensorflow", "derivative": tensorflow.cos}
        )
        ours = find(**{**settings, "estimator": "analytic" if name == "autodiff" else name})
        assert theirs.df.dtype == dtype
        assert theirs.df.shape == X.shape
        # ulp(1)/2 in each value, over the shortest step: 1e-5, and relative to x = 1e-3 1e-6.
        shortest = 1e-6 if ESTIMATORS[name].relative else 1e-5
        eps = float(np.finfo(dtype).eps)
        atol = 4 * eps + (4 * eps * np.abs(np.sin(X)) / shortest if dtype == "float64" else 4e-2)
        assert (np.abs(theirs.df - ours.df) <= atol).all()

    def test_autodiff_through_derivative(self, tensorflow: Backend) -> None:
        result = find(tensorflow.sin, estimator="autodiff", backend="tensorflow")
        assert np.allclose(result.df, np.cos(X), rtol=1e-15, atol=1e-16)
        assert (result.nfev == 1).all()
        assert (result.status == OK).all()


@pytest.mark.parametrize(
    ("derivative", "message"),
    [
        (lambda x: None, "derivative returned None"),
        (lambda x: "one", "derivative returned <U3 values"),
        (lambda x: x + 1j, "derivative returned complex numbers"),
        (lambda x: np.zeros((2, 2)), "derivative returned an array of shape"),
    ],
)
def test_a_closed_form_that_is_no_function_of_numbers_is_refused(
    derivative: Any, message: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        find(np.sin, [1.0, 2.0], estimator="analytic", derivative=derivative)


@pytest.mark.parametrize(
    "derivative", [math.cos, lambda x: np.cos(x[..., :2]) if x.ndim else np.cos(x)]
)
def test_a_closed_form_may_be_one_of_scalars(derivative: Any) -> None:
    """One that answers an array with another shape is called point by point, as f is."""
    found = find(np.sin, [1.0, 2.0, 3.0], estimator="analytic", derivative=derivative)
    assert np.array_equal(found.df, np.cos([1.0, 2.0, 3.0]))
    assert found.nfev.tolist() == [0, 0, 0]
