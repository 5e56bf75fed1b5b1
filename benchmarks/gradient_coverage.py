"""How often 95 % intervals hold the components of a gradient, over random functions."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.problems.drawing import Draw, generator
from benchmarks.problems.multivariate import Multivariate, draw_multivariate
from benchmarks.verdict import Row, Verdict, show_rows, show_verdicts, with_bar, write_rows

NOISES = (0.0, 1e-10, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2)
"""Standard deviations over |f(x)|."""
RESOLVED = 10.0
"""Times the machine epsilon: less noise is not seen among the rounding errors."""
FAR, SHARE = 3.0, 0.01
"""A component is silently wrong if it is off by more than three half-widths and by 1 %."""


class Noisy:
    """A function with noise of its own; its values have the dtype of its points."""

    def __init__(self, f: Multivariate, noise: float, rng: np.random.Generator) -> None:
        self.f, self._rng = f, rng
        self.sigma = noise * abs(float(f(f.x)))

    def __call__(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return values at points of shape ``(…, d)``."""
        values = self.f(x)
        if not self.sigma:
            return values
        noisy = values + self.sigma * self._rng.standard_normal(values.shape)
        return noisy.astype(x.dtype)


def draw_case(rng: np.random.Generator, dtype: str, most: int) -> tuple[Noisy, float]:
    """Draw a function of 2 to ``most`` variables and a noise that the dtype can show."""
    shown = [n for n in NOISES if not n or n > RESOLVED * float(np.finfo(dtype).eps)]
    noise = float(rng.choice(shown))
    f = draw_multivariate(Draw(rng, dtype), 2, most)
    return Noisy(f, noise, rng.spawn(1)[0]), noise


def measure(f: Noisy, noise: float, seed: int, **settings: Any) -> Row:
    """Return counts of components: answered, covered, silently wrong."""
    from stochgrad import gradient

    found = gradient(f, f.f.x, vectorized=True, seed=seed, **settings)
    exact = f.f.gradient()
    low, high = found.confidence_interval(0.95)
    answered = found.status == 0
    off, half = np.abs(found.df - exact), (high - low) / 2
    far = (off > SHARE * np.abs(exact)) & (np.abs(found.slope - exact) > FAR * half)
    return {
        "dtype": f.f.x.dtype.name, "noise": noise, "variables": exact.size,
        "answered": int(answered.sum()),
        "covered": int((answered & (low <= exact) & (exact <= high)).sum()),
        "silent": int((answered & far).sum()),
        "nfev": found.nfev,
        "relative": float(np.median(off / np.maximum(np.abs(exact), 1e-300))),
    }  # fmt: skip


def summary(rows: list[Row]) -> Row:
    """Return shares of components, and evaluations per variable."""
    total = {key: sum(r[key] for r in rows) for key in
             ("variables", "answered", "covered", "silent", "nfev")}  # fmt: skip
    return {
        "cases": len(rows), "status 0": total["answered"] / total["variables"],
        "covered": total["covered"] / max(total["answered"], 1),
        "silent": total["silent"] / total["variables"],
        "evaluations": total["nfev"] / total["variables"],
        "mean per case": float(np.mean([r["nfev"] / r["variables"] for r in rows])),
        "median error": float(np.median([r["relative"] for r in rows])),
    }  # fmt: skip


def main(
    *,
    seed: int = 0,
    cases: int = 500,
    most: int = 200,
    dtype: Literal["both", "float64", "float32"] = "both",
    output: str = "",
) -> None:
    """Print coverage by dtype and noise, and hold the totals against what is asked for.

    A case is a random function of 2 to 200 variables, whose scales are between 1e-6 and 1e6.

    Args:
        seed: any integer; draws functions, points, noise and seeds.
        cases: random functions.
        most: variables.
        dtype: of x and f.
        output: a JSON file for the same.
    """
    dtypes = ("float64", "float32") if dtype == "both" else (dtype,)
    rows = []
    for number in with_bar("gradients", list(range(cases))):
        rng = generator(seed, number)
        f, noise = draw_case(rng, dtypes[number % len(dtypes)], most)
        rows.append(measure(f, noise, number))
    table = []
    for kind in dtypes:
        part = [r for r in rows if r["dtype"] == kind]
        for noise in NOISES:
            some = [r for r in part if r["noise"] == noise]
            if some:
                table.append({"dtype": kind, "noise": f"{noise:g}", **summary(some)})
    whole = summary(rows)
    table.append({"dtype": "all", "noise": "all", **whole})
    title = f"Gradients: {cases} random functions, seed={seed}"
    show_rows(title, table, list(table[0]))
    write_rows(output, title, table)
    clean = summary([r for r in rows if not r["noise"]])
    show_verdicts(
        "Components of gradients",
        [
            Verdict("95 % intervals that cover, where status is 0", whole["covered"], 0.93, 0.97),
            Verdict("status 0", whole["status 0"], 0.85),
            Verdict("silent errors", whole["silent"], most=0.002),
            Verdict(
                "evaluations a variable without noise, mean of cases",
                clean["mean per case"],
                most=30,
            ),
        ],
        "silent: off by more than 1 % and 3 half-widths with status 0; evaluations: mean of cases",
    )
