"""Tables come back from their files as they were."""

from __future__ import annotations

import math
from pathlib import Path

from stochgrad.suite.analysis.tables import read_csv, write_csv


def test_a_table_reads_back_to_the_last_digit(tmp_path: Path) -> None:
    rows = [
        {"name": "x^π, “quoted”", "value": 0.1 + 0.2, "count": 3, "holds": True, "none": None},
        {"name": "line\nbreak", "value": 5e-324, "count": -1, "holds": False, "further": 1e22},
    ]
    write_csv(rows, tmp_path / "tables" / "t.csv")
    found = read_csv(tmp_path / "tables" / "t.csv")
    assert found[0] == {**rows[0], "further": None}
    assert found[1] == {**rows[1], "none": None}


def test_what_is_not_finite_stays_so(tmp_path: Path) -> None:
    write_csv([{"a": math.inf, "b": -math.inf, "c": math.nan}], tmp_path / "t.csv")
    (row,) = read_csv(tmp_path / "t.csv")
    assert (row["a"], row["b"]) == (math.inf, -math.inf)
    assert math.isnan(row["c"])
