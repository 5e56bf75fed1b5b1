"""The notebook's four derivatives beside exact ones."""

from __future__ import annotations

import math

from stochgrad.suite.analysis.intervals import t_quantile
from stochgrad.suite.figures.studies.derivatives import notebook_derivatives
from stochgrad.suite.report.content import Section
from stochgrad.suite.report.results import Results

STAGE = "derivatives"


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
    section.draw("notebook_derivatives", notebook_derivatives, rows)
    section.tabulate("notebook_derivatives", table)
