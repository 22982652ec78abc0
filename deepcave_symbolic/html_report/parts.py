"""Parts of the page: cards, tables, a section an explanation. Every text is escaped here, and only here."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from pathlib import PurePath

from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.facts import explanation_facts, groups_title, settled, share_text
from deepcave_symbolic.formula import Formula
from deepcave_symbolic.html_report.figures import Drawings
from deepcave_symbolic.names import shown_name, visible, visible_text
from deepcave_symbolic.report import explanation_latex
from deepcave_symbolic.trust import VERDICTS

__all__ = ["code", "folded", "overview_table", "run_card", "section", "surrogate_card", "title_of", "tx"]

_CLASSES = dict(zip(VERDICTS, ("good", "care", "bad"), strict=True))


def tx(text: object) -> str:
    """Returns text for HTML: markup escaped, hidden characters written out."""
    return html.escape(visible(str(text)))


def code(text: str) -> str:
    """Returns lines of code that one click selects."""
    return f"<pre>{html.escape(visible_text(text.rstrip()))}</pre>"


def folded(summary: str, body: str) -> str:
    """Returns something that opens at a click."""
    return f"<details><summary>{tx(summary)}</summary>{body}</details>"


def title_of(explanation: Explanation) -> str:
    """Returns what a section is about, escaped."""
    return tx(" and ".join(explanation.hyperparameters))


def badge(explanation: Explanation) -> str:
    """Returns the verdict on its colour."""
    if not explanation.formulas:
        return '<span class="badge none">no formula</span>'
    return f'<span class="badge {_CLASSES.get(explanation.verdict, "none")}">{tx(explanation.verdict)}</span>'


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    return f"<dl>{''.join(f'<dt>{tx(k)}</dt><dd>{tx(v)}</dd>' for k, v in facts if v)}</dl>"


def run_card(explanation: Explanation) -> str:
    """Returns the card that says which run it is."""
    p = explanation.provenance
    facts = [
        ("Run", PurePath(str(p.get("run", ""))).name),
        ("Trials", str(p.get("n_trials", ""))),
        ("Objective", f"{explanation.objective} ({p['direction']})" if "direction" in p else explanation.objective),
        ("Budget", "none" if explanation.budget is None else f"{explanation.budget:g}"),
        ("Optimizer", str(p.get("optimizer", ""))),
        ("Made by", str(p.get("package", ""))),
    ]
    return f'<div class="card"><h3>Run</h3>{_facts(facts)}</div>'


def surrogate_card(explanation: Explanation) -> str:
    """Returns the card that says which model spoke; empty where none did."""
    record = explanation.surrogate
    if record is None:
        return ""
    quality = [
        ("R² on unseen trials", record.cv_r2),
        ("… over the whole space", record.cv_domain_r2),
        ("Rank correlation", record.cv_rank_correlation),
    ]
    facts = [
        ("Model", record.name),
        ("Origin", "the run's own, exact" if record.exact else "; ".join(record.differences) or "not the run's own"),
        ("Trials", str(record.n_trials)),
        *((label, "not known" if value is None else f"{value:.3f}") for label, value in quality),
        ("Versions", ", ".join(f"{k} {v}" for k, v in record.versions.items())),
    ]
    options = code(json.dumps(dict(record.options), indent=1, default=str, sort_keys=True))
    return f'<div class="card"><h3>Surrogate</h3>{_facts(facts)}{folded("Options", options)}</div>'


def overview_table(explanations: Sequence[Explanation]) -> str:
    """Returns a row an explanation, each with a link to its section."""
    rows = []
    for e in explanations:
        cells = f'<td class="name"><a href="#{anchor(e)}">{title_of(e)}</a></td>'
        if e.formulas:
            best = e.best
            numbers = (f"{e.range:.3g}", share_text(e), f"{best.r2:.3f}", str(best.complexity))
            cells += "".join(f'<td class="number">{tx(n)}</td>' for n in numbers)
            cells += f"<td>{badge(e)}</td><td>{best.mathml()}</td>"
        else:
            cells += '<td class="number">–</td>' * 4 + f"<td>{badge(e)}</td><td>{tx(' '.join(e.warnings))}</td>"
        rows.append(f"<tr>{cells}</tr>")
    heads = "".join(f'<th class="number">{h}</th>' for h in ("Range", "Share", "R²", "Operators"))
    head = f"<tr><th>Hyperparameter</th>{heads}<th>Verdict</th><th>Formula</th></tr>"
    return f'<div class="wide"><table><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table></div>'


def anchor(explanation: Explanation) -> str:
    """Returns the section's id: letters and digits, whatever the names are."""
    return "e-" + "-".join(name.encode("utf-8", "backslashreplace").hex() for name in explanation.hyperparameters)


def section(explanation: Explanation, drawings: Drawings, common: Sequence[str]) -> str:
    """Returns all that is shown of one explanation.

    Args:
        explanation: The record.
        drawings: Takes the figure.
        common: Warnings that the page shows once.
    """
    e = explanation
    parts = [f"<h3>{title_of(e)} {badge(e)}</h3>"]
    if e.formulas:
        parts.append(f'<div class="formula">{tx(shown_name(e.objective))} ≈ {e.best.mathml()}</div>')
    parts += [_warning(e, w) for w in e.warnings if w not in common]
    if e.formulas:
        skipped = {"Verdict", "Objective", "Surrogate"}
        parts.append(_facts([(k, v) for k, v in explanation_facts(e) if k not in skipped]))
        parts.append(_figure(e, drawings))
        parts.append(folded("Pareto front: accuracy against length", _front(e)))
        if others := _as_good(e):
            parts.append(others)
        if e.groups:
            parts.append(folded(groups_title(e), _groups(e)))
        parts.append(folded("Python", code(e.best.python())))
        parts.append(folded("LaTeX (booktabs, amsmath)", code(explanation_latex(e))))
    return f'<section class="item" id="{anchor(e)}">{"".join(parts)}</section>'


def _warning(explanation: Explanation, text: str) -> str:
    bad = " bad" if _CLASSES.get(explanation.verdict) == "bad" and explanation.formulas else ""
    return f'<p class="warning{bad}">{tx(text)}</p>'


def _figure(explanation: Explanation, drawings: Drawings) -> str:
    number = drawings.add(explanation)
    if number is None:
        return '<p class="note">The page holds no more figures; an explanation of its own shows this one.</p>'
    maps = explanation.projection is not None and len(explanation.projection.axes) == 2
    kind = " map" if maps else ""
    return (
        f'<div class="figure{kind}" data-figure="{number}" role="img" '
        f'aria-label="Surrogate, formula and trials of {title_of(explanation)}"></div>'
    )


def _front(explanation: Explanation) -> str:
    best = explanation.best
    return _formulas([(("recommended" if f is best else ""), f) for f in explanation.formulas], "")


def _groups(explanation: Explanation) -> str:
    return _formulas([(choice, group.best) for choice, group in explanation.groups.items()], "Choice")


def _formulas(rows: Sequence[tuple[str, Formula]], label: str) -> str:
    body = "".join(
        f'<tr><td>{tx(first)}</td><td class="number">{f.complexity}</td><td class="number">{f.r2:.4f}</td>'
        f'<td class="number">{f.rmse:.3g}</td><td>{f.mathml()}</td></tr>'
        for first, f in rows
    )
    numbers = "".join(f'<th class="number">{h}</th>' for h in ("Operators", "R²", "RMSE"))
    head = f"<tr><th>{tx(label)}</th>{numbers}<th>Formula</th></tr>"
    return f'<div class="wide"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>'


def _as_good(explanation: Explanation) -> str:
    others = explanation.alternatives()
    if not others:
        sentence = settled(explanation, explanation.best)
        return f'<p class="note">{tx(sentence)}</p>' if sentence else ""
    summary = f"Equally long formulas that the trials cannot tell from the recommended one ({len(others)})"
    return folded(summary, _formulas([("", f) for f in others], ""))
