"""Where an image set comes from: what tensorflow_datasets registered of it, and checks of that.

The registry is read as text: neither a check nor a complaint waits for TensorFlow's import.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import struct
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from stochgrad.errors import ConfigError, nearest

ANSWER_WITHIN = 6.0
"""Seconds in which the files' server has to answer; tensorflow_datasets would retry for minutes."""
MAGIC = {"images-idx3": 2051, "labels-idx1": 2049}
"""First number of an IDX file, by a part of its name. Reference: Y. LeCun, MNIST database page."""


@dataclass(frozen=True)
class RemoteFile:
    """A file as tensorflow_datasets registers it."""

    url: str
    size: int
    sha256: str
    name: str


def registered_files(dataset: str) -> list[RemoteFile]:
    """Return the files of an image set.

    Raises:
        ConfigError: if tensorflow_datasets has no set of that name made of IDX files.
    """
    folder = _registry()
    path = folder / f"{dataset}.txt"
    files = []
    if path.is_file():
        for line in path.read_text().splitlines():
            url, size, sha256, name = line.split("\t")
            files.append(RemoteFile(url, int(size), sha256, name))
    if not files or not all(f.name.endswith("-ubyte.gz") for f in files):
        known = [p.stem for p in folder.glob("*mnist*.txt") if "-ubyte.gz" in p.read_text()]
        raise ConfigError(
            f"data.name={dataset}: unknown data set; allowed: {', '.join(sorted(known))}."
            f"{nearest(dataset, known)}"
        )
    return files


def _registry() -> Path:
    spec = importlib.util.find_spec("tensorflow_datasets")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError("task=mnist: needs the package tensorflow-datasets, which is missing")
    return Path(spec.submodule_search_locations[0]) / "url_checksums"


def check_folder(folder: Path, dataset: str, key: str) -> None:
    """Check the four original files of a set in a folder.

    Args:
        folder: where they should be.
        dataset: name of the set.
        key: the setting that named the folder, for messages.

    Raises:
        ConfigError: naming the first file that is missing, truncated, corrupted, mislabelled or
            cannot be read.
    """
    try:
        trouble = "" if folder.is_dir() else "is no folder" if folder.exists() else "no such folder"
    except OSError as error:
        trouble = f"no such folder ({error.strerror})"
    if trouble:
        raise ConfigError(f"{key}={folder}: {trouble}; {_remedy(dataset)}")
    for file in registered_files(dataset):
        try:
            problem = _problem(folder / file.name, file)
        except OSError as error:
            problem = f"cannot be read ({error.strerror})"
        if problem:
            raise ConfigError(f"{key}={folder}: {file.name} {problem}; {_remedy(dataset)}")


def _remedy(dataset: str) -> str:
    origin = registered_files(dataset)[0].url.rpartition("/")[0]
    return f"put the four original *-ubyte.gz files of {dataset} there (from {origin}/)"


def _problem(path: Path, expected: RemoteFile) -> str | None:
    """Say what is wrong with a file, or return None."""
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    if size < expected.size and _sha256(path) != expected.sha256:
        return f"is truncated or another file: {size:,} bytes instead of {expected.size:,}"
    if _sha256(path) == expected.sha256:
        return None
    wanted = next((m for part, m in MAGIC.items() if part in path.name), None)
    found = _magic(path)
    if found is None:
        return "is not a gzip file"
    if wanted is not None and found != wanted:
        return f"holds something else: its magic number is {found} instead of {wanted}"
    if size != expected.size:
        return f"is another file: {size:,} bytes instead of {expected.size:,}"
    return f"is corrupted or of another set: its sha256 is not {expected.sha256[:12]}…"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _magic(path: Path) -> int | None:
    try:
        with gzip.open(path) as file:
            head = file.read(4)
    except (OSError, EOFError):
        return None
    return int(struct.unpack(">I", head)[0]) if len(head) == 4 else -1


def check_download(dataset: str) -> None:
    """Find out within seconds whether the files can be downloaded.

    Raises:
        ConfigError: if their server does not answer, with both ways out.
    """
    url = registered_files(dataset)[0].url
    answers: list[str] = []

    def ask() -> None:
        try:
            request = urllib.request.Request(url, method="HEAD")
            with urllib.request.urlopen(request, timeout=ANSWER_WITHIN):
                answers.append("")
        except urllib.error.HTTPError as error:
            answers.append(f"HTTP {error.code}")
        except OSError as error:
            answers.append(str(getattr(error, "reason", error)))

    # A look-up of a host's name cannot be given a time limit, so it is left behind in a thread.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(ANSWER_WITHIN)
    reason = answers[0] if answers else f"no answer in {ANSWER_WITHIN:.0f} s"
    if reason:
        host = urllib.request.Request(url).host
        raise ConfigError(
            f"data.name={dataset}: cannot be downloaded from {host} ({reason}) and no folder is "
            f"given: set MNIST_DIR or data.manual_dir= to a folder with its four *-ubyte.gz files, "
            f"or use task=digits, whose images are bundled"
        )
