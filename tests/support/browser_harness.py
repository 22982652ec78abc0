"""The real dashboard and a real browser, for the tests here and for benchmarks/panel.py.

`Dashboard` starts `deepcave-symbolic dashboard` (Redis, worker, server), `chromium()` is Debian's browser, and
`PanelPage` is what a person does there: choose a run in the sidebar's panel, process, move the filter, read.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import math
import mimetypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from places import ROOT
from waiting import LIMIT, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Response, Route

#: Milliseconds for whatever a browser waits for.
PATIENCE = 1000 * LIMIT
#: Build output, kept for people to look at.
OUTPUT = ROOT / "tests" / "browser" / "output"
#: Folder of the run that is too short for a surrogate.
SHORT_RUN = "two_trials"
#: Folder of the run whose names are markup and scripts.
HOSTILE_RUN = "hostile_names"
#: Pictures for the documentation among it; `make screenshots` copies them into docs/images.
PICTURES = OUTPUT / "docs"
PACKAGES = ROOT / ".cache" / "npm"

#: What DeepCAVE's page takes from CDNs, and the npm package that has the same files.
CDN = {
    r"https://cdn\.jsdelivr\.net/npm/bootstrap@[^/]+/(.+)": ("bootstrap", "bootstrap@5.1.3"),
    r"https://use\.fontawesome\.com/releases/v[^/]+/(.+)": (
        "@fortawesome/fontawesome-free",
        "@fortawesome/fontawesome-free@5",
    ),
}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium_path() -> str | None:
    """Returns the browser to drive, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def missing() -> dict[str, str]:
    """Returns what is needed and not here, each with its reason to skip."""
    found = {
        "deepcave": importlib.util.find_spec("deepcave") is not None,
        "playwright": importlib.util.find_spec("playwright") is not None,
        "chromium": chromium_path() is not None,
        "npm": shutil.which("npm") is not None or (PACKAGES / "node_modules").is_dir(),
    }
    reasons = {
        "deepcave": "DeepCAVE is not installed (it runs on Python 3.10 at the latest)",
        "playwright": "playwright is not installed (pip install -e .[dev])",
        "chromium": "no chromium on PATH (Debian's package chromium)",
        "npm": "no npm on PATH: the page's styles come from npm packages in these tests",
    }
    return {name: reasons[name] for name, here in found.items() if not here}


def npm_packages() -> Path:
    """Returns node_modules with the packages that answer for the CDNs, installed once into the ignored cache."""
    modules = PACKAGES / "node_modules"
    if not all((modules / folder / "package.json").exists() for folder, _ in CDN.values()):
        PACKAGES.mkdir(parents=True, exist_ok=True)
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--no-package-lock", "--loglevel=error"]
        names = [spec for _, spec in CDN.values()]
        subprocess.run(["npm", "install", "--prefix", str(PACKAGES), *options, *names], check=True, timeout=LIMIT)
    return modules


def new_tab(browser: Browser, **options: Any) -> Page:
    """Returns a tab in a window of its own, patient with whatever it waits for."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE)
    return context.new_page()


def answer_requests(context: BrowserContext, cdn: bool = True) -> list[str]:
    """Answers the CDNs from npm packages (or not at all) and blocks whatever leaves this machine.

    Returns:
        The blocked addresses, filled while the pages load.
    """
    modules = npm_packages() if cdn else None
    blocked: list[str] = []

    def answer(route: Route) -> None:
        url = route.request.url
        if re.match(r"file:|https?://127\.0\.0\.1[:/]|data:|blob:", url):
            route.continue_()
            return
        for pattern, (folder, _) in CDN.items():
            match = re.match(pattern, url.split("?")[0])
            if modules is not None and match and (file := modules / folder / match[1]).is_file():
                # Fonts and integrity checks need the header that the CDNs send, too.
                route.fulfill(
                    body=file.read_bytes(),
                    content_type=mimetypes.guess_type(file.name)[0] or "application/octet-stream",
                    headers={"Access-Control-Allow-Origin": "*"},
                )
                return
        blocked.append(url)
        route.abort("internetdisconnected")

    context.route("**/*", answer)
    return blocked


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless; Playwright gives it a new empty profile and removes that afterwards."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(),
            headless=True,
            timeout=PATIENCE,
            args=FLAGS,
            # A person sees the scroll bars, so the pictures should have them.
            ignore_default_args=["--hide-scrollbars"],
        )
        try:
            yield browser
        finally:
            browser.close()


def free_port() -> int:
    """Returns a port that nothing listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


#: Whether every text in the panel stands where it stood at the last three calls.
_SETTLED = """() => {
    // The spinner of a button that DeepCAVE left waiting turns for ever.
    const still = e => !e.closest("[id$='-update-button']");
    const boxes = [...document.querySelectorAll('#content *')].filter(still).map(e => {
        const b = e.getBoundingClientRect();
        return [b.x, b.y, b.width, b.height].map(Math.round).join();
    }).join(' ');
    window.seen = [boxes, ...(window.seen || [])].slice(0, 4);
    return window.seen.length === 4 && window.seen.every(s => s === boxes);
}"""
#: Texts that cannot be read in full. Where a box scrolls, its text may be wider; the box itself may not.
_CUT_OFF = """root => {
    const found = [];
    const words = e => e.textContent.trim().replace(/\\s+/g, ' ').slice(0, 80);
    const scrolls = e => /(auto|scroll)/.test(getComputedStyle(e).overflowX);
    const scrolled = e => {
        for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) if (scrolls(p)) return p;
        return null;
    };
    const page = document.documentElement.clientWidth;
    for (const e of root.querySelectorAll('*')) {
        const tag = e.tagName.toLowerCase();
        if (!e.getClientRects().length || !e.textContent.trim() || e.closest('.js-plotly-plot, select, textarea'))
            continue;
        if (e.closest('math') && tag !== 'math' || getComputedStyle(e).display === 'inline') continue;
        const style = getComputedStyle(e);
        if (e.clientWidth && e.scrollWidth > e.clientWidth + 1 && /hidden|clip/.test(style.overflowX))
            found.push('cut off at the side: ' + words(e));
        if (e.clientHeight && e.scrollHeight > e.clientHeight + 1 && /hidden|clip/.test(style.overflowY))
            found.push('cut off below: ' + words(e));
        const box = e.getBoundingClientRect(), card = e.closest('.rounded-lg'), around = scrolled(e);
        if (around) {
            // Formulas and code may scroll, sentences have to wrap.
            const sentence = !e.children.length && words(e).length > 60 && !e.closest('math, pre');
            if (sentence && box.right > around.getBoundingClientRect().right + 1)
                found.push('a sentence to be scrolled: ' + words(e));
            continue;
        }
        if (box.right > page + 1 || box.left < -1) found.push('outside the page: ' + words(e));
        else if (card && e !== card) {
            const outer = card.getBoundingClientRect();
            if (box.left < outer.left - 1 || box.right > outer.right + 1) found.push('outside its card: ' + words(e));
        }
    }
    // Where a box scrolls, its end can be reached; what begins left of it is nowhere to be read.
    const letters = node => {
        const range = document.createRange();
        range.selectNodeContents(node);
        return [...range.getClientRects()].filter(b => b.width > 1);
    };
    for (const e of root.querySelectorAll('*')) {
        if (getComputedStyle(e).overflowX === 'visible' || !e.clientWidth) continue;
        if (e.closest('.js-plotly-plot, select, textarea')) continue;
        const left = e.getBoundingClientRect().left + e.clientLeft - e.scrollLeft - 1;
        const texts = document.createTreeWalker(e, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const node = texts.currentNode;
            if (node.data.trim() && letters(node).some(b => b.left < left)) {
                found.push('begins left of its box: ' + words(node) + ' in ' + words(e));
                break;
            }
        }
    }
    const collide = texts => texts.forEach(([text, a], i) => {
        for (const [other, b] of texts.slice(i + 1)) {
            const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            // Two words without a gap read as one.
            if (width > -2 && height > 3) found.push(`labels on each other: ${text} / ${other}`);
        }
    });
    for (const slider of root.querySelectorAll('.rc-slider'))
        collide([...slider.querySelectorAll('.rc-slider-mark-text')].map(t => [words(t), t.getBoundingClientRect()]));
    for (const graph of root.querySelectorAll('.js-plotly-plot')) {
        if (!graph.getClientRects().length) continue;
        const outer = graph.getBoundingClientRect();
        const texts = [...graph.querySelectorAll('text')].filter(t => t.textContent.trim() && !t.closest('.modebar'))
            .map(t => [words(t), t.getBoundingClientRect()]).filter(([, b]) => b.width > 0);
        for (const [text, b] of texts)
            // A line of text has some empty pixels above and below its letters.
            if (b.left < outer.left - 1 || b.right > outer.right + 1 ||
                b.top < outer.top - 4 || b.bottom > outer.bottom + 4)
                found.push('label outside its figure: ' + text);
        collide(texts);
    }
    return found;
}"""


def cut_off(root: Locator) -> list[str]:
    """Returns the texts in an element that are cut off, stand outside their box, or lie upon each other."""
    return list(root.evaluate(_CUT_OFF))


class Dashboard:
    """`deepcave-symbolic dashboard` on some runs, stopped as a person stops it.

    Args:
        runs: Run folders that are selected at the start.
        log: File for everything that the processes print.
        cache: Empty folder for what the dashboard keeps.
        options: More options for the command.
        python: Another Python with what the package needs; the package is the checkout's.
    """

    def __init__(
        self,
        runs: Sequence[Path],
        log: Path,
        cache: Path,
        options: Sequence[str] = (),
        python: str | None = None,
    ) -> None:
        self.port = free_port()
        self.log = log
        self.cache = cache
        self._command = [python or sys.executable, "-m", "deepcave_symbolic", "dashboard", *map(str, runs)]
        self._command += ["--no-browser", "--port", str(self.port), *options]
        self._environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
        if python is not None:
            self._environment["PYTHONPATH"] = str(ROOT)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Dashboard:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            # A group of its own, so that nothing it started outlives the tests.
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, env=self._environment, start_new_session=True
            )
        try:
            wait_until(self._is_up, self.last_lines)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()

    def stored_results(self, panel: str = "symbolic_formulas") -> list[Path]:
        """Returns the files with the panel's stored results, the newest last."""
        return sorted(self.cache.rglob(f"{panel}/*.json"), key=lambda p: p.stat().st_mtime)

    @property
    def url(self) -> str:
        """The printed address, with the token that lets a new tab in."""
        found = re.search(
            r"^(?:DeepCAVE|Symbolic Formulas): (\S+)$",
            self.log.read_text(encoding="utf-8", errors="replace"),
            re.MULTILINE,
        )
        return found[1] if found else ""

    def child(self, word: str) -> psutil.Process:
        """Returns the process of the dashboard whose command has a word."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        return next(child for child in children if any(word in part for part in child.cmdline()))

    def last_lines(self, n: int = 30) -> str:
        """Returns the end of the log, for messages."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-n:])

    def _is_up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"The dashboard ended at once:\n{self.last_lines()}")
        return bool(self.url)

    def _stop(self) -> None:
        if self._process is None:
            return
        group = self._process.pid
        self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(LIMIT)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
        self._process.wait(LIMIT)


class PanelPage:
    """One tab on one panel.

    Args:
        page: The tab.
        url: Address of the dashboard.
        panel: Id of the panel.
        name: What the sidebar calls it.
    """

    def __init__(self, page: Page, url: str, panel: str = "symbolic_formulas", name: str = "Symbolic Formulas") -> None:
        self.page = page
        self.url = url
        self.panel = panel
        self.name = name
        #: Errors of the console and answers with an error code; DeepCAVE's own pages cause none.
        self.errors: list[str] = []
        #: The inputs for which the page last asked for a stored result, and those for which it last got one to show.
        self.asked: dict[str, Any] = {}
        self.shown: dict[str, Any] = {}
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.errors.append(f"exception: {error}"))
        page.on("response", self._note_response)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} [{message.location.get('url', '')}]")

    def _note_response(self, response: Response) -> None:
        if response.status >= 400:
            self.errors.append(f"HTTP {response.status} {response.url}")
        elif asked := self._asked_by(response):
            self.asked = asked
            if response.status == 200:
                self.shown = asked

    def input(self, name: str) -> Locator:
        """Returns the panel's input of that name."""
        return self.page.locator(f"[id='{self.panel}-{name}-input']")

    def output(self, name: str) -> Locator:
        """Returns the panel's output of that name."""
        return self.page.locator(f"[id='{self.panel}-{name}-output']")

    @property
    def outputs(self) -> Locator:
        """The block below the inputs."""
        return self.page.locator(f"[id='{self.panel}-output']")

    @property
    def process_button(self) -> Locator:
        """The button under the inputs."""
        return self.page.locator(f"[id='{self.panel}-update-button']")

    def open(self, run: str) -> None:
        """Goes from the start page through the sidebar to the panel and chooses a run by its folder's name."""
        # The start page also forgets the inputs of before, so that every visit begins with the defaults.
        self.page.goto(self.url)
        self.page.locator("#general-selected-runs-container").get_by_text(run).first.wait_for()
        self.page.locator("#navigation-items").get_by_text(self.name, exact=True).click()
        select = self.input("run")
        option = select.locator("option").filter(has_text=re.compile(rf"(^|/){re.escape(run)}$"))
        option.wait_for(state="attached")
        self._select(select, option)

    def choose(self, name: str, label: str) -> str:
        """Chooses an entry of a drop-down list by what it shows; returns its value, which the server knows by then."""
        select = self._unfold(name)
        option = select.locator("option").filter(has_text=re.compile(rf"^{re.escape(label)}$"))
        option.wait_for(state="attached")
        return self._select(select, option)

    def _select(self, select: Locator, option: Locator) -> str:
        value, name = option.get_attribute("value"), select.get_attribute("id")
        assert value is not None
        with self.page.expect_response(lambda r: self._asked_by(r).get(f"{name}.value") == value):
            select.select_option(value=value)
        return value

    def _asked_by(self, response: Response) -> dict[str, Any]:
        """Returns the inputs for which DeepCAVE looked up a stored result; none where another callback answers."""
        if not response.url.endswith("/_dash-update-component"):
            return {}
        asked = json.loads(response.request.post_data or "{}")
        read = {f"{i['id']}.{i['property']}": i.get("value") for i in asked["inputs"] if isinstance(i, dict)}
        if f"{self.panel}-update-button.n_clicks" not in read:
            return {}
        return {key: value for key, value in read.items() if "-input." in key}

    def set_number(self, name: str, value: int) -> None:
        """Types a number."""
        self._unfold(name).fill(str(value))

    def pick(self, label: str) -> None:
        """Clicks on one of the filter's choices."""
        self.input("pick").get_by_text(label, exact=True).click()

    def set_longest(self, mark: str) -> None:
        """Asks for the best formula by length, and clicks on a mark of the slider that appears."""
        self.pick("by length")
        slider = self.input("longest")
        slider.locator(".rc-slider-mark-text").get_by_text(mark, exact=True).click()

    def _unfold(self, name: str) -> Locator:
        found = self.input(name)
        found.wait_for(state="attached")
        folded = self.page.locator("details:not([open])").filter(has=found)
        if folded.count():
            folded.locator("summary").first.click()
        return found

    @property
    def formula(self) -> Locator:
        """The typeset formula (the first one in an overview)."""
        return self.outputs.locator(".symbolic-formula").first

    def formula_text(self) -> str:
        """Returns what the typeset formula says."""
        return " ".join((self.formula.text_content() or "").split())

    def wait_for_another_formula(self, than: str) -> None:
        """Waits until a formula is shown that reads differently."""
        script = """([id, than]) => {
            const formula = document.getElementById(id).querySelector('.symbolic-formula');
            return formula && formula.textContent.split(/\\s+/).filter(Boolean).join(' ') !== than;
        }"""
        self.page.wait_for_function(script, arg=[f"{self.panel}-output", than])

    def heading(self, hyperparameters: str) -> Locator:
        """Returns the heading above the formula of these hyperparameters."""
        return self.outputs.get_by_role("heading", name=re.compile(rf"^{re.escape(hyperparameters)}(\s|$)")).first

    def wait_for_heading(self, text: str) -> None:
        """Waits until the result of these hyperparameters is shown."""
        self.heading(text).wait_for()
        self.formula.wait_for()

    def process(self) -> float:
        """Clicks on Process as soon as that is possible and waits until the page has the result of its inputs.

        Returns:
            The time of the click on `time.perf_counter`.
        """
        self.process_button.and_(self.page.locator(":enabled")).wait_for()
        start = time.perf_counter()
        self.process_button.click()
        self._wait_for_result(start)
        return start

    def _wait_for_result(self, start: float) -> None:
        # DeepCAVE loses a click that meets the button's reset and a result that two threads fetch; the button then
        # waits for another.
        clicks = 1
        while self.shown != self.asked:
            waited = time.perf_counter() - start
            assert waited < LIMIT, self.process_button.evaluate("button => button.outerHTML")
            if waited > 5 * clicks:
                self.process_button.evaluate("button => button.click()")  # nothing happens where it is disabled
                clicks += 1
            self.page.wait_for_timeout(20)

    def show(self, hyperparameter: str) -> None:
        """Shows the formula of one hyperparameter, stored or not."""
        self.choose("hyperparameter_name_1", hyperparameter)
        # Until then the page shows the result of the inputs before, perhaps of the same hyperparameter.
        if self.shown != self.asked:
            self.process()
        self.wait_for_heading(hyperparameter)
        self.settle()

    def wait_for_figures(self, n: int) -> None:
        """Waits until plotly has drawn at least that many visible figures."""
        script = """([id, n]) => [...document.getElementById(id).querySelectorAll('.js-plotly-plot')]
            .filter(g => g.offsetParent && g.querySelector('svg.main-svg .plot, svg.main-svg .cartesianlayer path'))
            .length >= n"""
        self.page.wait_for_function(script, arg=[f"{self.panel}-output", n])

    def graphs(self) -> list[dict[str, Any]]:
        """Returns what plotly drew: traces, points and size of each visible figure."""
        script = """element => [...element.querySelectorAll('.js-plotly-plot')].filter(g => g.offsetParent).map(g => {
            const svg = g.querySelector('svg.main-svg'), box = svg ? svg.getBoundingClientRect() : {};
            return {
                id: g.id || g.closest('[id]').id,
                traces: (g.data || []).length,
                drawn: g.querySelectorAll('.trace path, .points path, .hm image, .contourlayer path').length,
                width: box.width || 0, height: box.height || 0,
                text: [...g.querySelectorAll('text')].map(t => t.textContent).join(' | '),
            };
        })"""
        return list(self.outputs.evaluate(script))

    def cut_off(self) -> list[str]:
        """Returns the texts of the panel that are cut off, stand outside their box, or lie upon each other."""
        self.settle()
        return cut_off(self.page.locator("#content"))

    def settle(self) -> None:
        """Waits until the page's layout has not changed for a while: plotly fits its figures after drawing them."""
        self.page.wait_for_function(_SETTLED, polling=100)

    def screenshot(self, name: str, until: Locator | None = None, since: Locator | None = None, above: int = 0) -> Path:
        """Keeps a picture of the page as build output.

        Args:
            name: Its name.
            until: An element that it ends below, else it ends with the page.
            since: An element that it begins at, from the panel's left side on; else it begins with the page.
            above: How many pixels above that.
        """
        OUTPUT.mkdir(exist_ok=True)
        path = OUTPUT / f"{name}.png"
        size = self.page.viewport_size
        assert size is not None
        # In a window as tall as the page, without the page's own scroll bar, nothing covers the header.
        end = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": size["width"], "height": math.ceil(end)})
        self.page.evaluate("document.documentElement.style.overflow = 'hidden'")
        self.page.mouse.move(0, 0)
        self.settle()
        # Measured there: without a scroll bar there is more room, and lines end elsewhere.
        left, top, bottom = 0.0, 0.0, float(end)
        if until is not None and (box := until.bounding_box()) is not None:
            bottom = min(bottom, box["y"] + box["height"] + 8)
        if since is not None and (box := since.bounding_box()) and (panel := self.outputs.bounding_box()):
            left, top = panel["x"] - 16, box["y"] - above
        self.page.screenshot(
            path=path, clip={"x": left, "y": top, "width": size["width"] - left, "height": bottom - top}
        )
        self.page.evaluate("document.documentElement.style.overflow = ''")
        self.page.set_viewport_size(size)
        return path

    def picture(self, name: str, since: str = "", until: str | Locator = "figure_box") -> Path:
        """Keeps a small picture for the documentation, from an output (the filter by default) to the end of another."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        end = self.output(until) if isinstance(until, str) else until
        # The filter's heading stands above its choices.
        first, above = (self.output(since), 12) if since else (self.input("pick"), 60)
        path = self.screenshot(f"{PICTURES.name}/{name}", end, first, above)
        shrink(path)
        return path


def shrink(picture: Path, colors: int = 96) -> None:
    """Rewrites a PNG with few colours, a quarter of its size."""
    from PIL import Image

    with Image.open(picture) as image:
        # Other methods, which count pixels, give small things such as the incumbent's star the colour of larger ones.
        method = Image.Quantize.MAXCOVERAGE
        reduced = image.convert("RGB").quantize(colors, method=method, kmeans=3, dither=Image.Dither.NONE)
    reduced.save(picture, optimize=True)
