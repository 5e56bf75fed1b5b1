"""Modules from outside that enter what they add: docs/how-to/add-your-own.md."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from collections.abc import Iterable
from pathlib import Path

from stochgrad.errors import ConfigError, shown


def load_plugins(modules: Iterable[str]) -> None:
    """Import modules by their dotted names; one that was imported before is left as it is.

    Raises:
        ConfigError: if there is no such module, or its import fails.
    """
    for module in modules:
        if module == "__main__":
            raise ConfigError(
                f"plugins={module}: is this program itself; put what it adds into a module"
            )
        try:
            if not all(map(str.isidentifier, module.split("."))):
                raise ConfigError(
                    f"plugins: {shown(module)!r} is no name of a module; write it as in an import, "
                    f"package.module, without .py"
                )
            importlib.import_module(module)
        except ConfigError:
            raise
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                raise _broken(module, error) from error  # another one, which it imports
            raise ConfigError(
                f"plugins={module}: no such module; put it where Python looks: in the folder from "
                f"which `python -m src.run` is called, on PYTHONPATH, or installed"
            ) from error
        except (Exception, SystemExit) as error:
            raise _broken(module, error) from error


def _broken(module: str, error: BaseException) -> ConfigError:
    reason = " ".join(str(error).split())
    return ConfigError(f"plugins={module}: its import fails ({type(error).__name__}: {reason})")


def fingerprint(module: str) -> str:
    """Return the SHA-256 of a module's source; of a package, that of all its Python files.

    Empty for a module that comes with the interpreter, without a file.

    >>> len(fingerprint("stochgrad.suite.plugins"))
    64
    """
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        return ""  # built into the interpreter, or frozen with it
    origin = Path(spec.origin)
    files = sorted(origin.parent.rglob("*.py")) if spec.submodule_search_locations else [origin]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.relative_to(origin.parent).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
