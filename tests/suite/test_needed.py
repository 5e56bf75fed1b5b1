"""What the suite imports is looked for before any of it is imported."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from stochgrad import suite

CORE = {"numpy", "scipy", "stochgrad"}
OPTIONAL = {"dask_jobqueue", "jacobi", "numdifftools"}
"""Of other extras."""
BROUGHT = {"dask": "distributed", "markupsafe": "jinja2", "sqlalchemy": "mlflow"}
"""By which package each comes along."""


def imported() -> Iterator[str]:
    """Yield what the sources of the suite import, anywhere in them."""
    for file in Path(suite.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (name.name.partition(".")[0] for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition(".")[0]


def test_the_list_is_what_the_sources_import() -> None:
    others = set(imported()) - set(sys.stdlib_module_names) - CORE - OPTIONAL
    assert {BROUGHT.get(name, name) for name in others} == set(suite.NEEDED)
