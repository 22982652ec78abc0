"""Drives the panel in both of its hosts as a person does, and DeepCAVE's built-in one, and says which targets are met.

In headless Chromium, on the same run, objective, budget and hyperparameters, each with its default inputs otherwise:

- seconds from a click on Process until the formula is on screen. Our panel is processed several times, with another
  seed each time (a result that is stored would be shown at once); reported are the first click and the median. The
  built-in panel takes tens of seconds and runs once a case;
- in the dashboard of our own: seconds from its start to a usable page, milliseconds from a key on the slider until the
  next formula stands there, and what is lost of many clicks in a row and of many jobs at once. Jobs are asked for by
  HTTP as the page asks for them, and each is drawn; the memory is the server's resident set.

Needs what tests/browser needs: Chromium, npm, uv and a Python 3.11 or later, and the extra `dev`.

Usage: python benchmarks/panel.py [--repeat 3] [--hosts own deepcave] [--no-builtin]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from common import EXAMPLES, ROOT, print_json, print_table

sys.path.insert(0, str(ROOT / "tests" / "support"))
from browser_harness import Dashboard, PanelPage, answer_requests, chromium, missing, new_tab
from dash_page import DashPage
from newer_python import newer_python
from started import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

#: Seconds from click to formula that the project promises, by host and number of hyperparameters.
CLICK = {"own": {1: 1.5, 2: 2.0}, "deepcave": {1: 5.0, 2: 7.0}}
#: Seconds to a usable page, and for a step along the front; growth of the server's memory from 10 jobs to 100.
START, STEP, GROWTH = 3.0, 0.1, 1.2
CLICKS, AT_ONCE, FEW_JOBS, MANY_JOBS = 50, 20, 10, 100
#: Keys on the slider, milliseconds between those that follow one another, and after which all is drawn.
STEPS, IN_A_ROW, RESTED = 5, 50, 1500
#: Milliseconds after which a panel that shows nothing is given up.
LIMIT = 300_000

#: What is explained.
RUN = EXAMPLES / "mlp_deep"
CASES = (("learning_rate_init",), ("learning_rate_init", "n_neurons"))
#: The longest formula of jobs that are only counted.
SHORT = 5

#: Notes how long after a key on the slider the formula changes.
WATCH_STEPS = """() => {
  window.steps = [];
  let pressed = null;
  addEventListener("keydown", () => { pressed = performance.now(); }, true);
  new MutationObserver(() => {
    if (pressed !== null) requestAnimationFrame((now) => { window.steps.push(now - pressed); pressed = null; });
  }).observe(document.getElementById("formula"), { childList: true, subtree: true, characterData: true });
}"""


@dataclass(frozen=True)
class Measure:
    """A row of the table.

    Args:
        host: The app around the panel.
        what: What is measured.
        value: The figure.
        unit: Its unit.
        target: The largest one that the project promises; None for a figure that only stands beside others.
        note: More about it.
    """

    host: str
    what: str
    value: float
    unit: str
    target: float | None = None
    note: str = ""

    @property
    def row(self) -> tuple[str, ...]:
        """The cells of the table."""
        promised = "-" if self.target is None else f"{self.target:g}"
        reached = "-" if self.target is None else "reached" if self.value <= self.target else "missed"
        return self.host, self.what, f"{self.value:.3g}", self.unit, promised, reached, self.note


def clicks(host: str, names: Sequence[str], times: Sequence[float], note: str = "") -> Measure:
    """Returns the median of what clicks took."""
    said = f"first {times[0]:.2f}{note}" if len(times) > 1 else note
    target = CLICK.get(host, {}).get(len(names))
    return Measure(host, f"click to formula, {len(names)}-D", statistics.median(times), "s", target, said)


def choose(panel: PanelPage, names: Sequence[str]) -> None:
    """Chooses the hyperparameters, the second one first: the first one alone may have a stored result."""
    for i, name in reversed(list(enumerate(names, start=1))):
        panel.choose(f"hyperparameter_name_{i}", name)


def time_click(panel: PanelPage, formula: Locator) -> float:
    """Returns seconds from a click on Process until the formula is there."""
    if formula.count():
        raise RuntimeError("A formula is shown before the click, so the time would say nothing.")
    start = panel.process()
    formula.wait_for(timeout=LIMIT)
    return time.perf_counter() - start


def time_builtin(panel: PanelPage, names: Sequence[str]) -> float:
    """Returns seconds until the built-in panel's formula stands in its figure's title."""
    panel.open(RUN.name)
    choose(panel, names)
    return time_click(panel, panel.output("symb_graph").locator(".gtitle").filter(has_text="="))


def time_in_deepcave(panel: PanelPage, names: Sequence[str], seed: int) -> float:
    """Returns seconds until our panel's formula is typeset in DeepCAVE."""
    panel.open(RUN.name)
    # First of all, because every seed has its own stored results.
    panel.set_number("seed", seed)
    choose(panel, names)
    seconds = time_click(panel, panel.formula)
    panel.wait_for_heading(" and ".join(names))
    return seconds


def in_deepcave(browser: Browser, folder: Path, repeat: int, *, builtin: bool) -> list[Measure]:
    """Measures both panels in DeepCAVE."""
    found: list[Measure] = []
    with Dashboard([RUN], folder / "deepcave.log", folder / "deepcave") as dashboard:
        context = browser.new_context(viewport={"width": 1440, "height": 1000})
        answer_requests(context)
        ours = PanelPage(context.new_page(), dashboard.url)
        theirs = PanelPage(context.new_page(), dashboard.url, "symbolic_explanations", "Symbolic Explanations")
        for i, names in enumerate(CASES):
            times = [time_in_deepcave(ours, names, seed=100 * i + k) for k in range(repeat)]
            found.append(clicks("deepcave", names, times))
            # The other tab polls the server, too; a blank page does not.
            ours.page.goto("about:blank")
            if builtin:
                found.append(clicks("DeepCAVE's panel", names, [time_builtin(theirs, names)], "once"))
                theirs.page.goto("about:blank")
        context.close()
    return found


def field(page: Page, name: str) -> Locator:
    """Returns an input of the dashboard of our own."""
    return page.locator(f"[id='symbolic_formulas-{name}-input']")


def fill(page: Page, name: str, value: int) -> None:
    """Types a number."""
    field(page, name).fill(str(value))
    field(page, name).press("Tab")


def open_own(page: Page, url: str) -> None:
    """Opens the page and waits until it can be used."""
    page.goto(url)
    field(page, "hyperparameter_name_1").locator("option").nth(2).wait_for(state="attached")
    page.locator("#process:enabled").wait_for()


def time_in_own(page: Page, url: str, names: Sequence[str], seed: int) -> float:
    """Returns seconds until the formula is typeset in the dashboard of our own."""
    open_own(page, url)
    page.get_by_text("More options").click()
    fill(page, "seed", seed)
    for i, name in reversed(list(enumerate(names, start=1))):
        field(page, f"hyperparameter_name_{i}").select_option(name)
    formula = page.locator("#formula .symbolic-formula")
    if formula.count():
        raise RuntimeError("A formula is shown before the click, so the time would say nothing.")
    start = time.perf_counter()
    page.locator("#process").click()
    formula.wait_for(timeout=LIMIT)
    return time.perf_counter() - start


def time_steps(page: Page, *, pause: int) -> list[float]:
    """Returns seconds from a key on the slider to the next formula of the front.

    Args:
        page: With a result.
        pause: Milliseconds between two keys; the figure follows when the slider rests.
    """
    page.wait_for_function("document.body.dataset.kept")
    page.get_by_text("by length", exact=True).click()
    slider = page.locator("#symbolic_formulas-length [role=slider]")
    slider.press("Home")
    page.wait_for_timeout(RESTED)
    page.evaluate(WATCH_STEPS)
    for _ in range(STEPS):
        slider.press("ArrowRight")
        page.wait_for_timeout(pause)
    page.wait_for_timeout(RESTED)
    return [milliseconds / 1000 for milliseconds in page.evaluate("window.steps")]


def click_many(page: Page, url: str, results: Path) -> int:
    """Returns how many of many clicks in a row got no answer."""
    open_own(page, url)
    page.get_by_text("More options").click()
    field(page, "hyperparameter_name_1").select_option(CASES[0][0])
    fill(page, "max_complexity", SHORT)
    before = len(list(results.glob("*.json")))
    for seed in range(1000, 1000 + CLICKS):
        fill(page, "seed", seed)
        page.locator("#process").click()
        page.locator("#busy").wait_for(state="visible")
        page.locator("#busy").wait_for(state="hidden", timeout=LIMIT)
    return CLICKS - (len(list(results.glob("*.json"))) - before)


def asked(visitor: Visitor, seed: int) -> DashPage:
    """Returns a tab that has asked for a short formula."""
    page = DashPage(visitor)
    page.fire("symbolic_formulas-pick-input.value", "run.value")
    page.values["symbolic_formulas-max_complexity-input.value"] = SHORT
    page.values["symbolic_formulas-seed-input.value"] = seed
    page.start("result.data", "process.n_clicks")
    return page


def finished(page: DashPage) -> str:
    """Returns the name of a tab's result, which is drawn."""
    page.finish()
    page.fire("formula.children", "result.data")
    page.values["painted.data"] = page.values["drawn.data"]  # which the browser does
    page.fire("figure.figure", "painted.data")
    return str(page.values["result.data"]["name"])


def memory_after(visitor: Visitor, server: psutil.Process, seeds: range) -> float:
    """Returns the server's memory in MiB after some jobs, two of them at once."""
    for first in seeds[::2]:
        for page in [asked(visitor, first), asked(visitor, first + 1)]:
            finished(page)
    return float(server.memory_info().rss / 2**20)


def in_own(browser: Browser, folder: Path, repeat: int, python: Path) -> list[Measure]:
    """Measures the dashboard of our own."""
    found: list[Measure] = []
    page = new_tab(browser, viewport={"width": 1440, "height": 900})
    page.set_default_timeout(LIMIT)
    began = time.perf_counter()
    with Dashboard([RUN], folder / "own.log", folder / "own", ["--host-app", "own"], python=str(python)) as dashboard:
        open_own(page, dashboard.url)
        found.append(Measure("own", "start to a usable page", time.perf_counter() - began, "s", START))
        for i, names in enumerate(CASES):
            times = [time_in_own(page, dashboard.url, names, seed=100 * i + k) for k in range(repeat)]
            found.append(clicks("own", names, times, ", which waits for imports" if i == 0 else ""))
            for pause, how in ((RESTED, "from rest"), (IN_A_ROW, f"keys {IN_A_ROW} ms apart")):
                steps = time_steps(page, pause=pause)
                note = f"the slowest of {len(steps)}, {how}; median {statistics.median(steps):.3f}"
                found.append(Measure("own", f"step along the front, {len(names)}-D", max(steps), "s", STEP, note))
        (results,) = folder.rglob("own-results")
        found.append(
            Measure("own", f"lost of {CLICKS} clicks in a row", click_many(page, dashboard.url, results), "", 0)
        )
        page.context.close()
        visitor = Visitor(dashboard.url)
        names = {finished(page) for page in [asked(visitor, seed) for seed in range(2000, 2000 + AT_ONCE)]}
        lost = AT_ONCE - sum((results / f"{name}.json").is_file() for name in names)
        found.append(Measure("own", f"lost of {AT_ONCE} jobs at once", lost, "", 0))
    with Dashboard([RUN], folder / "own.log", folder / "own", ["--host-app", "own"], python=str(python)) as dashboard:
        server = dashboard.child("server.py")
        visitor = Visitor(dashboard.url)
        few = memory_after(visitor, server, range(3000, 3000 + FEW_JOBS))
        many = memory_after(visitor, server, range(3000 + FEW_JOBS, 3000 + MANY_JOBS))
        said = f"{few:.0f} and {many:.0f} MiB"
        what = f"memory after {MANY_JOBS} jobs to that after {FEW_JOBS}"
        found.append(Measure("own", what, many / few, "", GROWTH, said))
    return found


def versions_of(python: Path) -> dict[str, str]:
    """Returns the versions that the figures of the dashboard of our own need beside them."""
    names = ("dash", "dash-bootstrap-components", "plotly", "smac", "scikit-learn", "numpy")
    code = (
        "import json, platform; from importlib.metadata import version; "
        f"print(json.dumps({{'python': platform.python_version(), **{{name: version(name) for name in {names!r}}}}}))"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def main() -> None:
    """Drives the panels and prints the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3, help="clicks on Process a case in our panel")
    parser.add_argument("--hosts", nargs="+", choices=CLICK, default=list(CLICK), help="the hosts of our panel")
    parser.add_argument("--no-builtin", action="store_true", help="leave DeepCAVE's panel out")
    args = parser.parse_args()
    if gone := missing():
        sys.exit("; ".join(gone.values()))
    python = newer_python() if "own" in args.hosts else None
    if "own" in args.hosts and python is None:
        sys.exit("no Python 3.11 or later, or no uv to make its environment")
    load = os.getloadavg()[0]
    measures: list[Measure] = []
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        if python is not None:
            measures += in_own(browser, Path(folder), args.repeat, python)
        if "deepcave" in args.hosts:
            measures += in_deepcave(browser, Path(folder), args.repeat, builtin=not args.no_builtin)
    print_table(("host", "what", "value", "unit", "target", "", "note"), [measure.row for measure in measures])
    loads = [load, os.getloadavg()[0]]
    records: list[dict[str, Any]] = [asdict(measure) for measure in measures]
    own = {} if python is None else {"own_versions": versions_of(python)}
    print_json({"benchmark": "panel", "run": RUN.name, "load_before_and_after": loads, **own, "measures": records})


if __name__ == "__main__":
    main()
