"""The ledger of a paper as files: a page, a Parquet file and CSV, and the curves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from stochgrad.suite.analysis.tables import write_csv
from stochgrad.suite.replicate.cells import Found
from stochgrad.suite.replicate.paper import Paper
from stochgrad.suite.replicate.verdict import RULE
from stochgrad.suite.report.numbers import number, whole
from stochgrad.suite.tasks.result import Row

STABLE = ("seconds", "run_id", "commit")
"""Columns that differ each time: no part of the file whose bytes a second run repeats."""


def write_ledger(
    folder: Path, name: str, paper: Paper, found: Sequence[Found], command: str
) -> Path:
    """Write ``index.html``, ``ledger.parquet``, ``ledger.csv``, ``numbers.csv``, ``curves.csv``.

    Returns:
        The page.
    """
    rows = [one.row for one in found]
    folder.mkdir(parents=True, exist_ok=True)
    _write_parquet(rows, folder / "ledger.parquet")
    write_csv(rows, folder / "ledger.csv")
    numbers = [{k: v for k, v in row.items() if k not in STABLE} for row in rows]
    write_csv(numbers, folder / "numbers.csv")
    write_csv(list(_curves(found)), folder / "curves.csv")
    counts = {v: sum(row["verdict"] == v for row in rows) for v in dict.fromkeys(_verdicts(rows))}
    metrics = {"cells": len(rows), **{key.replace(" ", "_"): n for key, n in counts.items()}}
    text = json.dumps(metrics, indent=2)
    (folder / "metrics.json").write_text(f"{text}\n", encoding="utf-8")
    page = folder / "index.html"
    page.write_text(_html(name, paper, found, command), encoding="utf-8")
    (folder / "ledger.md").write_text(markdown(paper, rows), encoding="utf-8")
    return page


def _verdicts(rows: Sequence[Row]) -> list[str]:
    return sorted(str(row["verdict"]) for row in rows)


def _write_parquet(rows: Sequence[Row], path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    texts = ("cell", "unit", "verdict", "reason", "settings", "commit", "run_id", "command")
    names = list(dict.fromkeys(key for row in rows for key in row))
    kinds = {"seeds": pa.int64(), **dict.fromkeys(texts, pa.string())}
    schema = pa.schema([(key, kinds.get(key, pa.float64())) for key in names])
    columns = [[row.get(key) for row in rows] for key in names]
    arrays = [pa.array(c, type=f.type) for c, f in zip(columns, schema, strict=True)]
    parquet.write_table(pa.Table.from_arrays(arrays, schema=schema), path)


def _curves(found: Sequence[Found]) -> Any:
    """Yield the training error of every cell by epoch, and the forward passes until then."""
    for one in found:
        if one.curve is None:
            continue
        for at, values in zip(one.curve.at.tolist(), one.curve.values, strict=True):
            error = 100 * (1 - np.asarray(values))
            yield {
                "cell": one.row["cell"], "at": at, "passes": at * one.passes,
                "train_error": float(error.mean()),
                "low": float(error.min()), "high": float(error.max()),
            }  # fmt: skip


def interval(row: Mapping[str, Any]) -> str:
    """Write our number with its interval."""
    if np.isnan(row["ours"]):
        return "–"
    ends = "" if np.isnan(row["low"]) else f" [{number(row['low'])}, {number(row['high'])}]"
    return f"{number(row['ours'])}{ends}"


def published(row: Mapping[str, Any]) -> str:
    """Write the published number with its tolerance."""
    if row["published"] is None:
        return "–"
    return f"{number(row['published'])} ± {number(row['tolerance'], 2)}"


def markdown(paper: Paper, rows: Sequence[Row]) -> str:
    """Return the ledger as a table in Markdown."""
    lines = [
        f"### {paper.title}", "", f"{paper.reference}. {paper.lead}", "",
        "| cell | unit | published | ours [95 %] | seeds | verdict | |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for row in rows:
        cells = (
            row["cell"], row["unit"], published(row), interval(row), row["seeds"],
            f"**{row['verdict']}**", row["reason"],
        )  # fmt: skip
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join([*lines, ""])


def _html(name: str, paper: Paper, found: Sequence[Found], command: str) -> str:
    style = resources.files("stochgrad.suite.report").joinpath("templates", "style.css")
    rows = []
    for one in found:
        row = one.row
        seconds = "–" if row.get("seconds") is None else f"{whole(row['seconds'])} s"
        passes = "–" if row.get("passes") is None else number(row["passes"], 2)
        commit = f"<code>{(row.get('commit') or '–')[:10]}</code>"
        alone = f"<code>{escape(str(row.get('command') or row.get('settings') or ''))}</code>"
        told = [
            escape(str(row["cell"])), escape(str(row["unit"])), published(row), interval(row),
            str(row["seeds"]), f"<strong>{escape(str(row['verdict']))}</strong>",
            escape(str(row["reason"])), passes, seconds, commit, alone,
        ]  # fmt: skip
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in told) + "</tr>")
    heads = (
        "cell", "unit", "published ± t", "ours [95 %]", "seeds", "verdict", "why",
        "passes an example", "time", "commit", "this cell alone",
    )  # fmt: skip
    head = "".join(f"<th>{title}</th>" for title in heads)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(paper.title)}</title><link rel="icon" href="data:,">
<style>{style.read_text("utf-8")}</style></head><body>
<header><h1>{escape(paper.title)}</h1><p class="lead">{escape(paper.lead)}</p>
<p>{escape(paper.reference)}. This page: <code>{escape(command)}</code>; all numbers:
<a href="ledger.parquet">Parquet</a>, <a href="ledger.csv">CSV</a>, and the
<a href="curves.csv">training curves</a>.</p></header>
<main><section id="ledger"><h2>Ledger</h2>
<div class="table" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>
{chr(10).join(rows)}
</tbody></table></div>
<p><strong>The rule.</strong> {escape(RULE)}</p>
<p>A pass forwards, along one direction, or back, is one product with every matrix; so is what makes
a gradient of the weights.</p>
</section></main></body></html>
"""
