"""dvc.yaml: what a stage depends on is there, and is all that its runs are made of."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dvc.repo import Repo
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode

from pipelines.stage import arguments, parameters
from stochgrad.suite.config.compose import configuration
from stochgrad.suite.sweep.plan import plan_sweep
from tests.pipelines.small import ROOT, make_project

SWEEPS = {
    "derivatives": [("derivatives",)],
    "xor_study": [("xor_study", "activation"), ("xor_study", "epsilon")],
    "gradients": [("gradients", "digits"), ("gradients", "worth")],
    **{
        f"classifiers@{dataset}-{gradient}": [("classifiers", dataset, gradient)]
        for dataset in ("digits", "mnist")
        for gradient in ("exact", "estimated", "notebook")
    },
}
"""Stages whose runs are composed from conf/, and their sections of params.yaml."""


@pytest.fixture(scope="module")
def stages() -> Iterator[dict[str, set[str]]]:
    """The dependencies of every stage, as paths in the repository."""
    with Repo(str(ROOT)) as repo:
        yield {
            stage.name: {Path(dep.fs_path).relative_to(ROOT).as_posix() for dep in stage.deps}
            for stage in repo.index.stages
        }


def test_every_dependency_is_a_file_of_the_repository_or_made_by_a_stage(
    stages: dict[str, set[str]],
) -> None:
    with Repo(str(ROOT)) as repo:
        made = {Path(out.fs_path) for stage in repo.index.stages for out in stage.outs}
    for name, deps in stages.items():
        for dep in deps:
            assert (ROOT / dep) in made or (ROOT / dep).exists(), f"{name}: {dep}"


@pytest.mark.parametrize("name", SWEEPS)
@pytest.mark.slow
def test_a_stage_depends_on_every_file_that_its_runs_are_composed_of(
    stages: dict[str, set[str]], name: str
) -> None:
    for keys in SWEEPS[name]:
        typed = arguments(parameters(ROOT, *keys))
        jobs = plan_sweep(typed, ROOT / "conf").jobs
        with configuration(ROOT / "conf"):
            for job in jobs:
                fixed = [a for a in typed if a.partition("=")[0] not in job.swept]
                swept = [f"{key}={value}" for key, value in job.swept.items()]
                for file in composed_of([*fixed, *swept]):
                    covered = {file, *(p.as_posix() for p in Path(file).parents)}
                    assert covered & stages[name], f"{name} reads {file}"


def composed_of(typed: list[str]) -> set[str]:
    """Return the files of conf/ that Hydra composes a configuration of."""
    hydra = GlobalHydra.instance().hydra
    assert hydra is not None
    found = hydra.config_loader.compute_defaults_list("config", typed, RunMode.RUN)
    names = {d.config_path for d in found.defaults if not d.config_path.startswith("hydra/")}
    return {f"conf/{name}.yaml" for name in names if (ROOT / "conf" / f"{name}.yaml").is_file()}


@pytest.mark.slow
def test_dvc_runs_what_has_changed_and_nothing_else(tmp_path: Path) -> None:
    root = make_project(tmp_path / "clone")
    shutil.copytree(ROOT / "pipelines", root / "pipelines")
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".dvcignore", ".gitignore", "dvc.yaml"):
        shutil.copy(ROOT / name, root)
    shutil.copytree(ROOT / ".dvc", root / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    run("git", "init", "-q", cwd=root)
    run("git", "add", "-A", cwd=root)
    run("git", "-c", "user.name=n", "-c", "user.email=e@x", "commit", "-qm", "all", cwd=root)
    python = (sys.executable, "-m", "dvc")
    first = run(*python, "repro", "derivatives", cwd=root)
    assert "Running stage 'derivatives'" in first
    assert "Running stage" not in run(*python, "repro", "derivatives", cwd=root)
    # Of the code, git sees what it saw before: results, locks and records are no part of it.
    assert run("git", "status", "--porcelain", cwd=root) == "?? dvc.lock\n"
    shown = run(*python, "metrics", "show", "results/derivatives/metrics.json", cwd=root)
    assert "float32.square.rmse" in shown

    other = root / "conf" / "experiment" / "notebook_digits_sag.yaml"
    other.write_text(other.read_text() + "# another\n")
    assert "up to date" in run(*python, "status", "derivatives", cwd=root)
    own = root / "conf" / "experiment" / "notebook_derivatives.yaml"
    own.write_text(own.read_text() + "# another\n")
    assert own.name in run(*python, "status", "derivatives", cwd=root)


def run(*command: str, cwd: Path) -> str:
    import os

    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "GIT_"))}
    done = subprocess.run(
        command, cwd=cwd, env={**clean, "PATH": path}, capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
