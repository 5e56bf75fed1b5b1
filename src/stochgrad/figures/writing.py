"""Figures to files: the same figure gives the same bytes."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from stochgrad.errors import unknown
from stochgrad.figures.style import applied

FORMATS = ("png", "svg")
# No date and no version of the library: they would change the bytes of an unchanged figure.
_METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Creator": None, "Date": None},
}
_OPTIONS: dict[str, dict[str, object]] = {"png": {"pil_kwargs": {"compress_level": 3}}, "svg": {}}


def save(
    figures: Mapping[str, Figure], folder: Path, formats: Sequence[str] = ("png",)
) -> list[Path]:
    """Write each figure as ``folder/<name>.<format>``, beside its place and then renamed.

    Args:
        figures: by name.
        folder: made if it is not there.
        formats: ``"png"``, ``"svg"`` or both.

    Returns:
        The files, in the order of ``figures``.

    Raises:
        ConfigError: for another format.
    """
    for suffix in formats:
        if suffix not in FORMATS:
            raise unknown("format", suffix, FORMATS)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, figure in figures.items():
        for suffix in formats:
            path = folder / f"{name}.{suffix}"
            _replace(path, _render(figure, suffix))
            paths.append(path)
    return paths


def _render(figure: Figure, suffix: str) -> bytes:
    buffer = io.BytesIO()
    with applied():
        figure.savefig(buffer, format=suffix, metadata=_METADATA[suffix], **_OPTIONS[suffix])  # type: ignore[arg-type]
    return buffer.getvalue()


def _replace(path: Path, content: bytes) -> None:
    """Write beside ``path``, then rename: a reader never sees half a file."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
