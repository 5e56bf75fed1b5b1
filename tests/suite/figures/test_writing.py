from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from stochgrad.errors import ConfigError
from stochgrad.suite.figures import draw, save
from stochgrad.suite.figures.learning import loss
from stochgrad.suite.figures.style import applied, freeze
from stochgrad.suite.figures.xor import outputs

from .synthetic import make_config, xor_result

ROOT = Path(__file__).parents[3]
CONFIG = make_config("xor", replicates=3)


def two(replicates: int) -> dict[str, Figure]:
    """Two of the figures, for tests that need no more."""
    result = xor_result(replicates)
    with applied():
        figures = {"loss": loss(CONFIG, result), "outputs": outputs(CONFIG, result)}
        return {name: freeze(figure) for name, figure in figures.items() if figure is not None}


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.slow
def test_files_are_pictures_named_after_the_figures(tmp_path: Path) -> None:
    figures = two(3)
    paths = save(figures, tmp_path / "figures", ("png", "svg"))
    names = [f"{name}.{suffix}" for name in figures for suffix in ("png", "svg")]
    assert [path.name for path in paths] == names
    assert sorted(files(tmp_path / "figures")) == sorted(names)
    picture = imread(tmp_path / "figures" / "loss.png")
    assert picture.shape == (600, 960, 4)
    assert len(np.unique(picture.reshape(-1, 4), axis=0)) > 10
    root = ElementTree.parse(tmp_path / "figures" / "loss.svg").getroot()
    assert root.tag.endswith("svg")


def test_files_hold_no_date_and_no_version(tmp_path: Path) -> None:
    save(two(1), tmp_path, ("png", "svg"))
    for name, content in files(tmp_path).items():
        assert b"dc:date" not in content, name
        assert mpl.__version__.encode() not in content, name
        assert b"Software" not in content, name


def test_png_only_unless_asked(tmp_path: Path) -> None:
    assert {p.suffix for p in save(two(3), tmp_path)} == {".png"}


def test_the_same_result_gives_the_same_bytes(tmp_path: Path) -> None:
    save(two(3), tmp_path / "one", ("png", "svg"))
    # As from a matplotlibrc: settings that the style has, and one that it leaves at the default.
    machine = {"lines.linewidth": 9, "svg.hashsalt": "other", "axes.edgecolor": "red"}
    with mpl.rc_context(machine):
        save(two(3), tmp_path / "two", ("png", "svg"))
    assert files(tmp_path / "one") == files(tmp_path / "two")
    other = two(2)
    save(other, tmp_path / "three", ("png", "svg"))
    assert files(tmp_path / "one") != files(tmp_path / "three")


@pytest.mark.slow
def test_another_process_gives_the_same_bytes(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path\n"
        "from tests.suite.figures.synthetic import make_config, xor_result\n"
        "from stochgrad.suite.figures import draw, save\n"
        "config = make_config('xor', replicates=3)\n"
        f"save(draw(config, xor_result(3)), Path({str(tmp_path / 'there')!r}), ('png', 'svg'))"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
    save(draw(CONFIG, xor_result(3)), tmp_path / "here", ("png", "svg"))
    assert files(tmp_path / "here") == files(tmp_path / "there")


def test_saving_twice_or_in_another_order_changes_nothing(tmp_path: Path) -> None:
    figures = two(3)
    save(figures, tmp_path / "one", ("png", "svg"))
    save(figures, tmp_path / "two", ("svg", "png"))
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_no_half_file_is_left_when_a_picture_cannot_be_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = two(3)
    save(figures, tmp_path)
    before = files(tmp_path)

    def fail(*args: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save(two(2), tmp_path)
    assert files(tmp_path) == before


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"allowed: pdf, png, svg.*Did you mean 'png'"):
        save({}, tmp_path / "folder", ("pgn",))
    assert not (tmp_path / "folder").exists()
