"""Writes explanations as text for a terminal, Markdown and LaTeX; `notebook.py` writes HTML."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.show.facts import explanation_facts, groups_title, percent, settled, share_text, surrogate_text
from deepcave_symbolic.show.pairs import interaction_share
from deepcave_symbolic.words.names import latex_name, shown_name, visible, visible_text

__all__ = [
    "AS_GOOD",
    "SHARE",
    "explanation_latex",
    "explanation_markdown",
    "explanation_text",
    "interaction_head",
    "markdown_cell",
    "overview_latex",
    "overview_markdown",
    "overview_notes",
    "overview_rows",
    "overview_text",
]

_WIDTH = 100
#: A column of formulas is at least this wide, even where it then ends beyond the width.
_FORMULA_WIDTH = 40
#: Alternatives listed; the record has all of them.
_MOST_ALTERNATIVES = 5

AS_GOOD = "Equally long formulas that the trials cannot tell from the recommended one"
SHARE = "share: of the surrogate's variance that it accounts for on its own, where it is active"
_INTERACTION = "interaction: share of a pair's projection that no sum of two formulas of one hyperparameter explains"


def explanation_text(explanation: Explanation) -> str:
    """Returns one explanation for a terminal: formula, facts, front, warnings."""
    lines = [visible(" and ".join(explanation.hyperparameters)), ""]
    if explanation.formulas:
        first, *others = _wrapped(str(explanation.best), _WIDTH - 6)
        lines += [f"    {first}", *(f"      {line}" for line in others), ""]
    facts = explanation_facts(explanation)
    width = max(len(label) for label, _ in facts) + 2
    for label, text in facts:
        lines += textwrap.wrap(
            text, _WIDTH, initial_indent=f"{label:<{width}}", subsequent_indent=" " * width, break_on_hyphens=False
        )
    if len(explanation.formulas) > 1:
        lines += ["", "Pareto front (* recommended)", *_front_rows(explanation)]
    if explanation.formulas:
        lines += _as_good_lines(explanation)
    if explanation.groups:
        lines += ["", groups_title(explanation), *_group_rows(explanation)]
    if explanation.warnings:
        lines.append("")
        for warning in explanation.warnings:
            text = visible(warning)
            lines += textwrap.wrap(text, _WIDTH, initial_indent="! ", subsequent_indent="  ", break_on_hyphens=False)
    return visible_text("\n".join(lines))


def _wrapped(formula: str, width: int) -> list[str]:
    """Breaks a formula into lines that begin with a sign."""
    stuck = formula
    for sign in "+-":
        stuck = stuck.replace(f" {sign} ", f" {sign}\0")
    lines = textwrap.wrap(stuck, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\0", " ") for line in lines]


def _front_rows(explanation: Explanation) -> list[str]:
    best = explanation.best
    rows = [f"  {'operators':>9}  {'R²':>7}  {'RMSE':>9}  formula"]
    for f in explanation.formulas:
        mark = "*" if f is best else " "
        rows += _row(f"{mark} {f.complexity:>9}  {f.r2:>7.4f}  {f.rmse:>9.3g}  ", _right_side(f))
    return rows


def _group_rows(explanation: Explanation) -> list[str]:
    shown = {choice: shown_name(choice) for choice in explanation.groups}
    width = max(len("choice"), *map(len, shown.values()))
    rows = [f"  {'choice':<{width}}  {'operators':>9}  {'R²':>7}  formula"]
    for choice, group in explanation.groups.items():
        best = group.best
        rows += _row(f"  {shown[choice]:<{width}}  {best.complexity:>9}  {best.r2:>7.4f}  ", _right_side(best))
    return rows


def _as_good_lines(explanation: Explanation) -> list[str]:
    best = explanation.best
    others = explanation.alternatives()
    if not others:
        return ["", sentence] if (sentence := settled(explanation, best)) else []
    lines = ["", AS_GOOD, f"  {'R²':>7}  {'RMSE':>9}  formula"]
    for f in others[:_MOST_ALTERNATIVES]:
        lines += _row(f"  {f.r2:>7.4f}  {f.rmse:>9.3g}  ", _right_side(f))
    if more := _more(others):
        lines.append(f"  {more}")
    return lines


def _more(others: Sequence[Formula]) -> str:
    return f"and {len(others) - _MOST_ALTERNATIVES} more" if len(others) > _MOST_ALTERNATIVES else ""


def _right_side(formula: Formula) -> str:
    return formula.text()


def _row(start: str, formula: str) -> list[str]:
    """Returns a table's row, its last cell broken into lines of one indent."""
    lines = _wrapped(formula, max(_FORMULA_WIDTH, _WIDTH - len(start)))
    return [(start if i == 0 else " " * len(start)) + line for i, line in enumerate(lines)]


def overview_text(explanations: Sequence[Explanation]) -> str:
    """Returns a table with a row an explanation, for a terminal."""
    rows = overview_rows(explanations)
    head = ("hyperparameter", "range", "share", *interaction_head(explanations), "R²", "ops", "verdict", "formula")
    last = len(head) - 2
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(last + 1)]
    starts = [
        "  ".join(
            f"{c:<{w}}" if i in (0, last) else f"{c:>{w}}" for i, (c, w) in enumerate(zip(row, widths, strict=False))
        )
        for row in [head, *rows]
    ]
    formulas = [row[-1] for row in [head, *rows]]
    # Where not all formulas fit into a column, all of them stand below their rows.
    lines = [f"{start}  {formula}" for start, formula in zip(starts, formulas, strict=True)]
    if any(len(line) > _WIDTH for line in lines):
        lines[0] = starts[0].rstrip()
        for i, explanation in enumerate(explanations, 1):
            if explanation.formulas:
                below = [f"    {line}" for line in _wrapped(formulas[i], _WIDTH - 4)]
                lines[i] = "\n".join([starts[i].rstrip(), *below])
    lines += ["", SHARE, *([_INTERACTION] if interaction_head(explanations) else [])]
    first = next((e for e in explanations if e.surrogate is not None), None)
    if first is not None:
        budget = "" if first.budget is None else f" at budget {first.budget:g}"
        lines += ["", f"Objective  {visible(first.objective)}{budget}"]
        lines += textwrap.wrap(
            surrogate_text(first),
            _WIDTH,
            initial_indent="Surrogate  ",
            subsequent_indent=" " * 11,
            break_on_hyphens=False,
        )
    for note in overview_notes(explanations):
        lines += textwrap.wrap(note, _WIDTH, initial_indent="! ", subsequent_indent="  ", break_on_hyphens=False)
    return visible_text("\n".join(lines))


def overview_notes(explanations: Sequence[Explanation]) -> list[str]:
    """Returns the warnings, those that hold for every formula once and the others behind their hyperparameters."""
    explained = [e for e in explanations if e.formulas]
    common = [w for w in (explained[0].warnings if explained else []) if all(w in e.warnings for e in explained)]
    own = [f"{', '.join(e.hyperparameters)}: {w}" for e in explanations for w in e.warnings if w not in common]
    return [visible(note) for note in (*common, *own)]


def interaction_head(explanations: Sequence[Explanation]) -> list[str]:
    """Returns the title of the column of interactions, which only pairs have."""
    return ["interaction"] if any(len(e.hyperparameters) == 2 for e in explanations) else []


def _interaction_cell(explanation: Explanation) -> str:
    share = interaction_share(explanation)
    return "-" if share is None else percent(share)


def overview_rows(explanations: Sequence[Explanation]) -> list[tuple[str, ...]]:
    """Returns a row an explanation: hyperparameters, range, share, (interaction,) R², operators, verdict, formula."""
    rows: list[tuple[str, ...]] = []
    pairs = bool(interaction_head(explanations))
    for e in explanations:
        name = visible(", ".join(e.hyperparameters))
        if e.formulas:
            best = e.best
            interaction = (_interaction_cell(e),) if pairs else ()
            r2 = f"{round(best.r2, 3) + 0.0:.3f}"
            numbers = (f"{e.range:.3g}", share_text(e), *interaction, r2, str(best.complexity))
            rows.append((name, *numbers, e.verdict, _right_side(best)))
        else:
            rows.append((name, *["-"] * (6 if pairs else 5), "none, see below"))
    return rows


# --- Markdown and LaTeX -------------------------------------------------------------------------------------


def explanation_markdown(explanation: Explanation) -> str:
    """Returns one explanation as Markdown."""
    lines = [f"## {markdown_cell(' and '.join(explanation.hyperparameters))}", ""]
    if explanation.formulas:
        lines += [f"$${explanation.best.latex()}$$", ""]
    lines += ["| | |", "| --- | --- |"]
    lines += [f"| {label} | {markdown_cell(text)} |" for label, text in explanation_facts(explanation)]
    if explanation.formulas:
        lines += ["", "| | operators | R² | RMSE | formula |", "| --- | ---: | ---: | ---: | --- |"]
        best = explanation.best
        for f in explanation.formulas:
            mark = "recommended" if f is best else ""
            lines.append(f"| {mark} | {f.complexity} | {f.r2:.4f} | {f.rmse:.3g} | {_markdown_formula(f)} |")
        lines += _as_good_markdown(explanation)
    if explanation.groups:
        lines += ["", f"{markdown_cell(groups_title(explanation))}:", ""]
        lines += ["| choice | R² | formula |", "| --- | ---: | --- |"]
        for choice, group in explanation.groups.items():
            lines.append(f"| {markdown_cell(choice)} | {group.best.r2:.4f} | {_markdown_formula(group.best)} |")
    lines += ["", *(f"> {markdown_cell(w)}\n" for w in explanation.warnings)]
    return visible_text("\n".join(lines).rstrip()) + "\n"


def _as_good_markdown(explanation: Explanation) -> list[str]:
    others = explanation.alternatives()
    if not others:
        return ["", markdown_cell(sentence)] if (sentence := settled(explanation, explanation.best)) else []
    lines = ["", f"{AS_GOOD}:", "", "| R² | RMSE | formula |", "| ---: | ---: | --- |"]
    for f in others[:_MOST_ALTERNATIVES]:
        lines.append(f"| {f.r2:.4f} | {f.rmse:.3g} | {_markdown_formula(f)} |")
    return [*lines, "", more] if (more := _more(others)) else lines


def _markdown_formula(formula: Formula) -> str:
    return f"${formula.latex_body()}$".replace("|", "\\vert ")


def overview_markdown(explanations: Sequence[Explanation]) -> str:
    """Returns the overview as a Markdown table."""
    interaction = interaction_head(explanations)
    head = ("hyperparameter", "range", "share", *interaction, "R²", "operators", "verdict", "formula")
    lines = [f"| {' | '.join(head)} |", f"| --- |{' ---: |' * (4 + len(interaction))} --- | --- |"]
    for row in overview_rows(explanations):
        lines.append("| " + " | ".join(markdown_cell(c) for c in row) + " |")
    notes = [f"> {markdown_cell(note)}\n" for note in overview_notes(explanations)]
    legend = f"{SHARE}  \n{_INTERACTION}" if interaction else SHARE
    return visible_text("\n".join([*lines, "", legend, "", *notes]).rstrip()) + "\n"


def markdown_cell(text: str) -> str:
    """Returns text for a cell of a Markdown table, literally."""
    text = visible(text)
    for c in "\\|`*_<>[]":
        text = text.replace(c, "\\" + c)
    return text


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
        formula = f.latex_body()
        lines.append(f"{f.complexity}{mark} & {f.r2:.4f} & {f.rmse:.3g} & $\\displaystyle {formula}$ \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def overview_latex(explanations: Sequence[Explanation]) -> str:
    """Returns the overview as a LaTeX table (needs booktabs and amsmath)."""
    interaction = bool(interaction_head(explanations))
    lines = [
        f"\\begin{{tabular}}{{l{'r' * (5 if interaction else 4)}l}}",
        "\\toprule",
        f"Hyperparameter & Range & Share & {'Interaction & ' * interaction}$R^2$ & Operators & Formula \\\\",
        "\\midrule",
    ]
    for e in explanations:
        name = ", ".join(f"${latex_name(n)}$" for n in e.hyperparameters)
        if e.formulas:
            formula = e.best.latex_body()
            shares = [share_text(e), *([_interaction_cell(e)] if interaction else [])]
            numbers = [s.replace(" %", "\\,\\%") for s in shares] + [f"{e.best.r2:.3f}", str(e.best.complexity)]
            cells = f"{e.range:.3g} & {' & '.join(numbers)} & $\\displaystyle {formula}$"
        else:
            cells = " & ".join(["--"] * (6 if interaction else 5))
        lines.append(f"{name} & {cells} \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])
