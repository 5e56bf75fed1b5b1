"""The estimator laboratory against what is asked of it: four benchmarks, one after another."""

from __future__ import annotations

from benchmarks import automatic, coverage, predictions, rivals

PARTS = (predictions, coverage, automatic, rivals)


def main(repeats: int | None = None, size: int | None = None) -> None:
    """Run all of them; ``repeats`` and ``size`` are each one's own unless they are given."""
    for part in PARTS:
        part.main(repeats, size)
