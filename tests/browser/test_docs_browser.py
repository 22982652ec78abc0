"""The documentation as a reader opens it: from the file system, without a network, on a desk and on a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser_harness import new_tab
from build_docs import build_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

pytestmark = pytest.mark.browser

#: Widths of a telephone and of a window on a desk.
WIDTHS = (pytest.param(390, marks=pytest.mark.long), 1280)


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_site(tmp_path_factory.mktemp("docs"))[0]


class Reading:
    """A tab without a network that notes what it asked for and what went wrong.

    Args:
        page: The tab.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.foreign: list[str] = []
        self.errors: list[str] = []
        page.on("request", self._note)
        page.on("requestfailed", self._note_failure)
        page.on("pageerror", lambda error: self.errors.append(f"exception: {error}"))
        page.on("console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None)

    def _note(self, request: Request) -> None:
        if not request.url.startswith(("file:", "data:", "blob:", "about:")):
            self.foreign.append(request.url)

    def _note_failure(self, request: Request) -> None:
        # Whoever goes on to the next page cancels what the last one still loads, its icon for example.
        if request.failure != "net::ERR_ABORTED":
            self.errors.append(f"failed: {request.url} ({request.failure})")


@pytest.fixture
def reading(browser: Browser) -> Iterator[Reading]:
    tab = Reading(new_tab(browser, offline=True))
    yield tab
    tab.page.context.close()
    assert tab.foreign == []
    assert tab.errors == []


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_opens_without_a_network(reading: Reading, site: Path, width: int) -> None:
    reading.page.set_viewport_size({"width": width, "height": 900})
    pages = [path for path in sorted(site.rglob("*.html")) if path.name != "404.html"]
    for path in pages:
        reading.page.goto(path.as_uri())
        assert reading.page.locator("article h1").first.is_visible(), path.name
        # Code and tables scroll in their boxes, the page itself does not.
        assert reading.page.evaluate("document.documentElement.scrollWidth") <= width, path.name
        broken = "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
        assert reading.page.evaluate(broken) == []


def test_search_works_in_the_file_system(reading: Reading, site: Path) -> None:
    reading.page.set_viewport_size({"width": 1280, "height": 900})
    reading.page.goto((site / "index.html").as_uri())
    reading.page.locator("[data-md-component=search-query]").click()
    reading.page.locator("[data-md-component=search-query]").press_sequentially("parsimony")
    found = reading.page.locator(".md-search-result__link")
    found.filter(has_text="Command line").first.wait_for()
    found.filter(has_text="Command line").first.click()
    reading.page.wait_for_url("**/command-line.html*")
