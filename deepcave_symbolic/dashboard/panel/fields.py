"""Fields of the panel's forms: a label, a help that tells more, and what is filled in; for every host alike."""

from __future__ import annotations

import hashlib
from typing import Any

import dash_bootstrap_components as dbc
from dash import html

__all__ = ["field", "help_button"]

#: A question mark in a ring, without a font of icons.
_RING = {
    "border": "1px solid currentColor",
    "borderRadius": "50%",
    "background": "none",
    "color": "inherit",
    "opacity": 0.6,
    "width": "1.1rem",
    "height": "1.1rem",
    "padding": 0,
    "marginLeft": "0.35rem",
    "fontSize": "0.7rem",
    "lineHeight": 1,
    "verticalAlign": "text-top",
}


def help_button(label: str, text: str, of: str = "") -> Any:
    """Returns a button that shows a text to who points at it or reaches it with Tab.

    Args:
        label: What the text is about.
        text: The text.
        of: Id of what it stands beside, where the label may be on the page twice.
    """
    id = f"symbolic_formulas-help-{hashlib.sha256((of or label).encode()).hexdigest()[:8]}"
    # dash 2 knows no aria-label of buttons but by this name.
    button = html.Button(
        "?", id=id, type="button", className="symbolic-help", style=_RING, **{"aria-label": f"Help: {label}"}
    )
    return html.Span([button, dbc.Popover(dbc.PopoverBody(text), target=id, trigger="hover focus", placement="top")])


def field(label: str, help: str, component: Any) -> list[Any]:
    """Returns a labelled component; a click on the label goes to it."""
    return [dbc.Label(label, html_for=component.id), help_button(label, help, component.id), component]
