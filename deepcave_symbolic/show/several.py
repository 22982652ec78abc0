"""What a page says of laws, best values and whole-run formulas of several runs, and in which words."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeAlias

from deepcave_symbolic.comparing import Compared, ComparedLaws, ComparedRuns, OptimaByData
from deepcave_symbolic.laws import FoundLaw
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
from deepcave_symbolic.show.comparison import comparison_document
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import counted, interval_text, number_text, percent, rounded_text

__all__ = [
    "Comparisons",
    "compared_document",
    "compared_summary",
    "laws_document",
    "optima_document",
    "runs_document",
]

#: Every record of several runs side by side.
Comparisons: TypeAlias = Compared | ComparedLaws | ComparedRuns | OptimaByData


def compared_document(compared: Comparisons) -> tuple[Block, ...]:
    """Returns the page on several runs, whatever of them is compared."""
    match compared:
        case Compared():
            return comparison_document(compared)
        case ComparedLaws():
            return laws_document(compared)
        case ComparedRuns():
            return runs_document(compared)
        case OptimaByData():
            return optima_document(compared)


def compared_summary(compared: Comparisons) -> str:
    """Returns what is said first of several runs: how many there are, and what of them agrees."""
    runs = counted(len(compared.runs), "run")
    match compared:
        case Compared():
            return _grouped(runs, ((c.agreement, f"{c.name} ({c.role})") for c in compared.constants))
        case ComparedLaws():
            found = sum(isinstance(law, FoundLaw) for law in compared.laws)
            exponents = ((c.agreement, shown_name(c.name)) for c in compared.exponents)
            return _grouped(f"{runs}, {found or 'none'} with a law", exponents)
        case ComparedRuns():
            n = len(compared.runs)
            parts = (
                (_where(part.n_runs, n, one_shape=part.agrees), " and ".join(map(shown_name, part.hyperparameters)))
                for part in compared.parts
            )
            return _grouped(runs, parts)
        case OptimaByData():
            return f"{runs} on {counted(len(set(compared.data_sets)), 'data set')}."


def _where(found: int, n: int, *, one_shape: bool) -> str:
    """Returns in words in how many runs a part is."""
    if found < n:
        return "only in some runs"
    return "in all runs, in one shape" if one_shape else "in all runs, in different shapes"


def _grouped(first: str, named: Iterable[tuple[str, str]]) -> str:
    """Returns names below what holds for them, in the order in which it comes first."""
    groups: dict[str, list[str]] = {}
    for group, name in named:
        groups.setdefault(group, []).append(name)
    return " ".join([f"{first}.", *(f"{group.capitalize()}: {', '.join(names)}." for group, names in groups.items())])


def laws_document(compared: ComparedLaws) -> tuple[Block, ...]:
    """Returns the page on the laws of one hyperparameter in several runs."""
    exponents = compared.exponents
    rows: list[tuple[Cell, ...]] = []
    for run, law in zip(compared.runs, compared.laws, strict=True):
        if not isinstance(law, FoundLaw):
            rows.append((run, "-", *["-"] * len(exponents)))
            continue
        cells = (
            f"{number_text(law.exponents[c.name])} ({interval_text(law.intervals[c.name])})"
            if c.name in law.exponents
            else "-"
            for c in exponents
        )
        rows.append((run, percent(law.share), *cells))
    foot = (
        ("by chance alone", "", *("-" if math.isnan(c.p_value) else percent(c.p_value) for c in exponents)),
        ("conclusion", "", *(c.agreement for c in exponents)),
        ("mean", "", *(rounded_text(c.mean, 2) if c.agreement == "agree" else "-" for c in exponents)),
    )
    reasons = tuple((run, law) for run, law in zip(compared.runs, compared.laws, strict=True))
    notes = (
        *(f"{run}: no law. {law.reason}" for run, law in reasons if not isinstance(law, FoundLaw)),
        *compared.notes,
    )
    blocks: list[Block] = [Heading(f"How the best {compared.hyperparameter} moves in {len(compared.runs)} runs")]
    if exponents:
        blocks.append(SideBySide(compared, f"Exponents of the laws of {compared.hyperparameter} in every run"))
        columns = (Column(c.name, "number", literal=True) for c in exponents)
        blocks.append(
            Table(
                (Column("run", "name"), Column("decides", "number"), *columns),
                tuple(rows),
                title="Exponents, with their 90 % intervals",
                foot=foot,
            )
        )
        blocks.append(
            Note(
                "Exponents differ where their errors alone would spread them so far in fewer than "
                f"{100 * compared.level:g} % of cases (p-value of Cochran's Q). Runs whose law lacks a hyperparameter "
                "do not count: its best value may not move with it there, or the trials cannot tell."
            )
        )
    else:
        blocks.append(Note("No run has a law."))
    return (*blocks, *([Warnings(tuple(("with care", note) for note in notes))] if notes else []))


def runs_document(compared: ComparedRuns) -> tuple[Block, ...]:
    """Returns the page on the formulas of several whole runs."""
    n = len(compared.runs)
    numbers = [f"[{i + 1}]" for i in range(n)]
    formulas = Table(
        (
            Column("run", "name"),
            Column("R²", "number"),
            Column("nodes", "number"),
            Column("formula", "formula", unit=compared.explained[0].formula.left),
        ),
        tuple(
            (f"{number} {run}", f"{e.r2:.3f}", str(e.complexity), e.formula)
            for number, run, e in zip(numbers, compared.runs, compared.explained, strict=True)
        ),
    )
    blocks: list[Block] = [Heading(f"The whole run in {n} runs"), formulas]
    if compared.parts:
        rows = tuple(
            (
                ", ".join(part.hyperparameters),
                *(percent(share) if shape else "-" for share, shape in zip(part.shares, part.shapes, strict=True)),
                _found_in(part.n_runs, n, part.shapes),
            )
            for part in compared.parts
        )
        columns = (Column("part", "name"), *(Column(number, "number") for number in numbers), Column("shape", "text"))
        title = "What each part accounts for in each run"
        blocks += [SideBySide(compared, title), Table(columns, rows, title=title)]
    warnings = Warnings(tuple(("with care", note) for note in compared.notes))
    return (*blocks, *([warnings] if warnings.rows else []))


def optima_document(found: OptimaByData) -> tuple[Block, ...]:
    """Returns the page on how the best value moves with what describes the data sets."""
    name, n = shown_name(found.hyperparameter), len(set(found.data_sets))
    blocks: list[Block] = [Heading(f"The best {found.hyperparameter} on {counted(n, 'data set')}")]
    tried = ", ".join(map(shown_name, found.features))
    of_mean = f"the geometric mean of the others, {rounded_text(found.mean)} of all, is off by {found.mean_error:.2f}"
    if found.formula is None:
        blocks.append(
            Note(
                f"No formula of {tried} predicts the best {name} of a data set that it has not seen better than the "
                f"mean: {of_mean}."
            )
        )
    else:
        blocks.append(
            FormulaBlock(
                str(found.formula),
                found.formula.latex(),
                left=found.formula.left,
                mathml=found.formula.mathml(breakable=True),
            )
        )
        blocks.append(
            Note(
                f"Off by a factor of {found.error:.2f} on a data set that it has not seen (each left out once, "
                f"features chosen without it; tried: {tried}); {of_mean}."
            )
        )
    predicted = [] if found.formula is None else [Column("formula", "number")]
    rows = tuple(
        (run, data_set, rounded_text(best), *([rounded_text(told)] if predicted else []))
        for run, data_set, best, told in zip(found.runs, found.data_sets, found.optima, found.predicted, strict=True)
    )
    columns = (Column("run", "name"), Column("data set", "name"), Column("best", "number"), *predicted)
    blocks.append(Table(columns, rows, title=f"The best {found.hyperparameter} of each run"))
    warnings = Warnings(tuple(("with care", note) for note in found.notes))
    return (*blocks, *([warnings] if warnings.rows else []))


def _found_in(found: int, n: int, shapes: tuple[str, ...]) -> str:
    """Returns in which shapes a part comes, the most frequent first."""
    counts = {shape: shapes.count(shape) for shape in dict.fromkeys(shapes) if shape}
    ordered = sorted(counts, key=lambda shape: -counts[shape])
    where = "in all" if found == n else f"in {found} of {counted(n, 'run')}"
    if len(ordered) == 1:
        return f"{ordered[0]}, {where}"
    return "; ".join(f"{shape} in {counted(counts[shape], 'run')}" for shape in ordered)
