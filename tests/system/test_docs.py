"""The documentation: it is built, leads nowhere wrong, and needs no network to be read."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from playwright.sync_api import expect

from tests.system.browser import CHROMIUM, browser

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


class Links(HTMLParser):
    """What a page links to, loads, and can be linked to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors = {""}
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.anchors |= {found.get("id") or "", found.get("name") or ""}
        if tag == "a" and found.get("href"):
            self.links.append(str(found["href"]))
        elif tag == "link" and found.get("rel") not in ("canonical", "next", "prev"):
            self.loaded.append(str(found["href"]))
        elif found.get("src"):
            self.loaded.append(str(found["src"]))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "-q", "build", "--strict", "-d", str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return folder


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = {page: Links(page) for page in site.rglob("*.html") if page.name != "404.html"}
    assert {page.parent.name for page in pages} >= {"how-to", "reference"}
    for page, found in pages.items():
        for target in [*found.links, *found.loaded]:
            place, anchor = urldefrag(target)
            if urlsplit(target).scheme:
                assert target in found.links, f"{page}: loads {target}"
                continue
            file = (page.parent / unquote(place)).resolve() if place else page
            file = file / "index.html" if file.is_dir() else file
            assert file.exists(), f"{page}: {target}"
            if file in pages and not anchor.startswith("__"):
                assert unquote(anchor) in pages[file].anchors, f"{page}: {target}"


def test_every_guide_is_in_the_navigation(site: Path) -> None:
    links = Links(site / "index.html").links
    for folder in ("how-to", "reference"):
        for page in (ROOT / "docs" / folder).glob("*.md"):
            assert f"{folder}/{page.stem}.html" in links


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    if not CHROMIUM.exists():
        pytest.skip(f"needs {CHROMIUM}: apt-get install chromium")
    with browser() as context:
        yield context


def test_the_site_is_read_and_searched_from_files_alone(site: Path, chromium: object) -> None:
    page = chromium.new_page()  # type: ignore[attr-defined]
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((site / "index.html").as_uri())
    page.keyboard.press("/")
    expect(page.locator("[data-md-component=search-query]")).to_be_focused()
    page.keyboard.type("checkpoint", delay=20)
    expect(page.locator(".md-search-result__list")).to_contain_text("resume", ignore_case=True)
    assert complaints == []
    assert {urlsplit(url).scheme for url in requests} <= {"file", "data", "blob", "about"}
