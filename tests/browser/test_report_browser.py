"""The HTML report in a real browser: nothing fetched, nothing said on the console, everything drawn and readable."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from browser_harness import OUTPUT, PATIENCE, new_tab
from deepcave_symbolic import explain
from deepcave_symbolic.cli import main
from deepcave_symbolic.formulas.expression import CASES, Node, constant, function, variable
from deepcave_symbolic.formulas.printing import to_mathml
from hostile import SCRIPTS, renamed
from places import FOREST, ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAIRS = 2
#: What does not fit its box, and labels that lie upon each other in a figure.
_UNREADABLE = """() => {
    const found = [], width = document.documentElement.clientWidth, words = e => e.textContent.trim().slice(0, 60);
    if (document.documentElement.scrollWidth > width) found.push('the page scrolls sideways');
    for (const e of document.querySelectorAll('h1, h2, h3, p, dd, dt, th, td, summary, .badge, figure'))
        if (e.getClientRects().length && !e.closest('.wide, .js-plotly-plot')) {
            const box = e.getBoundingClientRect();
            if (box.right > width + 1 || box.left < -1) found.push('outside the page: ' + words(e));
        }
    for (const graph of document.querySelectorAll('.js-plotly-plot')) {
        // Figures of many pictures scroll in a narrow window.
        const many = graph.classList.contains('many');
        const outer = (many ? graph.querySelector('svg.main-svg') : graph).getBoundingClientRect();
        const labels = '.xtick text, .ytick text, .g-xtitle text, .g-ytitle text, .legend text';
        const texts = [...graph.querySelectorAll(labels)]
            .map(t => [words(t), t.getBoundingClientRect()]).filter(([, b]) => b.width);
        texts.forEach(([text, a], i) => {
            if (a.right > outer.right + 1 || a.bottom > outer.bottom + 4) found.push('outside its figure: ' + text);
            for (const [other, b] of texts.slice(i + 1))
                if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0 &&
                    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3)
                    found.push(`on each other: ${text} / ${other}`);
        });
    }
    return found;
}"""


#: Figures of another width than their boxes.
_WIDTHS = """() => [...document.querySelectorAll('.figure:not(.many)')].filter(box =>
    Math.abs(box.querySelector('svg.main-svg').getBoundingClientRect().width - box.clientWidth) > 1).length"""


class Watched:
    """A tab on a file, with everything that it asks for and says."""

    def __init__(self, browser: Browser, file: Path, width: int = 1280) -> None:
        # No network at all: a request that leaves the machine fails and is seen.
        self.page: Page = new_tab(browser, viewport={"width": width, "height": 900}, offline=True)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())
        self.page.locator("body[data-drawn]").wait_for()

    def settle(self) -> None:
        """Waits until every figure is as wide as its box; the page's policy forbids Playwright's own waiting."""
        limit = time.monotonic() + PATIENCE / 1000
        while self.page.evaluate(_WIDTHS):
            assert time.monotonic() < limit, "figures keep another width than their boxes"
            self.page.wait_for_timeout(100)


#: Texts whose contrast to what is painted behind them is below WCAG 2.2's 4.5, without the figures.
_FAINT = """() => {
  const parts = color => (color.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const color = parts(getComputedStyle(node).backgroundColor);
      if (color.length === 3) return color;
    }
  };
  const faint = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const node = text.parentElement;
    if (!text.data.trim() || node.closest('.figure, script, noscript') || !node.checkVisibility()) continue;
    const ink = parts(getComputedStyle(node).color);
    if (ink[3] === 0) continue; // a bracket around a fraction, which is drawn as a border
    const [a, b] = [light(ink), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${text.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return faint;
}"""


@pytest.fixture(scope="module")
def report(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("report") / "report.html"
    assert main(["report", str(FOREST), "-o", str(file), "--pairs", str(PAIRS)]) == 0
    return file


@pytest.fixture(scope="module", params=[1280, pytest.param(800, marks=pytest.mark.long), 390])
def tab(browser: Browser, report: Path, request: pytest.FixtureRequest) -> Iterator[Watched]:
    watched = Watched(browser, report, request.param)
    yield watched
    watched.page.context.close()


def test_nothing_is_asked_for_and_nothing_said(tab: Watched, report: Path) -> None:
    assert tab.asked == [report.as_uri()]
    assert tab.said == []


def test_everything_is_readable_at_every_width(tab: Watched) -> None:
    OUTPUT.mkdir(exist_ok=True)
    width = tab.page.viewport_size["width"] if tab.page.viewport_size else 0
    tab.page.screenshot(path=OUTPUT / f"report-{width}.png", full_page=True)
    tab.settle()  # the picture was taken in a window of another size
    assert tab.page.evaluate(_UNREADABLE) == []
    tab.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert tab.page.evaluate(_UNREADABLE) == []
    tab.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = false; })")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast_by_day_and_night(tab: Watched, scheme: Literal["light", "dark"]) -> None:
    tab.page.emulate_media(color_scheme=scheme)
    paper = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
    # By night light and dark change places in figures, but hues, which mean something, stay.
    turned = tab.page.locator(".figure").first.evaluate("f => getComputedStyle(f).filter")
    assert turned == ("none" if scheme == "light" else "invert(0.92) hue-rotate(180deg)")
    assert tab.page.evaluate(_FAINT) == []
    tab.page.screenshot(path=OUTPUT / f"report-{scheme}.png")
    tab.page.emulate_media(color_scheme="light")


def test_figures_are_drawn(tab: Watched) -> None:
    figures = tab.page.locator(".figure")
    assert figures.count() == 6 + PAIRS + 3, "and the incumbent, all curves, the pairs"
    drawn = tab.page.locator(".figure:not(.many)").evaluate_all(
        "boxes => boxes.map(box => box.querySelectorAll('.trace path, .points path, .contourlayer path').length)"
    )
    assert min(drawn) > 5
    tab.settle()
    # Its trials answer the mouse.
    tab.page.locator("section.item .figure .points path").first.hover(force=True)
    tab.page.locator(".hoverlayer .hovertext").first.wait_for()


def test_formulas_are_typeset_and_can_be_selected(tab: Watched) -> None:
    formula = tab.page.locator("section.item .formula .line").first
    box = formula.bounding_box()
    assert box is not None and box["width"] > 50 and box["height"] > 10
    selected = formula.evaluate(
        "line => { getSelection().selectAllChildren(line); return [getSelection().toString(), line.textContent]; }"
    )
    squeezed = [re.sub(r"\s", "", text) for text in selected]
    assert squeezed[0] and squeezed[0] == squeezed[1]
    # A fraction's bar, an exponent: not a line of text.
    assert tab.page.locator("math mfrac").count() > 0 and tab.page.locator("math msup").count() > 0


def test_links_lead_to_sections_and_details_open(tab: Watched) -> None:
    tab.page.locator(".overview a").last.click()
    assert tab.page.evaluate("document.querySelector(location.hash).getBoundingClientRect().top < innerHeight")
    summary = tab.page.locator("section.item summary").first
    summary.click()
    assert tab.page.locator("section.item details[open] table math").first.is_visible()
    summary.click()


def test_it_prints(browser: Browser, report: Path, tmp_path: Path) -> None:
    """On A4: every figure as wide as the sheet, no text cut off, no empty page."""
    tab = Watched(browser, report)
    OUTPUT.mkdir(exist_ok=True)
    pdf = OUTPUT / "report.pdf"
    tab.page.pdf(path=pdf, prefer_css_page_size=True, print_background=True)
    assert tab.said == []
    tab.page.emulate_media(media="print")
    tab.page.set_viewport_size({"width": 703, "height": 1047})  # A4 within the margins of @page
    tab.page.evaluate("document.documentElement.style.overflow = 'hidden'")  # paper has no scroll bar
    tab.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    figures = tab.page.locator(".figure svg.main-svg:first-of-type").evaluate_all(
        "all => all.map(s => [s.getBoundingClientRect(), s.closest('.figure').getBoundingClientRect()])"
        ".map(([a, b]) => [a.width, a.bottom - b.bottom, b.width - a.width])"
    )
    assert len(figures) >= 6 + PAIRS
    # The matrix of few pairs is narrower.
    assert sorted(width > 650 for width, _, _ in figures).count(False) <= 1
    assert all(over <= 1 and room >= -1 for _, over, room in figures)
    cut_off = tab.page.evaluate(
        "[...document.querySelectorAll('.formula, .wide')].filter(e => e.scrollWidth > e.clientWidth + 1)"
        ".map(e => e.textContent.slice(0, 80))"
    )
    assert cut_off == []
    assert tab.page.evaluate(_UNREADABLE) == []
    assert tab.page.locator("details").count() > 5 and not tab.page.locator("details:not([open])").count()
    tab.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not tab.page.locator("details[open]").count()
    whole = tab.page.locator("section.item").locator("> figure, > dl, > .formula, > .warning")
    assert max(whole.evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")) < 1047  # none must be split
    tab.page.context.close()
    _look_at_pages(pdf)


def _look_at_pages(pdf: Path) -> None:
    """Where poppler is installed: every page has ink, and every section's heading stands on the page of its facts."""
    try:
        text = subprocess.run(
            ["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True
        ).stdout
    except FileNotFoundError:
        return
    pages = text.rstrip("\f").split("\f")
    assert len(pages) >= 4 and all(len(page.split()) > 40 for page in pages)
    for page in pages[1:]:
        for heading in re.findall(r"^(\w+(?: and \w+)?)\s+(?:with care|do not trust|trust)$", page, re.MULTILINE):
            rest = page[page.index(heading) :]
            assert "Behaves" in rest and "Range explained" in rest


def test_hostile_names_run_nothing(browser: Browser, tmp_path: Path) -> None:
    run = renamed(tmp_path / "<img src=x onerror=window.pwned=5>", list(SCRIPTS.values()))
    file = tmp_path / "report.html"
    title = "</title><script>window.pwned=6</script>"
    assert main(["report", str(run), "-o", str(file), "--pairs", "1", "--max-complexity", "9", "--title", title]) == 0
    tab = Watched(browser, file)
    tab.page.screenshot(path=OUTPUT / "report-hostile.png", full_page=True)
    # Also what stands folded, and what plotly makes of names in labels, legends and under the mouse.
    tab.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    for figure in tab.page.locator(".figure .nsewdrag").all()[:3]:
        figure.hover()
    assert tab.page.evaluate("window.pwned") is None
    assert tab.page.locator("body img, body b, body iframe").count() == 0
    assert tab.page.locator("a[href]:not([href^='#e-'])").count() == 0
    assert tab.asked == [file.as_uri()] and tab.said == []
    text = tab.page.locator("body").inner_text()
    for name in (*SCRIPTS.values(), title):
        # Folders cannot be called everything; the rest stands there letter by letter.
        assert name.replace("\\\\", "\\").replace("\u202e", "\\u202e") in text.replace("\\\\", "\\")
    assert tab.page.title() == title
    tab.page.context.close()


def test_a_single_explanation_opens_as_well(browser: Browser, tmp_path: Path) -> None:
    """With a categorical: a colour a choice, and the formulas of every choice."""
    file = tmp_path / "one.html"
    explanation = explain(FOREST, "solver", "learning_rate_init")
    file.write_text(explanation.to_html(), encoding="utf-8")
    tab = Watched(browser, file, 800)
    assert tab.asked == [file.as_uri()] and tab.said == []
    assert tab.page.evaluate(_UNREADABLE) == []
    assert tab.page.locator(".figure .legend text").count() >= 4
    tab.page.context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_of_several_runs_is_readable_by_day_and_night(browser: Browser, tmp_path: Path, width: int) -> None:
    file, runs = tmp_path / "runs.html", str(ROOT / "benchmarks" / "data" / "tuning" / "svm-heart")
    names = ["-p", "gamma"] if width == 1280 else ["-p", "gamma", "-p", "C"]
    assert main(["compare", runs, *names, "--max-complexity", "12", "--format", "html", "-o", str(file)]) == 0
    tab = Watched(browser, file, width)
    assert tab.asked == [file.as_uri()] and tab.said == []
    assert tab.page.locator(".figure svg.main-svg").count() >= 3
    for scheme in ("light", "dark"):
        tab.page.emulate_media(color_scheme=scheme)
        tab.page.screenshot(path=OUTPUT / f"comparison-{width}-{scheme}.png", full_page=True)
        tab.settle()
        assert tab.page.evaluate(_UNREADABLE) == [] == tab.page.evaluate(_FAINT)
    # A run's name leads to what the page says of it alone.
    tab.page.locator(".numbers a").last.click()
    assert tab.page.evaluate("document.querySelector(location.hash).getBoundingClientRect().top < innerHeight")
    tab.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.page.locator("details").count() > 5 and not tab.page.locator("details:not([open])").count()
    tab.page.context.close()


def test_the_brace_of_cases_is_as_high_as_they_are(browser: Browser) -> None:
    """It is drawn: a sign grows only where there is a font for mathematics."""
    image = pytest.importorskip("PIL.Image", reason="pillow reads the picture")
    tree = Node(CASES, (variable(0), *map(constant, (0.1, 0.2, 0.3))))
    tab = new_tab(browser)
    tab.set_content(f"<body style='font-size: 20px'>{to_mathml(tree, ['solver'], {0: ['adam', 'sgd', 'lbfgs']})}")
    box = tab.locator("mtable").bounding_box()
    assert box is not None
    picture = image.open(BytesIO(tab.screenshot(clip={**box, "width": 12.0}))).convert("L")
    rows = [min(picture.crop((0, y, picture.width, y + 1)).tobytes()) for y in range(picture.height)]
    tab.context.close()
    assert len(rows) > 24 and max(rows[1:-1]) < 170, rows


@pytest.mark.parametrize("sides", ["left", "right"])
@pytest.mark.parametrize("name", ["log10", "abs", "tanh"])
def test_brackets_and_bars_are_as_high_as_a_fraction_in_them(browser: Browser, name: str, sides: str) -> None:
    """On machines without a font for mathematics, too, and where a line may end inside the brackets."""
    image = pytest.importorskip("PIL.Image", reason="pillow reads the picture")
    high = constant(1.0) / (variable(0) + 2.0)
    tree = function(name, variable(0) + high + high + high if name == "tanh" else variable(0) + high)
    tab = new_tab(browser)
    tab.set_content(f"<body style='font-size: 20px'>{to_mathml(tree, ['x'], breakable=True)}")
    row = tab.locator("mrow[style]")
    box = (row.first if sides == "left" else row.last).bounding_box()
    assert box is not None and row.count() == (2 if name == "tanh" else 1)
    side = {**box, "width": 8.0, "x": box["x"] if sides == "left" else box["x"] + box["width"] - 8.0}
    picture = image.open(BytesIO(tab.screenshot(clip=side))).convert("L")
    rows = [min(picture.crop((0, y, picture.width, y + 1)).tobytes()) for y in range(picture.height)]
    said = tab.locator("body").inner_text()
    tab.context.close()
    assert len(rows) > 30 and max(rows[4:-4]) < 170, rows
    assert said.count("(") == said.count(")") == (name != "abs") and said.count("|") == 2 * (name == "abs")
