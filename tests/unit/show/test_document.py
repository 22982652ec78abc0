"""One page for every output: its blocks and words, and names of runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import pytest

from deepcave_symbolic import Formula
from deepcave_symbolic.projection import Incumbent
from deepcave_symbolic.show.blocks import (
    Block,
    Code,
    Details,
    Facts,
    Figure,
    FormulaBlock,
    Heading,
    Note,
    Table,
    Warnings,
)
from deepcave_symbolic.show.cards import BIBTEX, how_made, run_card, surrogate_card, surrogate_text
from deepcave_symbolic.show.document import document
from deepcave_symbolic.show.figures import draw
from deepcave_symbolic.show.overview import common_warnings, overview
from deepcave_symbolic.show.text import write_text
from deepcave_symbolic.words.run_names import run_name, run_names
from records import explanation, two_dimensional, unexplained

B = TypeVar("B")


def only(blocks: tuple[Block, ...], kind: type[B]) -> list[B]:
    return [block for block in blocks if isinstance(block, kind)]


def test_the_page_on_one_explanation_in_order() -> None:
    record = explanation(alternatives=2)
    blocks = document(record)
    assert [type(block) for block in blocks] == [
        Heading,
        FormulaBlock,
        Warnings,
        Facts,
        Table,
        Figure,
        Figure,
        Table,
        Table,
        Details,
    ]
    assert blocks[0] == Heading("lr", "trust")
    constants, front, alternatives = only(blocks, Table)
    assert [row[-1] for row in constants.rows] == [constant.sentence for constant in record.best.constants]
    assert front.recommended == front.shown == 2 and tuple(row[-1] for row in front.rows) == record.formulas
    assert alternatives.title.endswith("the recommended one (2)") and len(alternatives.rows) == 2
    for table in (constants, front, alternatives):
        assert {len(row) for row in table.rows} == {len(table.columns)}
    (copied,) = only(blocks, Details)
    assert [code.text for code in copied.blocks if isinstance(code, Code)] == [
        record.best.latex(),
        record.best.python(),
        str(record.best),
    ]
    assert only(document(explanation()), Note), "without alternatives that is said"


def test_the_page_on_another_formula_of_the_front_is_about_that_one() -> None:
    record = explanation()
    line = record.formulas[1]
    blocks = document(record, line)
    assert blocks[0] == Heading("lr", "do not trust")
    severity, reason = only(blocks, Warnings)[0].rows[0]
    assert (severity, reason) == (
        "do not trust",
        "The formula shown follows the surrogate only with R² 0.40; allow more nodes.",
    )
    facts = dict(only(blocks, Facts)[0].rows)
    assert facts["Verdict"] == "do not trust" and facts["Fit"].startswith("R² 0.4000")
    constants, front = only(blocks, Table)
    assert [row[-1] for row in constants.rows] == [constant.sentence for constant in line.constants]
    assert (front.recommended, front.shown) == (2, 1)
    assert {figure.formulas for figure in only(blocks, Figure)} == {(line,)}


def test_an_optimum_that_surrogate_and_incumbent_dispute_is_a_warning() -> None:
    disputed = explanation(incumbent=Incumbent((0.9,), 0.1))
    assert any("untested" in text for _, text in only(document(disputed), Warnings)[0].rows)
    assert not any("untested" in text for _, text in only(document(explanation()), Warnings)[0].rows)


def test_what_cannot_be_explained_has_its_reason() -> None:
    empty = unexplained("kernel", "It has one value.")
    heading, warnings, facts = document(empty)
    assert (heading, warnings) == (Heading("kernel"), Warnings((("with care", "It has one value."),)))
    assert isinstance(facts, Facts) and "Verdict" not in dict(facts.rows)
    table, *_, own = overview([explanation(), empty])
    assert isinstance(table, Table) and table.rows[1] == ("kernel", "-", "-", "-", "-", "-", "none, see below")
    assert isinstance(own, Warnings) and own.rows[-1] == ("with care", "kernel: It has one value.")


def test_the_overview_has_the_formula_that_is_chosen() -> None:
    records = [explanation(), explanation("momentum")]

    def shortest(record: object) -> Formula:
        return records[0].formulas[0] if record is records[0] else records[1].formulas[0]

    table, _, ranges, _ = overview(records, choose=shortest)
    assert isinstance(table, Table) and [row[-1] for row in table.rows] == [r.formulas[0] for r in records]
    assert isinstance(ranges, Figure) and ranges.explanations == tuple(records)
    titles = [column.title for column in table.columns]
    assert titles == ["hyperparameter", "range", "share", "R²", "nodes", "verdict", "formula"]
    assert set(dict(table.legend)) == {"range", "share", "R²"}
    (pairs, *_) = overview([two_dimensional()])
    assert isinstance(pairs, Table) and pairs.columns[3].title == "interaction" and pairs.columns[3].unit == ""
    (strengths, *_) = overview([two_dimensional()], interaction="rmse")
    assert isinstance(strengths, Table) and strengths.columns[3].unit == "cost"
    assert pairs.rows[0][3].endswith(" %") and float(strengths.rows[0][3]) > 0


def test_what_holds_for_every_formula_is_said_once() -> None:
    records = [explanation(cv_r2=0.3), explanation("momentum", cv_r2=0.3)]
    (warnings,) = only(overview(records), Warnings)
    texts = [text for _, text in warnings.rows]
    assert len(texts) == len(set(texts)) and common_warnings(records) == warnings
    assert not warnings.without(common_warnings(records)).rows


@pytest.mark.slow
def test_what_holds_for_many_is_said_once() -> None:
    hidden = [explanation(f"knob_{i}", noise=9.0) for i in range(30)]
    constants = [unexplained(f"special_{i}", f"Hyperparameter 'special_{i}' is constant (-1).") for i in range(9)]
    page = overview([explanation(), *hidden, *constants])
    (warnings,) = only(page, Warnings)
    texts = [text for _, text in warnings.rows]
    assert len(texts) == 3
    (noise,) = (text for text in texts if "knob_29: 40 trials cannot tell from noise" in text)
    assert noise.startswith("knob_0, knob_1, ")
    assert texts[-1] == f"{', '.join(f'special_{i}' for i in range(9))}: each is constant (-1)."
    (table,) = only(page, Table)
    # However closely a formula follows noise, that is no merit.
    assert len(table.rows) == 40 and [row[3] for row in table.rows[:3]] == ["0.970", "-", "-"]
    text = write_text(page)
    assert "knob_10  " in text and "knob_11  " not in text and "and 28 more" in text
    few = write_text(overview([*hidden[:3], *constants[:1]]))
    assert "knob_2  " in few and "none, see below" not in few and "and 1 more" in few
    assert "none, see below" in write_text(overview(constants))


def test_many_different_warnings_are_cut_off() -> None:
    records = [unexplained(f"x{i}", f"Reason {i}.") for i in range(30)]
    rows = only(overview(records), Warnings)[0].rows
    assert len(rows) == 21
    assert rows[-1] == ("trust", "And 10 more warnings, each on a page about its hyperparameter alone.")


@pytest.mark.parametrize(
    ("objective", "fit", "moved"),
    [("rmse", "RMSE 0.01, 9 nodes", "rmse moves by "), ("Time", "RMSE 0.01 s, 9 nodes", "Time moves by ")],
)
def test_numbers_have_a_unit_where_it_is_known(objective: str, fit: str, moved: str) -> None:
    facts = dict(only(document(explanation(objective=objective)), Facts)[0].rows)
    assert facts["Fit"].endswith(fit)
    assert facts["Range explained"].startswith(moved) and (" s," in facts["Range explained"]) == (objective == "Time")


def test_every_warning_has_the_colour_of_what_it_says_itself() -> None:
    record = explanation(cv_r2=0.3)
    constant = record.formulas[0]
    blocks = document(record, constant)
    assert blocks[0] == Heading("lr", "do not trust")
    (warnings,) = only(blocks, Warnings)
    # It is too short, the surrogate is middling, and in a part of the domain there is no trial.
    assert [severity for severity, _ in warnings.rows] == ["do not trust", "with care", "trust"]


def test_reasons_of_an_older_record_have_the_verdict_of_all() -> None:
    record = explanation(cv_r2=0.3)
    data = record.to_dict()
    for findings in data["all_findings"]:
        del findings["trust"]["severities"]
    trust = type(record).from_dict(data).findings(record.formulas[0]).trust
    assert {severity for severity, _ in trust.rated_reasons} == {"do not trust"}


def test_the_surrogate_has_the_same_words_in_its_card_and_in_a_line() -> None:
    facts, options = surrogate_card(explanation())
    assert isinstance(facts, Facts) and isinstance(options, Details)
    for label in ("Model", "Trials", "On unseen trials", "Origin"):
        assert dict(facts.rows)[label] in surrogate_text(explanation())
    assert "0.80 (0.80 over the whole space)" in dict(facts.rows)["On unseen trials"]
    assert "not cross-validated" in surrogate_text(explanation(cv_r2=None))
    assert surrogate_card(replace(explanation(), surrogate=None)) == ()


def test_the_run_and_how_the_page_was_made() -> None:
    provenance = {"n_trials": 40, "seed": 3, "engine": "auto"}
    record = replace(explanation(), provenance=provenance, run="/somewhere/run_x/0", direction="maximize")
    assert run_card(record).rows == (("Run", "run_x/0"), ("Trials", "40"), ("Objective", "cost (larger is better)"))
    other = replace(record, provenance={**provenance, "seed": 4})
    command, details, _, paper = how_made([record, other], "deepcave-symbolic report X")
    assert command == Code("Command", "deepcave-symbolic report X") and paper == Code("BibTeX", BIBTEX)
    assert isinstance(details, Details) and isinstance(details.blocks[0], Code)
    assert '"engine"' in details.blocks[0].text and '"seed"' not in details.blocks[0].text, "what they share"


@pytest.mark.parametrize(
    ("place", "name"),
    [("a/run_x/0", "run_x/0"), ("a/b", "b"), ("7", "7"), ("mysql://h/db#s", "db#s"), ("", "")],
)
def test_a_run_is_never_called_by_its_seed_alone(place: str, name: str) -> None:
    assert run_name(place) == name


def test_runs_have_different_names() -> None:
    assert run_names(["x/a/0", "x/b/0"]) == ["a/0", "b/0"]
    assert run_names(["x/a/0", "x/a/1"]) == ["a/0", "a/1"]
    assert run_names(["x/a", "y/a"]) == ["x/a", "y/a"]
    assert run_names(["a", "a"]) == ["a (1)", "a (2)"]


def test_every_figure_of_a_page_can_be_drawn() -> None:
    page = (*document(explanation()), *overview([explanation(), explanation("momentum")]))
    for figure in only(page, Figure):
        assert len(draw(figure).data) > 0 and figure.title
    (curves,) = [figure for figure in only(page, Figure) if figure.kind == "curves"]
    assert [each.text.split("<")[1] for each in draw(curves).layout.annotations] == ["b>1. lr", "b>2. momentum"]
