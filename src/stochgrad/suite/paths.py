"""Where the project keeps what it makes."""

from __future__ import annotations

import re
from pathlib import Path


def project_root(directory: Path | None = None) -> Path:
    """Return the project's folder, which holds ``pyproject.toml`` and ``conf/``.

    Looked for around the directory (by default the working directory), then around this package;
    else the directory itself.
    """
    start = (directory or Path.cwd()).resolve()
    for folder in (start, *start.parents, *Path(__file__).resolve().parents):
        if (folder / "pyproject.toml").is_file() and (folder / "conf").is_dir():
            return folder
    return start


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
