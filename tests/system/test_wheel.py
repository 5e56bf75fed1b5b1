"""The wheel, in environments of its own: the core with NumPy and SciPy alone, and the suite."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterable
from importlib.metadata import distribution, distributions
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from mlflow.tracking import MlflowClient

ROOT = Path(__file__).resolve().parents[2]
FOUNDATION = ("numpy", "scipy")
TESTING = (
    "pytest", "hypothesis",
    "iniconfig", "packaging", "pluggy", "pygments", "sortedcontainers",  # which they need
)  # fmt: skip
OF_THE_CORE = (
    "backends", "stencils", "differentiate", "inference", "theory",
    "test_main.py", "test_random.py", "test_registry.py",
)  # fmt: skip
FRONT_DOORS = """
import math, sys, sysconfig
from importlib.metadata import requires
from pathlib import Path
from stochgrad import derivative, gradient, jacobian
assert abs(derivative(math.sin, 1.0, seed=0).df - math.cos(1)) < 1e-6
for found in (
    gradient(lambda x: x @ x, [1.0, 2.0], estimator="central").df - [2, 4],
    jacobian(lambda x: 3 * x, [1.0, 2.0], estimator="central").df[1] - [0, 3],
):
    assert abs(found).max() < 1e-6
site = Path(sysconfig.get_paths()["purelib"])
files = [Path(m.__file__) for m in sys.modules.values() if getattr(m, "__file__", None)]
print(*sorted({file.relative_to(site).parts[0] for file in files if site in file.parents}))
print(*(line for line in requires("stochgrad") if "extra" not in line))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("wheel")))
    return Path(built)


class Environment:
    """A fresh virtual environment, into which the wheel was installed."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        venv.create(folder / "venv", with_pip=False, symlinks=True)
        self.bin, self.cwd = folder / "venv" / "bin", folder / "empty"
        self.cwd.mkdir()
        (self.site,) = folder.glob("venv/lib/python*/site-packages")
        prefix = ["--python", self.bin / "python", "install", "--no-deps", "--no-index", wheel]
        subprocess.run([sys.executable, "-m", "pip", *prefix], check=True, capture_output=True)

    def add(self, names: Iterable[str]) -> None:
        """Make packages visible that are installed here."""
        for name in names:
            found = distribution(name)
            for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
                if not (self.site / top).exists():
                    (self.site / top).symlink_to(Path(str(found.locate_file(top))))

    def run(
        self, *command: str | Path, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Type a command of this environment in an empty folder."""
        ours = ("MLFLOW_", "HYDRA_", "PYTHON", "PYTEST_", "GIT_")
        clean = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        program, *arguments = command
        return subprocess.run(
            [self.bin / program, *arguments], cwd=cwd or self.cwd, env=clean,
            capture_output=True, text=True, timeout=3600, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def core(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("core"), wheel)
    environment.add(FOUNDATION)
    return environment


def test_the_core_needs_numpy_and_scipy_alone(core: Environment) -> None:
    ended = core.run("python", "-c", FRONT_DOORS)
    assert (ended.returncode, ended.stderr) == (0, "")
    imported, required = (line.split() for line in ended.stdout.splitlines())
    assert imported == ["numpy", "scipy", "stochgrad"]
    assert [line.partition(">=")[0] for line in required] == list(FOUNDATION)


def test_without_the_extra_one_line_names_it(core: Environment) -> None:
    said = "needs more than NumPy and SciPy, .*: pip install 'stochgrad\\[suite\\]'"
    for command in ("run", "tune", "serve"):
        ended = core.run("stochgrad", command)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert re.fullmatch(f"error: stochgrad.suite {said}\n", ended.stderr)
    ended = core.run("python", "-c", "import stochgrad.suite")
    assert re.search(said, ended.stderr.splitlines()[-1])
    assert re.fullmatch(r"stochgrad \S+\n", core.run("stochgrad", "--version").stdout)


@pytest.mark.slow
def test_the_tests_of_the_core_pass_with_nothing_else(core: Environment, tmp_path: Path) -> None:
    core.add(TESTING)
    shutil.copytree(ROOT / "tests", tmp_path / "tests")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    folders = [f"tests/{name}" for name in OF_THE_CORE]
    apart = "not tensorflow and not slow and not statistical"  # which no environment changes
    ended = core.run("python", "-m", "pytest", "-q", "-m", apart, *folders, cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout
    assert int(re.findall(r"^(\d+) passed", ended.stdout, re.MULTILINE)[0]) > 1000


@pytest.mark.slow
def test_outside_a_clone_a_sweep_is_recorded_in_the_current_folder(
    wheel: Path, tmp_path: Path
) -> None:
    environment = Environment(tmp_path, wheel)
    environment.add({found.name for found in distributions()} - {"stochgrad", "pip"})
    ended = environment.run(
        "stochgrad",
        "run",
        "-m",
        "epsilon=1e-5,1e-6",
        "sweep.workers=2",
        "task.steps=20",
        "export=false",
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    (parent_id,) = re.findall(r"experiment xor, run (\w+)\n", ended.stdout)
    assert re.search(
        rf"  look +stochgrad serve 5000, then http\S+/{parent_id}\?\S+\n", ended.stdout
    )
    client = MlflowClient(f"sqlite:///{environment.cwd / 'mlflow.db'}")
    parent = client.get_run(parent_id)
    children = client.search_runs(
        [parent.info.experiment_id], f"tags.mlflow.parentRunId = '{parent_id}'"
    )
    assert [run.info.status for run in (parent, *children)] == ["FINISHED"] * 3
    assert {run.data.params["epsilon"] for run in children} == {"1e-05", "1e-06"}
    assert len({run.data.tags["stochgrad.code_hash"] for run in (parent, *children)}) == 1
    for run in (parent, *children):
        assert run.info.artifact_uri.startswith(f"file://{environment.cwd}/mlartifacts/")
        assert "mlflow.source.git.commit" not in run.data.tags
    assert not {"outputs", "multirun"} & {path.name for path in environment.cwd.iterdir()}
