"""The state of the code is recorded truthfully, in and outside repositories."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stochgrad.suite.tracking.provenance import collect, working_copy


def git(root: Path, *arguments: str, patch: bytes | None = None) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    done = subprocess.run(
        ["git", *identity, *arguments],
        cwd=root, env=environment, input=patch, capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout.decode().strip()


@pytest.fixture(autouse=True)
def _look_again() -> Iterator[None]:
    working_copy.cache_clear()
    yield
    working_copy.cache_clear()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "--quiet")
    (root / "kept.txt").write_text("one\n")
    (root / "image.bin").write_bytes(bytes(range(256)))
    (root / ".gitignore").write_text("ignored.txt\n")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "first")
    return root


def test_a_clean_working_copy(repository: Path) -> None:
    (repository / "ignored.txt").touch()
    code = working_copy(repository)
    assert code.commit == git(repository, "rev-parse", "HEAD")
    assert (code.dirty, code.diff, code.untracked, code.problem) == (False, b"", (), None)


def test_the_diff_restores_what_ran(repository: Path) -> None:
    changed = {"kept.txt": b"two \xff\n", "image.bin": bytes(reversed(range(256)))}
    for name, content in changed.items():
        (repository / name).write_bytes(content)
    git(repository, "add", "image.bin")
    code = working_copy(repository)
    assert code.dirty
    git(repository, "reset", "--quiet", "--hard")
    git(repository, "apply", "-", patch=code.diff)
    assert {name: (repository / name).read_bytes() for name in changed} == changed


def test_untracked_files_make_it_dirty_and_are_named(repository: Path) -> None:
    (repository / "sub").mkdir()
    (repository / "sub" / "nëw file.txt").touch()
    code = working_copy(repository / "sub")
    assert (code.dirty, code.untracked, code.diff) == (True, ("sub/nëw file.txt",), b"")


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    code = working_copy(tmp_path)
    assert (code.commit, code.problem) == (None, "no commit yet")


def test_outside_a_repository(tmp_path: Path) -> None:
    found = collect(tmp_path)
    assert found.code.commit is None
    assert found.code.dirty is None
    assert "not a git repository" in str(found.code.problem)
    assert not [key for key in found.tags() if "git" in key]


def test_without_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert working_copy(repository).problem == "git is not installed"


def test_a_hook_of_another_repository_does_not_redirect(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert working_copy(repository).problem is None


def test_the_state_is_the_one_at_the_start(repository: Path) -> None:
    before = working_copy(repository)
    (repository / "kept.txt").write_text("edited while running\n")
    assert working_copy(repository) == before


def test_the_summary_is_json_and_names_what_matters(repository: Path) -> None:
    summary = json.loads(json.dumps(collect(repository).summary()))
    assert summary["pid"] == os.getpid()
    assert summary["machine"]["cores"] == os.cpu_count()
    assert summary["machine"]["memory_bytes"] > 2**28
    assert summary["machine"]["python"].startswith("3.")
    assert summary["packages"]["numpy"]
    assert "diff" not in summary["code"]
