"""One real dashboard and one browser for all tests here; a new tab, with its console watched, for each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser_harness import (
    HOSTILE_RUN,
    OUTPUT,
    SHORT_RUN,
    Dashboard,
    PanelPage,
    answer_requests,
    chromium,
    missing,
    new_tab,
)
from hostile import SCRIPTS, renamed
from places import EXAMPLE_RUNS, SVM
from run_folders import keep_trials

if TYPE_CHECKING:
    from playwright.sync_api import Browser

#: What drives a browser; the dashboard needs more.
BROWSER = {"chromium", "playwright"}


def skip_without(needed: set[str] | None = None) -> None:
    """Skips where something (all by default) is not installed; CI has a browser, so there it is an error."""
    gone = missing()
    if os.environ.get("CI") == "true" and (lost := BROWSER & gone.keys()) and "deepcave" not in gone:
        pytest.fail("; ".join(gone[name] for name in sorted(lost)))
    if reasons := [reason for name, reason in gone.items() if needed is None or name in needed]:
        pytest.skip("; ".join(reasons))


@pytest.fixture(scope="session")
def requirements() -> None:
    """Skips where the dashboard or its browser cannot run."""
    skip_without()


@pytest.fixture(scope="session")
def dashboard(requirements: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    folder = tmp_path_factory.mktemp("dashboard")
    short = Path(shutil.copytree(SVM, folder / SHORT_RUN))
    keep_trials(short, 2)
    # Pictures of an earlier run would pass for this one's.
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir()
    hostile = renamed(folder / HOSTILE_RUN, list(SCRIPTS.values()))
    with Dashboard(
        [*sorted(EXAMPLE_RUNS.iterdir()), short, hostile], OUTPUT / "dashboard.log", folder / "cache"
    ) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    skip_without(BROWSER)
    with chromium() as running:
        yield running


def new_page(browser: Browser, dashboard: Dashboard, cdn: bool = True, scale: float = 1) -> PanelPage:
    tab = new_tab(browser, viewport={"width": 1440, "height": 1000}, device_scale_factor=scale)
    answer_requests(tab.context, cdn)
    return PanelPage(tab, dashboard.url)


@pytest.fixture
def panel(browser: Browser, dashboard: Dashboard, request: pytest.FixtureRequest) -> Iterator[PanelPage]:
    """A tab on our panel. Whatever the test does, the page must be there at the end and the console without errors."""
    page = new_page(browser, dashboard)
    failed = request.session.testsfailed
    yield page
    if request.session.testsfailed > failed:
        page.page.screenshot(path=OUTPUT / f"failed-{request.node.name}.png", full_page=True)
    page.page.context.close()
    assert not page.errors, "\n".join(page.errors)


@pytest.fixture
def offline(browser: Browser, dashboard: Dashboard) -> Iterator[PanelPage]:
    """A tab where every request to a CDN fails, as on a cluster without internet."""
    page = new_page(browser, dashboard, cdn=False)
    yield page
    page.page.context.close()


@pytest.fixture
def sharp(browser: Browser, dashboard: Dashboard) -> Iterator[PanelPage]:
    """A tab with two pixels a dot, for the README's picture."""
    page = new_page(browser, dashboard, scale=2)
    yield page
    page.page.context.close()
