"""``stochgrad run|tune|serve …``: the commands of the suite, from any folder."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from stochgrad.errors import ConfigError, NotInstalledError, unknown

MISTAKE, INTERRUPTED = 2, 128 + signal.SIGINT
COMMANDS = {
    "run": "stochgrad.suite.cli",
    "tune": "stochgrad.suite.cli.tune",
    "replicate": "stochgrad.suite.cli.replicate",
    "serve": "stochgrad.suite.cli.serve",
}
HELP = """\
Derivatives estimated by random perturbation, measured against exact ones.

  stochgrad run [-m] key=value …        one run, or a sweep of many
  stochgrad tune key=range …            search for good settings
  stochgrad replicate PAPER [CELL …]    the tables of a paper beside our own numbers
  stochgrad serve PORT [NAME/VERSION]   the pages about the runs, or a registered model

  --help       this text; `stochgrad run --help` has the settings
  --version    of this package"""


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out what was typed; return its exit code."""
    typed = sys.argv[1:] if argv is None else argv
    if not typed:
        return _mistake(ConfigError(f"say what to do: {' | '.join(COMMANDS)}; see --help"))
    name, *rest = typed
    if name in ("-h", "--help"):
        print(HELP)
        return 0
    if name == "--version":
        print(f"stochgrad {version('stochgrad')}")
        return 0
    if name in COMMANDS:
        return start(name, None, rest)
    return _mistake(unknown("command", name, COMMANDS))


def start(name: str, conf: Path | None, argv: Sequence[str] | None = None) -> int:
    """Import what carries out a command, which takes a second, and let it.

    Args:
        name: of the command.
        conf: folder of the configuration files; by default the one of the clone that this is in, or
            else the one that the package carries.
        argv: what was typed after the name; by default, all that this process got.
    """
    try:
        paths, program = import_module("stochgrad.suite.paths"), import_module(COMMANDS[name])
    except NotInstalledError as error:
        return _mistake(error)
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return INTERRUPTED
    code: int = program.main(paths.configuration_folder() if conf is None else conf, argv)
    return code


def _mistake(error: ConfigError | NotInstalledError) -> int:
    print(f"error: {error}", file=sys.stderr)
    return MISTAKE


if __name__ == "__main__":
    sys.exit(main())
