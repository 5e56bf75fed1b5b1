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

HEAD = """\
Estimate derivatives from random perturbations of a black box, train networks with them, and measure
both against exact derivatives. Every run is checked first, then logged to MLflow.

  python -m src.run key=value …       one run
  python -m src.run -m key=a,b …      a sweep: every combination, once, and a comparison at the end
  python -m src.run reconcile         close the runs that dead processes left open
  python -m src.run figures RUN_ID …  draw the figures of a run, or of all runs of a sweep
  python -m src.tune key=range …      search for good settings (--help)

  -m, --multirun     sweep over keys with several values: a,b,c or range(1,4) or glob(*)
  -c, --cfg job      print the composed configuration, and run nothing (--resolve: interpolated);
                     with -m that of the first job, or of job=3
  -i, --info         print where it comes from: folders, files in their order (all, searchpath,
                     defaults, config)
  -cn, --config-name NAME   start from NAME.yaml instead of config.yaml
  -cd, --config-dir FOLDER  add a folder with files of your own, such as experiment/mine.yaml
  --completion bash|zsh|fish   print a script that completes keys, choices and presets:
                     eval "$(python -m src.run --completion bash)"
  --version          of this package
  -h, --help         this text"""

EXAMPLES = (
    ("python -m src.run", "train XOR with the defaults"),
    ("python -m src.run experiment=notebook_derivatives", "a preset"),
    ("python -m src.run task=digits estimator=analytic", "another task, with exact derivatives"),
    ("python -m src.run backend=tensorflow replicates=20", "twenty seeds in one compiled program"),
    ("python -m src.run -m epsilon=1e-3,1e-5 dtype=float32,float64", "a sweep of four runs"),
)

TAIL = """\
Longer keys set what a choice is made of: task.steps=500, model.hidden=[16,16]; see --cfg job.
Runs are logged to MLFLOW_TRACKING_URI, or else to mlflow.db in the clone, or in the current folder.
Exit codes: 0 done, 1 a run failed, 2 a mistake in the command, 130 interrupted."""


def help_text(conf: Path) -> str:
    """Return the help of the command.

    Args:
        conf: folder of the configuration files.
    """
    root = (conf / "config.yaml").read_text(encoding="utf-8")
    parts = [
        HEAD,
        "Choices\n" + "\n".join(_choices(root, conf)),
        "Settings\n" + "\n".join(_settings(root)),
        "What tracking records beside results\n" + "\n".join(_section(root, "tracking")),
        "Sweeps (-m)\n" + "\n".join(_section(root, "sweep")),
        f"Presets: {PRESETS}=…\n" + "\n".join(_options(conf / PRESETS)),
        "Papers: python -m src.replicate NAME [CELL …]\n" + "\n".join(_options(conf / PAPERS)),
        "Examples\n" + "\n".join(f"  {command:<62}{what}" for command, what in EXAMPLES),
        TAIL,
    ]
    return "\n\n".join(parts)


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
