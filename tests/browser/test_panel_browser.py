"""What a person sees: the panel in the real dashboard, processed by the real worker, read in a real browser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser_harness import HOSTILE_RUN, OUTPUT, SHORT_RUN, Dashboard, PanelPage, answer_requests, new_tab, shrink
from hostile import SCRIPTS
from places import FOREST
from waiting import LIMIT, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


def assert_readable(panel: PanelPage, figures: int) -> None:
    """At least that many figures, none of them empty, and no text cut off."""
    panel.wait_for_figures(figures)
    for graph in panel.graphs():
        assert graph["traces"] and graph["drawn"], graph
        assert graph["width"] > 50 and graph["height"] > 20, graph
    assert panel.cut_off() == []


def test_first_click_gives_a_formula(panel: PanelPage) -> None:
    panel.open("svm_bbo")
    panel.process()
    panel.formula.wait_for()
    assert "rmse" in panel.formula_text()
    text = panel.outputs.inner_text()
    for word in ("R²", "RMSE", "nodes", "What its constants say"):
        assert word in text
    panel.wait_for_figures(2)
    panel.screenshot("one_dimension")
    assert_readable(panel, 2)


def test_a_formula_not_to_be_trusted_has_a_red_badge_above_it(panel: PanelPage) -> None:
    panel.open("mlp_hpo")
    panel.show("learning_rate_init")
    badge = panel.outputs.locator(".symbolic-verdict")
    assert badge.count() == 1
    assert badge.inner_text() == "with care"
    recommended = panel.formula_text()
    # One node explains nothing.
    panel.set_longest("1")
    panel.wait_for_another_formula(recommended)
    red = panel.page.evaluate("getComputedStyle(document.querySelector('.symbolic-verdict')).backgroundColor")
    assert badge.inner_text() == "do not trust" and red == "rgb(176, 42, 55)"
    warning, formula = panel.outputs.get_by_text("allow more nodes").bounding_box(), panel.formula.bounding_box()
    assert warning is not None and formula is not None and warning["y"] < formula["y"]
    panel.wait_for_figures(2)
    panel.screenshot("do_not_trust")
    panel.picture("do_not_trust")
    assert_readable(panel, 2)


#: Drops the first answer with some text in it, as Dash does with the answer to an earlier question.
_DROP = """(text) => {
    const ask = window.fetch;
    window.dropped = 0;
    window.fetch = async (...question) => {
        const answer = await ask(...question);
        if (window.dropped || !(await answer.clone().text()).includes(text)) return answer;
        window.dropped = 1;
        return new Response(null, { status: 204 });
    };
}"""


def test_a_result_that_the_page_has_dropped_is_sent_again(panel: PanelPage) -> None:
    panel.open("mlp_hpo")
    panel.choose("hyperparameter_name_1", "momentum")
    panel.process_button.and_(panel.page.locator(":enabled")).wait_for()
    panel.page.evaluate(_DROP, "answer-output")
    panel.process_button.click()
    panel.wait_for_heading("momentum")
    assert panel.page.evaluate("window.dropped") == 1


def test_a_button_that_the_page_has_not_enabled_is_enabled(panel: PanelPage) -> None:
    panel.open("mlp_hpo")
    panel.show("momentum")
    # By then the server has said again, without being asked, what there is to say of a result.
    panel.page.wait_for_timeout(6000)
    panel.page.evaluate(_DROP, "update-button")
    panel.choose("hyperparameter_name_1", "n_neurons")
    panel.page.wait_for_function("window.dropped === 1")
    panel.process_button.and_(panel.page.locator(":enabled")).wait_for()


@pytest.mark.long
def test_formulas_that_are_as_good_unfold(panel: PanelPage) -> None:
    panel.open("svm_bbo")
    panel.choose("hyperparameter_name_1", "C")
    panel.choose("hyperparameter_name_2", "gamma")
    panel.process()
    panel.wait_for_heading("C and gamma")
    folded = panel.outputs.locator("details").filter(has_text="that the trials cannot tell from")
    assert not folded.locator("math").first.is_visible()
    count = re.search(r"cannot tell from the recommended one \((\d+)\)", folded.locator("summary").inner_text())
    folded.locator("summary").click()
    folded.locator("math").first.wait_for()
    assert count is not None and folded.locator("math").count() == int(count[1])
    panel.wait_for_figures(2)
    panel.screenshot("alternatives")
    panel.picture("front", since="front_box", until=folded)
    assert_readable(panel, 2)


def test_two_hyperparameters(panel: PanelPage) -> None:
    panel.open("mlp_hpo")
    panel.choose("hyperparameter_name_1", "learning_rate_init")
    panel.choose("hyperparameter_name_2", "n_neurons")
    panel.process()
    panel.wait_for_heading("learning_rate_init and n_neurons")
    formula = panel.formula_text().replace(" ", "")
    assert "learning_rate_init" in formula or "n_neurons" in formula
    panel.wait_for_figures(2)
    panel.screenshot("two_dimensions")
    panel.picture("two_dimensions")
    shown = " ".join(graph["text"] for graph in panel.graphs()).lower()
    for title in ("surrogate", "formula", "difference"):
        assert title in shown
    assert_readable(panel, 2)


@pytest.mark.long
def test_region_and_others_are_asked_for_and_named(panel: PanelPage) -> None:
    panel.open("boosting_mf")
    panel.choose("hyperparameter_name_1", "max_depth")
    panel.choose("statistic", "Set optimally")
    region = panel.input("region")
    region.fill("best 10%")
    region.press("Enter")
    panel.process()
    panel.wait_for_heading("max_depth, others set optimally, among the best 10 %")
    panel.wait_for_figures(2)
    panel.screenshot("region")
    assert all("others set optimally, among the best 10 %" in graph["text"] for graph in panel.graphs())
    assert_readable(panel, 2)


@pytest.mark.long
def test_what_to_try_next_is_asked_for_and_shown(panel: PanelPage) -> None:
    panel.open("svm_bbo")
    panel.choose("hyperparameter_name_1", "C")
    panel.choose("advice", "Show it below the figures")
    panel.process()
    panel.wait_for_heading("C")
    panel.wait_for_figures(2)
    panel.page.get_by_text("Next trials for C").wait_for()
    panel.screenshot("next_trials")
    assert "no trial between" in panel.page.inner_text("body")
    assert_readable(panel, 2)


def test_filter_shows_another_formula_at_once(panel: PanelPage, dashboard: Dashboard) -> None:
    panel.open("svm_bbo")
    panel.show("C")
    recommended = panel.formula_text()
    stored = len(dashboard.stored_results())
    panel.set_longest("5")
    # Nothing is processed: the stored results below stay as many as they are.
    panel.wait_for_another_formula(recommended)
    short = panel.formula_text()
    panel.wait_for_figures(2)
    panel.screenshot("filter")
    assert_readable(panel, 2)
    panel.pick("recommended")
    panel.wait_for_another_formula(short)
    panel.input("longest").wait_for(state="hidden")
    assert panel.formula_text() == recommended
    assert len(dashboard.stored_results()) == stored


@pytest.mark.long
def test_the_three_answers(panel: PanelPage) -> None:
    panel.open("svm_bbo")
    panel.show("gamma")
    recommended = panel.formula_text()
    panel.pick("most accurate")
    panel.wait_for_another_formula(recommended)
    panel.outputs.get_by_text("Shown: the most accurate formula.").wait_for()
    panel.wait_for_figures(2)
    panel.screenshot("most_accurate")
    assert_readable(panel, 2)
    panel.pick("simplest")
    panel.outputs.get_by_text("Shown: the simplest formula, which is also the recommended one.").wait_for()
    assert panel.formula_text() == recommended
    told = panel.outputs.locator(".symbolic-what-if-told")
    before = told.inner_text()
    for _ in range(3):
        panel.page.get_by_label("gamma", exact=True).press("ArrowLeft")
    wait_until(lambda: told.inner_text() != before, told.inner_text)
    panel.screenshot("what_if")
    panel.page.get_by_role("button", name="without").first.click()
    panel.wait_for_another_formula(recommended)


def test_a_formula_of_ones_own(panel: PanelPage) -> None:
    panel.open("svm_bbo")
    panel.show("gamma")
    field = panel.input("form")
    assert field.get_attribute("placeholder") == "a + b*log10(gamma/c)**2"
    field.fill("a + b*gamma**p")
    field.press("Enter")
    panel.outputs.get_by_text("Your formula of gamma").wait_for()
    panel.wait_for_figures(3)
    panel.screenshot("own_formula")
    assert_readable(panel, 3)
    field.fill("a + b*C")
    field.press("Enter")
    panel.outputs.get_by_text("this explanation is of gamma").wait_for()
    panel.screenshot("own_formula_refused")
    assert panel.cut_off() == []


@pytest.mark.long
def test_multi_fidelity_run(panel: PanelPage) -> None:
    panel.open("boosting_mf")
    panel.process()
    panel.formula.wait_for()
    panel.wait_for_figures(2)
    panel.screenshot("multi_fidelity")
    assert_readable(panel, 2)


def test_overview_of_all_hyperparameters(panel: PanelPage) -> None:
    panel.open("mlp_hpo")
    panel.choose("hyperparameter_name_1", "All")
    panel.process()
    panel.formula.wait_for()
    text = panel.outputs.inner_text()
    for name in ("alpha", "batch_size", "learning_rate_init", "n_neurons", "momentum"):
        assert name in text
    panel.wait_for_figures(1)
    panel.screenshot("overview")
    panel.picture("overview", since="answer", until="answer")
    # As large as in the app of our own: Dash 2 takes an attribute "true" for a boolean, and React drops that.
    style = "element => getComputedStyle(element).getPropertyValue('math-style')"
    assert panel.outputs.locator("math").first.evaluate(style) == "normal"
    assert_readable(panel, 1)
    # What the formula says may stay the same, such as in a step's flat part.
    beside = panel.outputs.locator(".symbolic-run-beside")
    assert "at a distance of" not in beside.inner_text()
    for _ in range(9):
        panel.page.get_by_label("n_neurons", exact=True).press("ArrowLeft")
    wait_until(lambda: "at a distance of" in beside.inner_text(), beside.inner_text)
    # A name opens its page.
    panel.outputs.get_by_role("button", name="momentum").click()
    panel.wait_for_heading("momentum")
    panel.wait_for_figures(2)


def test_too_few_trials_give_an_error_card(panel: PanelPage) -> None:
    panel.open(SHORT_RUN)
    panel.process()
    panel.outputs.get_by_text(re.compile("trial")).first.wait_for()
    panel.outputs.get_by_role("button", name="Try again").wait_for()
    # Nothing spins for ever, and no empty figure stands below.
    panel.process_button.locator(".spinner-border").wait_for(state="detached")
    assert panel.graphs() == []
    panel.screenshot("too_few_trials")
    panel.picture("error", until="retry")
    assert panel.cut_off() == []


def test_names_that_are_scripts_show_up_literally(panel: PanelPage) -> None:
    panel.open(HOSTILE_RUN)
    panel.choose("hyperparameter_name_1", SCRIPTS["solver"])
    panel.choose("hyperparameter_name_2", SCRIPTS["learning_rate_init"])
    panel.process()
    panel.formula.wait_for()
    panel.wait_for_figures(2)
    text = panel.outputs.inner_text()
    for hostile in (SCRIPTS["solver"], SCRIPTS["adam"], SCRIPTS["error"]):
        assert hostile in text, hostile
    assert "\u202e" not in text and "\\u202e" in text
    assert panel.page.evaluate("window.pwned") is None
    assert panel.page.locator("[onerror], [onclick], a[href^='javascript']").count() == 0
    panel.screenshot("hostile_names")


@pytest.mark.long
def test_foreign_stored_result_is_computed_again(panel: PanelPage, dashboard: Dashboard) -> None:
    def show() -> None:
        panel.open("svm_bbo")
        panel.set_number("seed", 3)
        panel.choose("hyperparameter_name_1", "gamma")

    show()
    panel.process()
    panel.wait_for_heading("gamma")
    formula = panel.formula_text()
    stored = dashboard.stored_results()[-1]
    stored.write_text(json.dumps({"outputs": {"version": "0.0", "explanations": [{"formula": "x"}]}}), encoding="utf-8")
    show()
    # A sentence instead of a wrong formula, and one click computes it anew.
    panel.outputs.get_by_text("version '0.0'").first.wait_for()
    assert panel.formula.count() == 0
    panel.outputs.get_by_role("button", name="Try again").click()
    panel.wait_for_heading("gamma")
    assert panel.formula_text() == formula


def test_stored_results_are_shown_again(panel: PanelPage) -> None:
    """Going back and forth between inputs whose results are stored always shows the right one, without Process."""
    panel.open("svm_bbo")
    formulas = {}
    for name in ("C", "gamma"):
        panel.show(name)
        formulas[name] = panel.formula_text()
    for name in 3 * ("C", "gamma"):
        panel.choose("hyperparameter_name_1", name)
        panel.wait_for_heading(name)
        assert panel.formula_text() == formulas[name]


@pytest.mark.long
def test_raw_data_is_json(panel: PanelPage) -> None:
    panel.open("svm_bbo")
    panel.show("gamma")
    panel.page.get_by_role("button", name="Raw Data").click()
    content = panel.page.locator(f"[id='{panel.panel}-raw_data_content']")
    content.wait_for()
    assert isinstance(json.loads(content.input_value()), dict)


def test_copy(panel: PanelPage) -> None:
    panel.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=panel.url.partition("/?")[0])
    panel.open("svm_bbo")
    panel.show("C")
    panel.outputs.get_by_text("Copy the formula").click()
    for kind, part in (("LaTeX", r"\frac"), ("Python", "**"), ("text", "≈")):
        panel.outputs.get_by_title(f"Copy {kind}", exact=True).click()
        panel.page.wait_for_function("async part => (await navigator.clipboard.readText()).includes(part)", arg=part)
    assert panel.cut_off() == []


@pytest.mark.long
def test_shown_code_gives_the_shown_formula(panel: PanelPage) -> None:
    panel.open("svm_bbo")
    panel.show("C")
    for summary in ("Copy the formula", "In code"):
        panel.outputs.get_by_text(summary, exact=True).click()
    panel.screenshot("unfolded")
    assert panel.cut_off() == []
    shown = panel.page.locator("#symbolic_formulas-copy-text").input_value()
    code = panel.page.locator("#symbolic_formulas-code").input_value()
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}\nprint(explanation.best)"], capture_output=True, text=True, timeout=LIMIT
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == shown


@pytest.mark.long
@pytest.mark.parametrize(("width", "second"), [(1024, "alpha")])
def test_narrow_window_cuts_nothing_off(panel: PanelPage, width: int, second: str) -> None:
    panel.page.set_viewport_size({"width": width, "height": 900})
    panel.open("mlp_hpo")
    panel.choose("hyperparameter_name_1", "learning_rate_init")
    panel.choose("hyperparameter_name_2", second)
    panel.process()
    panel.wait_for_heading(f"learning_rate_init and {second}")
    panel.wait_for_figures(2)
    panel.screenshot(f"narrow_{width}")
    assert_readable(panel, 2)


def test_usable_without_internet(offline: PanelPage) -> None:
    """Without a CDN the page is plain, but everything can be chosen, processed and read."""
    offline.open("svm_bbo")
    offline.set_number("seed", 7)
    offline.show("gamma")
    offline.wait_for_figures(2)
    offline.screenshot("offline")
    assert "rmse" in offline.formula_text()
    assert_readable(offline, 2)
    failed = [m for m in offline.errors if "ERR_INTERNET_DISCONNECTED" not in m]
    assert failed == []


@pytest.mark.long
def test_what_ends_is_said_on_the_page(browser: Browser, requirements: None, tmp_path: Path) -> None:
    """The server and a job, each killed: both are started once more."""
    with Dashboard([FOREST], OUTPUT / "ended.log", tmp_path / "cache") as running:
        tab = new_tab(browser, viewport={"width": 1440, "height": 1000})
        answer_requests(tab.context)
        panel = PanelPage(tab, running.url)
        panel.open("mlp_hpo")
        lost = panel.page.locator("#symbolic_formulas-lost")
        assert lost.is_hidden()
        running.child("server.py").kill()
        lost.wait_for()
        panel.screenshot("lost")
        lost.wait_for(state="hidden")
        panel.choose("hyperparameter_name_1", "All")
        worker = running.child("worker.py")
        panel.process_button.and_(panel.page.locator(":enabled")).wait_for()
        panel.process_button.click()
        wait_until(worker.children, running.last_lines)
        worker.children()[0].kill()
        panel.outputs.get_by_text("started once more").wait_for()
        panel.settle()
        panel.screenshot("again")
        panel.page.context.close()


def test_picture_for_the_readme(sharp: PanelPage) -> None:
    """docs/panel.png is a copy of this test's output."""
    sharp.open("svm_bbo")
    sharp.show("C")
    sharp.wait_for_figures(2)
    picture = sharp.screenshot("panel", until=sharp.output("figure_box"))
    shrink(picture)
    assert 50_000 < picture.stat().st_size < 400_000
