"""The configuration of a run, composed by Hydra from files and arguments, and validated."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from stochgrad.errors import ConfigError
from stochgrad.suite.config.files import own_settings, swept_in
from stochgrad.suite.config.mistakes import as_given, explained, typed
from stochgrad.suite.config.offers import owners
from stochgrad.suite.config.overrides import (
    OPTIONAL_GROUPS,
    SEARCHPATH,
    Choices,
    in_any_order,
    keep_out,
    read,
    sets_value,
    single,
)
from stochgrad.suite.config.schema import RunConfig, validate
from stochgrad.suite.config.text import shortened
from stochgrad.suite.config.unread import check_read, read_of

ROOT = "config"
"""Name of the file that everything starts from."""

NO_GROUPS = ("hydra", "papers")
"""Folders of configuration files that no run is composed of."""
AROUND_RUNS = ("sweep", "tune")
"""Sections about many runs: no part of the configuration of any, nor of its hash."""
NEEDED = {name for name, field in RunConfig.model_fields.items() if field.is_required()}
"""Settings that no run is without."""


@dataclass(frozen=True)
class Sources:
    """Where configuration files are.

    Attributes:
        folder: of the files.
        name: of the one that everything starts from.
        more: another folder, whose files add to these.
    """

    folder: Path
    name: str = ROOT
    more: Path | None = None


@contextmanager
def configuration(conf: Path | Sources, arguments: Sequence[str] = ()) -> Iterator[Composer]:
    """Open folders of configuration files; yield what composes from them.

    Only Hydra's composition is used: no folder is made, and no logging configured.

    Args:
        conf: the folder, or all that can be said of where files are.
        arguments: of the command; ``hydra.searchpath=[…]`` in them adds folders.

    Raises:
        ConfigError: if there is no such folder or file.
    """
    sources = Sources(conf) if isinstance(conf, Path) else conf
    if not (sources.folder / f"{ROOT}.yaml").is_file():
        raise ConfigError(
            f"{sources.folder}: no configuration there; run from a clone of the repository"
        )
    if sources.more is not None and not sources.more.is_dir():
        raise ConfigError(f"--config-dir {sources.more}: no such folder; name one that there is")
    with hydra.initialize_config_dir(
        str(sources.folder.resolve()), job_name="run", version_base="1.3"
    ):
        if sources.more is not None:
            loader: Any = GlobalHydra.instance().config_loader()
            more = str(sources.more.resolve())
            loader.get_search_path().prepend("command-line", more, anchor="schema")
            loader.repository.initialize_sources(loader.get_search_path())
        folders = [a for a in arguments if SEARCHPATH in a.partition("=")[0]]
        read(folders, {})
        yield Composer(sources.name, folders)


def plan_run(arguments: Sequence[str], conf: Path | Sources) -> RunConfig:
    """Compose and validate one run.

    Args:
        arguments: ``key=value`` texts.
        conf: folder of the configuration files.

    Raises:
        ConfigError: naming the key, the value, what is allowed, what to do.
    """
    with configuration(conf, arguments) as composer:
        return run_of(arguments, composer)


def run_of(arguments: Sequence[str], composer: Composer) -> RunConfig:
    """Compose and validate one run, as :func:`plan_run` does."""
    overrides = read(arguments, composer.choices)
    for override in overrides:
        keep_out(override, ("sweep",), "says how many runs are made; add -m, or leave it out")
        keep_out(override, ("tune",), "is for `python -m src.tune`; leave it out")
    chosen = single(overrides)
    given = {o.key_or_group for o in overrides}
    swept = [key for key in composer.swept(chosen) if key not in given]
    if swept:
        raise ConfigError(
            f"{shortened(' '.join(chosen))}: a file holds a sweep over {', '.join(swept)} "
            f"(hydra.sweeper.params); add -m to run it"
        )
    config = composer.run(chosen)
    composer.check_read(chosen, [config])
    return config


@dataclass(frozen=True)
class _Composed:
    """What files say, before single values are put in."""

    config: DictConfig
    swept: dict[str, str]


class Composer:
    """Composes runs; the :func:`configuration` that made it has to be open.

    Hydra reads and merges all files for each composition, a tenth of a second. Runs that choose the
    same ones share one, and values are put into a copy of it, as Hydra would.

    Attributes:
        choices: the names that each group offers.
    """

    def __init__(self, name: str, searchpath: Sequence[str]) -> None:
        """Find out what there is to choose from."""
        self._name = name
        self._read: dict[str, Override] = {}
        self._shared: dict[tuple[str, ...], _Composed] = {}
        loader = GlobalHydra.instance().config_loader()
        with explained(searchpath):
            self.choices: Choices = {
                group: sorted(loader.get_group_options(group, overrides=list(searchpath)))
                for group in loader.list_groups("")
                if group not in NO_GROUPS
            }

    def compose(self, arguments: Sequence[str]) -> DictConfig:
        """Compose a configuration, not validated.

        Raises:
            ConfigError: naming what is wrong in the arguments or in a file.
        """
        return self._compose(arguments).config

    def run(self, arguments: Sequence[str]) -> RunConfig:
        """Compose and validate one run.

        Raises:
            ConfigError: naming what is wrong.
        """
        overrides = self._overrides(arguments)
        single(overrides)
        with as_given(overrides):
            values = resolve(self._merged(overrides) or self.compose(arguments))
            missing = NEEDED - values.keys() if self._name != ROOT else ()
            if missing:
                raise ConfigError(
                    f"--config-name {shortened(self._name)}: it says nothing of "
                    f"{', '.join(sorted(missing))}; let it start with defaults: [config], or leave "
                    f"--config-name out"
                )
            config = validate({k: v for k, v in values.items() if k not in AROUND_RUNS})
        _check_rate(overrides, config)
        return config

    def check_read(self, arguments: Sequence[str], configs: Sequence[RunConfig]) -> None:
        """Refuse an argument that none of the runs that come of them reads.

        Raises:
            ConfigError: naming it, what does not read it, and what does.
        """
        check_read(self._overrides(arguments), configs, self.choices)

    def read_of(self, arguments: Sequence[str]) -> list[str]:
        """Return those arguments of a run that it reads."""
        return read_of(self._overrides(arguments), self.run(arguments))

    def section(self, name: str, arguments: Sequence[str]) -> dict[str, Any]:
        """Compose one of the sections in :data:`AROUND_RUNS`; empty if there is none."""
        composed = self._merged(self._overrides(arguments)) or self.compose(arguments)
        found = resolve(composed).get(name) or {}
        if not isinstance(found, dict):
            raise ConfigError(f"{name}: is a section; set a key of it")
        return found

    def swept(self, arguments: Sequence[str]) -> dict[str, str]:
        """Return the keys that the chosen files sweep over, and their values as typed."""
        return self._base(self._overrides(arguments)).swept

    def folders(self, arguments: Sequence[str]) -> list[tuple[str, str]]:
        """Return where files are looked for, and who says so, first things first."""
        path = GlobalHydra.instance().config_loader().get_search_path().get_path()
        more = [("typed", a) for a in arguments if a.startswith(SEARCHPATH)]
        return [*((e.provider, e.path) for e in path if e.path != "structured://"), *more]

    def files(self, arguments: Sequence[str]) -> list[tuple[str, str]]:
        """Return the files of a configuration, later ones over earlier ones, and where they go."""
        with explained(arguments, OPTIONAL_GROUPS):
            found = (
                GlobalHydra.instance()
                .config_loader()
                .compute_defaults_list(self._name, list(arguments), RunMode.RUN)
            )
        own = [d for d in found.defaults if d.config_path and not d.config_path.startswith("hydra")]
        return [(f"{d.config_path}.yaml", str(d.package or "")) for d in own]

    def _overrides(self, arguments: Sequence[str]) -> list[Override]:
        new = [a for a in dict.fromkeys(arguments) if a not in self._read]
        self._read.update(zip(new, read(new, self.choices), strict=True))
        return [self._read[a] for a in arguments]

    def _base(self, overrides: Sequence[Override]) -> _Composed:
        """Return what the files that arguments choose say; it is not to be changed."""
        files = tuple(str(o.input_line) for o in overrides if not sets_value(o, self.choices))
        if files not in self._shared:
            self._shared[files] = self._compose(files)
        return self._shared[files]

    def _merged(self, overrides: Sequence[Override]) -> DictConfig | None:
        """Put values into a copy of what files say; None where Hydra has to see all of it."""
        if not in_any_order(overrides, self.choices):
            return None
        try:
            config = copy.deepcopy(self._base(overrides).config)
            for override in overrides:
                if sets_value(override, self.choices):
                    OmegaConf.update(config, override.key_or_group, override.value(), merge=True)
        except Exception:  # of whatever kind: Hydra says what is wrong with all of them together
            return None
        return config

    def _compose(self, arguments: Sequence[str]) -> _Composed:
        with explained(arguments, OPTIONAL_GROUPS, partial(owners, choices=self.choices)):
            config = hydra.compose(self._name, list(arguments), return_hydra_config=True)
            swept = swept_in(config)
            return _Composed(own_settings(config), swept)


def _check_rate(overrides: Sequence[Override], config: RunConfig) -> None:
    """Refuse a rate of the task that the optimizer does not take: it has one of its own."""
    rate = config.optimizer.options.get("learning_rate")
    for override in overrides:
        if override.key_or_group == "task.learning_rate" and override.value() != rate:
            raise ConfigError(
                f"{typed(override)}: optimizer={config.optimizer.name} learns at "
                f"optimizer.learning_rate={rate}; leave it out, and set optimizer.learning_rate"
            )


def resolve(config: DictConfig) -> dict[str, Any]:
    """Turn a composed configuration into plain values, with its interpolations resolved.

    Raises:
        ConfigError: naming the key with a mistake.
    """
    with explained([]):
        values = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


def as_yaml(config: DictConfig, interpolated: bool = False) -> str:
    """Return a composed configuration as text, its interpolations resolved or as they stand."""
    with explained([]):
        return OmegaConf.to_yaml(config, resolve=interpolated)


def read_file(path: Path) -> dict[str, Any]:
    """Return what one configuration file says, its interpolations as they stand."""
    with explained([]):
        values = OmegaConf.to_container(OmegaConf.load(path))
    return {str(key): value for key, value in values.items()} if isinstance(values, dict) else {}
