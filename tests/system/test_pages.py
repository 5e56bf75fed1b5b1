"""The pages as people see them: small but real results, opened in Chromium."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from pipelines import classifiers, cost, data, derivatives, epsilon_study, guide, report, xor_study
from pipelines.stage import Stage
from stochgrad.errors import ConfigError
from stochgrad.suite.report.results import Results
from tests.pipelines.small import make_project
from tests.system.browser import CHROMIUM, DESKTOP, PHONE, Seen, browser, look

needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"needs {CHROMIUM}: apt-get install chromium"
)
LARGEST = 5_000_000
"""Bytes of a page."""
PAGES = ("digits", "guide")
STAGES = {
    "data/digits": data.work,
    "derivatives": derivatives.work,
    "epsilon_study": epsilon_study.work,
    "xor_study": xor_study.work,
    "classifiers/digits-exact": classifiers.work,
    "classifiers/digits-estimated": classifiers.work,
    "classifiers/digits-notebook": classifiers.work,
    "cost/digits": cost.work,
}


@pytest.fixture(scope="module")
def project(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose stages have run, but for the check of exports, which needs TensorFlow."""
    root = make_project(tmp_path_factory.mktemp("pages") / "project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        database = shutil.copy(empty_database, root / "mlflow.db")
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{database}")
        for name, work in STAGES.items():
            work(Stage(name, root))
        report.main(["digits"])
        guide.main([])
        yield root


@pytest.fixture(scope="module")
def chromium() -> Iterator[BrowserContext]:
    with browser() as context:
        yield context


@pytest.fixture
def opened(project: Path, chromium: BrowserContext) -> Iterator[partial[Seen]]:
    """Open a page by name, window and colour scheme; it is closed after the test."""

    def at(name: str, width: int = DESKTOP, scheme: str = "light") -> Seen:
        return look(chromium, project / "report" / name / "index.html", width, scheme)

    yield partial(at)
    for page in chromium.pages:
        page.close()


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_readable_whole_and_asks_for_nothing(
    opened: partial[Seen], name: str, width: int, scheme: str
) -> None:
    seen = opened(name, width, scheme)
    facts = seen.facts
    assert seen.complaints == []
    assert seen.requests == []
    assert facts["overflow"] <= 0
    if width == DESKTOP:
        wide = "tables => tables.filter(t => t.scrollWidth > t.clientWidth + 1).length"
        assert seen.page.eval_on_selector_all(".table", wide) == 0
    assert facts["images"] >= 7
    assert facts["nameless"] == 0
    assert facts["low"] == []
    assert facts["texts"] > 200
    assert facts["repeated"] == []
    assert facts["broken"] == 0
    assert facts["headings"][0] == 1
    assert facts["headings"].count(1) == 1


@needs_chromium
def test_what_the_audit_is_for_it_finds(chromium: BrowserContext, tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text(
        "<!DOCTYPE html><title>bad</title><body style='background: #fff'><h1>A title</h1>"
        "<p style='color: #888'>grey on white</p><img src='missing.png'>"
        "<div id='same' style='width: 3000px'>wide</div><div id='same'></div>"
        "<script>throw new Error('broken')</script>"
    )
    seen = look(chromium, page, PHONE, "light")
    assert [text for text, _ in seen.facts["low"]] == ["grey on white"]
    assert seen.facts["overflow"] > 2000
    assert (seen.facts["images"], seen.facts["nameless"]) == (1, 1)
    assert seen.facts["repeated"] == ["same"]
    assert any("broken" in complaint for complaint in seen.complaints)
    assert [Path(url).name for url in seen.requests] == ["missing.png"]
    seen.page.close()


@needs_chromium
def test_the_table_of_runs_sorts_by_what_is_clicked(opened: partial[Seen]) -> None:
    page = opened("digits").page
    heads = page.locator("table.sortable th")
    titles = [text.strip() for text in heads.all_inner_texts()]

    def column(title: str) -> list[str]:
        at = titles.index(title) + 1
        return page.locator(f"table.sortable tbody td:nth-child({at})").all_inner_texts()

    before = column("stage")
    heads.nth(titles.index("N")).get_by_role("button").click()
    numbers = [int(text) for text in column("N")]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) > 2
    heads.nth(titles.index("N")).get_by_role("button").press("Enter")
    assert [int(text) for text in column("N")] == sorted(numbers, reverse=True)
    heads.nth(titles.index("test accuracy")).get_by_role("button").click()
    shown = column("test accuracy")
    missing = shown.count("–")
    assert 0 < missing < len(shown)
    assert shown[-missing:] == ["–"] * missing
    heads.nth(titles.index("stage")).get_by_role("button").click()
    assert column("stage") == sorted(before)


def test_beside_a_page_lie_its_figures_and_tables(project: Path) -> None:
    for name in PAGES:
        folder = project / "report" / name
        html = (folder / "index.html").read_text(encoding="utf-8")
        assert len(html.encode()) < LARGEST
        linked = set(re.findall(r'href="((?:figures|tables)/[^"]+)"', html))
        for link in linked:
            assert (folder / link).stat().st_size > 0, link
        drawn = set(re.findall(r'<figure class="[^"]+" id="(\w+)"', html))
        assert {f"figures/{d}.{s}" for d in drawn for s in ("svg", "pdf")} <= linked
    with (project / "report/digits/tables/digits_classifiers.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    measured = Results(project).metrics("classifiers/digits-exact")
    assert float(rows[0]["accuracy_mean"]) == pytest.approx(measured["test_accuracy"], abs=1e-15)


def test_a_page_says_what_is_missing_and_how_to_make_it(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html = (project / "report" / "digits" / "index.html").read_text(encoding="utf-8")
    assert "dvc repro export_check@digits" in html

    bare = make_project(tmp_path / "bare")
    shutil.copytree(project / "results", bare / "results")
    shutil.rmtree(bare / "results" / "xor_study")
    (bare / "results" / "classifiers" / "digits-exact" / "tables" / "runs.csv").write_text("")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(bare)
        report.main(["digits"])
        guide.main([])
    told = capsys.readouterr().err
    for reason in (
        "results/xor_study/tables/activation_finals.csv is missing; to make it: "
        "dvc repro xor_study",
        "results/classifiers/digits-exact/tables/runs.csv is empty; to make it: "
        "dvc repro classifiers@digits-exact",
    ):
        assert told.count(f"missing: {reason}\n") == len(PAGES)
        for name in PAGES:
            html = (bare / "report" / name / "index.html").read_text(encoding="utf-8")
            assert reason in html
            assert "The notebook’s four" in html


def test_one_figure_is_redrawn_alone_to_the_same_bytes(project: Path) -> None:
    figures = project / "report" / "digits" / "figures"
    untouched = (figures / "digits_cost.svg").stat().st_mtime_ns
    before = {f: (figures / f"xor_final_error.{f}").read_bytes() for f in ("svg", "pdf")}
    (figures / "xor_final_error.svg").unlink()
    report.main(["digits", "--figure", "xor_final_error"])
    assert {f: (figures / f"xor_final_error.{f}").read_bytes() for f in before} == before
    assert (figures / "digits_cost.svg").stat().st_mtime_ns == untouched
    with pytest.raises(ConfigError, match="no such figure; there are: "):
        report.main(["digits", "--figure", "nonsense"])
