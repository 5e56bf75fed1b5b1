"""Imports are part of the interface: what does not need a heavy library does not load it.

That the core needs NumPy and SciPy alone, tests/system/test_wheel.py shows where nothing else is.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from stochgrad import backends
from stochgrad.errors import ConfigError

HEAVY = ("tensorflow", "keras", "mlflow", "matplotlib", "sklearn", "hydra", "pandas", "pydantic")

PROGRAMS = {
    "import": "import stochgrad",
    "derivative": "import math, stochgrad; stochgrad.derivative(math.sin, 1.0, seed=0)",
    "numpy backend": "from stochgrad.backends import get_backend; get_backend('numpy')",
    "command": "from stochgrad.__main__ import main; main(['--help'])",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_heavy_is_imported(name: str) -> None:
    code = (
        f"{PROGRAMS[name]}\nimport sys\n"
        f"print([m for m in (*{HEAVY}, 'stochgrad.suite') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert done.stderr == ""


def test_a_backend_whose_library_is_missing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    monkeypatch.delitem(sys.modules, "stochgrad.backends.tensorflow", raising=False)
    monkeypatch.setattr(backends, "_LOADED", {})
    with pytest.raises(ConfigError, match=r"^backend=tensorflow: needs tensorflow, which is not"):
        backends.get_backend("tensorflow")
