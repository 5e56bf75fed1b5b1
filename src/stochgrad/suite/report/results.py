"""The folders that the stages of the pipeline write, as a page reads them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stochgrad.errors import ConfigError
from stochgrad.suite.analysis.tables import read_csv
from stochgrad.suite.tasks.result import Row

GRADIENTS = ("exact", "estimated", "notebook")
"""Kinds of gradient with which the pipeline trains classifiers."""


class MissingResultError(ConfigError):
    """Something that a page needs is not there; the message says what, and how to make it."""


@dataclass(frozen=True)
class Results:
    """The results under the root of a project."""

    root: Path

    def table(self, stage: str, name: str) -> list[Row]:
        """Return the rows of ``results/<stage>/tables/<name>.csv``, of which there is at least one.

        Raises:
            MissingResultError: if there is no such file, or nothing in it.
        """
        path = self._find(stage, self.root / "results" / stage / "tables" / f"{name}.csv")
        rows = read_csv(path)
        if not rows:
            raise self._missing(stage, path, "is empty")
        return rows

    def metrics(self, stage: str) -> dict[str, Any]:
        """Return ``results/<stage>/metrics.json``."""
        return self._json(stage, self.root / "results" / stage / "metrics.json")

    def record(self, stage: str) -> dict[str, Any]:
        """Return the record of a stage: its runs, and what computed them."""
        name = f"{stage.replace('/', '-')}.json"
        return self._json(stage, self.root / "results" / "records" / name)

    def _json(self, stage: str, path: Path) -> dict[str, Any]:
        text = self._find(stage, path).read_text(encoding="utf-8")
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise self._missing(stage, path, "is not a JSON object")
        return found

    def _find(self, stage: str, path: Path) -> Path:
        if not path.is_file():
            raise self._missing(stage, path, "is missing")
        return path

    def _missing(self, stage: str, path: Path, what: str) -> MissingResultError:
        where = path.relative_to(self.root).as_posix()
        return MissingResultError(f"{where} {what}; to make it: dvc repro {stage_name(stage)}")


def stage_name(results: str) -> str:
    """Return the name in ``dvc.yaml`` of the stage that writes some results.

    >>> stage_name("classifiers/digits-exact"), stage_name("xor_study")
    ('classifiers@digits-exact', 'xor_study')
    """
    return results.replace("/", "@")
