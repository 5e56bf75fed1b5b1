"""Errors that a user can cause, said in one line."""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

WHOLE = "a whole number in digits, as 100 (not 1e2 or 100.0)"
"""How a count is written, for messages: a float that is whole is none."""


class ConfigError(ValueError):
    """A setting is not allowed: the message names the key, the value, what is, what to do."""


class NotInstalledError(ImportError):
    """What an extra brings is needed, and not there: the message names the command that helps."""


def shown(value: object) -> str:
    """Return a value as it may stand in a message: in one line, and not too long."""
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:59]}…"


def nearest(word: str, allowed: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the allowed word closest to ``word``, or an empty string.

    >>> nearest("sigmod", ["tanh", "sigmoid"])
    " Did you mean 'sigmoid'?"
    >>> nearest("SPSA", ["mezo", "spsa"])
    " Did you mean 'spsa'?"
    >>> nearest("zzz", ["tanh"])
    ''
    """
    names = list(allowed)
    found = (difflib.get_close_matches(w, names, n=1, cutoff=0.5) for w in (word, word.lower()))
    match = next(filter(None, found), [])
    return f" Did you mean {match[0]!r}?" if match else ""


def unknown(key: str, value: object, allowed: Iterable[str]) -> ConfigError:
    """Build the error for a value outside a fixed set of names."""
    names = sorted(allowed)
    which = f"allowed: {', '.join(names)}.{nearest(str(value), names)}"
    return ConfigError(f"{key}={shown(value)}: unknown {key}; {which}")


def unknown_setting(key: str, value: object, allowed: Iterable[str]) -> ConfigError:
    """Build the error for a keyword that a function does not have."""
    names = sorted(allowed)
    which = f"allowed: {', '.join(names)}.{nearest(key, names)}"
    return ConfigError(f"{key}={shown(value)}: there is no such setting here; {which}")


def disk_full(error: BaseException) -> str | None:
    r"""Return what was said of a full disk, in an error or in what led to it; None if nothing was.

    A quota that is used up and a limit on the size of files count as one.

    >>> disk_full(OSError(errno.ENOSPC, "No space left on device", "/data/a.png"))
    "[Errno 28] No space left on device: '/data/a.png'"
    >>> disk_full(RuntimeError("(a hint)\n(sqlite3.OperationalError) database or disk is full"))
    '(sqlite3.OperationalError) database or disk is full'
    >>> disk_full(ValueError("disk"))
    """
    for seen in _chain(error):
        if isinstance(seen, OSError) and seen.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return str(seen).splitlines()[0]
        for line in str(seen).splitlines():
            # SQLite says the second of a limit, too, and of a disk that is broken.
            if "database or disk is full" in line or "disk I/O error" in line:
                return line
    return None


def not_permitted(error: BaseException) -> str | None:
    """Return what may not be read or written, and why; None if that is not the matter.

    Of a file that could not be made it is the folder in which it should have been.

    >>> not_permitted(PermissionError(errno.EACCES, "Permission denied", "/no folder/new"))
    '/: Permission denied'
    >>> not_permitted(OSError(errno.ENOENT, "No such file or directory", "/data"))
    """
    for seen in _chain(error):
        if isinstance(seen, OSError) and seen.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            name = seen.filename2 or seen.filename
            if not isinstance(name, str):  # none, or the number of an open file
                return seen.strerror
            path = Path(name)
            there = next((p for p in (path, *path.parents) if os.path.exists(p)), path)  # noqa: PTH110
            return f"{there}: {seen.strerror}"
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what led to it."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
