"""What computed a run: the code, the packages, the machine."""

from __future__ import annotations

import hashlib
import os
import platform
import socket
import subprocess
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from stochgrad.suite.tracking.process import process_tag
from stochgrad.suite.tracking.tags import COMMIT, DIRTY

PACKAGES = (
    "stochgrad", "numpy", "scipy", "tensorflow", "scikit-learn", "mlflow", "matplotlib", "pandas",
    "pydantic", "hydra-core", "omegaconf",
)  # fmt: skip
CODE = (":/", ":(exclude,top)dvc.lock")
"""What git is asked about; DVC writes its lock between the stages of a pipeline, as a result."""
GIT_TIMEOUT = 30.0
"""Seconds after which a git command counts as failed."""


@dataclass(frozen=True)
class Code:
    """The state of the working copy.

    Attributes:
        commit: full hash of HEAD, or None.
        dirty: whether files differ from the commit or are untracked; None if unknown.
        diff: of tracked files against the commit, as git writes it.
        untracked: names of files that git neither tracks nor ignores.
        problem: why any of this is unknown, or None.
    """

    commit: str | None = None
    dirty: bool | None = None
    diff: bytes = b""
    untracked: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True)
class Provenance:
    """Code, packages and machine of this process.

    Attributes:
        code: state of the working copy when the process first asked.
        packages: versions; None for a package that is not installed.
        machine: platform, processor, cores, memory, host and Python.
        pid: of this process.
    """

    code: Code
    packages: dict[str, str | None]
    machine: dict[str, Any]
    pid: int

    def tags(self) -> dict[str, str]:
        """Return what is worth searching for: what git knows in MLflow's own tags."""
        commit, dirty = self.code.commit, self.code.dirty
        return {
            **({} if commit is None else {COMMIT: commit}),
            **({} if dirty is None else {DIRTY: str(dirty).lower()}),
            "code_hash": code_hash(),
            **process_tag(),
        }

    def summary(self) -> dict[str, Any]:
        """Return everything but the diff, for a JSON file."""
        summary = asdict(self)
        del summary["code"]["diff"]
        return summary


def collect(root: Path) -> Provenance:
    """Describe this process, whose project is in ``root``.

    The working copy is looked at once in a process: what is edited later was not what ran.
    """
    return Provenance(working_copy(root), packages(), machine(), os.getpid())


@cache
def working_copy(root: Path) -> Code:
    """Ask git about ``root``; outside a repository, or without git, say so."""
    try:
        listed = _git(
            root, "ls-files", "--others", "--exclude-standard", "-z", "--full-name", *CODE
        )
        names = tuple(name.decode(errors="replace") for name in listed.split(b"\0") if name)
        try:
            commit = _git(root, "rev-parse", "--verify", "HEAD").decode().strip()
        except subprocess.CalledProcessError:
            return Code(dirty=True, untracked=names, problem="no commit yet")
        diff = _git(
            root, "diff", "--binary", "--no-ext-diff", "--no-textconv", "--no-color", "HEAD",
            "--", *CODE,
        )  # fmt: skip
        return Code(commit, bool(diff or names), diff, names)
    except FileNotFoundError:
        return Code(problem="git is not installed")
    except subprocess.TimeoutExpired:
        return Code(problem=f"git did not answer within {GIT_TIMEOUT:g} s")
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        return Code(problem=lines[0] if lines else f"git ended with code {error.returncode}")


def _git(root: Path, *arguments: str) -> bytes:
    # A hook's GIT_DIR must not redirect us, and no lock must be taken from other runs.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    done = subprocess.run(
        ["git", "-C", str(root), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=GIT_TIMEOUT,
        check=True,
    )
    return done.stdout


@cache
def code_hash() -> str:
    """Return the SHA-256 of the sources of this package: the code that runs, whatever git says."""
    folder = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(folder).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


@cache
def packages() -> dict[str, str | None]:
    """Return the versions of the packages that can change a result, or how it is written."""
    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


@cache
def machine() -> dict[str, Any]:
    """Describe the machine; None for what the operating system does not tell."""
    return {
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
    }


def _processor() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or None
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
