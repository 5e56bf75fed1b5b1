"""Where the project keeps what it makes."""

from __future__ import annotations

from pathlib import Path


def project_root(directory: Path | None = None) -> Path:
    """Return the nearest folder that holds ``pyproject.toml`` and ``conf/``, else the directory."""
    start = (directory or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "pyproject.toml").is_file() and (folder / "conf").is_dir():
            return folder
    return start
