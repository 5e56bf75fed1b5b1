"""The command line: a few flags, and any number of ``key=value``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from stochgrad.errors import ConfigError, nearest
from stochgrad.suite.config.compose import ROOT, Sources
from stochgrad.suite.config.text import shortened

SHELLS = ("bash", "zsh", "fish")
TOPICS = ("all", "config", "defaults", "searchpath")
FLAGS = (
    "--help", "--version", "--multirun", "--cfg", "--resolve", "--info", "--config-name",
    "--config-dir", "--completion",
)  # fmt: skip


@dataclass(frozen=True)
class Arguments:
    """What was typed.

    Attributes:
        overrides: the ``key=value`` texts.
        multirun: whether to sweep.
        cfg: whether to print the configuration instead.
        resolve: whether to print it with its interpolations resolved.
        help: whether to print the help instead.
        version: whether to print the version instead.
        info: what to tell of the composition instead, one of ``TOPICS``.
        config_name: of the file that everything starts from.
        config_dir: another folder of configuration files.
        completion: shell for which to print a script instead.
    """

    overrides: tuple[str, ...]
    multirun: bool = False
    cfg: bool = False
    resolve: bool = False
    help: bool = False
    version: bool = False
    info: str | None = None
    config_name: str = ROOT
    config_dir: Path | None = None
    completion: str | None = None

    def sources(self, conf: Path) -> Sources:
        """Return where configuration files are: in a folder, and as was typed."""
        return Sources(conf, self.config_name.removesuffix(".yaml"), self.config_dir)


WORDING = (
    (r"argument (?:\S+/)?(\S+): invalid choice: '(.*)' \(choose from (.*)\)",
     r"\1 \2: unknown; allowed: \3"),
    (r"argument (?:\S+/)?(\S+): expected one argument", r"\1: no value; give it one"),
)  # fmt: skip
"""Messages of argparse, and how they are put here."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        for theirs, ours in WORDING:
            message = re.sub(theirs, ours, message, flags=re.DOTALL)
        raise ConfigError(f"{shortened(message, 200)}; see --help")


def parse(argv: Sequence[str]) -> Arguments:
    """Read a command line.

    Raises:
        ConfigError: for an unknown flag, or one without its value.
    """
    for argument in argv:
        word = argument.partition("=")[0]
        if f"-{word}" in FLAGS:  # for argparse, -c with the value fg
            raise ConfigError(f"{shortened(argument)}: unknown option; write -{word}")
        if word == "-cp":
            raise ConfigError("-cp: unknown option; add a folder of files by --config-dir")
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--version", action="store_true")
    parser.add_argument("-m", "--multirun", action="store_true")
    parser.add_argument("-c", "--cfg", choices=["job"])
    parser.add_argument("--resolve", action="store_true")
    parser.add_argument("-i", "--info", choices=TOPICS)
    parser.add_argument("-cn", "--config-name", default=ROOT)
    parser.add_argument("-cd", "--config-dir", type=Path)
    parser.add_argument("--completion", choices=SHELLS)
    parser.add_argument("overrides", nargs="*")
    found, others = parser.parse_known_intermixed_args(_with_topic(argv))
    for other in others:
        if "=" in other:
            raise ConfigError(
                f"{shortened(other)}: unknown option; to set a key write "
                f"{shortened(other.lstrip('-'))}, without dashes"
            )
        raise ConfigError(
            f"{shortened(other)}: unknown option; allowed: {', '.join(FLAGS)}."
            f"{nearest(other, FLAGS)}"
        )
    if found.version or found.completion:
        flag = "--version" if found.version else f"--completion {found.completion}"
        if found.overrides:
            raise ConfigError(
                f"{flag} {shortened(' '.join(found.overrides))}: {flag} stands alone; leave the "
                f"rest out"
            )
    if found.resolve and not found.cfg:
        raise ConfigError("--resolve: goes with --cfg job; add that, or leave it out")
    return Arguments(**{**vars(found), "overrides": tuple(found.overrides), "cfg": bool(found.cfg)})


def _with_topic(argv: Sequence[str]) -> list[str]:
    """Say ``--info all`` where a bare ``--info`` is followed by something else."""
    typed: list[str] = []
    for argument, following in zip(argv, [*argv, ""][1:], strict=True):
        bare = argument in ("-i", "--info") and following not in TOPICS
        typed += [argument, "all"] if bare else [argument]
    return typed
