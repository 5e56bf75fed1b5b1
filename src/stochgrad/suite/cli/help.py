"""What ``--help`` prints, gathered from the configuration files and the registries."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.models.activations import ACTIVATIONS

WIDTH = 100
COLUMN = 31
PRESETS = "experiment"
PAPERS = "papers"


def help_text(conf: Path) -> str:
    """Return the help of the command.

    Args:
        conf: folder of the configuration files.
    """
    root = (conf / "config.yaml").read_text(encoding="utf-8")
    parts = {
        "choices": _choices(root, conf),
        "settings": _settings(root),
        "tracking": _section(root, "tracking"),
        "sweep": _section(root, "sweep"),
        "presets": _options(conf / PRESETS),
        "papers": _options(conf / PAPERS),
    }
    return help_page("run").format(**{name: "\n".join(lines) for name, lines in parts.items()})


def help_page(command: str) -> str:
    """Return the text of a command's help."""
    page = Path(__file__).with_name(f"help.{command}.txt")
    return page.read_text(encoding="utf-8").removesuffix("\n")


def _choices(root: str, conf: Path) -> Iterator[str]:
    """Yield a line for each group in the defaults list, and one for each of its options."""
    entries = re.findall(r"^ +- (\w+): (\S+) *# (.+)$", root, re.MULTILINE)
    for group, default, comment in sorted(entries, key=lambda entry: str(entry[0])):
        if group != PRESETS:
            yield _line(group, f"{comment}; default {default}")
            yield from _options(conf / group, indent=4)


def _settings(root: str) -> Iterator[str]:
    """Yield a line for each key at the top level."""
    known = known_words()
    for key, default, comment in re.findall(r"^(\w+): (\S+) *# (.+)$", root, re.MULTILINE):
        words = known.get(key)
        more = f": {', '.join(words)}" if words else ""
        yield _line(key, f"{comment}{more}; default {default}")


def _section(root: str, name: str) -> Iterator[str]:
    """Yield a line for each key of a section."""
    _, _, rest = root.partition(f"\n{name}:\n")
    block = re.match(r"(?: .*\n?)*", rest)  # the indented lines
    entries = re.findall(r"^  (\w+): (\S+) *# (.+)$", block[0] if block else "", re.MULTILINE)
    for key, default, comment in entries:
        yield _line(f"{name}.{key}", f"{comment}; default {default}")


def known_words() -> dict[str, list[str]]:
    """Return the keys that take one of a few words, and the words."""
    found = {"activation": list(ACTIVATIONS)}
    for name, field in RunConfig.model_fields.items():
        words = [word for word in get_args(field.annotation) if isinstance(word, str)]
        if words:
            found[name] = words
    return found


def _options(folder: Path, indent: int = 2) -> Iterator[str]:
    for file in sorted(folder.glob("*.yaml")):
        yield _line(file.stem, describe(file), indent)


def describe(file: Path) -> str:
    """Return the first comment of a configuration file that is not one of Hydra's ``@`` headers."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") and not re.match(r"#\s*@", line):
            return line.lstrip("# ")
    return ""


def _line(name: str, text: str, indent: int = 2) -> str:
    start = f"{' ' * indent + name + '  ':<{COLUMN}}"
    return textwrap.fill(text, WIDTH, initial_indent=start, subsequent_indent=" " * COLUMN)
