"""Writes a comparison as text for a terminal, Markdown, LaTeX, and HTML for a notebook."""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Sequence

from deepcave_symbolic.comparing.comparison import Comparison, Constant
from deepcave_symbolic.show.text import markdown_cell
from deepcave_symbolic.words.names import latex_name, shown_name, visible_text

__all__ = ["comparison_html", "comparison_latex", "comparison_markdown", "comparison_text", "number"]

_WIDTH = 100
_SIDE = "R² of the formula of the run on the left for the run on top; in brackets after the best shift and stretch"


def number(value: float, error: float) -> str:
    """Returns a value with its standard error, both to the digits that the error has: 0.284 ± 0.012."""
    if not math.isfinite(error):
        return f"{value:.3g} ± ?"
    if error <= 0.0 or error < 1e-9 * abs(value):
        return f"{value:.6g}"
    digits = 1 - math.floor(math.log10(error))
    if -2 <= digits <= 8:
        return f"{value:.{max(0, digits)}f} ± {error:.{max(0, digits)}f}"
    return f"{value:.3g} ± {error:.1g}"


def _rows(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Returns a head and a row a run with the constants of the common form, then what they say together."""
    constants = comparison.constants
    head = ["run", "verdict", "R²", *(c.name for c in constants)]
    rows = [
        [run, e.verdict, f"{formula.r2:.3f}", *(number(c.values[i], c.errors[i]) for c in constants)]
        for i, (run, e, formula) in enumerate(
            zip(comparison.runs, comparison.explanations, comparison.formulas, strict=True)
        )
    ]
    rows.append(["", "", "", *(c.role for c in constants)])
    rows.append(["together", "", "", *(_together(c) for c in constants)])
    rows.append(["within ±", "", "", *(f"{c.tolerance:.2g}" if math.isfinite(c.tolerance) else "?" for c in constants)])
    rows.append(["p", "", "", *(_chance(c.p_value) for c in constants)])
    rows.append(["", "", "", *(c.agreement for c in constants)])
    return head, rows


def _chance(p_value: float) -> str:
    return "?" if not math.isfinite(p_value) else "< 0.0001" if p_value < 1e-4 else f"{p_value:.2g}"


def _together(constant: Constant) -> str:
    return f"{constant.mean:.4g}" if math.isfinite(constant.mean) and constant.agreement == "agree" else "-"


def _cross_rows(comparison: Comparison) -> list[list[str]]:
    return [
        [run, *(f"{_r2(raw)} ({_r2(shape)})" for raw, shape in zip(row, shapes, strict=True))]
        for run, row, shapes in zip(comparison.runs, comparison.cross, comparison.cross_shape, strict=True)
    ]


def _r2(value: float) -> str:
    return "< -9" if value < -9.0 else f"{value:.2f}"


def _legend(comparison: Comparison) -> list[str]:
    legend = (
        "± is a standard error: what the constant would vary by if the run's trials were drawn again, from the "
        "surrogate's cross-validated error. A constant differs where such differences would be seen in fewer than "
        f"{100 * comparison.level:g} % of cases if it were the same (p, Cochran's Q), and is undetermined where twice "
        "the largest error (within ±) is as large as the constant. To agree is meant within that."
    )
    return [legend, *comparison.notes]


def comparison_text(comparison: Comparison) -> str:
    """Returns the comparison for a terminal."""
    names = " and ".join(map(shown_name, comparison.hyperparameters))
    operators = next((n for text, n, _ in comparison.forms if text == comparison.form_text()), 0)
    lines = [f"{names} in {len(comparison.runs)} runs", ""]
    lines += [f"    {shown_name(comparison.objective)} ≈ {comparison.form_text()}", ""]
    lines += [f"The common form ({operators} operators), with every run's constants", ""]
    head, rows = _rows(comparison)
    lines += _table([head, *rows])
    lines += ["", "Every run's own formula", ""]
    for run, e in zip(comparison.runs, comparison.explanations, strict=True):
        lines.append(f"{run}  (R² {e.best.r2:.3f}, {e.best.complexity} operators)")
        lines += textwrap.wrap(str(e.best), _WIDTH - 4, initial_indent="    ", subsequent_indent="      ")
    lines += ["", _SIDE, "", *_table([["", *_numbers(comparison)], *_numbered(_cross_rows(comparison))]), ""]
    for note in _legend(comparison):
        lines += textwrap.wrap(note, _WIDTH, initial_indent="! ", subsequent_indent="  ", break_on_hyphens=False)
    return visible_text("\n".join(lines))


def _numbers(comparison: Comparison) -> list[str]:
    return [f"[{i + 1}]" for i in range(len(comparison.runs))]


def _numbered(rows: Sequence[list[str]]) -> list[list[str]]:
    return [[f"[{i + 1}] {row[0]}", *row[1:]] for i, row in enumerate(rows)]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            f"{c:<{w}}" if i < 1 else f"{c:>{w}}" for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def comparison_markdown(comparison: Comparison) -> str:
    """Returns the comparison as Markdown."""
    names = " and ".join(comparison.hyperparameters)
    head, rows = _rows(comparison)
    lines = [f"## {markdown_cell(names)}", "", f"$${comparison.form_latex()}$$", "", *_markdown_table(head, rows)]
    own = [
        [run, f"{e.best.r2:.3f}", str(e.best.complexity)]
        for run, e in zip(comparison.runs, comparison.explanations, strict=True)
    ]
    formulas = [f"${e.best.latex_body()}$".replace("|", "\\vert ") for e in comparison.explanations]
    lines += ["", "| run | R² | operators | own formula |", "| --- | ---: | ---: | --- |"]
    lines += [f"| {' | '.join(map(markdown_cell, row))} | {f} |" for row, f in zip(own, formulas, strict=True)]
    lines += [
        "",
        f"{_SIDE}:",
        "",
        *_markdown_table(["", *_numbers(comparison)], _numbered(_cross_rows(comparison))),
        "",
    ]
    lines += [f"> {markdown_cell(note)}\n" for note in _legend(comparison)]
    return visible_text("\n".join(lines).rstrip()) + "\n"


def _markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    body = [f"| {' | '.join(map(markdown_cell, row))} |" for row in rows]
    return [f"| {' | '.join(map(markdown_cell, head))} |", f"| --- |{' ---: |' * (len(head) - 1)}", *body]


def comparison_latex(comparison: Comparison) -> str:
    """Returns the constants as a LaTeX table (needs booktabs and amsmath)."""
    head, rows = _rows(comparison)
    lines = [
        f"% {visible_text(comparison.objective)} = {visible_text(comparison.form_text())}".replace("\n", " "),
        f"\\begin{{tabular}}{{ll{'r' * (len(head) - 2)}}}",
        "\\toprule",
        " & ".join(["Run", "Verdict", "$R^2$", *(f"${latex_name(c.name)}$" for c in comparison.constants)]) + " \\\\",
        "\\midrule",
    ]
    for i, row in enumerate(rows):
        if i == len(comparison.runs):
            lines.append("\\midrule")
        cells = [f"${latex_name(row[0])}$" if row[0] else "", *(c.replace("±", "$\\pm$") for c in row[1:])]
        lines.append(" & ".join(cells) + " \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def comparison_html(comparison: Comparison) -> str:
    """Returns the comparison as HTML for a notebook."""
    head, rows = _rows(comparison)
    parts = [
        f"<p>{html.escape(shown_name(comparison.objective))} ≈ {html.escape(comparison.form_text())}</p>",
        _html_table(head, rows),
        f"<p>{html.escape(_SIDE)}</p>",
        _html_table(["", *_numbers(comparison)], _numbered(_cross_rows(comparison))),
        f"<ul>{''.join(f'<li>{html.escape(note)}</li>' for note in _legend(comparison))}</ul>",
    ]
    return visible_text(f"<div>{''.join(parts)}</div>")


def _html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"

    return f"<table>{line(head, 'th')}{''.join(line(row, 'td') for row in rows)}</table>"
