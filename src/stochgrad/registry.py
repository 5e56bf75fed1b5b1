"""Names to things: how an estimator, an activation, a backend or a task is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, Generic, TypeVar

import numpy as np

from stochgrad.errors import ConfigError, unknown

T = TypeVar("T")


class Registry(Generic[T]):
    """A table of named things of one kind.

    >>> colours = Registry("colour")
    >>> _ = colours.add("red", "#f00")
    >>> colours["red"]
    '#f00'
    >>> colours["rad"]
    Traceback (most recent call last):
    ...
    stochgrad.errors.ConfigError: colour=rad: unknown colour; allowed: red. Did you mean 'red'?
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}

    def add(self, name: str, entry: T) -> T:
        """Enter ``entry`` under ``name``; a name can be taken once."""
        if name in self._entries:
            raise ValueError(f"{self.kind} {name!r} is registered already")
        self._entries[name] = entry
        return entry

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that enters what it decorates under ``name``."""
        return lambda entry: self.add(name, entry)

    def __getitem__(self, name: str) -> T:
        try:
            return self._entries[name]
        except (KeyError, TypeError):
            raise unknown(self.kind, name, self._entries) from None

    def make(self, name: Any, base: type, options: dict[str, Any]) -> Any:
        """Build a dataclass that is entered here from its name and options.

        Args:
            name: of an entry, or an instance of ``base``, which is returned.
            base: class of all entries.
            options: of the entry; numbers may be NumPy's.

        Raises:
            ConfigError: for an unknown name, or an option that the entry does not have.
        """
        if isinstance(name, base):
            for key, value in options.items():
                raise ConfigError(f"{key}={value}: give it to {type(name).__name__}(…) instead")
            return name
        cls: Any = self[name]
        allowed = [f.name for f in fields(cls)]
        for key in options:
            if key not in allowed:
                raise unknown(f"{self.kind}.{key}", options[key], allowed or ["no options"])
        return cls(**{k: v.item() if isinstance(v, np.generic) else v for k, v in options.items()})

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))
