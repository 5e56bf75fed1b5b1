"""Arguments ``key=value``: read, and checked as far as can be without the configuration."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from stochgrad.errors import ConfigError, nearest
from stochgrad.suite.config.mistakes import NO_EFFECT, typed
from stochgrad.suite.config.text import allowed, shortened

Choices = Mapping[str, Sequence[str]]
"""The names that each configuration group offers."""

SEARCHPATH = "hydra.searchpath"
"""The one setting of Hydra's own that has an effect: more folders of configuration files."""
FOLDER_NAME = re.compile(r"\w+(/\w+)+")
"""A file in a subfolder of a group."""
LONGEST_KEY = 200
"""Characters; Hydra looks for a file of that name."""
OPTIONAL_GROUPS = ("experiment",)
"""Groups that need not be chosen from, and from which several names may be."""


class UnknownNameError(ConfigError):
    """A group does not offer a name."""


def read(arguments: Sequence[str], choices: Choices) -> list[Override]:
    """Parse arguments, and check whatever can be known before they meet the configuration.

    Raises:
        ConfigError: for text that is not ``key=value``, an unknown name in a group, or a setting of
            Hydra's own, which composes the configuration here and nothing else.
    """
    parser = OverridesParser.create()
    overrides = []
    for argument in arguments:
        try:
            override = parser.parse_override(argument)
        except Exception as error:  # of what it cannot read, Hydra's parser raises many kinds
            raise _unreadable(argument, error) from error
        if not override.key_or_group:
            raise ConfigError(f"{shortened(argument)}: not of the form key=value (no key)")
        if len(override.key_or_group) > LONGEST_KEY:
            raise ConfigError(
                f"{shortened(argument)}: unknown key; --cfg job shows which there are"
            )
        if override.key_or_group == SEARCHPATH:
            _check_folders(override)
        elif override.is_hydra_override():
            raise ConfigError(f"{shortened(argument)}: {NO_EFFECT}; leave it out")
        _check_group(override, choices)
        overrides.append(override)
    return overrides


def single(overrides: Sequence[Override]) -> list[str]:
    """Return the arguments of one run.

    Raises:
        ConfigError: for a key with several values.
    """
    for override in overrides:
        if override.is_sweep_override():
            raise ConfigError(
                f"{typed(override)}: several values; add -m to run each of them, or write "
                f"{shortened(override.key_or_group)}=[…] for a list"
            )
    return [str(override.input_line) for override in overrides]


def sets_value(override: Override, choices: Choices) -> bool:
    """Return whether an argument gives a key of the configuration another value, and no more."""
    changes = override.is_add() or override.is_force_add() or override.is_delete()
    elsewhere = override.package is not None or override.is_hydra_override()
    return not changes and not elsewhere and override.key_or_group not in choices


def section(override: Override) -> str:
    """Return the first part of an argument's key."""
    return str(override.key_or_group).partition(".")[0]


def keep_out(override: Override, sections: Sequence[str], reason: str) -> None:
    """Refuse a setting of a section that has no place here."""
    if section(override) in sections:
        raise ConfigError(f"{typed(override)}: {reason}")


def in_any_order(overrides: Sequence[Override], choices: Choices) -> bool:
    """Return whether no two arguments set the same value, so that their order does not matter.

    Of groups and keys in them the order never matters: files come first.
    """
    keys = [str(o.key_or_group) for o in overrides if o.key_or_group not in choices]
    pairs = itertools.combinations(keys, 2)
    return not any(a == b or a.startswith(f"{b}.") or b.startswith(f"{a}.") for a, b in pairs)


def _check_folders(override: Override) -> None:
    """Refuse a search path that is no list of folders."""
    value = override.value()
    if not isinstance(value, list) or not str(override.input_line).startswith(f"{SEARCHPATH}="):
        raise ConfigError(f"{typed(override)}: must be a list of folders: {SEARCHPATH}=[my_conf]")
    for folder in value:
        if "://" not in str(folder) and not Path(str(folder)).is_dir():
            raise ConfigError(
                f"{typed(override)}: {shortened(str(folder))} is no folder; name one that there is"
            )


def _check_group(override: Override, choices: Choices) -> None:
    group, _, key = str(override.key_or_group).partition(".")
    if group in choices and key == "name":
        raise ConfigError(
            f"{typed(override)}: a name alone leaves the settings of another; write {group}=…, "
            f"{allowed(choices[group])}"
        )
    if group not in choices or key:
        return
    if override.is_add() or override.is_force_add():
        plain = typed(override).lstrip("+")
        raise ConfigError(f"{typed(override)}: {group} is chosen already; write {plain}")
    value = override.value()
    if override.is_delete() or override.is_sweep_override():
        return  # the jobs of a sweep are read again, one by one
    optional = group in OPTIONAL_GROUPS
    known = allowed(choices[group])
    if optional and value in (None, []):
        raise ConfigError(f"{typed(override)}: leave it out for no {group}; {known}")
    if isinstance(value, dict) or (isinstance(value, list) and not optional):
        raise ConfigError(f"{typed(override)}: takes one name; to sweep use -m {group}=name,name")
    for name in value if isinstance(value, list) else [value]:
        if name not in choices[group] and not FOLDER_NAME.fullmatch(str(name)):  # Hydra will see
            near = nearest(str(name), choices[group])
            which = f"{group} {name}" if isinstance(value, list) else group
            raise UnknownNameError(f"{typed(override)}: unknown {which}; {known}.{near}")


def _unreadable(argument: str, error: Exception) -> ConfigError:
    key, equals, _ = argument.partition("=")
    shown = shortened(argument)
    if not equals and key.replace(".", "").replace("_", "").isalnum():
        return ConfigError(f"{shown}: no value; write {shown}=… (--help lists keys and commands)")
    if isinstance(error, RecursionError):
        return ConfigError(f"{shown}: nested too deeply")
    if "integer string conversion" in str(error):
        return ConfigError(f"{shown}: a number with too many digits; write it as 1e9, say")
    reason = shortened(str(error).partition(" expecting ")[0], 150)
    return ConfigError(f"{shown}: not of the form key=value ({reason})")
