"""Parts of the page: the cards, and what is said of one explanation."""

from __future__ import annotations

import json
from collections.abc import Sequence

from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.show.cards import run_of
from deepcave_symbolic.show.document import document
from deepcave_symbolic.show.facts import explanation_facts, groups_title, settled
from deepcave_symbolic.show.html.render import badge_of, blocks, title_of, typeset
from deepcave_symbolic.show.html.tables import formulas_table
from deepcave_symbolic.show.latex import write_latex

__all__ = ["core", "extras", "heading", "run_card", "surrogate_card"]

#: Facts that stand elsewhere on the page.
_ELSEWHERE = {"Verdict", "Objective", "Surrogate"}


def run_card(explanation: Explanation) -> str:
    """Returns the card that says which run it is."""
    p = explanation.provenance
    facts = [
        ("Run", run_of(explanation)),
        ("Trials", str(p.get("n_trials", ""))),
        ("Objective", f"{explanation.objective} ({p['direction']})" if "direction" in p else explanation.objective),
        ("Budget", "none" if explanation.budget is None else f"{explanation.budget:g}"),
        ("Optimizer", str(p.get("optimizer", ""))),
        ("Made by", str(p.get("package", ""))),
    ]
    card: str = blocks().card("Run", facts)
    return card


def surrogate_card(explanation: Explanation) -> str:
    """Returns the card that says which model spoke; empty where none did."""
    record = explanation.surrogate
    if record is None:
        return ""
    quality = [
        ("R² on unseen trials", record.cv_r2),
        ("… over the whole space", record.cv_domain_r2),
        ("Rank correlation", record.cv_rank_correlation),
    ]
    facts = [
        ("Model", record.name),
        ("Origin", "the run's own, exact" if record.exact else "; ".join(record.differences) or "not the run's own"),
        ("Trials", str(record.n_trials)),
        *((label, "not known" if value is None else f"{value:.3f}") for label, value in quality),
        ("Versions", ", ".join(f"{k} {v}" for k, v in record.versions.items())),
    ]
    options = blocks().code(json.dumps(dict(record.options), indent=1, default=str, sort_keys=True))
    card: str = blocks().card("Surrogate", facts, blocks().folded("Options", options))
    return card


def heading(explanation: Explanation, level: int) -> str:
    """Returns a section's heading of that level, with the verdict."""
    made: str = blocks().heading(title_of(explanation), level, badge_of(explanation))
    return made


def core(explanation: Explanation, level: int, common: Sequence[str]) -> list[str]:
    """Returns what a section says first: heading, formula, warnings, facts.

    Args:
        explanation: The record.
        level: Of the heading.
        common: Warnings that the page shows once.
    """
    e = explanation
    parts = [heading(e, level)]
    if e.formulas:
        parts.append(typeset(e.best, whole=True))
    parts += [blocks().warning(text, badge_of(e).kind) for text in e.warnings if text not in common]
    if e.formulas:
        parts.append(blocks().facts([(k, v) for k, v in explanation_facts(e) if k not in _ELSEWHERE]))
    return parts


def extras(explanation: Explanation) -> list[tuple[str, str]]:
    """Returns what a section has beyond its core and its figure, as pairs of name and markup, in order."""
    e = explanation
    if not e.formulas:
        return []
    folded, code = blocks().folded, blocks().code
    at = e.formulas.index(e.best)
    places = ["recommended" if i == at else "shorter" if i < at else "longer" for i in range(len(e.formulas))]
    front = formulas_table(list(zip(places, e.formulas, strict=True)), "Formula")
    parts = [("the Pareto front", folded("Pareto front: accuracy against length", front))]
    if others := e.alternatives():
        summary = f"Equally long formulas that the trials cannot tell from the recommended one ({len(others)})"
        table = formulas_table([("equally long", f) for f in others], "Formula")
        parts.append(("the equally long formulas", folded(summary, table)))
    elif sentence := settled(e, e.best):
        parts.append(("the word on equally long formulas", blocks().note(sentence)))
    if e.groups:
        table = formulas_table([(choice, group.best) for choice, group in e.groups.items()], "Choice")
        parts.append(("the formulas of every choice", folded(groups_title(e), table)))
    parts.append(("Python", folded("Python", code(e.best.python()))))
    parts.append(("LaTeX", folded("LaTeX (booktabs, amsmath)", code(write_latex(document(e))))))
    return parts
