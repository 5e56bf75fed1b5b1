"""Where the project keeps what it makes."""

from __future__ import annotations

from pathlib import Path


def project_root(directory: Path | None = None) -> Path:
    """Return the project's folder, which holds ``pyproject.toml`` and ``conf/``.

    Looked for around the directory (by default the working directory), then around this package;
    else the directory itself.
    """
    start = (directory or Path.cwd()).resolve()
    for folder in (start, *start.parents, *Path(__file__).resolve().parents):
        if (folder / "pyproject.toml").is_file() and (folder / "conf").is_dir():
            return folder
    return start
