"""Projects in temporary folders."""

from __future__ import annotations

from pathlib import Path


def make_project(root: Path) -> Path:
    """Make a folder that counts as a project's root, so that no run goes to the real one."""
    (root / "conf").mkdir(parents=True)
    (root / "pyproject.toml").write_text('[project]\nname = "stochgrad"\n')
    return root
