"""What configuration files may say to Hydra: which keys a sweep varies, and nothing else."""

from __future__ import annotations

from functools import cache
from typing import Any

import hydra
from omegaconf import DictConfig, OmegaConf, open_dict

from stochgrad.suite.config.mistakes import in_a_file
from stochgrad.suite.config.schema import flatten
from stochgrad.suite.config.text import as_value

SWEPT = "sweeper.params"
COMPOSING = ("searchpath", "overrides.", "runtime.", "job.override_dirname", "job.config_name")
"""What Hydra notes of a composition, and what it composes from."""


def swept_in(config: DictConfig) -> dict[str, str]:
    """Return the keys that files sweep over, with their values as they are typed.

    Args:
        config: with Hydra's own settings.

    Raises:
        ConfigError: for other settings of Hydra's own.
    """
    usual, found = _usual(), _own(config)
    for key in {**found, **usual}:
        if not key.startswith((SWEPT, *COMPOSING)) and found.get(key) != usual.get(key):
            raise in_a_file(f"hydra.{key}")
    params = config.hydra.sweeper.params or {}
    return {str(key): as_value(value) for key, value in params.items()}


def own_settings(config: DictConfig) -> DictConfig:
    """Return a configuration without Hydra's own settings."""
    with open_dict(config):
        del config["hydra"]
    return config


@cache
def _usual() -> dict[str, Any]:
    """Return Hydra's own settings where no file says anything."""
    return _own(hydra.compose(None, return_hydra_config=True))


def _own(config: DictConfig) -> dict[str, Any]:
    values: Any = OmegaConf.to_container(config.hydra)
    return flatten(values)
