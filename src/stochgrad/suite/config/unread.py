"""Settings that no run of a command reads, refused as they were typed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hydra.core.override_parser.types import Override

from stochgrad.errors import ConfigError
from stochgrad.stencils import make_estimator
from stochgrad.suite.config.mistakes import typed
from stochgrad.suite.config.offers import settings_of
from stochgrad.suite.config.overrides import Choices
from stochgrad.suite.config.reads import read_by, read_in_training, setting_of, unread
from stochgrad.suite.config.schema import TASKS, RunConfig
from stochgrad.suite.config.text import either
from stochgrad.suite.models.gradients import make_gradient


def check_read(
    overrides: Sequence[Override], configs: Sequence[RunConfig], choices: Choices
) -> None:
    """Refuse the first argument that none of the runs reads.

    Args:
        overrides: as typed.
        configs: the runs that come of them.
        choices: that the groups of the configuration offer.

    Raises:
        ConfigError: naming the argument, what does not read it, and what does.
    """
    found: dict[int, dict[str, str]] = {}
    for override in overrides:
        whose = ""
        for number, config in reversed(list(enumerate(configs))):
            if number not in found:
                found[number] = unread(config)
            whose = setting_of(str(override.key_or_group), found[number])
            if not whose:
                break
        if whose:
            raise _refusal(override, whose, overrides, configs[0], choices)


def read_of(overrides: Sequence[Override], config: RunConfig) -> list[str]:
    """Return the arguments that a run reads, as typed."""
    found = unread(config)
    return [str(o.input_line) for o in overrides if not setting_of(str(o.key_or_group), found)]


def _refusal(
    override: Override,
    key: str,
    overrides: Sequence[Override],
    config: RunConfig,
    choices: Choices,
) -> ConfigError:
    group = unread(config)[key]
    given = [o for o in overrides if str(o.key_or_group).partition(".")[0] == group]
    told = given if group != "task" else [o for o in given if o.key_or_group == group]
    choice = " ".join(map(typed, told)) or f"{group}={getattr(config, group).name}"
    readers = list(_readers(group, key, config, choices))
    other = f", or use {group}={either(readers)}" if readers else ""
    return ConfigError(f"{typed(override)}: {choice} does not read {key}; leave it out{other}")


def _readers(group: str, key: str, config: RunConfig, choices: Choices) -> Iterator[str]:
    """Yield the choices of a group with which a setting is read."""
    if group == "task":
        yield from (name for name in TASKS if key not in TASKS[name].schema.unread)
        return
    for name, own in settings_of(group, choices[group]).items():
        try:
            if group == "gradient":
                read = read_in_training(make_gradient(**own[group]), config.make_estimator())
            else:
                read = read_by(make_estimator(**own[group]))
        except (ConfigError, TypeError):  # a file of which something is made by other settings
            continue
        if key in read:
            yield name
