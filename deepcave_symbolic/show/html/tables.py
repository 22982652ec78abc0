"""Tables of the page: every formula stands below its numbers, where it has the whole width."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.findings.interaction import interaction_rmse
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.show.facts import share_text
from deepcave_symbolic.show.html.markup import anchor, badge, title_of, tx, typeset

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


def interaction_strength(explanation: Explanation) -> float:
    """Returns how far the best sum of two curves stays from a pair's projection (RMSE, objective units); else 0."""
    projection = explanation.projection
    if projection is None or len(projection.axes) != 2:
        return 0.0
    return interaction_rmse(projection.grid, projection.mean, projection.weights)


def overview_table(explanations: Sequence[Explanation], fits: Callable[[str], bool], *, pairs: bool = False) -> str:
    """Returns a row an explanation, each with a link to its section.

    Args:
        explanations: The records.
        fits: Whether the page has room for some markup.
        pairs: Whether the explanations are of two hyperparameters.
    """
    columns = _PAIR if pairs else _SINGLE
    rows = []
    for e in explanations:
        cells = [(label, make(e) if e.formulas else "–") for label, make in columns]
        below = typeset(e.best) if e.formulas else f'<span class="note">{tx(" ".join(e.warnings))}</span>'
        if not fits(below):
            below = '<span class="note">Too long for this page.</span>'
        # Long names have no blanks, but underscores.
        name = f'<a href="#{anchor(e)}">{title_of(e).replace("_", "_<wbr>")}</a>'
        rows.append(_row(name, [text for _, text in cells], f"<td>{badge(e)}</td>", below))
    head = "Hyperparameters" if pairs else "Hyperparameter"
    return _table(head, [label for label, _ in columns], "Verdict", rows, "overview pairs" if pairs else "overview")


def formulas_table(rows: Sequence[tuple[str, Formula]], first: str) -> str:
    """Returns a row a formula.

    Args:
        rows: What stands in the first column, and the formula.
        first: The first column's heading.
    """
    body = [_row(tx(name), [str(f.complexity), _fixed(f.r2, 4), f"{f.rmse:.3g}"], "", typeset(f)) for name, f in rows]
    return _table(first, ["Operators", "R²", "RMSE"], "", body, "formulas")


def _fixed(value: float, digits: int) -> str:
    """Returns the number with that many decimals; what rounds to zero has no sign."""
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _row(name: str, numbers: Sequence[str], last: str, below: str) -> str:
    cells = "".join(f'<td class="number">{tx(n)}</td>' for n in numbers)
    columns = 1 + len(numbers) + bool(last)
    return (
        f'<tbody><tr><th scope="row" class="name">{name}</th>{cells}{last}</tr>'
        f'<tr class="below"><td colspan="{columns}">{below}</td></tr></tbody>'
    )


def _table(first: str, numbers: Sequence[str], last: str, rows: Sequence[str], kind: str) -> str:
    heads = [f'<th scope="col">{tx(first)}</th>']
    heads += [f'<th scope="col" class="number">{h}</th>' for h in numbers]
    heads += [f'<th scope="col">{tx(last)}</th>'] if last else []
    return (
        f'<div class="wide"><table class="{kind}"><thead><tr>{"".join(heads)}</tr></thead>{"".join(rows)}</table></div>'
    )
