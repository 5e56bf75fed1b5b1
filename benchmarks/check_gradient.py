"""False alarms of ``check_gradient``, and wrong gradients that it finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.problems.drawing import Draw, generator
from benchmarks.problems.multivariate import Multivariate, draw_multivariate
from benchmarks.verdict import Row, Verdict, show_rows, show_verdicts, with_bar, write_rows

NOISES = (0.0, 1e-9, 1e-6, 1e-4, 1e-2)
"""Standard deviations over |f(x)|, in float64."""
KINDS = [*(("float64", noise) for noise in NOISES), ("float32", 0.0), ("bfloat16", 0.0)]
WRONG, VARIABLES = 0.03, 100
"""The planted error: of one component in so many."""


def noisy(
    f: Multivariate, kind: str, noise: float, rng: np.random.Generator
) -> Callable[[Any], NDArray[Any]]:
    """Return f with noise, with values of a dtype of fewer digits."""
    sigma = noise * abs(float(f(f.x)))

    def values(x: Any) -> NDArray[Any]:
        found = f(np.asarray(x, f.x.dtype))
        if sigma:
            found = found + sigma * rng.standard_normal(found.shape)
        if kind == "bfloat16":
            import ml_dtypes

            return np.asarray(found.astype(ml_dtypes.bfloat16))
        return found

    return values


def one_wrong(gradient: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Return a gradient with an error in one component that is no small one.

    A component of less than a tenth of the root mean square is no part of the claim: an error in it
    is less than 0.03 % of the gradient.
    """
    size = np.abs(gradient)
    wrong = gradient.copy()
    wrong[rng.choice(np.flatnonzero(size > 0.1 * np.sqrt((size**2).mean())))] *= 1 + WRONG
    return wrong


def measure(trial: int, seed: int, kind: str, noise: float, planted: bool) -> Row:
    """Return the verdict of one trial."""
    from stochgrad import check_gradient

    rng = generator(seed, trial, int(planted))
    dtype = "float64" if kind == "float64" else "float32"
    least = VARIABLES if planted else 2
    f = draw_multivariate(Draw(rng, dtype), least, VARIABLES, 0.0 if planted else 3.0)
    grad = f.gradient()
    if planted:
        grad = one_wrong(grad, rng)
    found = check_gradient(noisy(f, kind, noise, rng), grad, f.x, vectorized=True, seed=trial)
    return {
        "values": kind, "noise": noise, "planted": planted, "nfev": found.nfev_verdict,
        "differs": found.verdict == "differs", "tells": found.verdict != "cannot tell",
        "named": bool(found.components),
    }  # fmt: skip


def main(*, seed: int = 0, trials: int = 1000, output: str = "") -> None:
    """Print how often a right gradient is refused, and one with an error in one component.

    Args:
        seed: any integer; draws functions, points, noise and directions.
        trials: right gradients, spread over the kinds of values; half as many wrong ones.
        output: a JSON file for the same.
    """
    rows = []
    for t in with_bar("right gradients", list(range(trials))):
        rows.append(measure(t, seed, *KINDS[t % len(KINDS)], planted=False))
    seen = [k for k in KINDS if k[0] == "float64"]
    for t in with_bar("wrong gradients", list(range(trials // 2))):
        rows.append(measure(t, seed, *seen[t % len(seen)], planted=True))
    table = []
    for planted in (False, True):
        for kind, noise in KINDS:
            some = [r for r in rows if (r["planted"], r["values"], r["noise"])
                    == (planted, kind, noise)]  # fmt: skip
            if some:
                table.append({
                    "gradient": "3 % off in one of 100" if planted else "right",
                    "values": kind, "noise": f"{noise:g}", "trials": len(some),
                    "differs": float(np.mean([r["differs"] for r in some])),
                    "cannot tell": float(np.mean([not r["tells"] for r in some])),
                    "named": float(np.mean([r["named"] for r in some])),
                    "until the verdict": float(np.mean([r["nfev"] for r in some])),
                })  # fmt: skip
    title = f"check_gradient, alpha=0.01, seed={seed}"
    show_rows(title, table, list(table[0]))
    write_rows(output, title, table)
    right = [r for r in rows if not r["planted"]]
    wrong = [r for r in rows if r["planted"] and r["noise"] <= 1e-6]
    show_verdicts(
        "Checks of gradients",
        [
            Verdict("false alarms", float(np.mean([r["differs"] for r in right])), most=0.02),
            Verdict("found, noise to 1e-6", float(np.mean([r["differs"] for r in wrong])), 0.95),
            Verdict("evaluations for it, at most", max(r["nfev"] for r in rows), most=400),
        ],
        "wrong: one component of 100 is 3 % off",
    )
