"""``stochgrad.check_gradient``: verdicts, what they show, and how often they are wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stochgrad import ConfigError, check_gradient
from stochgrad.testing import assert_gradient

X = np.array([0.4, 1.1, -0.7, 2.0])


def f(x: Any) -> Any:
    return np.exp(np.sin(x)).sum(axis=-1)


def exact(x: Any) -> Any:
    return np.cos(x) * np.exp(np.sin(x))


def test_a_right_gradient_agrees() -> None:
    found = check_gradient(f, exact, X, seed=0)
    assert found
    assert found.verdict == found["verdict"] == "agrees"
    assert found.detects < 1e-7
    assert found.nfev <= 80
    assert found.claimed == pytest.approx(found.found, rel=1e-10)
    assert "agrees along 3 random directions" in str(found)


@pytest.mark.parametrize("index", [0, 3])
def test_the_component_to_blame_is_named(index: int) -> None:
    wrong = exact(X)
    wrong[index] *= 1.03
    found = check_gradient(f, wrong, X, seed=0)
    assert not found
    assert found.p_value < 1e-9
    ((name, claimed, inferred, error),) = found.components
    assert name == f"x[{index}]"
    assert claimed == pytest.approx(wrong[index])
    assert abs(inferred - exact(X)[index]) < 6 * error + 1e-12
    assert found.direction.shape == X.shape
    assert f"x[{index}]: claimed {claimed:.10g}" in found.message


def test_components_of_a_tree_have_names() -> None:
    x = {"w": np.ones((2, 2)), "b": 2.0}
    value = lambda p: np.sin(p["w"]).sum() * p["b"]  # noqa: E731
    right = {"b": np.sin(1.0) * 4, "w": np.full((2, 2), 2 * np.cos(1.0))}
    assert check_gradient(value, right, x, seed=0)  # in any order of the keys
    right["w"] = right["w"] + np.array([[0, 0], [0.1, 0]])
    assert check_gradient(value, right, x, seed=0).components[0][0] == "w[1, 0]"
    with pytest.raises(ConfigError, match=r"grad has \['w'\]: must have the keys of x"):
        check_gradient(value, {"w": right["w"]}, x, seed=0)


def test_the_cost_does_not_grow_with_the_variables() -> None:
    x = np.linspace(0.3, 2, 100)
    wrong = exact(x)
    wrong[57] *= 1.05
    found = check_gradient(f, wrong, x, seed=0)
    assert found.nfev_verdict <= 80
    assert found.nfev <= 480
    assert [c[0] for c in found.components] == ["x[57]"]


@pytest.mark.parametrize("sd", [1e-9, 1e-6, 1e-4, 1e-2])
@pytest.mark.statistical
def test_right_gradients_are_not_refused_for_noise(sd: float) -> None:
    """torch's defaults refuse 45 to 100 % of them. Of 30 at 1 %, four: odds of 2e-4."""
    rng = np.random.default_rng(0)
    noisy = lambda x: f(x) + sd * rng.standard_normal(x.shape[:-1])  # noqa: E731
    verdicts = [check_gradient(noisy, exact, X, seed=s, vectorized=True).verdict for s in range(30)]
    assert verdicts.count("differs") <= 3
    assert verdicts.count("agrees") >= (15 if sd == 1e-2 else 29)


def test_noise_that_hides_the_answer_is_said() -> None:
    rng = np.random.default_rng(0)
    noisy = lambda x: f(x) + 0.5 * rng.standard_normal(x.shape[:-1])  # noqa: E731
    found = check_gradient(noisy, exact, X, seed=0, vectorized=True)
    assert found.verdict == "cannot tell"
    assert "that takes about max_evaluations=" in found.message
    broken = check_gradient(lambda x: np.floor(40 * x).sum(axis=-1), exact, X, seed=0)
    assert broken.verdict != "agrees"


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_values_of_few_digits(dtype: str) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    kind = np.dtype(getattr(ml_dtypes, dtype, dtype))
    coarse = lambda x: f(np.asarray(x, np.float32)).astype(kind)  # noqa: E731
    assert check_gradient(coarse, exact, X, seed=0)
    assert check_gradient(coarse, 2 * exact(X), X, seed=0).verdict == "differs"


def test_pytest_shows_what_is_wrong() -> None:
    assert_gradient(f, exact, X, seed=0)
    with pytest.raises(AssertionError, match=r"(?s)differs: .* the odds of that are .*x\[0\]"):
        assert_gradient(f, lambda x: exact(x) * [1.1, 1, 1, 1], X, seed=0)
    rng = np.random.default_rng(0)
    noisy = lambda x: f(x) + 0.5 * rng.standard_normal(x.shape[:-1])  # noqa: E731
    with pytest.raises(AssertionError, match="cannot tell"):
        assert_gradient(noisy, exact, X, seed=0, vectorized=True)
    assert_gradient(noisy, exact, X, seed=0, vectorized=True, undecided=True)


def test_automatic_differentiation_of_torch() -> None:
    torch = pytest.importorskip("torch")

    class Cube(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(context: Any, x: Any) -> Any:
            context.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(context: Any, grad: Any) -> Any:
            (x,) = context.saved_tensors
            return grad * x**2 * torch.where(x > 1, 3.3, 3.0)

    wrong = check_gradient(lambda x: Cube.apply(x).sum(-1), None, torch.tensor(X), seed=0)
    assert [c[0] for c in wrong.components] == ["x[1]", "x[3]"] or {
        c[0] for c in wrong.components
    } == {"x[1]", "x[3]"}
    assert check_gradient(lambda x: (x**3).sum(-1), None, torch.tensor(X), seed=0)


def test_automatic_differentiation_of_jax() -> None:
    jax = pytest.importorskip("jax")

    @jax.custom_vjp
    def cube(x: Any) -> Any:
        return (x**3).sum()

    cube.defvjp(lambda x: (cube(x), x), lambda x, g: (g * 3.3 * x**2,))
    x = jax.numpy.asarray(X)
    assert check_gradient(cube, None, x, seed=0).verdict == "differs"
    assert check_gradient(lambda x: (x**3).sum(), None, x, seed=0)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_differs(value: float) -> None:
    wrong = exact(X)
    wrong[2] = value
    found = check_gradient(f, wrong, X, seed=0)
    assert (found.verdict, found.components[0][0]) == ("differs", "x[2]")
    assert "1 of 4 components of the gradient are not finite" in found.message


def test_components_too_small_to_be_seen_are_named() -> None:
    """At x = 1e-9 a sine changes by 1e-9 over its scale, beside 1: less than rounding explains."""
    x = np.array([1e-9, 1.0])
    wrong = np.array([-1.0, np.cos(1.0)])
    found = check_gradient(lambda p: np.sin(p).sum(-1), wrong, x, seed=0)
    assert "not seen would be an error in x[0]: " in found.message
    assert (
        check_gradient(lambda p: np.sin(p).sum(-1), wrong, x, seed=0, scale=1.0).verdict
        == "differs"
    )
    assert "not seen" not in check_gradient(f, exact, X, seed=0).message


def test_a_constant_has_no_gradient() -> None:
    assert check_gradient(lambda x: 1.0, np.zeros(2), [1.0, 2.0], seed=0)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"alpha": 2.0}, "alpha=2.0: must be a number between 0 and 1"),
        ({"max_evaluations": 20}, "max_evaluations=20 num_directions=3: must be 69 or more"),
        ({"grad": np.ones(3)}, r"grad of shape \(3,\): must have the shape of x, \(4,\)"),
        ({"grad": None}, "grad=None: must be a gradient or a function, unless x is a tensor"),
        ({"x": np.ones((2, 4))}, r"x of shape \(2, 4\): must be one point"),
    ],
)
def test_mistakes_are_explained(settings: dict[str, Any], said: str) -> None:
    whole: dict[str, Any] = {"grad": exact, "x": X, **settings}
    with pytest.raises(ConfigError, match=said):
        check_gradient(f, **whole)
