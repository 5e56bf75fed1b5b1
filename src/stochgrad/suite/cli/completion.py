"""Completion for shells: keys as the configuration has them, choices as its folders do.

The scripts ask no Python: keys are in them, and the names that a group offers are those of the
files in its folder at the moment, so that a new preset is there at once.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from stochgrad.suite.cli.arguments import FLAGS
from stochgrad.suite.cli.help import known_words
from stochgrad.suite.config.compose import NO_GROUPS, read_file
from stochgrad.suite.config.schema import RunConfig, flatten

CASES = {
    "bash": '        {key}) found="{values}" ;;',
    "zsh": "        {key}) found=({values}) ;;",
    "fish": "        case {key}\n            set found {values}",
}
EVALUATED = {
    "bash": 'eval "$(python -m src.run --completion bash)"',
    "zsh": 'eval "$(python -m src.run --completion zsh)"',
    "fish": "python -m src.run --completion fish | source",
}


def completion_script(shell: str, conf: Path) -> str:
    """Return a script that a shell evaluates, to complete what this command takes.

    Args:
        shell: ``"bash"``, ``"zsh"`` or ``"fish"``.
        conf: folder of the configuration files.
    """
    folders = {path.name for path in conf.iterdir() if path.is_dir()}
    groups = sorted(folders - set(NO_GROUPS))
    flags = [name for name, field in RunConfig.model_fields.items() if field.annotation is bool]
    values = {**{flag: ["true", "false"] for flag in flags}, **known_words()}
    words = [f"{key}=" for key in sorted({*known_keys(conf, groups), *groups, *values})]
    cases = [CASES[shell].format(key=k, values=" ".join(v)) for k, v in sorted(values.items())]
    script = Path(__file__).with_name(f"completion.{shell}").read_text(encoding="utf-8")
    script = script.replace("@WORDS@", " ".join([*words, *FLAGS]))
    script = script.replace("@CASES@", "\n".join(cases))
    return f"# {EVALUATED[shell]}\n{script.replace('@CONF@', shlex.quote(str(conf.resolve())))}"


def known_keys(conf: Path, groups: list[str]) -> Iterator[str]:
    """Yield the dotted keys of the first file, and of every file of a group but presets."""
    yield from _keys(conf / "config.yaml")
    for group in groups:
        for file in sorted((conf / group).glob("*.yaml")) if group != "experiment" else ():
            keys = _keys(file)
            whole = "@package _global_" in file.read_text(encoding="utf-8").partition("\n\n")[0]
            names = keys if whole else (f"{group}.{key}" for key in keys)
            yield from (name for name in names if not name.endswith(".name"))


def _keys(file: Path) -> list[str]:
    return [key for key in flatten(read_file(file)) if key != "defaults"]
