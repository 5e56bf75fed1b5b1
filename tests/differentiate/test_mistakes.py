"""What ``stochgrad.derivative`` says of wrong arguments, and of functions that it cannot use."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from stochgrad import ConfigError
from stochgrad.backends import Backend
from stochgrad.errors import WHOLE
from stochgrad.stencils import ESTIMATORS
from stochgrad.stencils.base import Estimator

from .test_elementwise import find

MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"estimator": "centrl"}, "estimator=centrl: unknown estimator; allowed: analytic,"),
    ({"estimator": ["central"]}, "estimator=['central']: unknown estimator; allowed: analytic,"),
    ({"estimator": "autodiff"}, "estimator=autodiff backend=numpy: it needs backend=tensorflow"),
    ({"epsilon": 0}, "epsilon=0: must be a finite number greater than 0"),
    ({"epsilon": -1.0}, "epsilon=-1.0: must be a finite number greater than 0"),
    ({"epsilon": math.nan}, "epsilon=nan: must be a finite number greater than 0"),
    ({"epsilon": math.inf}, "epsilon=inf: must be a finite number greater than 0"),
    ({"epsilon": "small"}, "epsilon=small: must be a number greater than 0"),
    ({"epsilon": True}, "epsilon=True: must be a number greater than 0"),
    ({"epsilon": 1j}, "epsilon=1j: must be a number greater than 0"),
    ({"epsilon": np.complex128(1)}, "epsilon=(1+0j): must be a number greater than 0"),
    ({"num_steps": 0}, f"num_steps=0: must be {WHOLE}, 1 or more"),
    ({"num_steps": 1e30}, "num_steps=1e+30: must be a whole number in digits, as 100 (not 1e2 or"),
    ({"num_steps": 10**18}, "num_steps=1000000000000000000: must be at most 100000000"),
    ({"num_steps": True}, f"num_steps=True: must be {WHOLE}, 1 or more"),
    ({"dtype": "float16"}, "dtype=float16: unknown dtype; allowed: float32, float64."),
    ({"dtype": np.float32}, "dtype=<class 'numpy.float32'>: unknown dtype; allowed: float32,"),
    ({"noise": 0.0}, "noise=0.0: must be a finite number greater than 0"),
    ({"noise": 1e300}, "noise=1e+300: must be at most 1e+100"),
    ({"seed": -1}, f"seed=-1: must be {WHOLE}, 0 or more"),
    ({"seed": np.random.SeedSequence(3)}, "seed=SeedSequence( entropy=3, ): must be a whole"),
    ({"seed": 0.5}, f"seed=0.5: must be {WHOLE}, 0 or more"),
    ({"backend": "torch"}, "backend=torch: unknown backend; allowed: numpy, tensorflow."),
    ({"h": 1e-3}, "h=0.001: there is no such setting here. Did you mean 'epsilon'?"),
    (
        {"estimator": "central", "bounds": (0, 2)},
        "bounds=… estimator=central: must be estimator=regression with epsilon=auto",
    ),
    (
        {"estimator": "regression", "epsilon": 0.1, "bounds": (0, 2)},
        "bounds=… estimator=regression: must be estimator=regression with epsilon=auto",
    ),
    ({"max_evaluation": 9}, "max_evaluation=9: there is no such setting here. Did you mean 'max_e"),
    ({"jitter": 2}, "estimator.jitter=2: must be a number from 0 to 1"),
    ({"jiter": 0.5}, "estimator.jiter=0.5: unknown estimator.jiter; allowed: division, jitter."),
    ({"division": "half"}, "estimator.division=half: unknown estimator.division; allowed: nominal"),
    ({"estimator": "analytic", "derivative": None}, "estimator=analytic: the function comes with"),
    ({"x": "one"}, "x='one': must be a real number or an array of real numbers"),
    ({"x": 1j}, "x=1j: must be a real number or an array of real numbers"),
    ({"x": None}, "x=None: must be a real number or an array of real numbers"),
    ({"x": [[1.0], [1.0, 2.0]]}, "x=[[1.0], [1.0, 2.0]]: must be a real number or an array"),
    ({"x": Fraction(1, 2)}, "x=Fraction(1, 2): must be a real number or an array of real numbers"),
    ({"x": np.ones((9, 9), complex)}, "x=array([[1.+0.j, 1.+0.j,"),
    ({"f": lambda x: np.exp(1j * x), "estimator": "complex_step"}, "f returned complex numbers"),
    ({"f": lambda x: None}, "f returned None for one point: must return one number"),
    ({"f": lambda x: {"y": x}}, "f returned dict values: must return numbers"),
    ({"f": lambda x: np.ones(3)}, "f returned an array of shape (3,) for one point: must return"),
    ({"f": math.sin, "estimator": "complex_step"}, "estimator=complex_step: f does not take compl"),
    ({"f": np.abs, "estimator": "complex_step"}, "estimator=complex_step: f returned real numbers"),
]


@pytest.mark.parametrize(("settings", "message"), MISTAKES, ids=[m[:40] for _, m in MISTAKES])
def test_a_mistake_is_one_line_that_names_it(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find(**settings)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_an_error_of_f_is_not_swallowed() -> None:
    def f(x: Any) -> Any:
        raise ZeroDivisionError("division by zero")

    with pytest.raises(ZeroDivisionError):
        find(f)
    with pytest.raises(ValueError, match=r"math domain error|expected a"):
        find(math.log, -1.0)


@pytest.mark.parametrize("name", ["central", "complex_step", "autodiff"])
def test_numpys_functions_are_none_of_tensorflows(name: str, tensorflow: Backend) -> None:
    with pytest.raises(ConfigError, match=r"^f returned ndarray for a tensor: .*tf\.sin, not np"):
        find(np.sin, estimator=name, backend="tensorflow")


@pytest.mark.parametrize("name", ["central", "complex_step", "autodiff"])
def test_tensors_of_another_kind(name: str, tensorflow: Backend) -> None:
    from tensorflow import reduce_sum, strings

    what = r"^f returned shape \(\) for points of shape .*one number"
    settings: dict[str, Any] = {"estimator": name, "backend": "tensorflow"}
    with pytest.raises(ConfigError, match=what):
        find(reduce_sum, **settings)
    if name == "central":
        with pytest.raises(ConfigError, match="f returned string values: must return numbers"):
            find(strings.as_string, **settings)


class NoRule(Estimator):
    """It moves x, and is not nodes and weights."""

    name = "no_rule"
    perturbs = True

    def evaluations(self, num_steps: int) -> int:
        return 1

    def samples(self, target: Any, x: Any, steps: Any, scale: Any, xp: Backend) -> Any:
        return target.f(x + steps["step"]) - target.f(x)


def test_a_step_that_nobody_can_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ESTIMATORS._entries, "no_rule", NoRule)
    said = "^epsilon=auto estimator=no_rule: its best step is not known, .*; give epsilon a number"
    with pytest.raises(ConfigError, match=said):
        find(estimator="no_rule", epsilon="auto")
    assert (find(estimator="no_rule").status == 5).all()
