"""Which modules are searched for examples."""

from __future__ import annotations

from pathlib import Path


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out a module without any: to look into it, it would be imported, with all it needs."""
    if collection_path.suffix == ".py" and ">>>" not in collection_path.read_text("utf-8"):
        return True
    return None
