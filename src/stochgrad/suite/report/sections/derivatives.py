"""The notebook's four derivatives beside exact ones."""

from __future__ import annotations

import math

from stochgrad.suite.analysis.intervals import t_quantile
from stochgrad.suite.figures.studies.derivatives import notebook_derivatives
from stochgrad.suite.report.content import Column, Picture, Section, Table
from stochgrad.suite.report.drawing import drawn
from stochgrad.suite.report.results import Results

STAGE = "derivatives"
COLUMNS = (
    Column("formula", "f(x)"),
    Column("dtype", "dtype"),
    Column("exact", "exact f′(x)", "precise"),
    Column("tensorflow", "TensorFlow", "precise"),
    Column("mean", "estimate, mean", "precise"),
    Column("half", "± (95 % of the mean)", "number"),
    Column("std", "std of one estimate", "number"),
    Column("relative", "relative error (RMS)", "number"),
)


def build(results: Results, dataset: str, section: Section) -> None:
    """Add the table of derivatives, and their errors as a figure."""
    rows = results.table(STAGE, "derivatives")
    table = [
        {
            **row,
            "half": t_quantile(row["replicates"]) * row["std"] / math.sqrt(row["replicates"]),
            "relative": row["rmse"] / abs(row["exact"]),
        }
        for row in rows
    ]
    worst = {
        dtype: max(row["relative"] for row in table if row["dtype"] == dtype)
        for dtype in dict.fromkeys(row["dtype"] for row in table)
    }
    section.facts |= {
        "rows": table,
        "epsilon": rows[0]["epsilon"],
        "num_steps": rows[0]["num_steps"],
        "repeats": rows[0]["replicates"],
        "worst": worst,
    }
    section.add(
        Picture(
            name="notebook_derivatives",
            figure=drawn(notebook_derivatives, rows),
            alt="For each of four functions, the relative error of the estimate and of TensorFlow, "
            "in float32 and float64, on a logarithmic axis: the float32 estimate is off by about "
            "one percent, everything else by far less.",
            caption="Relative errors. In float32 the distance between the two points is mostly "
            "rounding, and a hundred draws share the same rounding.",
            stages=(STAGE,),
        ),
        Table(
            name="notebook_derivatives",
            caption=f"The four derivatives at x = 1/π, each estimated "
            f"{rows[0]['replicates']:,} times.",
            columns=COLUMNS,
            rows=table,
            stages=(STAGE,),
        ),
    )
