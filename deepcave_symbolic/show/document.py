"""What a page says of an explanation, and in which words."""

from __future__ import annotations

from deepcave_symbolic.findings.certainty import Interval
from deepcave_symbolic.findings.closeness import CLOSE, FAIR
from deepcave_symbolic.findings.explained import Explained, Unexplained
from deepcave_symbolic.findings.trust import VERDICTS, Trust, Verdict
from deepcave_symbolic.formulas.expression import variables
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.meaning.shapes import OTHER
from deepcave_symbolic.runs.views import TIME
from deepcave_symbolic.show.answers import answers_of
from deepcave_symbolic.show.blocks import (
    Block,
    Cell,
    Code,
    Column,
    Details,
    Facts,
    Figure,
    FormulaBlock,
    Heading,
    Note,
    Table,
    Warnings,
)
from deepcave_symbolic.show.cards import objective_text, surrogate_text
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import counted, interval_text, number_text, percent, rounded_text

__all__ = [
    "INTERVAL",
    "LIKELY",
    "NODES",
    "R2",
    "document",
    "facts",
    "fit_cells",
    "fit_columns",
    "fit_rows",
    "formula_block",
    "interval_cell",
    "likely_rows",
    "measured",
    "unit_of",
    "warnings_of",
]

#: Columns of every table of formulas.
NODES = Column("nodes", "number")
R2 = Column("R²", "number")
#: Label of how likely a formula is close to the truth.
LIKELY = "Close to truth"
#: Of every table of constants.
INTERVAL = Column("90 % interval", "number")
#: Alternatives that a page lists which cannot fold them; the record has all.
_MOST_ALTERNATIVES = 5
_OPTIMUM_DISPUTED = (
    "Formula, surrogate and incumbent disagree about the best setting by more than the surrogate's uncertainty: do not "
    "use the formula's optimum untested (see Optimum)."
)
_VALUE_DISPUTED = (
    "At the formula's optimum the surrogate expects another value, by more than its uncertainty: do not rely on the "
    "formula's value there (see Optimum)."
)


def document(explanation: Explained | Unexplained, formula: Formula | None = None) -> tuple[Block, ...]:
    """Returns the page on one explanation.

    Args:
        explanation: The record.
        formula: The formula that it is about, of the record's front; the recommended one by default.
    """
    title, view = explanation.view.titled(" and ".join(explanation.hyperparameters)), explanation.view.words
    if isinstance(explanation, Unexplained):
        return (Heading(title, view=view), Warnings(warnings_of(explanation, None)), facts(explanation))
    formula = formula or explanation.best
    found = explanation.findings(formula)
    warnings = warnings_of(explanation, formula)
    if found.optimum.disagrees:
        disputed = _VALUE_DISPUTED if found.optimum.is_elsewhere is False else _OPTIMUM_DISPUTED
        warnings = (*warnings, ("with care", disputed))
    return (
        Heading(title, found.trust.verdict, view),
        formula_block(formula),
        *([Warnings(warnings)] if warnings else []),
        facts(explanation, formula),
        *_constants(formula),
        Figure("explanation", (explanation,), (formula,), f"Surrogate, formula and trials of {title}"),
        *_front(explanation, formula),
        *_alternatives(explanation, formula),
        *_choices(explanation),
        Details(
            "Copy the formula",
            (Code("LaTeX", formula.latex()), Code("Python", formula.python()), Code("text", str(formula))),
        ),
    )


def formula_block(formula: Formula) -> FormulaBlock:
    """Returns the block that shows a formula."""
    return FormulaBlock(str(formula), formula.latex(), formula)


def facts(explanation: Explained | Unexplained, formula: Formula | None = None) -> Facts:
    """Returns what a formula says and how far it goes; without one, what is known of the question.

    Args:
        explanation: The record.
        formula: A formula of its front.
    """
    rows: list[tuple[str, str]] = []
    if formula is not None and isinstance(explanation, Explained):
        found = explanation.findings(formula)
        rows = [
            ("Verdict", found.trust.verdict),
            *likely_rows(found.trust),
            ("Behaves", " ".join(found.behaviour)),
            ("Optimum", found.optimum.sentence),
            *([] if not _how_sure(explanation, formula) else [("How sure", _how_sure(explanation, formula))]),
            *([] if found.interaction is None else [("Interaction", found.interaction.sentence)]),
            *([("Constraint", found.constraint)] if found.constraint else []),
            *([("Accounts for", _accounts_for(explanation, formula))] if explanation.view.averages else []),
            *([] if formula.shape == OTHER else [("Shape", formula.shape)]),
            *fit_rows(formula),
            ("Band", found.band.sentence),
        ]
    rows.append(("Objective", objective_text(explanation)))
    if isinstance(explanation, Explained):
        projection, n = explanation.projection, explanation.projection.n_averaged
        rows.append(("Domain", "; ".join(axis.describe() for axis in projection.axes)))
        if explanation.conditions:
            rows.append(("Only where", " and ".join(explanation.conditions)))
        moved = measured(explanation.range, explanation.objective)
        how = explanation.view.described(n, projection.method)
        rows.append(("Range explained", f"{explanation.objective} moves by {moved}, {how}"))
    if explanation.surrogate is not None:
        rows.append(("Surrogate", surrogate_text(explanation)))
    return Facts(tuple(rows))


def likely_rows(trust: Trust) -> list[tuple[str, str]]:
    """Returns how likely a formula is close to the truth, where that is known and it says that anything moves."""
    if trust.probability is None or trust.probability_fair is None or trust.verdict == "no visible effect":
        return []
    close, fair = percent(trust.probability), percent(trust.probability_fair)
    return [(LIKELY, f"{close} likely (R² above {CLOSE:g}); fairly close {fair} (R² above {FAIR:g})")]


def _how_sure(explanation: Explained, formula: Formula) -> str:
    """Returns what the draws of the surrogate agree on, which is about the recommended formula."""
    certainty = explanation.certainty
    return "" if certainty is None or formula is not explanation.best else certainty.sentence


def fit_rows(formula: Formula) -> list[tuple[str, str]]:
    """Returns how closely a formula follows the projection (and the trials) and how long it is."""
    rmse = measured(formula.rmse, formula.objective)
    fit = f"R² {formula.r2:.4f}, RMSE {rmse}, {counted(formula.complexity, 'node')}"
    on_trials = [] if formula.trials_r2 is None else [("On the trials", f"R² {formula.trials_r2:.4f}")]
    return [("Fit", fit), *on_trials]


def unit_of(objective: str) -> str:
    """Returns the unit of an objective's numbers: its name, where nothing else is known."""
    return "s" if objective == TIME else objective


def measured(value: float, objective: str) -> str:
    """Returns a number in the unit of the objective, which is named only where it has one of its own."""
    return f"{rounded_text(value)} s" if objective == TIME else rounded_text(value)


def _accounts_for(explanation: Explained, formula: Formula) -> str:
    trust = explanation.findings(formula).trust
    region = explanation.view.region.words
    where = f" {region}" if region else ""
    where += f" where {' and '.join(explanation.conditions)}" if explanation.conditions else ""
    text = f"{percent(trust.variance_explained or 0.0)} of the surrogate's variance{where}"
    if explanation.projection.n_averaged == 0:
        return text
    share = percent(trust.variance_share or 0.0)
    rest = "" if share == "100 %" else ", the rest lies in other hyperparameters and interactions"
    return f"{text}; the projection itself has {share}{rest}"


def warnings_of(explanation: Explained | Unexplained, formula: Formula | None) -> tuple[tuple[Verdict, str], ...]:
    """Returns the warnings that hold for a formula, with their severity; the record's are on the recommended one."""
    if formula is None or isinstance(explanation, Unexplained):
        return tuple(("with care", text) for text in explanation.warnings)
    recommended = explanation.findings().trust.reasons
    reasons = explanation.findings(formula).trust.rated_reasons
    own = [severity for severity, reason in reasons if reason not in recommended]
    if formula.complexity < explanation.best.complexity and own:
        # Surrogate and projection are the same, so that the reason of its own is that it is too short.
        r2 = round(formula.r2, 2) + 0.0  # no -0.00
        short = f"The formula shown follows the surrogate only with R² {r2:.2f}; allow more nodes."
        reasons = ((max(own, key=VERDICTS.index), short), *(each for each in reasons if each[1] in recommended))
    others = tuple(text for text in explanation.warnings if text not in recommended)
    return (*reasons, *(("with care", text) for text in others))


# --- tables of one explanation ------------------------------------------------------------------------------------


def fit_columns(objective: str) -> tuple[Column, ...]:
    """Returns the columns of `fit_cells`."""
    return (R2, Column("RMSE", "number", unit=unit_of(objective)), Column("formula", "formula", unit=objective))


def fit_cells(formula: Formula) -> tuple[Cell, ...]:
    """Returns R², RMSE and the formula for a row of a table."""
    return (f"{round(formula.r2, 4) + 0.0:.4f}", rounded_text(formula.rmse), formula)


def interval_cell(interval: Interval) -> Cell:
    """Returns the cell of a constant's 90 % interval."""
    return "not settled" if interval is None else interval_text(interval)


def _constants(formula: Formula) -> list[Block]:
    """Returns what the constants of a formula say; a constant alone says itself."""
    if len(formula.constants) < 2:
        return []
    known = bool(formula.intervals)
    rows = tuple(
        (
            number_text(c.value),
            *([interval_cell(c.interval)] if known else []),
            c.unit or "-",
            c.kind,
            c.sentence,
        )
        for c in formula.constants
    )
    columns = (
        Column("constant", "number"),
        *([INTERVAL] if known else []),
        Column("unit", "name"),
        Column("kind", "name"),
        Column("says", "text"),
    )
    # The optimum of "How sure" may lie elsewhere: there other forms speak, too.
    given = ", if its form holds" if known else ""
    return [Table(columns, rows, f"What its constants say{given}")]


def _front(explanation: Explained, formula: Formula) -> list[Block]:
    formulas = list(explanation.formulas)
    table = Table(
        columns=(NODES, *fit_columns(explanation.objective)),
        rows=tuple((str(f.complexity), *fit_cells(f)) for f in formulas),
        title="Pareto front",
        folded=True,
        answers=tuple(answers_of(explanation, f) for f in formulas),
        shown=formulas.index(formula) if formula in formulas else None,
    )
    if len(formulas) < 2:
        return [table]
    return [Figure("front", (explanation,), (formula,), "Accuracy against length"), table]


def _alternatives(explanation: Explained, formula: Formula) -> list[Block]:
    others = explanation.alternatives(formula)
    if others:
        which = "the recommended one" if formula == explanation.best else "this one"
        title = f"Equally long formulas that the trials cannot tell from {which} ({len(others)})"
        rows = tuple(map(fit_cells, others))
        return [Table(fit_columns(explanation.objective), rows, title, folded=True, brief=_MOST_ALTERNATIVES)]
    # A constant has no form to be settled, and without a trial nothing is known of their noise.
    if not variables(formula.tree) or explanation.surrogate.n_trials == 0:
        return []
    return [Note("The search found no other formula of this length that fits as well within the trials' noise.")]


def _choices(explanation: Explained) -> list[Block]:
    """Returns the formulas that every choice of a categorical has by itself."""
    if not explanation.groups:
        return []
    (other,) = next(iter(explanation.groups.values())).hyperparameters
    (selector,) = (name for name in explanation.hyperparameters if name != other)
    rows = tuple(
        (choice, str(group.best.complexity), *fit_cells(group.best)) for choice, group in explanation.groups.items()
    )
    columns = (Column("choice", "name"), NODES, *fit_columns(explanation.objective))
    title = f"{shown_name(other)} for every choice of {shown_name(selector)}, searched alone"
    return [Table(columns, rows, title, folded=True)]
