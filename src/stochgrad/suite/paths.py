"""Where the project keeps what it makes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGED = Path(__file__).resolve().with_name("conf")
"""The configuration files that an installed package carries; a clone has its own."""
DVC_COPIES = (".dvc", "tmp", "exps")
"""Folders in which DVC runs experiments apart from the workspace."""

ELSEWHERE = {
    "python -m src.": "stochgrad ",
    "make ui": "stochgrad serve 5000",
    "make serve MODEL=": "stochgrad serve 5000 ",
}
"""Commands in a clone, and outside one."""


def clone(directory: Path | None = None) -> Path | None:
    """Return the folder of the clone: it holds this project's ``pyproject.toml`` and ``conf/``.

    Looked for around the directory (by default the working directory), then around this package.
    """
    start = (directory or Path.cwd()).resolve()
    for folder in (start, *start.parents, *Path(__file__).resolve().parents):
        if (folder / "conf").is_dir() and _is_ours(folder / "pyproject.toml"):
            return folder
    return None


def _is_ours(project: Path) -> bool:
    """Tell this project from others: whoever uses Hydra has a ``conf/``, too."""
    lines = project.read_text(encoding="utf-8").splitlines() if project.is_file() else []
    return 'name = "stochgrad"' in lines


def project_root(directory: Path | None = None) -> Path:
    """Return where the project keeps its things: the clone, or outside one the directory."""
    return clone(directory) or (directory or Path.cwd()).resolve()


def configuration_folder() -> Path:
    """Return the folder of the configuration files: the clone's, or else the package's."""
    root = clone()
    return PACKAGED if root is None else root / "conf"


def home(conf: Path) -> Path:
    """Return where runs with these configuration files are recorded, if nothing else is said."""
    conf = conf.resolve()
    return Path.cwd() if conf == PACKAGED else conf.parent


def as_typed(text: str) -> str:
    """Return a text with the suite's commands as they are typed here, in a clone or outside one."""
    if clone() is None:
        for here, elsewhere in ELSEWHERE.items():
            text = text.replace(here, elsewhere)
    return text


def store_root(root: Path) -> Path:
    """Return the folder beside whose files runs are recorded: the project's root.

    ``dvc exp run --temp`` and ``--queue`` work in a copy of the project, below the workspace's
    ``.dvc/tmp/exps``, that DVC deletes: there it is the workspace.

    >>> store_root(Path("/clone/.dvc/tmp/exps/standalone/tmpab12")).as_posix()
    '/clone'
    >>> store_root(Path("/clone")).as_posix()
    '/clone'
    """
    for folder in root.parents:
        if folder.parts[-3:] == DVC_COPIES:
            return folder.parents[2]
    return root


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Give a place to write a file to, which then takes that of ``path``: whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


PASSWORD = r"(://[^/:@\s]*:)\S*@"
"""In an address: to the last ``@``, for it may have one of its own."""


def without_password(uri: str) -> str:
    """Return an address, or a text with one, as it may be shown.

    >>> without_password("postgresql+psycopg2://mlflow:secret@127.0.0.1:5432/runs")
    'postgresql+psycopg2://mlflow:***@127.0.0.1:5432/runs'
    >>> without_password("http://127.0.0.1:5000")
    'http://127.0.0.1:5000'
    >>> without_password("cannot use postgresql://h/runs?user=me&password=secret, ask me@home.org")
    'cannot use postgresql://h/runs?user=me&password=***, ask me@home.org'
    """
    return re.sub(r"([?&]password=)[^&\s,]*", r"\1***", re.sub(PASSWORD, r"\1***@", uri))


def sqlite_uri(database: Path) -> str:
    """Return the address of a SQLite file, in which ``%`` and ``?`` would mean something else.

    >>> sqlite_uri(Path("/clone/mlflow.db"))
    'sqlite:////clone/mlflow.db'
    >>> sqlite_uri(Path("/50%/who?/mlflow.db"))
    'sqlite+pysqlite:////50%25/who%3F/mlflow.db'
    """
    path = database.as_posix()
    quoted = path.replace("%", "%25").replace("?", "%3F")
    # The name of the driver keeps MLflow from making a folder with the quoted name.
    return f"sqlite:///{path}" if quoted == path else f"sqlite+pysqlite:///{quoted}"
