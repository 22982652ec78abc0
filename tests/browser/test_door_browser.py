"""The way into the dashboard, as a browser goes it: by the file that the launcher opens, by reload, by a tunnel."""

from __future__ import annotations

import socket
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser_harness import Dashboard, answer_requests, new_tab
from deepcave_symbolic.dashboard.launcher.web import open_browser
from waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SELECTED = "#general-selected-runs-container"


@pytest.fixture
def tab(browser: Browser, dashboard: Dashboard) -> Any:
    tab = new_tab(browser)
    answer_requests(tab.context)
    yield tab
    tab.context.close()


@pytest.fixture
def page_of_the_launcher(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    opened: list[str] = []

    class Recorder(webbrowser.BaseBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
            opened.append(url)
            return True

    monkeypatch.setattr(webbrowser, "get", Recorder)
    open_browser(dashboard.url, tmp_path)
    wait_until(lambda: opened)
    return opened[0]


def forwarded(port: int) -> socket.socket:
    """Returns a port that leads to another one, as an ssh tunnel does, until it is closed."""
    listener = socket.create_server(("127.0.0.1", 0))

    def copy(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", port))
            for pair in ((near, far), (far, near)):
                threading.Thread(target=copy, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return listener


def test_the_file_leads_in_and_a_reload_stays_in(tab: Page, dashboard: Dashboard, page_of_the_launcher: str) -> None:
    tab.goto(page_of_the_launcher)
    tab.locator(SELECTED).get_by_text("svm_bbo").first.wait_for()
    start = f"http://127.0.0.1:{dashboard.port}/"
    assert tab.url == start
    tab.reload()
    tab.locator(SELECTED).get_by_text("svm_bbo").first.wait_for()
    assert tab.url == start
    tab.goto(f"{start}plugins/symbolic_formulas")
    tab.locator("#symbolic_formulas-run-input").wait_for()
    assert tab.evaluate("document.cookie") == ""


def test_a_tunnel_with_another_port(tab: Page, dashboard: Dashboard) -> None:
    with forwarded(dashboard.port) as tunnel:
        other = f":{tunnel.getsockname()[1]}/"
        tab.goto(dashboard.url.replace(f":{dashboard.port}/", other))
        tab.locator(SELECTED).get_by_text("svm_bbo").first.wait_for()
        assert tab.url == f"http://127.0.0.1{other}"


def test_without_the_token_a_sentence(tab: Page, dashboard: Dashboard) -> None:
    tab.goto(f"http://127.0.0.1:{dashboard.port}/plugins/symbolic_formulas")
    assert "Open the whole address that the terminal printed" in tab.locator("body").inner_text()


def test_a_foreign_page_gets_nothing(tab: Page, dashboard: Dashboard) -> None:
    tab.goto(dashboard.url)
    tab.locator(SELECTED).get_by_text("svm_bbo").first.wait_for()
    page = "<!doctype html><title>elsewhere</title>"
    tab.route("http://localhost:9/**", lambda route: route.fulfill(body=page, content_type="text/html"))
    tab.goto("http://localhost:9/")
    ask = "([url, options]) => fetch(url, {credentials: 'include', ...options}).then(r => r.status, () => 'refused')"
    layout = f"http://127.0.0.1:{dashboard.port}/_dash-layout"
    assert tab.evaluate(ask, [layout, {}]) == "refused"
    assert tab.evaluate(ask, [layout, {"mode": "no-cors", "method": "POST", "body": "{}"}]) in (0, "refused")
    frame = """url => new Promise(done => {
        const frame = document.createElement('iframe');
        frame.src = url;
        frame.onload = done;
        document.body.append(frame);
    })"""
    tab.evaluate(frame, dashboard.url)
    assert all("DeepCAVE" not in frame.title() for frame in tab.frames)
