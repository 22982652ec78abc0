"""Buttons below a formula that search again without a function that it uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dash_bootstrap_components as dbc
from dash import html

from deepcave_symbolic.engines.protocol import DEFAULT_FUNCTIONS, KNOWN_FUNCTIONS
from deepcave_symbolic.findings.explained import Explained
from deepcave_symbolic.formulas.expression import FUNCTIONS, Node, is_square, walk
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.names import all_of, shown_name, visible

__all__ = ["LEAVE_OUT", "leave_out_buttons"]

#: Type of the buttons; `function` in their ids is the one of `KNOWN_FUNCTIONS` that is left out.
LEAVE_OUT = "symbolic_formulas-leave_out"
#: How a formula writes a function; others have their own names.
_WRITTEN = {"square": "x²", "pow": "xᵖ", "sqrt": "√x", "abs": "|x|", "log": "ln", "log10": "log10"}
#: What a product of powers is made of: its logarithm is a sum of search coordinates, no function of them.
_PRODUCT = {"var", "const", "*", "/", "^"}


def leave_out_buttons(explanation: Explained, formula: Formula) -> list[Any]:
    """Returns a button for every function of a formula that the search can do without, and what stays.

    Args:
        explanation: The record.
        formula: The formula that is shown.
    """
    asked = explanation.provenance.get("functions") or DEFAULT_FUNCTIONS
    found = dict(_functions_in(formula))
    buttons = [
        dbc.Button(
            f"without {_WRITTEN.get(written, written)}",
            id={"type": LEAVE_OUT, "function": function},
            n_clicks=0,
            color="secondary",
            outline=True,
            size="sm",
            className="symbolic-leave-out me-2 py-0",
            title="Searches again without it: leaves it out of Readable functions and presses Process.",
        )
        for function, written in sorted(found.items(), key=lambda each: KNOWN_FUNCTIONS.index(each[0]))
        if function in asked
    ]
    scales = [
        axis.name for i, axis in enumerate(formula.axes) if any(_is_scale(n, i, axis) for n in walk(formula.tree))
    ]
    stays = f"log10 is the scale of {all_of(list(map(shown_name, scales)))} and stays." if buttons and scales else ""
    if not buttons:
        return []
    return [html.Div([*buttons, html.Small(visible(stays), className="text-muted")], className="symbolic-leave-outs")]


def _functions_in(formula: Formula) -> Iterator[tuple[str, str]]:
    """Yields the functions of a formula, each with how it is written; logarithms that are a scale are none."""
    for node in walk(formula.tree):
        if node.op == "^":
            function = "square" if is_square(node) else "pow"
            yield function, function
        elif node.op in ("log", "log10"):
            if not any(_is_scale(node, i, axis) for i, axis in enumerate(formula.axes)):
                yield "log", node.op
        elif node.op in FUNCTIONS:
            yield node.op, node.op


def _is_scale(node: Node, index: int, axis: Axis) -> bool:
    """Returns whether a node is the logarithm of a hyperparameter that is searched on a log scale, or of a product."""
    if node.op not in ("log", "log10") or not axis.log or index not in node.variables:
        return False
    return all(item.op in _PRODUCT for item in walk(node.args[0]))
