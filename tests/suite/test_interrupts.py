"""Ctrl-C in the first second of a program, while it imports: one line, and code 130."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ["src.run", "src.tune", "benchmarks", "pipelines.guide"]
INTERRUPTED = "import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(9)"


@pytest.mark.parametrize("program", PROGRAMS)
def test_ctrl_c_during_imports_is_one_line(program: str, tmp_path: Path) -> None:
    """The package, whose import takes the time, is a stand-in that is interrupted."""
    (tmp_path / "stochgrad.py").write_text(INTERRUPTED)
    assert run(program, tmp_path) == ("error: interrupted\n", 130)


def run(program: str, path: Path) -> tuple[str, int]:
    """Run a module; return what it said, and its code."""
    ended = subprocess.run(
        [sys.executable, "-m", program], cwd=ROOT, env={"PYTHONPATH": str(path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ended.stderr, ended.returncode
