"""Times a click on Process until the formula is on screen: DeepCAVE's built-in panel and ours, in one dashboard.

Both are driven in headless Chromium on the same run, objective, budget and hyperparameters, each with its default
inputs otherwise. Ours is processed several times, with another seed each time (a result that is stored would be shown
at once); reported are the first click and the median. The built-in panel takes tens of seconds and runs once a case.

Needs what tests/browser needs: Chromium, npm, and the extra `dev`.

Usage: python benchmarks/panel.py [--repeat 3] [--no-builtin]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import EXAMPLES, ROOT, print_json, print_table

sys.path.insert(0, str(ROOT / "tests" / "support"))
from browser_harness import Dashboard, PanelPage, answer_requests, chromium, missing

if TYPE_CHECKING:
    from playwright.sync_api import Locator

#: Seconds from click to formula that the project promises, by the number of hyperparameters.
TARGETS = {1: 5.0, 2: 7.0}
#: Milliseconds after which a panel that shows nothing is given up.
LIMIT = 300_000


#: What is explained.
RUN = EXAMPLES / "mlp_deep"
CASES = (("learning_rate_init",), ("learning_rate_init", "n_neurons"))


def choose(panel: PanelPage, names: tuple[str, ...]) -> None:
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


def time_builtin(panel: PanelPage, run: Path, names: tuple[str, ...]) -> tuple[float, str]:
    """Returns seconds until the built-in panel's formula stands in its figure's title, and the formula."""
    panel.open(run.name)
    choose(panel, names)
    title = panel.output("symb_graph").locator(".gtitle").filter(has_text="=")
    seconds = time_click(panel, title)
    return seconds, title.text_content() or ""


def time_ours(panel: PanelPage, run: Path, names: tuple[str, ...], seed: int) -> tuple[float, str]:
    """Returns seconds until our panel's formula is typeset, and the formula as text."""
    panel.open(run.name)
    # First of all, because every seed has its own stored results.
    panel.set_number("seed", seed)
    choose(panel, names)
    seconds = time_click(panel, panel.formula)
    panel.wait_for_heading(" and ".join(names))
    panel.page.locator("summary").get_by_text("Copy the formula").click()
    return seconds, panel.page.locator("#symbolic_formulas-copy-text").input_value()


def main() -> None:
    """Drives both panels and prints the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3, help="clicks on Process a case in our panel")
    parser.add_argument("--no-builtin", action="store_true", help="leave DeepCAVE's panel out")
    args = parser.parse_args()
    if gone := missing():
        sys.exit("; ".join(gone.values()))
    rows: list[tuple[str, ...]] = []
    records: list[dict[str, Any]] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Dashboard([RUN], Path(folder) / "dashboard.log", Path(folder) / "cache") as dashboard,
        chromium() as browser,
    ):
        context = browser.new_context(viewport={"width": 1440, "height": 1000})
        answer_requests(context)
        ours = PanelPage(context.new_page(), dashboard.url)
        builtin = PanelPage(context.new_page(), dashboard.url, "symbolic_explanations", "Symbolic Explanations")
        for i, names in enumerate(CASES):
            found = [time_ours(ours, RUN, names, seed=100 * i + k) for k in range(args.repeat)]
            times = [seconds for seconds, _ in found]
            record: dict[str, Any] = {
                "case": f"{RUN.name}: {', '.join(names)}",
                "seconds": statistics.median(times),
                "first_seconds": times[0],
                "times": times,
                "target": TARGETS[len(names)],
                "formula": found[0][1],
            }
            # The other tab polls the server, too; a blank page does not.
            ours.page.goto("about:blank")
            if not args.no_builtin:
                seconds, formula = time_builtin(builtin, RUN, names)
                record |= {"builtin_seconds": seconds, "ratio": seconds / record["seconds"], "builtin_formula": formula}
                builtin.page.goto("about:blank")
            records.append(record)
            rows.append(
                (
                    record["case"],
                    f"{record['first_seconds']:.1f}",
                    f"{record['seconds']:.1f}",
                    f"{record['target']:.0f}",
                    f"{record['builtin_seconds']:.1f}" if "builtin_seconds" in record else "-",
                    f"{record['ratio']:.1f}" if "ratio" in record else "-",
                    record["formula"],
                )
            )
    print_table(("case", "first s", "median s", "target s", "built-in s", "ratio", "formula"), rows)
    print_json({"benchmark": "panel", "cases": records})


if __name__ == "__main__":
    main()
