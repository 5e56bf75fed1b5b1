"""The command line: a few flags, and any number of ``key=value``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from stochgrad.errors import ConfigError, nearest

FLAGS = ("--help", "--multirun", "--cfg", "--resolve")


@dataclass(frozen=True)
class Arguments:
    """What was typed.

    Attributes:
        overrides: the ``key=value`` texts.
        multirun: whether to sweep.
        cfg: whether to print the configuration instead.
        resolve: whether to print it with its interpolations resolved.
        help: whether to print the help instead.
    """

    overrides: tuple[str, ...]
    multirun: bool = False
    cfg: bool = False
    resolve: bool = False
    help: bool = False


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; see --help")


def parse(argv: Sequence[str]) -> Arguments:
    """Read a command line.

    Raises:
        ConfigError: for an unknown flag, or one without its value.
    """
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("-m", "--multirun", action="store_true")
    parser.add_argument("-c", "--cfg", choices=["job"])
    parser.add_argument("--resolve", action="store_true")
    parser.add_argument("overrides", nargs="*")
    found, others = parser.parse_known_intermixed_args(list(argv))
    for other in others:
        raise ConfigError(
            f"{other}: unknown option; allowed: {', '.join(FLAGS)}.{nearest(other, FLAGS)}"
        )
    if found.resolve and not found.cfg:
        raise ConfigError("--resolve: goes with --cfg job; add that, or leave it out")
    return Arguments(
        tuple(found.overrides), found.multirun, found.cfg is not None, found.resolve, found.help
    )
