"""The keys with several values, multiplied out into the jobs of a sweep."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from hydra.core.override_parser.types import Glob, Override, RangeSweep

from stochgrad.errors import ConfigError
from stochgrad.suite.config.mistakes import typed
from stochgrad.suite.config.overrides import Choices
from stochgrad.suite.config.text import first_line, shortened

MOST_JOBS = 100_000
"""In one sweep."""


def product(overrides: Sequence[Override], choices: Choices) -> list[dict[str, str]]:
    """Multiply out the keys with several values.

    Returns:
        For each job, in order (the last key turns fastest): the value of every swept key.

    Raises:
        ConfigError: if there are more than ``MOST_JOBS``, or values that cannot be listed.
    """
    swept: dict[str, list[str]] = {}
    for override in overrides:
        if override.is_sweep_override():
            swept[override.get_key_element()] = values(override, choices)
    if math.prod(map(len, swept.values())) > MOST_JOBS:
        counts = " × ".join(f"{shortened(k)} ({len(found):,})" for k, found in swept.items())
        raise _too_many(counts)
    return [dict(zip(swept, chosen, strict=True)) for chosen in itertools.product(*swept.values())]


def with_values(overrides: Sequence[Override], swept: Mapping[str, str]) -> list[str]:
    """Return the arguments of a job: as typed, with one value for each key with several.

    Args:
        overrides: of the sweep.
        swept: the values, by :meth:`Override.get_key_element`.
    """
    keys = [o.get_key_element() if o.is_sweep_override() else None for o in overrides]
    return [
        str(override.input_line) if key is None else f"{key}={swept[key]}"
        for key, override in zip(keys, overrides, strict=True)
    ]


def values(override: Override, choices: Choices) -> list[str]:
    """List the values of a key with several, each once.

    Raises:
        ConfigError: if they cannot be listed, or there are none.
    """
    if not override.is_discrete_sweep():
        key = shortened(override.key_or_group)
        raise ConfigError(
            f"{typed(override)}: a sweep needs values that can be listed; write "
            f"{key}=1,2,3 or {key}=range(1,4)"
        )
    pattern = override.value()
    if isinstance(pattern, RangeSweep):
        _check_range(override, pattern)
    if isinstance(pattern, Glob):
        found = pattern.filter(list(choices.get(override.key_or_group, ())))
    else:
        try:
            found = list(override.sweep_string_iterator())
        except (TypeError, ValueError, OverflowError) as error:  # 1 sorted with a, say
            reason = f"cannot be listed ({first_line(error)})"
            raise ConfigError(f"{typed(override)}: {reason}; give values of one kind") from error
    if not found:
        raise ConfigError(f"{typed(override)}: no value to sweep over")
    return list(dict.fromkeys(found))


def _check_range(override: Override, swept: RangeSweep) -> None:
    """Refuse a range that has no end before its values are listed."""
    if not swept.step:
        raise ConfigError(f"{typed(override)}: the step must not be 0")
    count = (float(swept.stop or 0) - float(swept.start or 0)) / float(swept.step)
    if not count <= MOST_JOBS:
        raise _too_many(typed(override))


def _too_many(what: str) -> ConfigError:
    return ConfigError(
        f"{what}: too many runs; the most that a sweep takes is {MOST_JOBS:,}; make several sweeps "
        f"of it"
    )
