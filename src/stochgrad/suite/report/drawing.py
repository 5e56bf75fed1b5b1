"""Drawing under the project's style."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stochgrad.suite.figures import Figure
from stochgrad.suite.figures.style import applied, freeze


def drawn(draw: Callable[..., Figure], *arguments: Any) -> Figure:
    """Return ``draw(*arguments)``, drawn in the project's style, with its layout worked out."""
    with applied():
        return freeze(draw(*arguments))
