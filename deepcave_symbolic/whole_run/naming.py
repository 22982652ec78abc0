"""What a part is called, and its expression without the constant that makes its mean zero."""

from __future__ import annotations

from collections.abc import Sequence

from deepcave_symbolic.formulas.expression import CASES, Node
from deepcave_symbolic.formulas.meaning.parts import law_exponent, parts_of
from deepcave_symbolic.formulas.meaning.shapes import OTHER, shape_of
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.whole_run.courses import course_of
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import rounded_text

__all__ = ["OFFSETS", "core_and_mean", "name_of"]

#: The shape of a constant for every choice.
OFFSETS = "offsets"


def core_and_mean(tree: Node) -> tuple[Node, float]:
    """Returns a part without the constant that makes its mean zero, and that with the sign before it (0 for none)."""
    if tree.op == "neg":
        core, mean = core_and_mean(tree.args[0])
        return Node("neg", (core,)), -mean if mean else 0.0
    if tree.op not in ("+", "-") or tree.args[0].is_variable:
        return tree, 0.0
    first, second = tree.args
    if second.is_constant:
        return first, second.value if tree.op == "+" else -second.value
    if first.is_constant:
        return second if tree.op == "+" else Node("neg", (second,)), first.value
    # A constant is the first of all terms or the last one.
    core, mean = core_and_mean(first)
    return (Node(tree.op, (core, second)), mean) if mean else (tree, 0.0)


def name_of(tree: Node, axes: Sequence[Axis]) -> str:
    """Returns the name of a part's shape, what it does along its hyperparameters without one."""
    core, _ = core_and_mean(tree)
    if core.op == CASES:
        return OFFSETS
    plain = core.args[0] if core.op == "neg" else core
    chosen = _cases_in(plain)
    if chosen is not None:
        return f"{_name(_without_cases(plain), axes)} by {shown_name(axes[int(chosen.args[0].value)].name)}"
    return _name(core, axes)


def _name(core: Node, axes: Sequence[Axis]) -> str:
    known = shape_of(core, axes)
    if known != OTHER:
        return known
    _, parts = parts_of(core)
    if len(parts) == 1 and len(parts[0].factors) == 1 and len(parts[0].variables) == 2:
        law = law_exponent(parts[0].factors[0])
        if law is not None:
            i, j, q = law
            rest = "" if q == -1.0 else f"^{rounded_text(-q, 2)}"
            return f"step along {shown_name(axes[i].name)} ∝ {shown_name(axes[j].name)}{rest}"
    return course_of(core, axes) or OTHER


def _cases_in(node: Node) -> Node | None:
    if node.op == CASES:
        return node
    return next((found for arg in node.args if (found := _cases_in(arg)) is not None), None)


def _without_cases(node: Node) -> Node:
    """Returns a product with a one instead of its cases."""
    if node.op == CASES:
        return Node("const", (), 1.0)
    if node.op == "*" and node.args[0].op == CASES:
        return node.args[1]
    return Node(node.op, tuple(map(_without_cases, node.args)), node.value)
