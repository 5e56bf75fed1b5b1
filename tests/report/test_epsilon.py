"""The best step sizes of a study."""

from __future__ import annotations

import math

from stochgrad.report.sections.epsilon import best_epsilons, most_common

COMMON = {"exact": -2.0, "std": 0.0, "replicates": 10, "nfev": 2.0, "holds": True}


def test_the_best_step_is_the_one_of_the_smallest_measured_error() -> None:
    errors = {1e-2: 4e-2, 1e-4: 2e-4, 1e-6: 1e-3, 1e-8: math.nan}
    cells = [
        {**COMMON, "estimator": e, "dtype": d, "epsilon": at, "rmse": rmse * f, "bias": -rmse * f,
         "predicted_rmse": 3e-4 if e == "central" else None}
        for e, f in (("central", 1), ("forward", 10))
        for d in ("float32", "float64")
        for at, rmse in errors.items()
    ]  # fmt: skip
    found = {(row["estimator"], row["dtype"]): row for row in best_epsilons(cells)}
    assert len(found) == 4
    best = found["forward", "float64"]
    assert (best["epsilon"], best["relative"], best["predicted"]) == (1e-4, 1e-3, None)
    assert (best["low"], best["high"]) == (1e-3, 1e-3)
    assert found["central", "float32"]["predicted"] == 1.5e-4


def test_the_most_common_value_is_the_first_of_several() -> None:
    assert most_common([3, 1, 1, 3, 2]) == 3
