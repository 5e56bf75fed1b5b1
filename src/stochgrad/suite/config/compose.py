"""The configuration of a run, composed by Hydra from ``conf/`` and the arguments, and validated."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra
import yaml  # type: ignore[import-untyped]
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from stochgrad.errors import ConfigError, nearest
from stochgrad.suite.config.overrides import (
    OPTIONAL_GROUPS,
    Choices,
    in_any_order,
    keep_out,
    read,
    sets_value,
    single,
)
from stochgrad.suite.config.schema import RunConfig, validate

ROOT = "config"
"""Name of the file in ``conf/`` that everything starts from."""

AROUND_RUNS = ("sweep", "tune")
"""Sections about many runs: no part of the configuration of any, nor of its hash."""

# Hydra reports some mistakes in values and files as plain ValueError, or only warns of them.
MISTAKES = (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError, UserWarning)


@contextmanager
def configuration(conf: Path, arguments: Sequence[str] = ()) -> Iterator[Choices]:
    """Open a folder of configuration files; yield the names that its groups offer.

    Only Hydra's composition is used: no folder is made, and no logging configured.

    Args:
        conf: the folder.
        arguments: of the command; ``hydra.searchpath=[…]`` in them adds folders.
    """
    if not (conf / f"{ROOT}.yaml").is_file():
        raise ConfigError(f"{conf}: no configuration there; run from a clone of the repository")
    with hydra.initialize_config_dir(str(conf.resolve()), job_name="run", version_base="1.3"):
        yield _choices([a for a in arguments if a.startswith("hydra.searchpath=")])


def _choices(searchpath: list[str]) -> Choices:
    loader = GlobalHydra.instance().config_loader()
    with _explained(searchpath):
        return {
            group: sorted(loader.get_group_options(group, overrides=searchpath))
            for group in loader.list_groups("")
            if group != "hydra"
        }


def compose(arguments: Sequence[str]) -> DictConfig:
    """Compose the configuration; an open :func:`configuration` is needed.

    Raises:
        ConfigError: naming what is wrong in the arguments or in a file.
    """
    with _explained(arguments):
        return hydra.compose(ROOT, list(arguments))


def resolve(config: DictConfig) -> dict[str, Any]:
    """Turn a composed configuration into plain values, with its interpolations resolved."""
    try:
        values = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise ConfigError(f"{error.full_key}: {_first_line(error)}") from error
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


def as_yaml(config: DictConfig, interpolated: bool = False) -> str:
    """Return a composed configuration as text, its interpolations resolved or as they stand."""
    with _explained([]):
        return OmegaConf.to_yaml(config, resolve=interpolated)


def compose_run(arguments: Sequence[str]) -> RunConfig:
    """Compose and validate the configuration of one run, whatever surrounds it."""
    return _run_of(compose(arguments))


def _run_of(config: DictConfig) -> RunConfig:
    values = resolve(config)
    return validate({key: value for key, value in values.items() if key not in AROUND_RUNS})


def plan_run(arguments: Sequence[str], conf: Path) -> RunConfig:
    """Compose and validate one run.

    Args:
        arguments: ``key=value`` texts.
        conf: folder of the configuration files.

    Raises:
        ConfigError: naming the key, the value, what is allowed, what to do.
    """
    with configuration(conf, arguments) as choices:
        overrides = read(arguments, choices)
        for override in overrides:
            keep_out(override, AROUND_RUNS, "says how many runs are made; add -m, or leave it out")
        return compose_run(single(overrides))


class Composer:
    """Composes many runs that choose the same files; an open :func:`configuration` is needed.

    Hydra reads and merges all files for each composition, a tenth of a second. Runs that choose the
    same ones share one, and values are put into a copy of it, as Hydra would.
    """

    def __init__(self, choices: Choices) -> None:
        """Take the names that groups offer."""
        self._choices = choices
        self._read: dict[str, Override] = {}
        self._composed: dict[tuple[str, ...], DictConfig] = {}

    def run(self, arguments: Sequence[str]) -> RunConfig:
        """Compose and validate one run, as :func:`compose_run` does.

        Raises:
            ConfigError: naming what is wrong.
        """
        new = [a for a in arguments if a not in self._read]
        self._read.update(zip(new, read(new, self._choices), strict=True))
        overrides = [self._read[a] for a in arguments]
        single(overrides)
        values = [o for o in overrides if sets_value(o, self._choices)]
        files = tuple(str(o.input_line) for o in overrides if o not in values)
        if not in_any_order(overrides, self._choices):
            return compose_run(arguments)
        try:
            if files not in self._composed:
                self._composed[files] = compose(files)
            config = copy.deepcopy(self._composed[files])
            for override in values:
                OmegaConf.update(config, override.key_or_group, override.value(), merge=True)
        except (ConfigError, OmegaConfBaseException):  # Hydra says what is wrong with all of them
            return compose_run(arguments)
        return _run_of(config)


def compose_section(name: str, arguments: Sequence[str]) -> dict[str, Any]:
    """Compose one of the sections in :data:`AROUND_RUNS`; empty if there is none."""
    section: dict[str, Any] = resolve(compose(arguments)).get(name) or {}
    return section


@contextmanager
def _explained(arguments: Sequence[str]) -> Iterator[None]:
    """Turn whatever Hydra has to say about a mistake into one line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            yield
    except MISTAKES as error:
        raise _explain(error, arguments) from error


def _explain(error: Exception, arguments: Sequence[str]) -> ConfigError:
    cause = error.__cause__
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and cause.full_key:
        return _unknown_key(cause, arguments)
    message = " ".join(str(error).split())
    if cause is not None:
        message += f": {_first_line(cause)}"
    return ConfigError(f"{' '.join(arguments)}: {message}" if arguments else message)


def _unknown_key(error: OmegaConfBaseException, arguments: Sequence[str]) -> ConfigError:
    key = str(error.full_key)
    given = next((a for a in arguments if a.startswith((f"{key}=", f"{key}."))), key)
    parent, _, last = key.rpartition(".")
    known = error.parent_node
    names = [str(k) for k in known] if isinstance(known, Mapping) and len(known) else []
    if not parent:
        names = [*(n for n in names if n != "hydra"), *OPTIONAL_GROUPS]
    if not names:
        return ConfigError(f"{given}: unknown key; {parent} is a single value")
    return ConfigError(
        f"{given}: unknown key; allowed: {', '.join(sorted(names))}.{nearest(last, names)}"
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
