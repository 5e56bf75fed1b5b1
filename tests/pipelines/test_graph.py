"""dvc.yaml: what a stage depends on is there, and is all that its runs are made of."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from dvc.repo import Repo

from pipelines.stage import parameters
from tests.pipelines.small import ROOT, make_project
from tests.suite.planning import composer

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
def test_a_stage_depends_on_every_file_that_its_runs_are_composed_of(
    stages: dict[str, set[str]], name: str
) -> None:
    for keys in SWEEPS[name]:
        settings = parameters(ROOT, *keys)
        with composer() as opened:
            groups = [key for key in settings if key in opened.choices]
            each = [v if isinstance(v, list) else [v] for v in map(settings.get, groups)]
            for values in product(*each):
                typed = [f"{key}={value}" for key, value in zip(groups, values, strict=True)]
                for file in (f"conf/{file}" for file, _ in opened.files(typed)):
                    covered = {file, *(p.as_posix() for p in Path(file).parents)}
                    assert covered & stages[name], f"{name} reads {file}"


@pytest.mark.slow
def test_dvc_runs_what_has_changed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_project(tmp_path / "clone")
    shutil.copytree(ROOT / "pipelines", root / "pipelines")
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".dvcignore", ".gitignore", "dvc.yaml"):
        shutil.copy(ROOT / name, root)
    shutil.copytree(ROOT / ".dvc", root / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    run("git", "init", "-q", cwd=root)
    run("git", "add", "-A", cwd=root)
    run("git", "-c", "user.name=n", "-c", "user.email=e@x", "commit", "-qm", "all", cwd=root)
    first = run(sys.executable, "-m", "dvc", "repro", "derivatives", cwd=root)
    assert "Running stage 'derivatives'" in first
    monkeypatch.chdir(root)
    assert changed(root) == ""
    # Of the code, git sees what it saw before: results, locks and records are no part of it.
    assert run("git", "status", "--porcelain", cwd=root) == "?? dvc.lock\n"
    with Repo(str(root)) as repo:
        shown = repo.metrics.show(targets=["results/derivatives/metrics.json"])
    assert "rmse" in str(shown[""]["data"])

    other = root / "conf" / "experiment" / "notebook_digits_sag.yaml"
    other.write_text(other.read_text() + "# another\n")
    assert changed(root) == ""
    own = root / "conf" / "experiment" / "notebook_derivatives.yaml"
    own.write_text(own.read_text() + "# another\n")
    assert own.name in changed(root)


def changed(root: Path) -> str:
    """Return what `dvc status` says has changed for a stage."""
    with Repo(str(root)) as repo:
        return "".join(map(str, repo.status(targets=["derivatives"]).values()))


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
