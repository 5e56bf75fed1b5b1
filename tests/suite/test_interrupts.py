"""Ctrl-C in the first second of a program, while it imports: one line, and code 130."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ["src.run", "src.tune", "benchmarks", "pipelines.guide"]
# As a dataclass is made, whose methods are a text that Python executes; and as NumPy's C does it.
INTERRUPTED = """
import os, signal, time
exec("os.kill(os.getpid(), signal.SIGINT); time.sleep(9)")
"""
SWALLOWED = f"""
try:
    exec({INTERRUPTED!r})
except KeyboardInterrupt:
    pass
raise ImportError("the original is lost")
"""


@pytest.mark.parametrize(
    ("program", "stand_in"),
    [*((program, INTERRUPTED) for program in PROGRAMS), ("src.run", SWALLOWED)],
    ids=[*PROGRAMS, "swallowed"],
)
def test_ctrl_c_during_imports_is_one_line(program: str, stand_in: str, tmp_path: Path) -> None:
    """The package, whose import takes the time, is a stand-in that is interrupted."""
    (tmp_path / "stochgrad.py").write_text(stand_in)
    assert run(program, tmp_path) == ("error: interrupted\n", 130)


@pytest.mark.slow
def test_ctrl_c_in_a_text_that_is_executed_later_is_code_130_too(tmp_path: Path) -> None:
    """Python itself would end by the signal then, if the program is a module."""
    body = (
        "from stochgrad.suite.cli import explained\nraise SystemExit(explained(lambda: exec({!r})))"
    )
    (tmp_path / "program.py").write_text(body.format(INTERRUPTED))
    assert run("program", tmp_path) == ("error: interrupted\n", 130)


def run(program: str, path: Path) -> tuple[str, int]:
    """Run a module; return what it said, and its code."""
    ended = subprocess.run(
        [sys.executable, "-m", program], cwd=ROOT, env={"PYTHONPATH": str(path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ended.stderr, ended.returncode
