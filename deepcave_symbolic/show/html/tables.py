"""Tables of the page: every formula stands below its numbers, where it has the whole width."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.findings.interaction import interaction_rmse
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.show.facts import share_text
from deepcave_symbolic.show.html.render import anchor, badge_of, blocks, title_of, typeset

__all__ = ["formulas_table", "interaction_strength", "overview_table"]

#: Columns of an overview, and how their cells are made.
Columns = Sequence[tuple[str, Callable[[Explanation], str]]]

_SINGLE: Columns = (
    ("Range", lambda e: f"{e.range:.3g}"),
    ("Share", share_text),
    ("R²", lambda e: _fixed(e.best.r2, 3)),
    ("Operators", lambda e: str(e.best.complexity)),
)
_PAIR: Columns = (("Interaction", lambda e: f"{interaction_strength(e):.3g}"), *_SINGLE)


@dataclass(frozen=True)
class Row:
    """A row of a table: its name and numbers, a last cell, and the formula below them all."""

    name: str
    numbers: Sequence[str]
    below: str
    last: str = ""


def interaction_strength(explanation: Explanation) -> float:
    """Returns how far the best sum of two curves stays from a pair's projection (RMSE, objective units); else 0."""
    projection = explanation.projection
    if projection is None or len(projection.axes) != 2:
        return 0.0
    return interaction_rmse(projection.grid, projection.mean, projection.weights)


def overview_table(explanations: Sequence[Explanation], fits: Callable[[str], bool], *, pairs: bool = False) -> str:
    """Returns one row per explanation, each with a link to its section.

    Args:
        explanations: The records.
        fits: Whether the page has room for some markup.
        pairs: Whether the explanations are of two hyperparameters.
    """
    columns = _PAIR if pairs else _SINGLE
    rows = []
    for e in explanations:
        cells = [make(e) if e.formulas else "–" for _, make in columns]
        below = typeset(e.best) if e.formulas else blocks().note(" ".join(e.warnings))
        if not fits(below):
            below = blocks().note("Too long for this page.")
        rows.append(Row(blocks().link(anchor(e), title_of(e)), cells, below, blocks().badge(badge_of(e))))
    first = "Hyperparameters" if pairs else "Hyperparameter"
    kind = "overview pairs" if pairs else "overview"
    table: str = blocks().table(kind, first, [label for label, _ in columns], "Verdict", rows)
    return table


def formulas_table(rows: Sequence[tuple[str, Formula]], first: str) -> str:
    """Returns one row per formula.

    Args:
        rows: What stands in the first column, and the formula.
        first: The first column's heading.
    """
    body = [Row(name, [str(f.complexity), _fixed(f.r2, 4), f"{f.rmse:.3g}"], typeset(f)) for name, f in rows]
    table: str = blocks().table("formulas", first, ["Operators", "R²", "RMSE"], "", body)
    return table


def _fixed(value: float, digits: int) -> str:
    """Returns the number with that many decimals; what rounds to zero has no sign."""
    return f"{round(value, digits) + 0.0:.{digits}f}"
