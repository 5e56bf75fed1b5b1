"""What a search varies: the several values of an argument as a distribution of Optuna's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra.core.override_parser.types import Glob, IntervalSweep, Override, RangeSweep
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from stochgrad.errors import ConfigError
from stochgrad.suite.config.overrides import Choices
from stochgrad.suite.sweep.combinations import values

LOG = "log"
FORMS = "interval(0.1,1), tag(log,interval(1e-6,1)), int(interval(1,9)), range(1,9) or a,b,c"


def search_space(overrides: Sequence[Override], choices: Choices) -> dict[str, BaseDistribution]:
    """Return the distribution of every key with several values.

    Raises:
        ConfigError: where there are none, or one cannot be searched.
    """
    space: dict[str, BaseDistribution] = {}
    for override in overrides:
        if override.is_sweep_override():
            key = override.get_key_element()
            if key in space:
                raise ConfigError(f"{override.input_line}: {key} is given twice; give it once")
            space[key] = _distribution(override, choices)
    if not space:
        raise ConfigError(f"nothing to search over; give a key several values: {FORMS}")
    return space


def _distribution(override: Override, choices: Choices) -> BaseDistribution:
    found: Any = override.value()
    tags = set() if isinstance(found, Glob) else set(found.tags)
    if tags - {LOG}:
        raise ConfigError(f"{override.input_line}: unknown tag; allowed: {LOG}. Forms: {FORMS}")
    try:
        if isinstance(found, IntervalSweep):
            low, high = (found.start, found.end)
            if low is None or high is None:
                raise ValueError("both ends are needed")
            if low > high:
                raise ValueError("write the lower end first")
            if isinstance(low, int) and isinstance(high, int):
                return IntDistribution(low, high, log=LOG in tags)
            return FloatDistribution(float(low), float(high), log=LOG in tags)
        if isinstance(found, RangeSweep) and not found.shuffle:
            every = found.range()
            if isinstance(every, range) and every:
                low, high = sorted((every[0], every[-1]))
                return IntDistribution(low, high, step=abs(every.step), log=LOG in tags)
    except (TypeError, ValueError) as error:
        reason = str(error).rstrip(".")
        raise ConfigError(f"{override.input_line}: {reason}; forms: {FORMS}") from error
    if tags:
        raise ConfigError(
            f"{override.input_line}: tag(log) is for intervals and ranges of whole numbers; "
            f"forms: {FORMS}"
        )
    return CategoricalDistribution(values(override, choices))


def corners(space: dict[str, BaseDistribution]) -> list[dict[str, Any]]:
    """Return points that between them hold the ends of every range, and every choice."""
    ends = {key: _ends(distribution) for key, distribution in space.items()}
    return [
        {key: found[min(i, len(found) - 1)] for key, found in ends.items()}
        for i in range(max(map(len, ends.values())))
    ]


def _ends(distribution: Any) -> list[Any]:
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    return [distribution.low, distribution.high]


def as_arguments(point: dict[str, Any]) -> dict[str, str]:
    """Write a point as on the command line.

    >>> as_arguments({"epsilon": 1e-05, "activation": "tanh"})
    {'epsilon': '1e-05', 'activation': 'tanh'}
    """
    return {k: v if isinstance(v, str) else repr(v) for k, v in point.items()}
