"""What a run leaves behind as files: settings, provenance, tables, arrays, figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.suite.analysis.tables import write_csv
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.tasks.result import Result
from stochgrad.suite.tracking.provenance import Provenance


def write_beginning(config: RunConfig, provenance: Provenance, folder: Path) -> None:
    """Write what is known before the run starts.

    ``config.json``, ``provenance.json`` and, if the working copy differs from its commit,
    ``diff.patch``, which ``git apply`` takes.
    """
    settings = config.model_dump(mode="json")
    _write_json(settings, folder / "config.json")
    _write_json(provenance.summary(), folder / "provenance.json")
    if provenance.code.diff:
        (folder / "diff.patch").write_bytes(provenance.code.diff)


def write_outcome(result: Result, folder: Path) -> None:
    """Write what the run returned, as far as it came.

    ``tables/*.csv``; ``arrays/curves.npz`` (``name.at`` ``(P,)`` and ``name.values`` ``(P, R)``,
    and the ``unit`` of ``at``, step or epoch); ``arrays/predictions.npz`` and
    ``arrays/results.npz``, with every replicate.
    """
    for name, rows in result.tables.items():
        write_csv(rows, folder / "tables" / f"{name}.csv")
    curves: dict[str, NDArray[Any]] = {}
    for name, curve in result.curves.items():
        curves[f"{name}.at"], curves[f"{name}.values"] = curve.at, curve.values
        curves["unit"] = np.array(curve.unit)
    _write_arrays(curves, folder / "arrays" / "curves.npz")
    if result.classification is not None:
        predictions = {
            "predicted": result.classification.predicted,
            "true": result.classification.true,
        }
        _write_arrays(predictions, folder / "arrays" / "predictions.npz")
    elif result.outputs is not None:
        _write_arrays({"outputs": result.outputs}, folder / "arrays" / "predictions.npz")
    _write_arrays(result.arrays, folder / "arrays" / "results.npz")


def _write_json(values: Any, path: Path) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_arrays(arrays: dict[str, NDArray[Any]], path: Path) -> None:
    if not arrays:
        return
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"array {name!r} holds Python objects, which only pickle could write")
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
