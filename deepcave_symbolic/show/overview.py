"""What a page says of all explanations of a run, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from deepcave_symbolic.findings.explained import Explained, Unexplained
from deepcave_symbolic.findings.trust import VERDICTS, Verdict
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.projection import USUAL, View
from deepcave_symbolic.show.blocks import Block, Cell, Column, Facts, Figure, Heading, Table, Warnings
from deepcave_symbolic.show.cards import objective_text, rival_rows, surrogate_text
from deepcave_symbolic.show.document import NODES, R2, measured, unit_of, warnings_of
from deepcave_symbolic.show.pairs import interaction_share
from deepcave_symbolic.words.names import either
from deepcave_symbolic.words.numbers import counted, percent, rounded_text

__all__ = ["common_warnings", "overview", "picture", "summary"]

#: The groups of a summary, in order.
_SUMMED = (*VERDICTS, "not explained")
#: Rows of an overview that are shown although they may say nothing, warnings below it, and names before one of them.
_ALWAYS_A_ROW, _MOST_WARNINGS, _MOST_NAMES = 12, 20, 40
_INTERACTIONS = {
    "share": "share of a pair's projection that no sum of two formulas of one hyperparameter explains",
    "rmse": "how far the best sum of two curves, one per hyperparameter, stays from a pair's projection (RMSE): what "
    "only a formula of both can say",
}


def summary(explanations: Sequence[Explained | Unexplained]) -> str:
    """Returns what is said first of the explanations of a run: how many have which verdict, and what counts most.

    Args:
        explanations: One per hyperparameter, the strongest first.
    """
    by_verdict: dict[str, list[str]] = {}
    for e in explanations:
        key = e.verdict if isinstance(e, Explained) else "not explained"
        by_verdict.setdefault(key, []).append(" and ".join(e.hyperparameters))
    groups = [f"{key.capitalize()}: {either(by_verdict[key], ', ')}." for key in _SUMMED if key in by_verdict]
    first = " ".join([f"{counted(len(explanations), 'hyperparameter')}.", *groups])
    strongest = next((e for e in explanations if isinstance(e, Explained)), None)
    if strongest is None or strongest.verdict == "no visible effect":
        return first
    name, moved = " and ".join(strongest.hyperparameters), measured(strongest.range, strongest.objective)
    return f"{first} {name} moves {strongest.objective} most, by {moved}."


def overview(
    explanations: Sequence[Explained | Unexplained],
    choose: Callable[[Explained], Formula] | None = None,
    interaction: Literal["share", "rmse"] = "share",
) -> tuple[Block, ...]:
    """Returns the page on many explanations of one run: a table with a row per explanation, in order, and warnings.

    Args:
        explanations: The records.
        choose: Which formula of a front is shown; the recommended one by default.
        interaction: What is said of pairs, see `interaction_share` and `Explained.interaction_strength`.
    """
    shown = [(choose(e) if choose else e.best) if isinstance(e, Explained) else None for e in explanations]
    objective = explanations[0].objective if explanations else ""
    unit = unit_of(objective)
    paired = any(len(e.hyperparameters) == 2 for e in explanations)
    view = explanations[0].view if explanations else USUAL
    columns = (
        Column("hyperparameters" if paired else "hyperparameter", "name"),
        Column("range", "number", unit=unit),
        *([Column("share", "number")] if view.averages else []),
        *([Column("interaction", "number", unit=unit if interaction == "rmse" else "")] if paired else []),
        R2,
        NODES,
        Column("verdict", "verdict"),
        Column("formula", "formula", unit=objective),
    )
    rows: list[tuple[Cell, ...]] = []
    for e, formula in zip(explanations, shown, strict=True):
        name = ", ".join(e.hyperparameters)
        if formula is None or isinstance(e, Unexplained):
            rows.append((name, *["-"] * (len(columns) - 2), "none, see below"))
            continue
        share = e.projection.variance_share
        moved = (rounded_text(e.range), *(["-" if share is None else percent(share)] if view.averages else []))
        together = (_interaction_cell(e, interaction),) if paired else ()
        # However closely a formula follows noise, that is no merit.
        r2 = f"{round(formula.r2, 3) + 0.0:.3f}" if e.told_from_noise else "-"
        fit = (r2, str(formula.complexity))
        rows.append((name, *moved, *together, *fit, e.findings(formula).trust.verdict, formula))
    meanings = {**_meanings(view), "interaction": _INTERACTIONS[interaction]}
    legend = tuple((column.title, meanings[column.title]) for column in columns if column.title in meanings)
    blocks: list[Block] = [Heading(f"{view.words[:1].upper()}{view.words[1:]}", view=view.words)] if view.words else []
    blocks.append(Table(columns, tuple(rows), legend=legend, brief=_worth_a_row(explanations)))
    first = next((e for e in explanations if e.surrogate is not None), None)
    if first is not None:
        compared = rival_rows(first.surrogate) if first.surrogate is not None else ()
        facts = (("Objective", objective_text(first)), ("Surrogate", surrogate_text(first)), *compared)
        blocks.append(Facts(facts))
    blocks += picture(explanations, shown)
    warnings = _warnings_on_all(explanations, shown)
    return (*blocks, *([Warnings(warnings)] if warnings else []))


def picture(explanations: Sequence[Explained | Unexplained], formulas: Sequence[Formula | None]) -> tuple[Figure, ...]:
    """Returns the figure of all that is explained: a matrix where there are pairs, else curves; none for nothing.

    Args:
        explanations: The records.
        formulas: The formula of each; None where there is none.
    """
    drawn = [(e, f) for e, f in zip(explanations, formulas, strict=True) if isinstance(e, Explained) and f is not None]
    if not drawn:
        return ()
    records, shown = zip(*drawn, strict=True)
    if any(len(e.hyperparameters) == 2 for e in records):
        return (Figure("matrix", records, shown, "Pairs as maps"),)
    return (Figure("curves", records, shown, f"What {records[0].objective} does along each hyperparameter"),)


def _meanings(view: View) -> dict[str, str]:
    """Returns what the columns mean, by their titles."""
    region = view.region.words
    return {
        "range": "how much of the objective it moves",
        "share": "of the surrogate's variance that it accounts for on its own, "
        + (f"{region}, where it is active" if region else "where it is active"),
        "R²": f"how well the formula follows the surrogate's {'average' if view.averages else view.curve}",
    }


def _worth_a_row(explanations: Sequence[Explained | Unexplained]) -> int | None:
    """Returns how many rows of the overview say something, None for all; the warnings name the others."""
    explained = [i + 1 for i, e in enumerate(explanations) if isinstance(e, Explained)]
    telling = [i + 1 for i, e in enumerate(explanations) if isinstance(e, Explained) and e.told_from_noise]
    if not explained or explained[-1] == len(explanations) <= _ALWAYS_A_ROW:
        return None
    return min(explained[-1], max([_ALWAYS_A_ROW, *telling]))


def common_warnings(explanations: Sequence[Explained | Unexplained]) -> Warnings:
    """Returns the warnings that hold for every recommended formula."""
    explained = [e for e in explanations if isinstance(e, Explained)]
    rows = warnings_of(explained[0], explained[0].best) if explained else ()
    return Warnings(tuple(row for row in rows if all(row[1] in e.warnings for e in explained)))


def _warnings_on_all(
    explanations: Sequence[Explained | Unexplained], shown: Sequence[Formula | None]
) -> tuple[tuple[Verdict, str], ...]:
    """Returns the warnings that hold for every formula once, the others behind their hyperparameters."""
    found = [
        (", ".join(e.hyperparameters), f is not None, warnings_of(e, f))
        for e, f in zip(explanations, shown, strict=True)
    ]
    on_formulas = [[text for _, text in warnings] for _, explained, warnings in found if explained]
    everywhere = {text for text in (on_formulas[0] if on_formulas else []) if all(text in on for on in on_formulas)}
    common = {text: severity for _, _, warnings in found for severity, text in warnings if text in everywhere}
    own: dict[tuple[Verdict, str], dict[str, str]] = {}
    for name, _, warnings in found:
        for severity, text in warnings:
            if text not in everywhere:
                rest = text.replace(f"Hyperparameter {name!r} is", "each is", 1)
                own.setdefault((severity, rest), {})[name] = text
    said = [
        (severity, f"{name}: {text}" if len(by_name) == 1 else f"{_listed(list(by_name))}: {rest}")
        for (severity, rest), by_name in own.items()
        for name, text in [next(iter(by_name.items()))]
    ]
    more = len(said) - _MOST_WARNINGS
    if more > 0:
        said[_MOST_WARNINGS:] = [
            ("trust", f"And {counted(more, 'more warning')}, each on a page about its hyperparameter alone.")
        ]
    return (*((severity, text) for text, severity in common.items()), *said)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _interaction_cell(explanation: Explained, interaction: str) -> str:
    if interaction == "rmse":
        return rounded_text(explanation.interaction_strength)
    share = interaction_share(explanation)
    return "-" if share is None else percent(share)
