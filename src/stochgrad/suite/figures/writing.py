"""Figures to files: the same figure gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from stochgrad.errors import unknown
from stochgrad.suite.figures.style import applied
from stochgrad.suite.paths import beside

FORMATS = ("png", "svg", "pdf")
# No date and no version of the library: they would change the bytes of an unchanged figure.
_METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Creator": None, "Date": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}
_OPTIONS: dict[str, dict[str, object]] = {"png": {"pil_kwargs": {"compress_level": 3}}}


def save(
    figures: Mapping[str, Figure], folder: Path, formats: Sequence[str] = ("png",)
) -> list[Path]:
    """Write each figure as ``folder/<name>.<format>``, beside its place and then renamed.

    Args:
        figures: by name.
        folder: made if it is not there.
        formats: some of ``"png"``, ``"svg"``, ``"pdf"``.

    Returns:
        The files, in the order of ``figures``.

    Raises:
        ConfigError: for another format.
    """
    for suffix in formats:
        if suffix not in FORMATS:
            raise unknown("format", suffix, FORMATS)
    paths = []
    for name, figure in figures.items():
        for suffix in formats:
            path = folder / f"{name}.{suffix}"
            with beside(path) as file:
                file.write_bytes(render(figure, suffix))
            paths.append(path)
    return paths


def render(figure: Figure, suffix: str) -> bytes:
    """Return a figure as the bytes of a file."""
    buffer = io.BytesIO()
    with applied():
        options: dict[str, Any] = _OPTIONS.get(suffix, {})
        figure.savefig(buffer, format=suffix, metadata=_METADATA[suffix], **options)
    return buffer.getvalue()
