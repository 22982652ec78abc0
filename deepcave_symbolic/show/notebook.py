"""Writes explanations as HTML for a notebook, readable on its light page and on its dark one."""

from __future__ import annotations

import html
from collections.abc import Sequence

from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.findings.trust import VERDICTS
from deepcave_symbolic.show.facts import explanation_facts, groups_title, settled
from deepcave_symbolic.show.text import AS_GOOD, SHARE, interaction_head, overview_notes, overview_rows
from deepcave_symbolic.words.names import shown_name, visible_text

__all__ = ["explanation_html", "overview_html"]

#: White text on them has a contrast of at least 4.5.
_VERDICT_COLORS = dict(zip(VERDICTS, ("#146c43", "#8a5200", "#b02a37"), strict=True))
_LEFT = "style='text-align:left'"
_LABEL = "style='text-align:left;white-space:nowrap'"


def explanation_html(explanation: Explanation) -> str:
    """Returns one explanation as HTML for a notebook: formula, verdict, facts, warnings."""
    (_, verdict), *facts = explanation_facts(explanation)
    names = " and ".join(shown_name(name) for name in explanation.hyperparameters)
    parts = [f"<p><b>{html.escape(names)}</b> {_badge(verdict)}</p>"]
    if explanation.formulas:
        parts.append(explanation.best._repr_html_())
        # To copy, and for viewers that leave MathML out.
        parts.append(f"<p><code>{html.escape(str(explanation.best))}</code></p>")
    rows = (f"<tr><th {_LABEL}>{html.escape(k)}</th><td {_LEFT}>{html.escape(v)}</td></tr>" for k, v in facts)
    parts.append(f"<table>{''.join(rows)}</table>")
    parts.append(_list_html(explanation.warnings))
    if explanation.formulas:
        parts.append(_as_good_html(explanation))
    if explanation.groups:
        items = "".join(
            f"<li>{html.escape(shown_name(choice))}: {group.best._repr_html_()}</li>"
            for choice, group in explanation.groups.items()
        )
        parts.append(f"<details><summary>{html.escape(groups_title(explanation))}</summary><ul>{items}</ul></details>")
    return visible_text(f"<div>{''.join(parts)}</div>")


def overview_html(explanations: Sequence[Explanation]) -> str:
    """Returns the overview as an HTML table for a notebook."""
    head = (
        "hyperparameter",
        "range",
        "share",
        *interaction_head(explanations),
        "R²",
        "operators",
        "verdict",
        "formula",
    )
    texts = (0, len(head) - 2, len(head) - 1)
    cells = "".join(f"<th {_LEFT if i in texts else ''}>{name}</th>" for i, name in enumerate(head))
    lines = []
    for e, (name, *numbers, verdict, formula) in zip(explanations, overview_rows(explanations), strict=True):
        shown = f"<code>{html.escape(formula)}</code>" if e.formulas else html.escape(formula)
        line = [f"<td {_LEFT}>{html.escape(name)}</td>", *(f"<td>{html.escape(number)}</td>" for number in numbers)]
        lines.append(
            f"<tr>{''.join(line)}<td {_LEFT}>{_badge(verdict) if e.formulas else ''}</td><td {_LEFT}>{shown}</td></tr>"
        )
    objective = "".join(
        f"<p>Objective: {html.escape(e.objective)}. {SHARE.capitalize()}.</p>" for e in explanations[:1]
    )
    table = f"<table><thead><tr>{cells}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return visible_text(f"<div>{table}{objective}{_list_html(overview_notes(explanations))}</div>")


def _badge(verdict: str) -> str:
    # White on colour: readable on a notebook's light page and on its dark one.
    style = f"background:{_VERDICT_COLORS[verdict]};color:#fff;border-radius:0.3em;padding:0.1em 0.5em"
    return f"<span style='{style};white-space:nowrap'>{html.escape(verdict)}</span>"


def _list_html(sentences: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{html.escape(s)}</li>' for s in sentences)}</ul>" if sentences else ""


def _as_good_html(explanation: Explanation) -> str:
    others = explanation.alternatives()
    if not others:
        sentence = settled(explanation, explanation.best)
        return f"<p>{html.escape(sentence)}</p>" if sentence else ""
    formulas = "".join(f"<li>{formula._repr_html_()}</li>" for formula in others)
    return f"<details><summary>{AS_GOOD} ({len(others)})</summary><ul>{formulas}</ul></details>"
