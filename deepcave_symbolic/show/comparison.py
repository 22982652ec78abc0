"""What a page says of a comparison of runs, and in which words."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from deepcave_symbolic.show.blocks import (
    Block,
    Cell,
    Column,
    FormulaBlock,
    Heading,
    Note,
    SideBySide,
    Table,
    Warnings,
)
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import counted, percent, rounded_text

if TYPE_CHECKING:
    from deepcave_symbolic.comparing import Compared

__all__ = ["comparison_document", "number_with_error"]

#: A run's own domain may be larger than what all share, and its R² there another.
_SHARED = "on the domain that all runs share"
_CROSS = "R² of each own formula (left) on each run (top), shared domain; in brackets with best shift and stretch"


def comparison_document(comparison: Compared) -> tuple[Block, ...]:
    """Returns the page on a comparison: the common form, its constants, every run's own formula."""
    names, view = " and ".join(comparison.hyperparameters), comparison.explanations[0].view
    left, text = shown_name(comparison.objective), comparison.form_text()
    form = FormulaBlock(
        f"{left} ≈ {text}", comparison.form_latex(), left=left, mathml=comparison.form_mathml(breakable=True)
    )
    return (
        Heading(view.titled(f"{names} in {len(comparison.runs)} runs"), view=view.words),
        form,
        SideBySide(comparison, f"{names} in {len(comparison.runs)} runs: surrogates and common form"),
        _constants(comparison),
        Note(
            "Behind ± stands the standard error: what the constant would vary by if the run's trials were drawn again, "
            "from the surrogate's cross-validated error. The runs differ in a constant where errors alone would spread "
            f"it so far in fewer than {100 * comparison.level:g} % of cases (p-value of Cochran's Q). Otherwise they "
            "agree to within twice the largest error; where that is as large as the constant, it is undetermined."
        ),
        _own_formulas(comparison),
        _cross(comparison),
        *([Warnings(tuple(("with care", note) for note in comparison.notes))] if comparison.notes else []),
    )


def _constants(comparison: Compared) -> Table:
    """Returns the constants of the common form, one row per run, and below them what they say together."""
    constants = comparison.constants
    runs = zip(comparison.runs, comparison.explanations, comparison.formulas, strict=True)
    nodes = next((n for text, n, _ in comparison.forms if text == comparison.form_text()), 0)
    return Table(
        columns=(
            Column("run", "name"),
            Column("verdict", "verdict"),
            Column("R²", "number"),
            *(Column(c.name, "number", literal=True) for c in constants),
        ),
        rows=tuple(
            (run, e.verdict, f"{f.r2:.3f}", *(number_with_error(c.values[i], c.errors[i]) for c in constants))
            for i, (run, e, f) in enumerate(runs)
        ),
        title=f"The common form ({counted(nodes, 'node')}), with every run's constants, {_SHARED}",
        foot=(
            _foot("what it is", (c.role for c in constants)),
            _foot("by chance alone", (_chance(c.p_value) for c in constants)),
            _foot("conclusion", (c.agreement for c in constants)),
            _foot("mean", (rounded_text(c.mean, 4) if c.agreement == "agree" else "-" for c in constants)),
            _foot("to within", (rounded_text(c.tolerance, 2) if c.agreement == "agree" else "-" for c in constants)),
        ),
    )


def _foot(label: str, cells: Iterable[str]) -> tuple[Cell, ...]:
    return (label, "", "", *cells)


def number_with_error(value: float, error: float) -> str:
    """Returns a value with its standard error, both to the digits that the error has: 0.284 ± 0.012."""
    if not math.isfinite(error):
        return f"{rounded_text(value)} ± ?"
    if error <= 0.0 or error < 1e-9 * abs(value):
        return rounded_text(value, 6)
    digits = 1 - math.floor(math.log10(error))
    if -2 <= digits <= 8:
        return f"{value:.{max(0, digits)}f} ± {error:.{max(0, digits)}f}"
    return f"{rounded_text(value)} ± {rounded_text(error, 1)}"


def _chance(p_value: float) -> str:
    return percent(p_value) if math.isfinite(p_value) else "?"


def _own_formulas(comparison: Compared) -> Table:
    own = [e.best for e in comparison.explanations]
    return Table(
        columns=(
            Column("run", "name"),
            Column("nodes", "number"),
            Column("R²", "number"),
            Column("formula", "formula", unit=comparison.objective),
        ),
        rows=tuple((run, str(f.complexity), f"{f.r2:.3f}", f) for run, f in zip(comparison.runs, own, strict=True)),
        title="Every run's own formula, on its own domain",
    )


def _cross(comparison: Compared) -> Table:
    numbers = [f"[{i + 1}]" for i in range(len(comparison.runs))]
    rows = zip(numbers, comparison.runs, comparison.cross, comparison.cross_shape, strict=True)
    return Table(
        columns=(Column("run", "name"), *(Column(number, "number") for number in numbers)),
        rows=tuple(
            (f"{number} {run}", *(f"{_r2(raw)} ({_r2(shape)})" for raw, shape in zip(raws, shapes, strict=True)))
            for number, run, raws, shapes in rows
        ),
        title=_CROSS,
    )


def _r2(value: float) -> str:
    return "< -9" if value < -9.0 else f"{value:.2f}"
