"""What `make` promises about setting up, with a pretended Python: nothing is really installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
MAKE = shutil.which("make") or "make"

PRETENDED_PYTHON = """#!/bin/sh
echo "$@" >> "{log}"
case "$*" in
--version) echo "Python 3.12.99";;
-c*) exit {unsupported};;
"-m venv --clear .venv")
    rm -rf .venv; mkdir -p .venv/bin
    cp "$0" .venv/bin/python; ln -s python .venv/bin/lint-imports;;
"-m pip install"*) [ ! -e broken-network ];;
esac
"""
BOUND = re.compile(r"3\D+(\d+)")


class Checkout:
    """A copy of what `make` reads, in a directory whose name holds a space."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a checkout"
        self.root.mkdir()
        for name in ("Makefile", "pyproject.toml", "requirements.lock"):
            shutil.copy(ROOT / name, self.root)
        self.path = folder / "bin"
        self.path.mkdir()
        self.log = folder / "calls"

    def python(self, name: str, *, supported: bool) -> Path:
        """Put a pretended Python on the PATH."""
        file = self.path / name
        file.write_text(PRETENDED_PYTHON.format(log=self.log, unsupported=int(not supported)))
        file.chmod(0o755)
        return file

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call make as from a fresh terminal, not as a part of the make that runs the tests."""
        ours = ("MAKE", "MFLAGS", "PYTHON", "MLFLOW_TRACKING_URI", "PORT")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        environment["PATH"] = f"{self.path}{os.pathsep}{os.environ['PATH']}"
        self.log.write_text("")
        return subprocess.run(
            [MAKE, *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def calls(self) -> str:
        """What the pretended Pythons were asked to do by the last call of make."""
        return self.log.read_text()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture
def ready(checkout: Checkout) -> Checkout:
    """A checkout that was set up."""
    checkout.python("python3", supported=True)
    done = checkout.make("lint")
    assert done.returncode == 0, done.stderr
    return checkout


def test_help_is_the_default_and_lists_every_target(checkout: Checkout) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (help.*)$", makefile, re.MULTILINE)
    assert targets is not None
    shown = checkout.make().stdout
    assert [line.split()[1] for line in shown.splitlines()] == targets[1].split()
    assert all(len(line.split()) > 3 for line in shown.splitlines())


def test_first_use_installs_from_the_lock_and_says_so(checkout: Checkout) -> None:
    checkout.python("python3", supported=True)
    done = checkout.make("lint")
    assert done.returncode == 0, done.stderr
    assert "Installing requirements.lock into .venv (Python 3.12.99" in done.stdout
    assert "--require-hashes -r requirements.lock" in checkout.calls
    assert "--no-deps --no-build-isolation -e ." in checkout.calls


def test_second_use_installs_nothing(ready: Checkout) -> None:
    done = ready.make("lint")
    assert done.returncode == 0
    assert "pip install" not in ready.calls


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml"])
def test_a_changed_file_updates_the_environment(ready: Checkout, changed: str) -> None:
    stamp = ready.root / ".venv" / ".installed"
    before = (ready.root / changed).stat().st_mtime - 10
    for name in ("requirements.lock", "pyproject.toml"):
        os.utime(ready.root / name, (before - 10, before - 10))
    os.utime(stamp, (before, before))
    assert ready.make("lint").returncode == 0
    assert "pip install" not in ready.calls
    (ready.root / changed).touch()
    done = ready.make("lint")
    assert "Updating" in done.stdout
    assert "--require-hashes" in ready.calls
    assert "-m venv" not in ready.calls


def test_an_interrupted_installation_starts_over(checkout: Checkout) -> None:
    checkout.python("python3", supported=True)
    (checkout.root / "broken-network").touch()
    assert checkout.make("lint").returncode != 0
    assert "ruff" not in checkout.calls
    (checkout.root / "broken-network").unlink()
    assert checkout.make("lint").returncode == 0
    assert "-m venv --clear" in checkout.calls


def test_an_interrupted_update_goes_on(ready: Checkout) -> None:
    before = (ready.root / "requirements.lock").stat().st_mtime - 10
    os.utime(ready.root / ".venv" / ".installed", (before, before))
    (ready.root / "broken-network").touch()
    assert ready.make("lint").returncode != 0
    (ready.root / "broken-network").unlink()
    done = ready.make("lint")
    assert done.returncode == 0
    assert "Updating" in done.stdout
    assert "-m venv" not in ready.calls


def test_a_moved_checkout_is_set_up_anew(ready: Checkout) -> None:
    ready.root = ready.root.rename(ready.root.with_name("elsewhere"))
    assert ready.make("lint").returncode == 0
    assert "-m venv --clear" in ready.calls


def test_takes_the_first_python_that_fits(checkout: Checkout) -> None:
    checkout.python("python3", supported=False)
    checkout.python("python3.13", supported=False)
    checkout.python("python3.12", supported=True)
    assert checkout.make("lint").returncode == 0


def test_an_unsupported_python_is_refused_in_one_line(checkout: Checkout) -> None:
    old = checkout.python("python3.10", supported=False)
    done = checkout.make("lint", f"PYTHON={old}")
    assert done.returncode != 0
    ours = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(ours) == 1
    assert "3.11, 3.12 or 3.13" in ours[0]
    assert str(old) in ours[0]
    assert not (checkout.root / ".venv").exists()


def test_makefile_and_pyproject_support_the_same_pythons() -> None:
    condition = re.search(r"^SUPPORTED := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert condition is not None
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lowest, beyond = map(int, BOUND.findall(condition[1]))  # TensorFlow has no wheel beyond
    assert project["requires-python"] == f">=3.{lowest}"
    named = {line.rpartition(" :: ")[2] for line in project["classifiers"]}
    assert {f"3.{minor}" for minor in range(lowest, beyond)} < named


def test_ui_without_runs_says_what_to_do(checkout: Checkout) -> None:
    done = checkout.make("ui")
    assert done.returncode != 0
    assert done.stdout == "nothing recorded yet: make run\n"
    assert not (checkout.root / ".venv").exists()


def test_what_is_made_stays_out_of_git_on_another_disk_too(tmp_path: Path) -> None:
    """Folders that grow may be links to a larger disk, which Git takes for files."""
    shutil.copy(ROOT / ".gitignore", tmp_path)
    for name in (".venv", "results", "report", "data", "mlartifacts", "checkpoints"):
        (tmp_path / name).symlink_to(tmp_path.parent)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    shown = subprocess.run(
        ["git", "status", "--porcelain"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert shown.stdout == "?? .gitignore\n"


def locked() -> dict[str, list[Requirement]]:
    """Return the requirements of the lock by name, checking that each has its hashes."""
    found: dict[str, list[Requirement]] = {}
    text = (ROOT / "requirements.lock").read_text().replace("\\\n", " ")
    for line in text.splitlines():
        what, *hashes = line.split("--hash=")
        assert hashes, line
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", h.strip()) for h in hashes), line
        requirement = Requirement(what)
        assert requirement.url is None, line
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def test_lock_holds_versions_and_hashes_for_everything_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = locked()
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *extras["dev"]]
    for line in lines:
        wanted = Requirement(line)
        if wanted.name == project["name"]:  # other extras of the project itself
            lines += [inner for extra in wanted.extras for inner in extras[extra]]
            continue
        rows = lock.get(canonicalize_name(wanted.name), [])
        assert rows, f"{wanted.name} is not in requirements.lock: make lock"
        for row in rows:
            (pin,) = row.specifier
            assert pin.operator == "=="
            assert wanted.specifier.contains(pin.version), f"{line}: locked {row}: make lock"
