"""Modules from outside: found, refused in one line, and told apart by their source."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import stochgrad.suite.tasks
from stochgrad.errors import ConfigError
from stochgrad.suite.config.schema import validate
from stochgrad.suite.plugins import fingerprint, load_plugins
from tests.suite.tasks.configs import XOR

assert stochgrad.suite.tasks.TASKS


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path of this process, with modules of several kinds."""
    for name, text in {
        "plugin_fine.py": "STATE = []",
        "plugin_package/__init__.py": "",
        "plugin_package/part.py": "x = 1",
        "plugin_broken.py": "def",
        "plugin_needy.py": "import absent_library",
        "plugin_twice.py": "from stochgrad.suite.models import activations\n"
        "activations.ACTIVATIONS.add('relu', 1)\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("plugin_")]:
        del sys.modules[name]


def test_a_module_is_imported_once(folder: Path) -> None:
    load_plugins(["plugin_fine", "plugin_package.part"])
    module = sys.modules["plugin_fine"]
    module.STATE.append(1)
    load_plugins(["plugin_fine"])
    assert sys.modules["plugin_fine"].STATE == [1]


MISTAKES = [
    (["plugin_absent"], r"plugins=plugin_absent: no such module; put it where Python looks: .*"),
    (["plugin_package.no"], r"plugins=plugin_package.no: no such module; .*"),
    (["plugin_broken"], r"plugins=plugin_broken: its import fails \(SyntaxError: .*\)"),
    (["plugin_needy"], r"plugins=plugin_needy: its .* \(ModuleNotFoundError: .*absent_library.*\)"),
    (["plugin_twice"], r"plugins=plugin_twice: its .* 'relu' is registered already\)"),
    ("plugin_fine", r"plugins=plugin_fine: must be a list: plugins=\[plugin_fine\]"),
    ([1], r"plugins=1: must be a string"),
    ([""], r"plugins: '' is no name of a module; write it as in an import, .*"),
    (["a: b.py"], r"plugins: 'a: b.py' is no name of a module; .* without .py"),
]


@pytest.mark.parametrize(("plugins", "said"), MISTAKES)
def test_mistakes_are_one_line(folder: Path, plugins: object, said: str) -> None:
    with pytest.raises(ConfigError, match=f"^{said}$"):
        validate({**XOR, "plugins": plugins})


def test_what_is_in_a_plugin_is_part_of_the_hash(folder: Path) -> None:
    plain = validate(XOR)
    assert plain.config_hash() == validate({**XOR, "plugins": []}).config_hash()
    assert "plugins" not in plain.canonical()
    config = validate({**XOR, "plugins": ["plugin_fine"]})
    before = config.config_hash()
    assert before != plain.config_hash()
    (folder / "plugin_fine.py").write_text("STATE = [2]\n", encoding="utf-8")
    assert config.config_hash() != before


def test_the_fingerprint_of_a_package_covers_its_files(folder: Path) -> None:
    before = fingerprint("plugin_package")
    assert before == fingerprint("plugin_package")
    (folder / "plugin_package" / "part.py").write_text("x = 2\n", encoding="utf-8")
    assert fingerprint("plugin_package") != before
