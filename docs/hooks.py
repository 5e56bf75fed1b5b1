"""What the documentation takes from elsewhere: lists of pages, names, help, measurements."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
FIRST = {
    "how-to": ("derivative.md", "gradient.md", "check-gradient.md", "optimize.md"),
    "reference": ("library.md", "estimators.md"),
}
"""Pages that come first in the navigation, of those that are there."""


def on_config(config: Any) -> None:
    """Put the pages of a folder where the navigation names it, and before its end all others."""
    *nav, last = [{title: _pages(place) for title, place in entry.items()} for entry in config.nav]
    named = json.dumps([*nav, last])
    others = sorted(f.name for f in DOCS.glob("*.md") if f'"{f.name}"' not in named)
    config.nav = [*nav, *others, last]


def _pages(place: Any) -> Any:
    if not isinstance(place, str) or not place.endswith("/"):
        return place
    folder = place.rstrip("/")
    first = FIRST.get(folder, ())
    names = sorted(
        (file.name for file in (DOCS / folder).glob("*.md")),
        key=lambda name: (first.index(name) if name in first else len(first), name),
    )
    return [f"{folder}/{name}" for name in names]


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill in what comes from elsewhere, where a comment says ``<!-- what:: argument -->``."""
    return re.sub(r"^<!-- (\w+):: (\S+) -->$", _fill, markdown, flags=re.MULTILINE)


def _fill(found: re.Match[str]) -> str:
    what, argument = found.groups()
    filled = {"file": _file, "names": _names, "help": _help, "measured": _measured}
    return filled[what](argument) if what in filled else found[0]


def _file(name: str) -> str:
    """Return a file of the repository, whose links to the documentation are relative to that."""
    text = (DOCS.parent / name).read_text(encoding="utf-8")
    return text.replace("](docs/", "](").replace("](CHANGELOG.md", "](changelog.md")


def _names(module: str) -> str:
    """Return the documentation of every public name of a module."""
    from importlib import import_module

    names = import_module(module).__all__
    functions = [name for name in names if name[0].islower()]
    others = [name for name in names if name[0].isupper() and not name.isupper()]
    return "\n\n".join(f"::: {module}.{name}" for name in [*functions, *others])


def _help(program: str) -> str:
    """Return what the command prints for ``--help``."""
    import stochgrad.suite.tasks  # noqa: F401  (which enter their names)
    from stochgrad.suite.cli.help import help_text

    return f"```text\n{help_text(DOCS.parent / 'conf')}\n```"


def _measured(name: str) -> str:
    """Return what a benchmark wrote, as a table under the command that made it."""
    found = json.loads((DOCS / "validation" / f"{name}.json").read_text(encoding="utf-8"))
    columns = list(dict.fromkeys(key for row in found["rows"] for key in row))
    sides = ["---" if _is_text(found["rows"], key) else "---:" for key in columns]
    lines = [columns, ["---", *sides[1:]]]
    lines += [[_cell(row.get(key, "")) for key in columns] for row in found["rows"]]
    return "\n".join([f"`{found['command']}`\n", *_table(lines), f"\n*{found['about']}*"])


def _is_text(rows: list[dict[str, Any]], key: str) -> bool:
    """Return whether most cells of a column begin with a letter."""
    return sum(str(row.get(key, ""))[:1].isalpha() for row in rows) > len(rows) / 2


def _table(lines: list[list[str]]) -> Iterator[str]:
    for line in lines:
        yield f"| {' | '.join(line)} |"


def _cell(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
