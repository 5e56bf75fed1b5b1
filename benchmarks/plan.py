"""Signal-to-noise ratios that ``plan`` expects, over those that are measured."""

from __future__ import annotations

import numpy as np

from benchmarks.gradient_coverage import Noisy
from benchmarks.problems.drawing import Draw, generator
from benchmarks.problems.multivariate import draw_multivariate
from benchmarks.verdict import Row, Verdict, show_rows, show_verdicts, with_bar, write_rows

ESTIMATORS = ("central", "spsa", "gaussian_smoothing")
MOST = 200_000
"""Evaluations that a case may take in all; of a plan that asks for more the next one is drawn."""


def measure(seed: int, case: int, replicates: int) -> Row | None:
    """Return the expected and the measured ratio of one case; None where noise hides the gradient.

    A case is a function, a noise, a ratio, and an estimator.
    """
    from stochgrad import ConfigError, gradient, plan

    rng = generator(seed, case)
    f = draw_multivariate(Draw(rng, "float64"), 2, 50, 0.0)
    noisy = Noisy(f, float(10 ** rng.uniform(-7, -2)), rng.spawn(1)[0])
    snr = float(10 ** rng.uniform(0.5, 1.5))
    name = str(rng.choice(ESTIMATORS))
    try:
        found = plan(noisy, f.x, snr=snr, seed=case, vectorized=True)
    except ConfigError:
        return None
    row = found[name]
    if row.evaluations * replicates > MOST:
        return None
    exact = f.gradient()
    step = float(row.step[0]) if name != "central" else row.step
    errors = []
    for replicate in range(replicates):
        mean = np.zeros_like(exact)
        for r in range(row.repeats):
            made = gradient(noisy, f.x, estimator=name, epsilon=step, error_bars=False,
                            num_directions=row.directions, vectorized=True,
                            seed=replicate * row.repeats + r)  # fmt: skip
            mean += made.df / row.repeats
        errors.append(((mean - exact) ** 2).sum())
    measured = float(np.linalg.norm(exact) / np.sqrt(np.mean(errors)))
    return {
        "estimator": name, "expected": row.snr, "measured": measured, "ratio": row.snr / measured,
        "dominant": row.dominant, "evaluations": row.evaluations,
    }  # fmt: skip


def main(*, seed: int = 0, cases: int = 300, replicates: int = 60, output: str = "") -> None:
    """Print the quantiles of expected over measured ratios, by estimator.

    Args:
        seed: any integer; draws functions, noise, ratios and estimators.
        cases: that are measured.
        replicates: of each estimate.
        output: a JSON file for the same.
    """
    rows: list[Row] = []
    for case in with_bar("plans", list(range(3 * cases))):
        if len(rows) < cases and (row := measure(seed, case, replicates)) is not None:
            rows.append(row)
    table = []
    for name in (*ESTIMATORS, "all"):
        some = [r for r in rows if name in (r["estimator"], "all")]
        if not some:
            continue
        ratios = np.array([r["ratio"] for r in some])
        low, middle, high = np.quantile(ratios, (0.05, 0.5, 0.95))
        near = float(np.mean((ratios > 1 / 1.2) & (ratios < 1.2)))
        table.append({"estimator": name, "cases": len(some), "5 %": low, "median": middle,
                      "95 %": high, "within 20 %": near})  # fmt: skip
    title = f"Expected over measured ratios, seed={seed}"
    show_rows(title, table, list(table[0]))
    write_rows(output, title, table)
    show_verdicts("Plans", [Verdict("within 20 %", table[-1]["within 20 %"], 0.9)],
                  "of signal-to-noise ratios, expected over measured")  # fmt: skip
