"""Which stages a page has a row of provenance for."""

from __future__ import annotations

from pathlib import Path

import pytest

from stochgrad.suite.report.results import Results
from stochgrad.suite.report.sections import build
from stochgrad.suite.report.sections.runs import stages_of


def test_every_stage_that_a_section_reads_is_one_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = set()

    def find(self: Results, stage: str, path: Path) -> Path:
        asked.add(stage)
        raise self._missing(stage, path, "is missing")

    monkeypatch.setattr(Results, "_find", find)
    sections = build(Results(Path("/")), "digits")
    assert all(section.missing for section in sections.values())
    assert asked == set(stages_of("digits")) >= {"gradients", "xor_study"}
