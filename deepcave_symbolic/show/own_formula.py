"""What a page says of a formula of the user's own, and in which words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deepcave_symbolic.show.blocks import Block, Column, Facts, Heading, Table, Warnings
from deepcave_symbolic.show.document import (
    INTERVAL,
    NODES,
    fit_cells,
    fit_columns,
    fit_rows,
    formula_block,
    interval_cell,
    likely_rows,
)
from deepcave_symbolic.words.names import either, shown_name
from deepcave_symbolic.words.numbers import number_text

if TYPE_CHECKING:
    from deepcave_symbolic.findings.own_formula import FittedFormula, NamedConstant
    from deepcave_symbolic.findings.trust import Verdict

__all__ = ["own_formula_document"]


def own_formula_document(own: FittedFormula, above: Sequence[Block] = ()) -> tuple[Block, ...]:
    """Returns the page on a formula of the user's own, beside the recommended one.

    Args:
        own: The formula.
        above: The page that it stands below, whose warnings are not repeated.
    """
    formula, found = own.formula, own.findings
    warnings = Warnings(_warnings(own))
    for block in above:
        warnings = warnings.without(block) if isinstance(block, Warnings) else warnings
    return (
        Heading(
            own.view.titled(f"Your formula of {' and '.join(formula.hyperparameters)}"), own.verdict, own.view.words
        ),
        formula_block(formula),
        Facts(
            (
                ("Verdict", own.verdict),
                *likely_rows(own.trust),
                ("Beside the front", own.sentence),
                *fit_rows(formula),
                ("Behaves", " ".join(found.behaviour)),
                ("Optimum", found.optimum.sentence),
                *([("Constraint", found.constraint)] if found.constraint else []),
                ("Band", found.band.sentence),
            )
        ),
        Table(
            columns=(Column("whose", "name"), NODES, *fit_columns(formula.objective)),
            rows=tuple(
                (whose, str(each.complexity), *fit_cells(each))
                for whose, each in (("yours", formula), ("recommended", own.recommended))
            ),
        ),
        *([_constants(own)] if own.constants else []),
        *([warnings] if warnings.rows else []),
    )


def _constants(own: FittedFormula) -> Table:
    known = bool(own.formula.intervals)
    columns = (
        Column("constant", "name"),
        Column("value", "number"),
        *([INTERVAL] if known else []),
        Column("unit", "name"),
        Column("says", "name"),
    )
    rows = [
        (
            shown_name(c.name),
            number_text(c.value),
            *(["-" if c.fixed else interval_cell(c.interval)] if known else []),
            *_meaning_of(c),
        )
        for c in own.constants
    ]
    # Outside the normal form constants say nothing by themselves.
    n = len(columns) if any(row[-1] != "-" for row in rows) else len(columns) - 2
    return Table(columns[:n], tuple(row[:n] for row in rows), "Its constants")


def _meaning_of(constant: NamedConstant) -> tuple[str, str]:
    """Returns the unit of a constant and what it says."""
    unit = constant.meaning.unit if constant.meaning is not None else ""
    says = [
        *(["Fixed."] if constant.fixed else []),
        *([constant.meaning.sentence] if constant.meaning is not None else []),
        *(["Other values fit as well."] if constant.unsettled else []),
    ]
    return unit or "-", " ".join(filter(None, says)) or "-"


def _warnings(own: FittedFormula) -> tuple[tuple[Verdict, str], ...]:
    if not own.unsettled:
        return own.trust.rated_reasons
    names = either(own.unsettled, ", ")
    sentence = f"Other values fit as well for some constants ({names}); fix one, or leave one out."
    return (*own.trust.rated_reasons, ("trust", sentence))
