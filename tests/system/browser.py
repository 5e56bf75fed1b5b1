"""What a browser sees of a page: ``python -m tests.system.browser report/digits/index.html …``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE, DESKTOP = 390, 1280
LONGEST = 300.0
"""Seconds after which a browser hangs, however busy the machine is."""
TEXT_CONTRAST = 4.5
"""Of text to its ground. Reference: WCAG 2.2, success criterion 1.4.3."""

AUDIT = Path(__file__).with_name("audit.js").read_text(encoding="utf-8")


@dataclass
class Seen:
    """A page as it was opened.

    Attributes:
        page: still open.
        facts: what the script in the page found.
        complaints: errors on the console and in scripts, and requests that failed.
        requests: addresses that the page asked for, but for itself and what is inside it.
    """

    page: Page
    facts: dict[str, Any] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def browser() -> Iterator[BrowserContext]:
    """Start Chromium with an empty profile."""
    with sync_playwright() as playwright, TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=str(CHROMIUM), args=ARGUMENTS, timeout=1000 * LONGEST
        )
        context.set_default_timeout(1000 * LONGEST)
        expect.set_options(timeout=1000 * LONGEST)
        yield context
        context.close()


def look(context: BrowserContext, path: Path, width: int, scheme: Any) -> Seen:
    """Open a page in a window of some width, light or dark, and examine it."""
    page = context.new_page()
    seen = Seen(page)
    page.set_viewport_size({"width": width, "height": 844 if width == PHONE else 800})
    page.emulate_media(color_scheme=scheme)
    page.on("console", lambda m: m.type in ("error", "warning") and seen.complaints.append(m.text))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("requestfailed", lambda request: seen.complaints.append(f"failed: {request.url}"))
    page.on("request", lambda request: seen.requests.append(request.url))
    page.goto(path.resolve().as_uri(), wait_until="load")
    seen.facts = page.evaluate(AUDIT, {"text": TEXT_CONTRAST})
    seen.requests = [url for url in seen.requests if url != page.url and url[:5] != "data:"]
    return seen


def main(paths: list[str]) -> None:
    """Print what is found on each page, phone and desktop, light and dark."""
    with browser() as context:
        for path in map(Path, paths):
            print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
            for width in (PHONE, DESKTOP):
                for scheme in ("light", "dark"):
                    seen = look(context, path, width, scheme)
                    f = seen.facts
                    print(
                        f"  {width:>5} {scheme:<5} load {f['load']:.0f} ms, overflow "
                        f"{f['overflow']}, {f['images']} images ({f['nameless']} nameless), "
                        f"{f['texts']} texts, low contrast {f['low'][:3]}, "
                        f"repeated ids {f['repeated'][:3]}, broken {f['broken']}, complaints "
                        f"{seen.complaints}, requests {seen.requests}"
                    )
                    seen.page.close()


if __name__ == "__main__":
    main(sys.argv[1:])
