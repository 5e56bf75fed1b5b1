"""Special functions, powers of x to x, and smooth functions of several parts."""

from __future__ import annotations

from typing import Any

from benchmarks.problems.drawing import Draw
from benchmarks.problems.kinds import Problem, kind, problem
from benchmarks.problems.namespaces import mp


@kind("special functions")
def gamma_function(d: Draw) -> Problem:
    return problem(
        lambda x, m: m.gamma(x), d.uniform(0.2, 8), lambda x: mp.gamma(x) * mp.digamma(x)
    )


@kind("special functions")
def gamma_between_poles(d: Draw) -> Problem:
    x = d.exact(-d.rng.integers(1, 4) + d.rng.choice([-1, 1]) * d.log(1e-3, 0.3))
    return problem(lambda x, m: m.gamma(x), x, lambda x: mp.gamma(x) * mp.digamma(x))


@kind("special functions")
def logarithm_of_gamma(d: Draw) -> Problem:
    return problem(lambda x, m: m.gammaln(x), d.log(2.5, 100), mp.digamma)


@kind("special functions")
def digamma_function(d: Draw) -> Problem:
    return problem(lambda x, m: m.psi(x), d.log(0.3, 30), lambda x: mp.psi(1, x))


@kind("special functions")
def bessel_function(d: Draw) -> Problem:
    return problem(lambda x, m: m.j0(x), d.log(0.3, 30), lambda x: -mp.besselj(1, x))


@kind("special functions")
def error_function(d: Draw) -> Problem:
    return problem(
        lambda x, m: m.erf(x), d.uniform(-1.5, 1.5), lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)
    )


@kind("special functions")
def complementary_error_function(d: Draw) -> Problem:
    return problem(
        lambda x, m: m.erfc(x), d.uniform(1, 8), lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x)
    )


@kind("special functions")
def exponential_integral(d: Draw) -> Problem:
    return problem(lambda x, m: m.exp1(x), d.log(0.01, 10), lambda x: -mp.exp(-x) / x)


@kind("special functions")
def dawson_integral(d: Draw) -> Problem:
    return problem(
        lambda x, m: m.dawsn(x), d.uniform(0.1, 4),
        lambda x: 1 - mp.sqrt(mp.pi) * x * mp.exp(-x * x) * mp.erfi(x),
    )  # fmt: skip


@kind("special functions")
def complete_elliptic_integral(d: Draw) -> Problem:
    x = d.exact(1 - d.log(1e-3, 0.9))
    return problem(
        lambda x, m: m.ellipk(x), x,
        lambda x: (mp.ellipe(x) / (1 - x) - mp.ellipk(x)) / (2 * x),
    )  # fmt: skip


@kind("powers")
def x_to_the_x(d: Draw) -> Problem:
    return problem(lambda x, m: x**x, d.log(0.05, 10), lambda x: x**x * (mp.log(x) + 1))


@kind("powers")
def x_to_the_x_to_the_x(d: Draw) -> Problem:
    def slope(x: Any) -> Any:
        power, log = x**x, mp.log(x)
        return x**power * power * ((log + 1) * log + 1 / x)

    return problem(lambda x, m: x ** (x**x), d.uniform(0.3, 2), slope)


@kind("powers")
def exponential_to_the_square(d: Draw) -> Problem:
    return problem(
        lambda x, m: m.exp(x) ** (x * x), d.uniform(0.2, 1.5),
        lambda x: 3 * x * x * mp.exp(x**3),
    )  # fmt: skip


@kind("powers")
def large_power(d: Draw) -> Problem:
    n = d.integer(20, d.by_precision(50, 400))
    x = d.uniform(0.6, 1.4)
    return problem(lambda x, m: x ** float(n), x, lambda x: n * x ** (n - 1))


@kind("compositions")
def nested_sines(d: Draw) -> Problem:
    a, b, c = d.array(0.5, 3, 3)

    def slope(x: Any) -> Any:
        inner = b * mp.sin(c * x)
        return a * mp.cos(a * mp.sin(inner)) * mp.cos(inner) * b * c * mp.cos(c * x)

    return problem(lambda x, m: m.sin(a * m.sin(b * m.sin(c * x))), d.uniform(-2, 2), slope)


@kind("compositions")
def random_polynomial(d: Draw) -> Problem:
    coefficients = d.array(-1, 1, 8)

    def f(x: Any, m: Any) -> Any:
        total = 0 * x
        for c in coefficients:
            total = total * x + c
        return total

    def slope(x: Any) -> Any:
        return sum((7 - k) * c * x ** (6 - k) for k, c in enumerate(coefficients[:-1]))

    return problem(f, d.uniform(-1.5, 1.5), slope)


@kind("compositions")
def rational_function(d: Draw) -> Problem:
    a, b, c = d.uniform(-2, 2), d.uniform(0.2, 2), d.uniform(-1, 1)
    return problem(
        lambda x, m: (x + a) / (x * x + c * x + 1 + b), d.uniform(-2, 2),
        lambda x: (x * x + c * x + 1 + b - (x + a) * (2 * x + c)) / (x * x + c * x + 1 + b) ** 2,
    )  # fmt: skip


@kind("compositions")
def sum_of_exponentials(d: Draw) -> Problem:
    rates, weights = d.array(0.1, 5, 4), d.array(0.2, 1, 4)
    return problem(
        lambda x, m: sum(w * m.exp(-r * x) for w, r in zip(weights, rates, strict=True)),
        d.uniform(0, 2),
        lambda x: -sum(
            mp.mpf(w) * r * mp.exp(-r * x) for w, r in zip(weights, rates, strict=True)
        ),
    )  # fmt: skip


@kind("compositions")
def soft_step(d: Draw) -> Problem:
    width, a = d.log(0.02, 1), d.uniform(-1, 1)
    x = d.exact(a + width * d.rng.uniform(-3, 3))
    return problem(
        lambda x, m: 1 / (1 + m.exp(-(x - a) / width)), x,
        lambda x: 1 / (4 * width * mp.cosh((x - a) / (2 * mp.mpf(width))) ** 2),
    )  # fmt: skip
