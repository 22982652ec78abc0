"""The dashboard without DeepCAVE in a real browser: the real command, in an environment of a newer Python.

That is this one, `.venv313` beside the checkout, or else one that is made here once, in the ignored cache.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import pytest

from browser_harness import OUTPUT, PICTURES, Dashboard, answer_requests, cut_off, new_tab, shrink
from newer_python import newer_python
from places import FIDELITY, FOREST, SVM
from run_folders import keep_trials
from stripping_proxy import stripping_proxy
from waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page, Route

pytestmark = pytest.mark.browser

#: Starts the command under a name of its own, with more options, on some runs.
Starter: TypeAlias = Callable[..., Dashboard]
#: What axe-core calls the levels A and AA.
_LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
#: Of the window, where the first screen ends.
SIZES = [(1440, 900), (1024, 768)]


@pytest.fixture(scope="module")
def start(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    python = newer_python()
    if python is None:
        pytest.skip("no environment of Python 3.11 or later with Dash 3 or later, and no uv and Python to make one")
    running: list[Dashboard] = []

    def started(name: str, options: Sequence[str] = (), runs: Sequence[Path] = (SVM, FOREST, FIDELITY)) -> Dashboard:
        command = ["--host-app", "own", *options]
        cache = tmp_path_factory.mktemp(name)
        dashboard = Dashboard(runs, cache / "log", cache, command, python=str(python))
        running.append(dashboard.__enter__())
        return dashboard

    yield started
    for dashboard in running:
        dashboard.__exit__()


@pytest.fixture
def growing(tmp_path: Path) -> Path:
    """A run of the test's own."""
    return Path(shutil.copytree(SVM, tmp_path / "growing"))


@pytest.fixture(scope="module")
def dashboard(start: Starter) -> Dashboard:
    return start("own")


class OwnPage:
    """A tab on the app, with what it complains of and what it asks other hosts for."""

    def __init__(self, browser: Browser, size: tuple[int, int]) -> None:
        self.tab: Page = new_tab(browser, viewport={"width": size[0], "height": size[1]})
        self.blocked = answer_requests(self.tab.context, cdn=False)
        self.errors: list[str] = []
        self.tab.on("console", lambda message: self._note(message.type == "error", message.text))
        self.tab.on("pageerror", lambda error: self._note(True, str(error)))
        self.tab.on("response", lambda answer: self._note(answer.status >= 400, f"{answer.status} {answer.url}"))

    def _note(self, wrong: bool, text: str) -> None:
        if wrong:
            self.errors.append(text)

    def open(self, url: str) -> OwnPage:
        self.tab.goto(url)
        self.input("hyperparameter_name_1").locator("option").nth(2).wait_for(state="attached")
        return self

    def input(self, name: str) -> Locator:
        return self.tab.locator(f"[id='symbolic_formulas-{name}-input']")

    def choose(self, name: str, label: str) -> None:
        self.input(name).select_option(label=label)

    def process(self, heading: str) -> None:
        # The words come first, then figures and tables.
        with self.tab.expect_response(lambda answer: "figure.figure..." in (answer.request.post_data or "")):
            self.tab.locator("#process").click()
            self.heading(heading).wait_for()
            self.tab.locator("#results math").first.wait_for()
        self.tab.wait_for_timeout(300)

    def step(self, act: Callable[[], None]) -> None:
        """Does what shows another formula of the front, and waits for it."""
        before = self.tab.locator("#formula .symbolic-formula").text_content()
        act()
        self.tab.wait_for_function(
            "than => document.querySelector('#formula .symbolic-formula').textContent !== than", arg=before
        )

    def heading(self, text: str) -> Locator:
        return self.tab.locator("#results").get_by_role("heading", name=re.compile(rf"^{text}\b")).first

    def box(self, selector: str) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def is_there() -> bool:
            # What is drawn again is away for a moment.
            found.update(self.tab.locator(selector).first.bounding_box() or {})
            return bool(found)

        wait_until(is_there, lambda: f"{selector} is not on the page")
        return found

    def violations(self) -> list[str]:
        """Returns what WCAG 2.2 AA has against the page, as far as axe-core sees."""
        axe = pytest.importorskip("axe_playwright_python", reason="axe-core is not installed (pip install -e .[dev])")
        # What answers earlier inputs is dimmed, on purpose, and a moment longer.
        for dimmed in ("#busy", "#stale", ":is([data-earlier=loading], [data-earlier=figures])"):
            self.tab.locator(dimmed).wait_for(state="hidden")
        self.tab.wait_for_timeout(500)
        self.tab.evaluate((resources.files(axe) / "axe.min.js").read_text(encoding="utf-8"))
        found = self.tab.evaluate(f"axe.run(document, {{ runOnly: {_LEVELS} }})")["violations"]
        return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]

    def cut_off(self) -> list[str]:
        """Returns what of the page cannot be read in full; plotly fits its figures a moment after it drew them."""
        self.tab.wait_for_timeout(500)
        return cut_off(self.tab.locator("main"))

    def picture(self, name: str) -> None:
        self.tab.mouse.move(0, 0)
        self.tab.wait_for_timeout(300)
        self.tab.screenshot(path=OUTPUT / f"own_{name}.png")

    def picture_for_the_documentation(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.tab.screenshot(path=PICTURES / f"{name}.png")
        shrink(PICTURES / f"{name}.png", colors=255)

    def done(self) -> None:
        self.tab.context.close()
        assert self.errors == [] and self.blocked == []


@pytest.fixture
def page(browser: Browser, dashboard: Dashboard) -> Iterator[OwnPage]:
    opened = OwnPage(browser, SIZES[0]).open(dashboard.url)
    yield opened
    opened.done()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("second", ["None", "gamma"])
def test_first_screen_answers(page: OwnPage, size: tuple[int, int], second: str) -> None:
    page.tab.set_viewport_size({"width": size[0], "height": size[1]})
    page.choose("hyperparameter_name_1", "C")
    page.choose("hyperparameter_name_2", second)
    page.process("C" if second == "None" else "C and gamma")
    page.tab.locator("#figure svg.main-svg").first.wait_for()
    inputs = page.box(".symbolic-inputs")
    for part in ("#heading .symbolic-verdict", "#formula .symbolic-formula", "#reason .symbolic-warning", "#figure"):
        box = page.box(part)
        assert box["y"] >= 0 and box["y"] + box["height"] <= size[1], part
        assert box["x"] >= inputs["x"] + inputs["width"] and box["x"] + box["width"] <= size[0], part
    process = page.box("#process")
    assert process["y"] + process["height"] <= size[1]
    assert page.cut_off() == []
    page.picture(f"{size[0]}_{second}")


#: Where the point of "What if?" stands on the figure.
_POINT = """() => {
    const graph = document.querySelector("#figure .js-plotly-plot");
    const point = graph.data.find((trace) => trace.meta === "what_if");
    return [...point.x, ...point.y];
}"""


def test_a_slider_moves_a_point_and_says_what_is_there(page: OwnPage) -> None:
    page.choose("hyperparameter_name_1", "C")
    page.process("C")
    slider, told = page.tab.get_by_label("C", exact=True), page.tab.locator("#told")
    before, start = told.inner_text(), page.tab.evaluate(_POINT)
    asked: list[str] = []
    page.tab.on("request", lambda request: asked.append(request.post_data or ""))
    for _ in range(3):
        slider.press("ArrowLeft")
    wait_until(lambda: told.inner_text() != before, told.inner_text)
    wait_until(lambda: page.tab.evaluate(_POINT) != start, lambda: f"the point is at {start}")
    assert slider.get_attribute("aria-valuetext") in page.tab.locator("#what_if").inner_text().split()
    assert "at C = " in told.inner_text() and "·log10(C/" in told.inner_text()
    page.picture("what_if")
    page.tab.get_by_role("button", name="Back to the incumbent").click()
    wait_until(lambda: told.inner_text() == before and page.tab.evaluate(_POINT) == start, told.inner_text)
    # The run is looked at now and then, and the pages on other formulas come.
    assert not [each for each in asked if "what_if" in each]
    page.step(lambda: page.tab.get_by_role("button", name="without x²").click())
    assert page.tab.get_by_role("button", name="without x²").count() == 0


def test_front_and_own_formula_need_no_processing(page: OwnPage) -> None:
    page.choose("hyperparameter_name_1", "C")
    page.process("C")
    page.tab.wait_for_function("document.body.dataset.kept")
    asked: list[str] = []
    page.tab.on("request", lambda request: asked.append(request.post_data or ""))
    page.step(lambda: page.tab.get_by_text("most accurate", exact=True).first.click())
    page.tab.get_by_text("by length", exact=True).click()
    slider = page.tab.locator("#symbolic_formulas-length")
    marks = slider.locator("[role=slider]")
    page.step(lambda: marks.press("Home"))
    lengths = [marks.get_attribute("aria-valuenow")]
    page.picture("by_length")
    for _ in range(2):
        page.step(lambda: marks.press("ArrowRight"))
        lengths.append(marks.get_attribute("aria-valuenow"))
    # Below the first screen, a moment later: the row of the formula that is shown.
    shown = page.tab.locator("#below tr.table-primary td").first
    wait_until(lambda: shown.text_content() in lengths[-1:], lambda: f"{shown.text_content()}, not {lengths}")
    # A result that was known is drawn once more when Process is pressed.
    assert not any('"changedPropIds":["wanted.data"]' in request for request in asked), "the server had to draw"
    page.input("form").fill("a + b*log10(C/c)**2")
    page.input("form").press("Enter")
    page.tab.locator("#own math").first.wait_for()
    assert page.tab.locator("#stale").is_hidden()


def test_other_inputs_dim_the_result_until_they_are_processed(page: OwnPage) -> None:
    page.choose("hyperparameter_name_1", "C")
    page.process("C")
    page.choose("hyperparameter_name_1", "gamma")
    page.tab.locator("#stale").wait_for()
    assert page.heading("C").is_visible()
    # What is known is shown at once.
    page.choose("hyperparameter_name_1", "C")
    page.tab.locator("#stale").wait_for(state="hidden")
    page.choose("hyperparameter_name_1", "gamma")
    page.process("gamma")
    assert page.tab.locator("#stale").is_hidden()


class Held:
    """Keeps back what the page asks the server, where that has a word in it."""

    def __init__(self, tab: Page, word: str) -> None:
        self._word, self._tab, self._gone = word, tab, False
        self.routes: list[Route] = []
        tab.route("**/_dash-update-component**", self._answer)

    def _answer(self, route: Route) -> None:
        if not self._gone and self._word in (route.request.post_data or ""):
            self.routes.append(route)
        else:
            route.fallback()

    def wait(self) -> None:
        """Waits until something is kept back; Playwright hands requests over only while it is asked something."""

        def is_held() -> bool:
            self._tab.wait_for_timeout(20)
            return bool(self.routes)

        wait_until(is_held, lambda: f"nothing with {self._word} was asked")

    def let_go(self) -> None:
        self._gone = True
        for route in self.routes:
            route.continue_()


def test_what_answers_another_question_is_dimmed_until_it_is_replaced(browser: Browser, start: Starter) -> None:
    # Of its own: what another test has asked would be answered at once.
    page = OwnPage(browser, SIZES[0]).open(start("own_dimmed").url)
    opacity = """id => {
        let found = 1;
        for (let each = document.getElementById(id); each; each = each.parentElement)
            found *= getComputedStyle(each).opacity;
        return found;
    }"""

    def dimmed() -> list[str]:
        return [id for id in ("answer", "what_if", "figure_box", "cards") if page.tab.evaluate(opacity, id) < 1]

    page.choose("hyperparameter_name_1", "C")
    page.process("C")
    wait_until(lambda: dimmed() == [], dimmed)
    held = Held(page.tab, "figure.figure...")
    page.choose("hyperparameter_name_1", "gamma")
    page.tab.locator("#stale").wait_for()
    page.tab.locator("#process").click()
    held.wait()
    page.heading("gamma").wait_for()
    wait_until(lambda: dimmed() == ["what_if", "figure_box", "cards"], dimmed)
    page.picture("words_first")
    held.let_go()
    wait_until(lambda: dimmed() == [], dimmed)
    # Another run is not known before its inputs are.
    held = Held(page.tab, "hyperparameter_name_2-input.options")
    page.tab.locator("#run").select_option(label="mlp_hpo")
    held.wait()
    wait_until(lambda: len(dimmed()) == 4, dimmed)
    assert page.tab.locator("#results").get_attribute("aria-busy") == "true"
    held.let_go()
    page.tab.locator("#stale").wait_for()
    assert dimmed() == [] and page.tab.locator("#results").get_attribute("data-earlier") == "stale"
    page.done()


def test_an_answer_waits_for_no_other_formulas(page: OwnPage) -> None:
    for name in ("gamma", "C"):
        page.choose("hyperparameter_name_1", name)
        page.process(name)
    # The pages on all formulas of an answer take longest, and come last.
    held = Held(page.tab, '"changedPropIds":["whole.data"]')
    page.choose("hyperparameter_name_1", "gamma")
    held.wait()
    page.choose("hyperparameter_name_1", "C")
    page.heading("C").wait_for()
    title = "document.querySelector('#figure .js-plotly-plot').layout.xaxis.title.text"
    wait_until(lambda: page.tab.evaluate(title) == "C", lambda: str(page.tab.evaluate(title)))
    held.let_go()
    page.tab.wait_for_function("document.body.dataset.kept")


def test_a_job_is_cancelled(page: OwnPage) -> None:
    page.tab.get_by_text("More options").click()
    page.choose("engine", "gplearn (genetic programming, as in the paper)")
    page.choose("hyperparameter_name_1", "All")
    page.tab.locator("#process").click()
    cancel = page.tab.locator("#cancel")
    cancel.wait_for()
    assert page.tab.locator("#busy").is_visible() and page.tab.locator("#process").is_disabled()
    page.picture("busy")
    cancel.click()
    cancel.wait_for(state="hidden")
    page.tab.wait_for_timeout(500)
    assert page.tab.locator(".symbolic-error").count() == 0
    assert page.tab.locator("#process").is_enabled() and page.tab.locator("#busy").is_hidden()
    page.choose("engine", "Automatic")
    page.choose("hyperparameter_name_1", "C")
    page.process("C")


def test_all_and_a_name_in_it(page: OwnPage) -> None:
    page.tab.locator("#run").select_option(label="mlp_hpo")
    page.input("hyperparameter_name_1").locator("option", has_text="n_neurons").wait_for(state="attached")
    page.choose("hyperparameter_name_1", "All")
    page.process("The whole run")
    said = page.tab.locator("[id*=run_what_if_said]")
    before = said.inner_text()
    for _ in range(9):
        page.tab.get_by_label("n_neurons", exact=True).press("ArrowLeft")
    wait_until(lambda: said.inner_text() != before, said.inner_text)
    beside = page.tab.locator(".symbolic-run-beside")
    wait_until(lambda: "at a distance of" in beside.inner_text(), beside.inner_text)
    page.picture("all")
    page.tab.get_by_role("button", name="Back to the incumbent").click()
    wait_until(lambda: said.inner_text() == before, said.inner_text)
    wait_until(lambda: "at this very configuration" in beside.inner_text(), beside.inner_text)
    page.tab.get_by_role("button", name="n_neurons").click()
    page.heading("n_neurons").wait_for()
    assert page.input("hyperparameter_name_1").input_value() == "n_neurons"


def test_error_and_adding_a_run(page: OwnPage) -> None:
    page.input("region").fill("best 200%")
    page.tab.locator("#process").click()
    page.tab.locator(".symbolic-error").wait_for()
    assert page.tab.locator("#retry").is_visible()
    page.picture("error")
    page.tab.locator("summary", has_text="Add a run").click()
    page.tab.locator("#roots").get_by_text("Below ").or_(page.tab.locator("#roots").get_by_text("--root")).wait_for()
    page.tab.locator("#path").fill("/etc")
    page.tab.locator("#add").click()
    page.tab.get_by_text("neither a run of the command line").wait_for()
    # The menu does not lie over another page.
    page.tab.get_by_role("link", name="Help").click()
    page.tab.locator("#path").wait_for(state="hidden")


def test_a_run_is_chosen_from_those_below_the_root(browser: Browser, tmp_path: Path, start: Starter) -> None:
    for name in ("one", "two"):
        shutil.copytree(SVM, tmp_path / "root" / name)
    own = start("own_root", ["--root", str(tmp_path / "root")], [tmp_path / "root" / "one"])
    page = OwnPage(browser, SIZES[0]).open(own.url)
    page.tab.locator("summary", has_text="Add a run").click()
    page.tab.locator("#roots").get_by_text(f"Below {tmp_path / 'root'}").wait_for()
    page.tab.locator("#addable").select_option(label="two")
    page.tab.get_by_text("Added.").wait_for()
    assert page.tab.locator("#run option:checked").inner_text() == "two"
    page.picture("added")


def test_a_run_that_grows_is_followed(browser: Browser, growing: Path, start: Starter) -> None:
    history = growing / "runhistory.json"
    whole = history.read_text(encoding="utf-8")
    keep_trials(growing, 22)
    page = OwnPage(browser, SIZES[0]).open(start("own_growing", runs=[growing]).url)
    page.choose("hyperparameter_name_1", "C")
    page.process("C")
    page.tab.get_by_role("link", name="Laws").click()
    page.tab.locator("#laws-process").click()
    page.tab.locator("#laws-body").get_by_text("No law.").first.wait_for()
    history.write_text(whole, encoding="utf-8")
    keep_trials(growing, 32)
    page.tab.get_by_text("10 new trials since these results. Press Process.").wait_for()
    page.tab.go_back()
    page.tab.get_by_text("10 new trials since these results.", exact=True).wait_for()
    assert page.tab.locator("#stale").is_hidden()
    page.picture("grown")
    page.tab.locator("#update").click()
    page.tab.locator("#grown").wait_for(state="hidden")
    page.tab.locator("#history").get_by_text("While the run grew").wait_for()
    assert page.tab.locator("#history tbody tr").count() == 2
    assert page.tab.locator("#history tbody tr td").first.inner_text() == "22"
    page.picture("history")
    cards = str(page.tab.locator("#cards").text_content())
    page.tab.locator("#follow").check()
    history.write_text(whole, encoding="utf-8")
    page.tab.wait_for_function("than => document.querySelector('#cards').textContent !== than", arg=cards)
    page.tab.locator("#grown").wait_for(state="hidden")
    page.done()


def test_a_lost_server_is_said_and_what_it_computed_is_asked_again(browser: Browser, start: Starter) -> None:
    dashboard = start("own_lost")
    page = OwnPage(browser, SIZES[0]).open(dashboard.url)
    lost = page.tab.locator("#lost")
    page.tab.context.set_offline(True)
    lost.wait_for()
    page.picture("lost")
    page.tab.context.set_offline(False)
    lost.wait_for(state="hidden")
    page.choose("hyperparameter_name_1", "All")
    page.tab.locator("#process").click()
    server = dashboard.child("server.py")
    # What is on its way to the server is repeated, too, but it is no question then that was being computed.
    wait_until(server.children, lambda: "no job was started")
    page.tab.wait_for_timeout(500)
    server.kill()
    page.tab.locator("#asked-again").wait_for()
    page.picture("asked_again")
    page.tab.locator("#busy").wait_for()
    page.tab.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(page: OwnPage, scheme: Literal["light", "dark"]) -> None:
    page.tab.emulate_media(color_scheme=scheme)
    paper = page.tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
    assert page.violations() == []
    page.choose("hyperparameter_name_1", "C")
    page.process("C")
    page.picture(f"{scheme}_one")
    assert page.violations() == []
    page.choose("hyperparameter_name_2", "gamma")
    page.process("C and gamma")
    page.picture(f"{scheme}_two")
    assert page.violations() == []
    page.choose("hyperparameter_name_1", "All")
    page.process("The whole run")
    page.picture(f"{scheme}_all")
    assert page.violations() == []
    page.input("region").fill("best 200%")
    page.tab.locator("#process").click()
    page.tab.locator(".symbolic-error").wait_for()
    assert page.violations() == []


def test_whole_run_laws_and_several_runs_have_pages(page: OwnPage) -> None:
    tab = page.tab

    def turn_to(label: str) -> None:
        tab.get_by_role("link", name=label, exact=True).press("Enter")
        shown = tab.locator("[aria-current=page]")
        wait_until(lambda: shown.all_inner_texts() == [label], lambda: f"{shown.all_inner_texts()}, not {label}")

    def found(name: str, words: str, act: Callable[[], None]) -> None:
        act()
        tab.locator(f"#{name}-body").get_by_text(words).first.wait_for()
        tab.locator(f"#{name}-busy").wait_for(state="hidden")
        page.picture(name)
        assert page.violations() == []

    page.choose("hyperparameter_name_1", "C")
    page.process("C")
    turn_to("Whole run")
    assert tab.url.endswith("#whole-run") and page.input("hyperparameter_name_1").is_hidden()
    found("whole-run", "every part is 0 on average", tab.locator("#whole-run-process").click)
    page.input("region").fill("C=1..100")
    page.input("region").press("Enter")
    tab.locator("#whole-run-stale").wait_for()
    page.input("region").fill("all")
    page.input("region").press("Enter")
    tab.locator("#whole-run-stale").wait_for(state="hidden")
    turn_to("Laws")
    found("laws", "No law.", tab.locator("#laws-process").click)
    turn_to("Compare")
    runs = tab.locator("#compare-runs input")
    # Ticked is what shares a hyperparameter with the run that was looked at.
    wait_until(lambda: runs.first.is_checked(), lambda: "no run is ticked")
    assert not runs.nth(1).is_checked() and tab.locator("#run").is_hidden()
    found("compare", "two runs or more; found 1 run", tab.locator("#compare-process").click)
    tab.locator("#compare-side").select_option(label="Parts of the whole run")
    runs.nth(1).check()
    found("compare", "What each part accounts for in each run", tab.locator("#compare-process").click)
    tab.locator("#compare-body svg.main-svg").first.wait_for()
    # Everything is still there, and a page can be opened by its address.
    tab.go_back()
    tab.locator("#laws-body").get_by_text("No law.").first.wait_for()
    turn_to("Help")
    assert tab.get_by_role("heading", name="The verdict").is_visible() and tab.locator("#process").is_hidden()
    page.picture("help")
    assert page.violations() == []
    turn_to("Formula")
    assert page.heading("C").is_visible()
    tab.goto(f"{tab.url.partition('#')[0]}#compare")
    tab.reload()
    tab.locator("#compare-process").wait_for()
    wait_until(lambda: tab.title() != "Symbolic Formulas", lambda: "the page is not named")
    assert tab.title().startswith("Compare")


@pytest.mark.long
def test_picture_for_the_documentation(page: OwnPage) -> None:
    """docs/images/own.png and whole_run.png are copies of this test's output."""
    pytest.importorskip("PIL", reason="pillow makes pictures small")
    page.tab.set_viewport_size({"width": 1280, "height": 800})
    page.choose("hyperparameter_name_1", "C")
    page.process("C")
    page.tab.locator("#figure svg.main-svg").first.wait_for()
    page.tab.mouse.move(0, 0)
    page.tab.wait_for_timeout(300)
    page.picture_for_the_documentation("own")
    page.tab.get_by_role("link", name="Whole run").press("Enter")
    page.tab.set_viewport_size({"width": 1280, "height": 1180})
    page.tab.locator("#whole-run-process").click()
    page.tab.locator("#whole-run-body svg.main-svg").first.wait_for()
    page.tab.wait_for_timeout(1000)
    page.picture_for_the_documentation("whole_run")


#: How far the legend is below the axes; negative where it lies over the data.
_BELOW_AXES = """() => {
    const [legend, axes] = [".legend", ".xy .gridlayer"].map(
        (each) => document.querySelector(`#figure ${each}`).getBoundingClientRect());
    return legend.top - axes.bottom;
}"""


def test_narrow_window(page: OwnPage) -> None:
    page.choose("hyperparameter_name_1", "C")
    page.process("C")
    page.tab.set_viewport_size({"width": 390, "height": 844})
    # Figures follow the window a moment later.
    wait_until(
        lambda: page.tab.evaluate("document.documentElement.scrollWidth") <= 390, lambda: "it has to be scrolled"
    )
    page.picture("390")
    page.choose("hyperparameter_name_1", "All")
    page.process("The whole run")
    assert page.input("form").is_hidden()
    pictures = page.tab.locator("#body .dash-graph").last
    wait_until(lambda: cut_off(pictures) == [], lambda: str(cut_off(pictures)))
    assert "svm_bbo, " in str(page.heading("The whole run").text_content())
    pictures.scroll_into_view_if_needed()
    page.picture("390_all")
    # Back to what is known, in a wide window.
    page.choose("hyperparameter_name_1", "C")
    page.heading("C").wait_for()
    page.tab.wait_for_timeout(1000)
    page.tab.set_viewport_size({"width": 1440, "height": 900})
    wait_until(lambda: page.tab.evaluate(_BELOW_AXES) > 0, lambda: str(page.tab.evaluate(_BELOW_AXES)))
    page.picture("widened")


def test_behind_a_proxy_that_cuts_off_the_path(browser: Browser, start: Starter) -> None:
    prefix = "/user/me/proxy/8050/"
    dashboard = start("own_proxy", ["--base-path", prefix])
    with stripping_proxy(dashboard.port, prefix) as port:
        page = OwnPage(browser, SIZES[0])
        page.open(f"http://127.0.0.1:{port}{prefix}?{dashboard.url.partition('?')[2]}")
        page.choose("hyperparameter_name_1", "C")
        page.process("C")
        page.done()
