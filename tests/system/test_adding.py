"""What ``docs/how-to/add-your-own.md`` shows, done: each of its files is written and run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "add-your-own.md").read_text("utf-8")
FILE = re.compile(
    r"^```(?:python|yaml)\n((?:# @package \S+\n)?# (\S+)\n.*?)^```$", re.MULTILINE | re.DOTALL
)
FILES = {name: whole for whole, name in FILE.findall(PAGE)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone's command and configuration, and beside them the files of the page."""
    root = tmp_path_factory.mktemp("adding")
    (root / "src").mkdir()
    shutil.copy(ROOT / "src" / "run.py", root / "src")
    shutil.copytree(ROOT / "conf", root / "conf")
    shutil.copy(ROOT / "pyproject.toml", root)
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "HYDRA_"))}
    return subprocess.run(
        [sys.executable, "-m", "src.run", "hydra.searchpath=[my_conf]", *arguments],
        cwd=folder, env=clean, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def recorded(folder: Path, printed: str, experiment: str) -> Run:
    (run_id,) = re.findall(rf"experiment {experiment}, run (\w+)\n", printed)
    return MlflowClient(f"sqlite:///{folder / 'mlflow.db'}").get_run(run_id)


def test_the_page_has_the_files_that_it_speaks_of() -> None:
    assert set(FILES) == {
        "five_point.py", "my_conf/estimator/five_point.yaml", "softsign.py", "strict.py",
        "my_conf/backend/strict.yaml", "newton.py", "my_conf/task/newton.yaml",
    }  # fmt: skip


def test_an_estimator_an_activation_and_a_backend_train_a_network(folder: Path) -> None:
    ended = command(
        folder, "plugins=[five_point,softsign,strict]", "estimator=five_point",
        "activation=softsign", "backend=strict", "epsilon=1e-3", "task.steps=200", "export=false",
        "optimizer.learning_rate=0.1",
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "estimator        five_point, epsilon 0.001\n" in ended.stdout
    assert "backend          strict, float64" in ended.stdout
    run = recorded(folder, ended.stdout, "xor")
    assert run.info.status == "FINISHED"
    assert run.data.params["estimator.reach"] == "1.0"
    assert run.data.params["plugins"] == '["five_point", "softsign", "strict"]'
    # The bias is of order ε⁴ = 1e-12: the gradient is the exact one.
    assert run.data.metrics["gradient_relative_error"] < 1e-8


def test_an_estimator_of_nodes_and_weights_has_all_that_ours_have(folder: Path) -> None:
    """An automatic step, error bars, and a prediction that is right: on 9 of 10 smooth cases."""
    program = """
import numpy as np
import five_point
from stochgrad import derivative
from stochgrad.stencils import make_estimator
from stochgrad.theory.prediction import Local, predict

rule, rng, right = make_estimator("five_point"), np.random.default_rng(0), []
for x in np.linspace(0.4, 2.2, 10):
    found = derivative(np.sin, x, estimator="five_point", seed=0)
    assert found.success and abs(found.df - np.cos(x)) < 1e-9
    low, high = found.confidence_interval()
    assert high > low
    f = lambda p: np.sin(p) + 1e-4 * rng.standard_normal(np.shape(p))
    made = derivative(f, x, estimator="five_point", epsilon=0.05, seeds=400, error_bars=False)
    local = Local.from_derivatives(x, [np.sin(x + k * np.pi / 2) for k in range(9)], noise=1e-4)
    rmse = np.sqrt(np.mean((made.df - np.cos(x)) ** 2))
    right.append(1 / 1.5 < rmse / predict(rule, local, 0.05, 1, "float64").rmse < 1.5)
assert sum(right) >= 9, right
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


def test_a_task_is_swept_by_workers(folder: Path) -> None:
    """Other processes, which know of the plugin from the configuration that they are sent."""
    arguments = ["plugins=[newton]", "task=newton", "num_steps=1,3", "sweep.workers=2"]
    ended = command(folder, "-m", *arguments)
    assert ended.returncode == 0, ended.stderr
    sweep = recorded(folder, ended.stdout, "newton")
    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    runs = client.search_runs(
        [sweep.info.experiment_id], f"tags.mlflow.parentRunId = '{sweep.info.run_id}'"
    )
    assert [run.info.status for run in (sweep, *runs)] == ["FINISHED"] * 3
    for run in runs:
        assert run.data.metrics["root"] == pytest.approx(0.6931471805599453, rel=1e-9)
        assert run.data.metrics["residual"] < 1e-9


def test_without_the_plugin_there_is_no_such_estimator(folder: Path) -> None:
    ended = command(folder, "estimator=five_point")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: estimator=five_point: unknown estimator; allowed: ")


def test_another_process_knows_what_a_configuration_needs(folder: Path) -> None:
    """A configuration that was pickled here is used by a process that has imported nothing."""
    make = (
        "import pickle, sys\n"
        "from pathlib import Path\n"
        "from stochgrad.suite import tasks\n"
        "from stochgrad.suite.config.compose import plan_run\n"
        "config = plan_run(['hydra.searchpath=[my_conf]', 'plugins=[five_point]',\n"
        "                   'estimator=five_point'], Path('conf'))\n"
        "sys.stdout.buffer.write(pickle.dumps(config))\n"
    )
    sent = subprocess.run([sys.executable, "-c", make], cwd=folder, capture_output=True, check=True)
    take = (
        "import pickle, sys\n"
        "config = pickle.load(sys.stdin.buffer)\n"
        "print(config.make_estimator(), config.config_hash())\n"
    )

    def received() -> str:
        return subprocess.run(
            [sys.executable, "-c", take], cwd=folder, input=sent.stdout, capture_output=True,
            check=True,
        ).stdout.decode()  # fmt: skip

    first = received()
    assert first.startswith("FivePoint(reach=1.0) ")
    assert received() == first
    with (folder / "five_point.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert received() != first
