"""The same draws on NumPy, on TensorFlow and in a program made by XLA give the same estimates."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stochgrad import ESTIMATORS
from stochgrad.backends import Backend, get_backend
from stochgrad.stencils import Estimator, Rule, Steps, Target, expand, make_estimator, step_scale
from stochgrad.stencils.rule import layout
from stochgrad.suite.models.activations import ACTIVATIONS

pytestmark = pytest.mark.slow

NUMPY = get_backend("numpy")
REPLICATES = 2
COMMON = [n for n in ESTIMATORS if ESTIMATORS[n].backends is None]
DRAWS = 100


def draws(rule: Estimator, epsilon: float, dtype: str) -> Steps:
    k = rule.draws_per_step
    u = np.random.default_rng(3).random((1, k, DRAWS if k else 1, REPLICATES))
    return expand({key: s[0] for key, s in rule.steps(u, epsilon, dtype).items()}, 2)


def activations(rule: Estimator) -> list[str]:
    """Name those that the estimator can differentiate on both backends."""
    return [
        name
        for name, chosen in ((n, ACTIVATIONS[n]) for n in ACTIVATIONS)
        if not rule.needs_complex or all(map(chosen.takes_complex, ("numpy", "tensorflow")))
    ]


@cache
def program(name: str, backend: str, compiled: bool) -> Callable[[Any, Any], dict[str, Any]]:
    """Average the draws for every activation, in one program, which compiles once a dtype."""
    rule, xp = make_estimator(name), get_backend(backend)

    def run(points: Any, arrays: Any) -> Any:
        scale = step_scale(points, 0.0, xp)
        found = {}
        for activation in activations(rule):
            f, derivative = ACTIVATIONS[activation].f, ACTIVATIONS[activation].derivative
            target = Target(
                lambda p, f=f: f(p, xp),
                lambda p, derivative=derivative: derivative(p, xp),
                f(points, xp),  # as in training, where the layer's output is known
            )
            found[activation] = xp.mean(rule.samples(target, points, arrays, scale, xp), 0)
        return found

    return xp.compile(run) if compiled else run


def estimates(
    rule: Estimator, x: NDArray[Any], steps: Steps, backend: str, compiled: bool = False
) -> dict[str, NDArray[np.float64]]:
    xp = get_backend(backend)
    arguments = xp.asarray(x), {key: xp.asarray(s) for key, s in steps.items()}
    with np.errstate(all="ignore"):
        found = program(rule.name, backend, compiled)(*arguments)
    return {name: np.asarray(xp.to_numpy(array), np.float64) for name, array in found.items()}


def amplification(rule: Estimator, x: NDArray[Any], steps: Steps) -> NDArray[Any]:
    """What an error of 1 in every value of f amounts to in the estimate: Σ 2/|run|, averaged."""
    scale = np.abs(step_scale(x, 0.0, NUMPY)).astype(float)
    s = {key: np.asarray(array, np.float64) for key, array in steps.items()}
    if isinstance(rule, Rule):
        form, offsets = layout(rule), s["offsets"]
        total = 0.0
        for number, (i, j) in enumerate(form.pairs):
            a, b = (0.0 if form.row[k] is None else offsets[form.row[k]] for k in (i, j))
            share = s["shares"][number] if form.shares is None else form.shares[number]
            total = total + 2 * np.abs(share) / np.abs(a - b)
        return total.mean(0) / (scale if rule.relative else np.ones_like(scale))
    return np.ones_like(scale)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize(
    ("dtype", "epsilon"), [("float64", 1e-4), ("float64", 1e-8), ("float32", 1e-3)]
)
@pytest.mark.parametrize("name", COMMON)
def test_same_draws_same_estimates(name: str, dtype: str, epsilon: float, compiled: bool) -> None:
    """To what rounding explains, and in float64 at ε = 1e-4 to 1e-10 of the largest value of f.

    Backends differ by up to 8 machine epsilons in f (in GELU's tail times 1 + x²), and a difference
    quotient divides that by the distance of its points; XLA may round x + xh once instead of twice,
    which moves the estimate by ulp(x)·f″. The 1e-10: if every value of f is one machine epsilon
    off, all with the worst sign, 100 draws of ``quadratic`` at ε = 1e-4 move by 7e-11; the other
    estimators are less sensitive.
    """
    rule = make_estimator(name)
    x = np.stack([np.linspace(-6, 6, 25), np.linspace(-5, 7, 25)]).astype(dtype)
    steps = draws(rule, epsilon, dtype)
    ours = estimates(rule, x, steps, "numpy")
    theirs = estimates(rule, x, steps, "tensorflow", compiled)
    eps = float(np.finfo(dtype).eps)
    wide = x.astype(np.float64)
    for activation in ours:
        value = np.abs(ACTIVATIONS[activation].f(wide, NUMPY)) + np.abs(wide) * epsilon
        noise = 8 * eps * value * (1 + wide * wide if activation == "gelu" else 1)
        bound = noise * amplification(rule, x, steps) + 16 * eps * (1 + np.abs(wide))
        difference = np.abs(theirs[activation] - ours[activation])
        assert (difference <= bound).all(), (activation, (difference / bound).max())
        if dtype == "float64" and epsilon == 1e-4:
            assert difference.max() <= 1e-10 * max(1, value.max())


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_realised_step_is_not_simplified_away(
    dtype: str, compiled: bool, tensorflow: Backend
) -> None:
    """(x + a) − x stays what NumPy says, to the last bit; simplified to a, all would differ."""
    xp, rng = tensorflow, np.random.default_rng(0)
    x = rng.uniform(-30, 30, 1000).astype(dtype)
    a, b = rng.uniform(1e-5, 1e-3, (2, 1000)).astype(dtype)

    def run(x: Any, a: Any, b: Any) -> Any:
        above_a, above_b = x + a, x + b
        return {"side": above_a - x, "chord": above_a - above_b, "values": xp.exp(above_a)}

    found = (xp.compile(run) if compiled else run)(*map(xp.asarray, (x, a, b)))
    assert np.array_equal(xp.to_numpy(found["side"]), (x + a) - x)
    assert np.array_equal(xp.to_numpy(found["chord"]), (x + a) - (x + b))
    assert ((x + a) - x != a).mean() > 0.99


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize(("dtype", "epsilon"), [("float32", 1e-4), ("float64", 1e-9)])
@pytest.mark.parametrize("name", ["central", "forward", "central_fixed"])
def test_realised_and_nominal_stay_apart(
    name: str, dtype: str, epsilon: float, compiled: bool, tensorflow: Backend
) -> None:
    """exp at x in [16, 31], where rounding x ± xh costs 8 to 32 times what rounding f does.

    A program that divided by the step instead of the distance of its points, or evaluated f at
    other points than it measures, would be as bad as the nominal division.
    """
    x = np.linspace(16, 31, 2000).astype(dtype)[None]

    def rms(rule: Estimator, xp: Backend) -> float:
        u = np.zeros((1, rule.draws_per_step, 1, 1))
        steps = expand({k: s[0] for k, s in rule.steps(u, epsilon, dtype).items()}, 2)

        def run(points: Any, arrays: Any) -> Any:
            scale = step_scale(points, 0.0, xp)
            return rule.samples(Target(xp.exp), points, arrays, scale, xp)[0]

        arrays = {key: xp.asarray(s) for key, s in steps.items()}
        found = xp.to_numpy((xp.compile(run) if compiled else run)(xp.asarray(x), arrays))
        wide = x.astype(np.longdouble)
        h = wide * epsilon
        exact = np.exp(wide) * (1 + (h / 2 if name == "forward" else h * h / 6))
        return float(np.sqrt(np.mean((found / exact - 1) ** 2)))

    rule = make_estimator(name)
    reference = rms(rule, NUMPY)
    # Two values with errors of eps·f/√12, over h ≥ 16 ε or 2h; twice that for exp's own error.
    distance = 16 * epsilon * (1 if name == "forward" else 2)
    assert reference < 2 * float(np.finfo(dtype).eps) / (np.sqrt(6) * distance)
    assert rms(rule, tensorflow) < 2 * reference
    if name == "central":
        nominal = make_estimator(name, division="nominal")
        assert rms(nominal, tensorflow) > 4 * reference


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["three_slope", "quadratic", "forward", "central"])
def test_points_that_coincide_are_harmless_in_a_compiled_program(name: str, dtype: str) -> None:
    """Steps far below ulp(x): the estimate is small, whatever XLA fuses.

    It fuses silu's product with the subtraction, so that values at equal points differ by a
    rounding error, which must not be divided by nothing.
    """
    rule = make_estimator(name)
    x = np.linspace(1, 9, 2 * 25).astype(dtype).reshape(2, 25)
    steps = draws(rule, float(np.finfo(dtype).eps) / 50, dtype)
    for activation, found in estimates(rule, x, steps, "tensorflow", compiled=True).items():
        assert not found.any(), activation
