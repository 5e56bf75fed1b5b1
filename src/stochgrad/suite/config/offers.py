"""What the files of a configuration's groups say, before any is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from stochgrad.suite.config.overrides import OPTIONAL_GROUPS, Choices
from stochgrad.suite.config.text import either


def settings_of(group: str, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what the files of some choices say, from the top of a configuration down.

    Of the gradient ``backprop``: ``{'backprop': {'gradient': {'name': 'backprop'}}}``. Hydra has to
    know the folder of the files.
    """
    loader: Any = GlobalHydra.instance().config_loader()
    found = {}
    for name in names:
        file = loader.repository.load_config(f"{group}/{name}")
        if file is not None:
            own: Any = OmegaConf.to_container(file.config)
            found[name] = own if file.header["package"] == "_global_" else {group: own}
    return found


def owners(key: str, choices: Choices) -> str:
    """Return the choices that come with a key, as they are typed; nothing where none does."""
    for group in sorted(choices.keys() - set(OPTIONAL_GROUPS)):
        files = settings_of(group, choices[group])
        names = [name for name, own in files.items() if _has(own, key.split("."))]
        if names:
            return f"{group}={either(names)}"
    return ""


def _has(values: Any, path: Sequence[str]) -> bool:
    for part in path:
        if not isinstance(values, Mapping) or part not in values:
            return False
        values = values[part]
    return True
