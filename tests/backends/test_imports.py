"""Imports are part of the interface: what does not need a heavy library does not load it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("tensorflow", "keras", "mlflow", "matplotlib", "sklearn", "hydra", "pandas")

PROGRAMS = {
    "import": "import stochgrad",
    "derivative": "import math, stochgrad; stochgrad.derivative(math.sin, 1.0, seed=0)",
    "numpy backend": "from stochgrad.backends import get_backend; get_backend('numpy')",
    "schema": "import stochgrad.suite.config.schema",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_heavy_is_imported(name: str) -> None:
    code = f"{PROGRAMS[name]}\nimport sys\nprint([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""
