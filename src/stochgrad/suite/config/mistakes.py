"""What is wrong in arguments and files, said in one short line that shows what was typed."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hydra.core.override_parser.types import Override
from hydra.errors import MissingConfigException
from omegaconf import DictConfig
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from stochgrad.errors import ConfigError, nearest
from stochgrad.suite.config.text import allowed, either, first_line, shortened

NO_EFFECT = "has no effect, since Hydra only composes the configuration here"
NOTES = re.compile(r"\n(Config search path|Search path| *full_key):")
"""What Hydra and OmegaConf add below what is wrong."""
HYDRAS = re.compile(r"(?:full_key: |Could not find ')(hydra[./][\w./]+)")
"""Where they name a setting of Hydra's own."""
HEAD = re.compile(r"((?:\{.*?\}|\[.*?\]|[^{\[])*?): (.*)")
"""Of our own messages: the settings, of which each may hold a colon in brackets, and the reason."""
BETWEEN = re.compile(r" (?=[\w.]+=)")
"""What is between two settings there."""
HYDRA_SAYS = (
    ("Could not append to config.*", "has a value already; leave out the +"),
    ("Cannot merge .*", "a list takes a list, [1,2], and a section {key:value}"),
    (" To append to your default list use .*", ""),
    (r"\w+ raised while resolving interpolation: ", ""),
)
"""Messages of Hydra and OmegaConf, and how they are put here."""
MERGING = "Error merging override"
"""What Hydra says before an argument that cannot be taken, and OmegaConf's reason."""
PRESET = "experiment"
"""Group whose files may set anything."""
NO_INDEX = "invalid literal for int()"
"""What OmegaConf says of a key in a list that is no number."""


Owners = Callable[[str], str]
"""Returns the choices that come with a key, as they are typed; nothing where none does."""


def typed(override: Override) -> str:
    """Return an argument as it was typed."""
    return shortened(str(override.input_line))


@contextmanager
def explained(
    arguments: Sequence[str],
    optional_groups: Sequence[str] = (),
    owners: Owners = lambda key: "",
) -> Iterator[None]:
    """Turn whatever Hydra has to say about a mistake into one line.

    Around calls of Hydra and OmegaConf alone: besides errors of their own they raise ValueError,
    TypeError, RecursionError, OSError and others of what they are given, or only warn of it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            yield
    except ConfigError:
        raise
    except Exception as error:
        raise _explain(error, arguments, optional_groups, owners) from error


@contextmanager
def as_given(overrides: Sequence[Override]) -> Iterator[None]:
    """Let what is said of a setting show it as it was typed: ``1e-8`` and not ``1e-08``."""
    try:
        yield
    except ConfigError as error:
        parts = HEAD.match(str(error))
        if parts is None:
            raise
        if clash := _clash(overrides, parts[1], parts[2]):
            raise ConfigError(clash) from error
        settings = []
        for setting in BETWEEN.split(parts[1]):
            key = setting.partition("=")[0]
            given = _given(overrides, key)
            if given is not None and given.is_delete():
                reason = f"cannot be taken out; give it a value: {key}=…"
                raise ConfigError(f"{typed(given)}: {reason}") from error
            settings.append(setting if given is None else typed(given))
        raise ConfigError(f"{' '.join(settings)}: {parts[2]}") from error


def _clash(overrides: Sequence[Override], setting: str, reason: str) -> str:
    """Return what is wrong where a preset sets a key that another typed choice does not have."""
    key = setting.partition("=")[0]
    group = next((o for o in overrides if o.key_or_group == key.partition(".")[0]), None)
    preset = next((o for o in overrides if o.key_or_group == PRESET), None)
    missing = reason.startswith(("unknown key", f"unknown {key};"))
    if not missing or group is None or preset is None or _given(overrides, key) is not None:
        return ""
    return (
        f"{typed(group)} {typed(preset)}: the preset sets {setting}, which {typed(group)} does not "
        f"have; leave one of the two out"
    )


def _given(overrides: Sequence[Override], key: str) -> Override | None:
    """Return the last argument that sets a key, or else a part of it."""
    own = [o for o in overrides if o.key_or_group == key]
    parts = [o for o in overrides if str(o.key_or_group).startswith(f"{key}.")]
    return next(reversed(own or parts), None)


def _explain(
    error: Exception,
    arguments: Sequence[str],
    optional_groups: Sequence[str],
    owners: Owners,
) -> ConfigError:
    cause = error.__cause__
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and cause.full_key:
        return _unknown_key(cause, arguments, optional_groups, owners)
    if not arguments and isinstance(error, OmegaConfBaseException) and error.full_key:
        return ConfigError(f"{shortened(str(error.full_key))}: {_reworded(first_line(error))}")
    if isinstance(error, MissingConfigException):
        return _no_file(error, arguments)
    own = HYDRAS.search(str(error))
    if own is not None:
        return in_a_file(own[1].replace("/", "."))
    if isinstance(error, RecursionError):
        message = "nested too deeply, or refers to itself"
    elif NO_INDEX in str(error):
        message = "a part of a list has a number; give the list as a whole: key=[…]"
    else:
        message = " ".join(NOTES.split(str(error))[0].split())
        if cause is not None:
            message += f": {first_line(cause)}"
    message = _reworded(message)
    guilty = [a for a in arguments if a in message] or list(arguments)
    for argument in guilty:
        message = message.removeprefix(f"{MERGING} {argument}: ")
    return ConfigError(": ".join(filter(None, [shortened(" ".join(guilty), 90), message])))


def _reworded(message: str) -> str:
    for theirs, ours in HYDRA_SAYS:
        message = re.sub(theirs, ours, message)
    return message


def _no_file(error: MissingConfigException, arguments: Sequence[str]) -> ConfigError:
    """Build the error for a file that is not there: the first one, or one of a group."""
    name = str(error.missing_cfg_file)
    if not error.options:
        return ConfigError(
            f"--config-name {shortened(name)}: no such file; leave it out for config"
        )
    group, _, own = name.partition("/")
    given = next((a for a in arguments if own in a), f"{group}={own}")
    return ConfigError(f"{shortened(given)}: no such file; {allowed(error.options)}")


def _unknown_key(
    error: OmegaConfBaseException,
    arguments: Sequence[str],
    optional_groups: Sequence[str],
    owners: Owners,
) -> ConfigError:
    key = str(error.full_key)
    given = shortened(_about(key, arguments) or key)
    parent, _, last = key.rpartition(".")
    if key.partition(".")[0] == "hydra":
        return in_a_file(key)
    if having := owners(key):
        return ConfigError(
            f"{given}: there is no {shortened(key)} with these choices; leave it out, or use "
            f"{having}"
        )
    known = error.parent_node
    names = [str(k) for k in known] if isinstance(known, Mapping) and len(known) else []
    if not parent:
        names = [*(n for n in names if n != "hydra"), *optional_groups]
    if not names:
        return ConfigError(f"{given}: unknown key; {shortened(parent)} is a single value")
    inside = [f"{name}.{last}" for name in _sections(known, last)] if not parent else []
    near = f" Did you mean {either(inside)}?" if inside else nearest(last, names)
    return ConfigError(f"{given}: unknown key; {allowed(sorted(names), '--cfg job')}.{near}")


def _sections(known: Any, key: str) -> list[str]:
    """Return the sections of a configuration that have a key; nothing is resolved for that."""
    nodes = {str(name): known._get_node(name) for name in known} if known is not None else {}
    return [n for n, node in nodes.items() if isinstance(node, DictConfig) and key in node]


def _about(key: str, arguments: Sequence[str]) -> str | None:
    """Return the argument that sets a key or a part of it, or else what it is a part of."""
    keys = {argument: argument.lstrip("+~").partition("=")[0] for argument in arguments}
    parts = [a for a, own in keys.items() if f"{own}.".startswith(f"{key}.")]
    wholes = [a for a, own in keys.items() if f"{key}.".startswith(f"{own}.")]
    return next(iter(parts or wholes), None)


def in_a_file(key: str) -> ConfigError:
    """Build the error for a setting of Hydra's own in a configuration file."""
    return ConfigError(
        f"{key}: in a configuration file; {NO_EFFECT}; take it out of the file (of hydra: only "
        f"sweeper.params, the keys of a sweep, may be there)"
    )
