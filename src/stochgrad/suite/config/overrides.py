"""Arguments ``key=value``: read, and checked as far as can be without the configuration."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from stochgrad.errors import ConfigError, unknown

Choices = Mapping[str, Sequence[str]]
"""The names that each configuration group offers."""

OPTIONAL_GROUPS = ("experiment",)
"""Groups that need not be chosen from, and from which several names may be."""


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
        except HydraException as error:
            raise _unreadable(argument, error) from error
        if not override.key_or_group:
            raise ConfigError(f"{argument}: not of the form key=value (no key)")
        if override.is_hydra_override() and override.key_or_group != "hydra.searchpath":
            raise ConfigError(
                f"{argument}: has no effect, since Hydra only composes the configuration here; "
                "leave it out"
            )
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
                f"{override.input_line}: several values; add -m to run each of them, or write "
                f"{override.key_or_group}=[…] for a list"
            )
    return [str(override.input_line) for override in overrides]


def sets_value(override: Override, choices: Choices) -> bool:
    """Tell whether an argument gives a key of the configuration another value, and no more."""
    changes = override.is_add() or override.is_force_add() or override.is_delete()
    return not changes and override.package is None and override.key_or_group not in choices


def section(override: Override) -> str:
    """Return the first part of an argument's key."""
    return str(override.key_or_group).partition(".")[0]


def keep_out(override: Override, sections: Sequence[str], reason: str) -> None:
    """Refuse a setting of a section that has no place here."""
    if section(override) in sections:
        raise ConfigError(f"{override.input_line}: {reason}")


def in_any_order(overrides: Sequence[Override], choices: Choices) -> bool:
    """Tell whether no two arguments are about the same value, so that their order is of no matter.

    Of groups and keys in them the order never matters: files come first.
    """
    keys = [str(o.key_or_group) for o in overrides if o.key_or_group not in choices]
    pairs = itertools.combinations(keys, 2)
    return not any(a == b or a.startswith(f"{b}.") or b.startswith(f"{a}.") for a, b in pairs)


def _check_group(override: Override, choices: Choices) -> None:
    group = override.key_or_group
    if group not in choices:
        return
    if override.is_add() or override.is_force_add():
        plain = str(override.input_line).lstrip("+")
        raise ConfigError(f"{override.input_line}: {group} is chosen already; write {plain}")
    value = override.value()
    if override.is_delete() or override.is_sweep_override() or isinstance(value, dict):
        return  # the jobs of a sweep are read again, one by one
    optional = group in OPTIONAL_GROUPS
    if optional and value is None:
        raise ConfigError(
            f"{override.input_line}: leave it out for no {group}; allowed: "
            f"{', '.join(choices[group])}"
        )
    if isinstance(value, list) and not optional:
        raise ConfigError(
            f"{override.input_line}: takes one name; to sweep use -m {group}=name,name"
        )
    for name in value if isinstance(value, list) else [value]:
        if name not in choices[group] and "/" not in str(name):  # in a subfolder: Hydra will see
            raise unknown(group, "" if name is None else name, choices[group])


def _unreadable(argument: str, error: HydraException) -> ConfigError:
    key, equals, _ = argument.partition("=")
    if not equals and key.replace(".", "").replace("_", "").isalnum():
        return ConfigError(f"{argument}: no value; write {argument}=…")
    reason = " ".join(str(error).split())
    return ConfigError(f"{argument}: not of the form key=value ({reason})")
