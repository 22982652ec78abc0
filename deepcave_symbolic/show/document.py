"""What a page says of an explanation, or of all explanations of a run, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from deepcave_symbolic.findings.explained import Explained, Unexplained
from deepcave_symbolic.findings.trust import VERDICTS, Verdict
from deepcave_symbolic.formulas.formula import Formula
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
from deepcave_symbolic.show.pairs import interaction_share
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import percent

__all__ = ["common_warnings", "document", "facts", "formula_block", "overview"]

_OPERATORS = Column("operators", "number", short="ops")
_R2 = Column("R²", "number")
#: Alternatives that a page lists which cannot fold them; the record has all.
_MOST_ALTERNATIVES = 5
_MEANINGS = {
    "range": "how much of the objective it moves",
    "share": "of the surrogate's variance that it accounts for on its own, where it is active",
    "R²": "how well the formula follows the surrogate's average",
}
_INTERACTIONS = {
    "share": "share of a pair's projection that no sum of two formulas of one hyperparameter explains",
    "rmse": "how far the best sum of two curves, one per hyperparameter, stays from a pair's projection (RMSE): what "
    "only a formula of both can say",
}
_OPTIMUM_DISPUTED = (
    "Formula, surrogate and incumbent disagree about the best setting by more than the surrogate's uncertainty: do not "
    "use the formula's optimum untested (see Optimum)."
)


def document(explanation: Explained | Unexplained, formula: Formula | None = None) -> tuple[Block, ...]:
    """Returns the page on one explanation.

    Args:
        explanation: The record.
        formula: The formula that it is about, of the record's front; the recommended one by default.
    """
    title = " and ".join(explanation.hyperparameters)
    if isinstance(explanation, Unexplained):
        return (Heading(title), Warnings(_warnings(explanation, None)), facts(explanation))
    formula = formula or explanation.best
    found = explanation.findings(formula)
    warnings = _warnings(explanation, formula)
    if found.optimum.disagrees:
        warnings = (*warnings, ("with care", _OPTIMUM_DISPUTED))
    return (
        Heading(title, found.trust.verdict),
        formula_block(formula),
        *([Warnings(warnings)] if warnings else []),
        facts(explanation, formula),
        Figure("explanation", (explanation,), formula, f"Surrogate, formula and trials of {title}"),
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
        n = formula.complexity
        rows = [
            ("Verdict", found.trust.verdict),
            ("Behaves", " ".join(found.behaviour)),
            ("Optimum", found.optimum.sentence),
            *([] if found.interaction is None else [("Interaction", found.interaction.sentence)]),
            ("Accounts for", _accounts_for(explanation, formula)),
            ("Fit", f"R² {formula.r2:.4f}, RMSE {formula.rmse:.3g} {formula.objective}, {n} operator{'s' * (n != 1)}"),
            *([] if formula.trials_r2 is None else [("On the trials", f"R² {formula.trials_r2:.4f}")]),
            ("Band", found.band.sentence),
        ]
    rows.append(("Objective", objective_text(explanation)))
    if isinstance(explanation, Explained):
        projection, n = explanation.projection, explanation.projection.n_averaged
        rows.append(("Domain", "; ".join(axis.describe() for axis in projection.axes)))
        if explanation.conditions:
            rows.append(("Only where", " and ".join(explanation.conditions)))
        averaged = f"averaged over {n} configuration{'s' * (n != 1)}" if n else "the surrogate itself"
        rows.append(("Range explained", f"{explanation.range:.3g} {explanation.objective}, {averaged}"))
    if explanation.surrogate is not None:
        rows.append(("Surrogate", surrogate_text(explanation)))
    return Facts(tuple(rows))


def _accounts_for(explanation: Explained, formula: Formula) -> str:
    trust = explanation.findings(formula).trust
    where = f" where {' and '.join(explanation.conditions)}" if explanation.conditions else ""
    text = f"{percent(trust.variance_explained)} of the surrogate's variance{where}"
    if explanation.projection.n_averaged == 0:
        return text
    share = percent(trust.variance_share)
    rest = "" if share == "100 %" else ", the rest lies in other hyperparameters and interactions"
    return f"{text}; the projection itself has {share}{rest}"


def _warnings(explanation: Explained | Unexplained, formula: Formula | None) -> tuple[tuple[Verdict, str], ...]:
    """Returns the warnings that hold for a formula, with their severity; the record's are on the recommended one."""
    if formula is None or isinstance(explanation, Unexplained):
        return tuple(("with care", text) for text in explanation.warnings)
    recommended = explanation.findings().trust.reasons
    reasons = explanation.findings(formula).trust.rated_reasons
    own = [severity for severity, reason in reasons if reason not in recommended]
    if formula.complexity < explanation.best.complexity and own:
        # Surrogate and projection are the same, so that the reason of its own is that it is too short.
        r2 = round(formula.r2, 2) + 0.0  # no -0.00
        short = f"The formula shown follows the surrogate only with R² {r2:.2f}; allow more operators."
        reasons = ((max(own, key=VERDICTS.index), short), *(each for each in reasons if each[1] in recommended))
    others = tuple(text for text in explanation.warnings if text not in recommended)
    return (*reasons, *(("with care", text) for text in others))


# --- tables of one explanation ------------------------------------------------------------------------------------


def _fit_columns(objective: str) -> tuple[Column, ...]:
    return (_R2, Column("RMSE", "number", unit=objective), Column("formula", "formula", unit=objective))


def _fit_cells(formula: Formula) -> tuple[Cell, ...]:
    return (f"{round(formula.r2, 4) + 0.0:.4f}", f"{formula.rmse:.3g}", formula)


def _front(explanation: Explained, formula: Formula) -> list[Block]:
    formulas = list(explanation.formulas)
    table = Table(
        columns=(Column("operators", "number"), *_fit_columns(explanation.objective)),
        rows=tuple((str(f.complexity), *_fit_cells(f)) for f in formulas),
        title="Pareto front",
        folded=True,
        recommended=formulas.index(explanation.best),
        shown=formulas.index(formula) if formula in formulas else None,
    )
    if len(formulas) < 2:
        return [table]
    return [Figure("front", (explanation,), formula, "Accuracy against length"), table]


def _alternatives(explanation: Explained, formula: Formula) -> list[Block]:
    others = explanation.alternatives(formula)
    if others:
        which = "the recommended one" if formula == explanation.best else "this one"
        title = f"Equally long formulas that the trials cannot tell from {which} ({len(others)})"
        rows = tuple(map(_fit_cells, others))
        return [Table(_fit_columns(explanation.objective), rows, title, folded=True, brief=_MOST_ALTERNATIVES)]
    # A constant has no form to be settled, and without a trial nothing is known of their noise.
    if formula.complexity == 0 or explanation.surrogate.n_trials == 0:
        return []
    return [Note("The search found no other formula of this length that fits as well within the trials' noise.")]


def _choices(explanation: Explained) -> list[Block]:
    """Returns the formulas that every choice of a categorical has by itself."""
    if not explanation.groups:
        return []
    (other,) = next(iter(explanation.groups.values())).hyperparameters
    (selector,) = (name for name in explanation.hyperparameters if name != other)
    rows = tuple(
        (choice, str(group.best.complexity), *_fit_cells(group.best)) for choice, group in explanation.groups.items()
    )
    columns = (Column("choice", "name"), Column("operators", "number"), *_fit_columns(explanation.objective))
    title = f"{shown_name(other)} for every choice of {shown_name(selector)}, searched alone"
    return [Table(columns, rows, title, folded=True)]


# --- many explanations --------------------------------------------------------------------------------------------


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
    paired = any(len(e.hyperparameters) == 2 for e in explanations)
    columns = (
        Column("hyperparameters" if paired else "hyperparameter", "name"),
        Column("range", "number", unit=objective),
        Column("share", "number"),
        *([Column("interaction", "number", unit=objective if interaction == "rmse" else "")] if paired else []),
        _R2,
        _OPERATORS,
        Column("verdict", "verdict"),
        Column("formula", "formula", unit=objective),
    )
    rows: list[tuple[Cell, ...]] = []
    for e, formula in zip(explanations, shown, strict=True):
        name = ", ".join(e.hyperparameters)
        if formula is None or isinstance(e, Unexplained):
            rows.append((name, *["-"] * (len(columns) - 2), "none, see below"))
            continue
        moved = (f"{e.range:.3g}", percent(e.projection.variance_share))
        together = (_interaction_cell(e, interaction),) if paired else ()
        fit = (f"{round(formula.r2, 3) + 0.0:.3f}", str(formula.complexity))
        rows.append((name, *moved, *together, *fit, e.findings(formula).trust.verdict, formula))
    meanings = {**_MEANINGS, "interaction": _INTERACTIONS[interaction]}
    legend = tuple((column.title, meanings[column.title]) for column in columns if column.title in meanings)
    blocks: list[Block] = [Table(columns, tuple(rows), legend=legend)]
    first = next((e for e in explanations if e.surrogate is not None), None)
    if first is not None:
        blocks.append(Facts((("Objective", objective_text(first)), ("Surrogate", surrogate_text(first)))))
    if explained := tuple(e for e in explanations if isinstance(e, Explained) and len(e.hyperparameters) == 1):
        blocks.append(Figure("ranges", explained, None, f"How much of {objective} each hyperparameter moves"))
    warnings = _warnings_on_all(explanations, shown)
    return (*blocks, *([Warnings(warnings)] if warnings else []))


def common_warnings(explanations: Sequence[Explained | Unexplained]) -> Warnings:
    """Returns the warnings that hold for every recommended formula."""
    explained = [e for e in explanations if isinstance(e, Explained)]
    rows = _warnings(explained[0], explained[0].best) if explained else ()
    return Warnings(tuple(row for row in rows if all(row[1] in e.warnings for e in explained)))


def _warnings_on_all(
    explanations: Sequence[Explained | Unexplained], shown: Sequence[Formula | None]
) -> tuple[tuple[Verdict, str], ...]:
    """Returns the warnings that hold for every formula once, the others behind their hyperparameters."""
    found = [
        (", ".join(e.hyperparameters), f is not None, _warnings(e, f)) for e, f in zip(explanations, shown, strict=True)
    ]
    on_formulas = [[text for _, text in warnings] for _, explained, warnings in found if explained]
    everywhere = {text for text in (on_formulas[0] if on_formulas else []) if all(text in on for on in on_formulas)}
    common = {text: severity for _, _, warnings in found for severity, text in warnings if text in everywhere}
    own = [(s, f"{name}: {text}") for name, _, warnings in found for s, text in warnings if text not in everywhere]
    return (*((severity, text) for text, severity in common.items()), *own)


def _interaction_cell(explanation: Explained, interaction: str) -> str:
    if interaction == "rmse":
        return f"{explanation.interaction_strength:.3g}"
    share = interaction_share(explanation)
    return "-" if share is None else percent(share)
