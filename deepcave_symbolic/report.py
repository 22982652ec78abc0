"""Writes explanations as text for a terminal, Markdown and LaTeX."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.formula import Formula
from deepcave_symbolic.printing import latex_name, to_latex, to_text

__all__ = [
    "explanation_facts",
    "explanation_latex",
    "explanation_markdown",
    "explanation_text",
    "overview_latex",
    "overview_markdown",
    "overview_text",
]

_WIDTH = 100


def explanation_facts(explanation: Explanation) -> list[tuple[str, str]]:
    """Returns the facts beside a formula as pairs of label and text."""
    facts: list[tuple[str, str]] = []
    objective = explanation.objective + ("" if explanation.budget is None else f" at budget {explanation.budget:g}")
    if explanation.formulas:
        best = explanation.best
        facts.append(("Fit", f"R² {best.r2:.4f}, RMSE {best.rmse:.3g} {explanation.objective}, {_operators(best)}"))
        if best.trials_r2 is not None:
            facts.append(("On the trials", f"R² {best.trials_r2:.4f}"))
    facts.append(("Objective", objective))
    if explanation.projection is not None:
        facts.append(("Domain", "; ".join(axis.describe() for axis in explanation.projection.axes)))
    if explanation.conditions:
        facts.append(("Only where", " and ".join(explanation.conditions)))
    if explanation.projection is not None:
        n = explanation.projection.n_averaged
        averaged = f", averaged over {n} configurations" if n > 1 else ", the surrogate itself"
        facts.append(("Range explained", f"{explanation.range:.3g} {explanation.objective}{averaged}"))
    if explanation.surrogate is not None:
        facts.append(("Surrogate", surrogate_text(explanation)))
    facts.append(("Verdict", explanation.verdict))
    return facts


def surrogate_text(explanation: Explanation) -> str:
    """Returns the surrogate's card in one sentence."""
    record = explanation.surrogate
    if record is None:
        return "none"
    kind = "the run's own, exact" if record.exact else "; ".join(record.differences) or "not the run's own"
    quality = (
        "not cross-validated"
        if record.cv_r2 is None
        else f"cross-validated R² {record.cv_r2:.2f}"
        + ("" if record.cv_rank_correlation is None else f", rank correlation {record.cv_rank_correlation:.2f}")
    )
    return f"{record.name} on {record.n_trials} trials, {quality} ({kind})"


def explanation_text(explanation: Explanation) -> str:
    """Returns one explanation for a terminal: formula, facts, front, warnings."""
    lines = [f"{' and '.join(explanation.hyperparameters)}", ""]
    if explanation.formulas:
        lines += _indented(str(explanation.best), "    ")
        lines.append("")
    facts = explanation_facts(explanation)
    width = max(len(label) for label, _ in facts) + 2
    for label, text in facts:
        lines += textwrap.wrap(
            text, _WIDTH, initial_indent=f"{label:<{width}}", subsequent_indent=" " * width, break_on_hyphens=False
        )
    if len(explanation.formulas) > 1:
        lines += ["", "Pareto front (* recommended)", *_front_rows(explanation)]
    if explanation.warnings:
        lines.append("")
        for warning in explanation.warnings:
            lines += textwrap.wrap(warning, _WIDTH, initial_indent="! ", subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(lines)


def _indented(formula: str, indent: str) -> list[str]:
    return textwrap.wrap(
        formula,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _front_rows(explanation: Explanation) -> list[str]:
    best = explanation.best
    names = explanation.hyperparameters
    rows = [f"  {'operators':>9}  {'R²':>7}  {'RMSE':>9}  formula"]
    for f in explanation.formulas:
        mark = "*" if f is best else " "
        rows.append(f"{mark} {f.complexity:>9}  {f.r2:>7.4f}  {f.rmse:>9.3g}  {to_text(f.tree, names)}")
    return rows


def _operators(formula: Formula) -> str:
    return f"{formula.complexity} operator{'' if formula.complexity == 1 else 's'}"


def overview_text(explanations: Sequence[Explanation]) -> str:
    """Returns a table with a row an explanation, for a terminal."""
    rows = _overview_rows(explanations)
    head = ("hyperparameter", "range", "R²", "ops", "verdict", "formula")
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(5)]
    lines = []
    for row in [head, *rows]:
        cells = [
            f"{c:<{w}}" if i in (0, 4) else f"{c:>{w}}" for i, (c, w) in enumerate(zip(row[:-1], widths, strict=True))
        ]
        lines.append("  ".join([*cells, row[5]]).rstrip())
    first = next((e for e in explanations if e.surrogate is not None), None)
    if first is not None:
        budget = "" if first.budget is None else f" at budget {first.budget:g}"
        lines += ["", f"Objective  {first.objective}{budget}"]
        lines += textwrap.wrap(
            surrogate_text(first),
            _WIDTH,
            initial_indent="Surrogate  ",
            subsequent_indent=" " * 11,
            break_on_hyphens=False,
        )
    for note in _overview_notes(explanations):
        lines += textwrap.wrap(note, _WIDTH, initial_indent="! ", subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(lines)


def _overview_notes(explanations: Sequence[Explanation]) -> list[str]:
    """Returns the warnings, those that hold for every formula once and the others behind their hyperparameters."""
    explained = [e for e in explanations if e.formulas]
    common = [w for w in (explained[0].warnings if explained else []) if all(w in e.warnings for e in explained)]
    own = [f"{', '.join(e.hyperparameters)}: {w}" for e in explanations for w in e.warnings if w not in common]
    return [*common, *own]


def _overview_rows(explanations: Sequence[Explanation]) -> list[tuple[str, str, str, str, str, str]]:
    rows = []
    for e in explanations:
        name = ", ".join(e.hyperparameters)
        if e.formulas:
            best = e.best
            text = to_text(best.tree, e.hyperparameters)
            rows.append((name, f"{e.range:.3g}", f"{best.r2:.3f}", str(best.complexity), e.verdict, text))
        else:
            rows.append((name, "-", "-", "-", "-", "none, see below"))
    return rows


# --- Markdown and LaTeX -------------------------------------------------------------------------------------------


def explanation_markdown(explanation: Explanation) -> str:
    """Returns one explanation as Markdown."""
    lines = [f"## {_markdown(' and '.join(explanation.hyperparameters))}", ""]
    if explanation.formulas:
        lines += [f"$${explanation.best.latex()}$$", ""]
    lines += ["| | |", "| --- | --- |"]
    lines += [f"| {label} | {_markdown(text)} |" for label, text in explanation_facts(explanation)]
    if explanation.formulas:
        lines += ["", "| | operators | R² | RMSE | formula |", "| --- | ---: | ---: | ---: | --- |"]
        best = explanation.best
        for f in explanation.formulas:
            tex = to_latex(f.tree, explanation.hyperparameters).replace("|", "\\vert ")
            mark = "recommended" if f is best else ""
            lines.append(f"| {mark} | {f.complexity} | {f.r2:.4f} | {f.rmse:.3g} | ${tex}$ |")
    lines += ["", *(f"> {_markdown(w)}\n" for w in explanation.warnings)]
    return "\n".join(lines).rstrip() + "\n"


def overview_markdown(explanations: Sequence[Explanation]) -> str:
    """Returns the overview as a Markdown table."""
    lines = [
        "| hyperparameter | range | R² | operators | verdict | formula |",
        "| --- | ---: | ---: | ---: | --- | --- |",
    ]
    for row in _overview_rows(explanations):
        lines.append("| " + " | ".join(_markdown(c) for c in row) + " |")
    notes = [f"> {_markdown(note)}\n" for note in _overview_notes(explanations)]
    return "\n".join([*lines, "", *notes]).rstrip() + "\n"


def _markdown(text: str) -> str:
    for c in "\\|`*_<>[]":
        text = text.replace(c, "\\" + c)
    return text.replace("\n", " ")


def explanation_latex(explanation: Explanation) -> str:
    """Returns the front of one explanation as a LaTeX table (needs booktabs and amsmath)."""
    lines = [
        "\\begin{tabular}{rrrl}",
        "\\toprule",
        f"Operators & $R^2$ & RMSE & ${latex_name(explanation.objective)}$ \\\\",
        "\\midrule",
    ]
    best = explanation.best if explanation.formulas else None
    for f in explanation.formulas:
        mark = "$^{*}$" if f is best else ""
        formula = to_latex(f.tree, explanation.hyperparameters)
        lines.append(f"{f.complexity}{mark} & {f.r2:.4f} & {f.rmse:.3g} & $\\displaystyle {formula}$ \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def overview_latex(explanations: Sequence[Explanation]) -> str:
    """Returns the overview as a LaTeX table (needs booktabs and amsmath)."""
    lines = [
        "\\begin{tabular}{lrrrl}",
        "\\toprule",
        "Hyperparameter & Range & $R^2$ & Operators & Formula \\\\",
        "\\midrule",
    ]
    for e in explanations:
        name = ", ".join(f"${latex_name(n)}$" for n in e.hyperparameters)
        if e.formulas:
            formula = to_latex(e.best.tree, e.hyperparameters)
            cells = f"{e.range:.3g} & {e.best.r2:.3f} & {e.best.complexity} & $\\displaystyle {formula}$"
        else:
            cells = "-- & -- & -- & --"
        lines.append(f"{name} & {cells} \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])
