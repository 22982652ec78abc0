"""What the curve of a formula is called."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepcave_symbolic.formulas.expression import CASES, Node, evaluate, is_place, variables
from deepcave_symbolic.formulas.meaning.parts import Part, law_exponent, parts_of
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import rounded_text

__all__ = ["LEVEL", "OTHER", "shape_of"]

#: The name of a shape that has none.
OTHER = "other"
#: The shape of a constant.
LEVEL = "level"
#: A saturation this steep or steeper is a step.
_STEP_EXPONENT = 5.0


def shape_of(tree: Node, axes: Sequence[Axis]) -> str:
    """Returns the name of a formula's shape.

    Of one hyperparameter: level, straight line, straight in log10, valley, hill, power law, saturating fall or rise,
    exponential approach, step, bump, other. Of two: sum, product, corner, valley or hill along a law, other.

    Args:
        tree: An expression in normal form, natural units.
        axes: The hyperparameters.
    """
    _, parts = parts_of(tree)
    if not parts:
        return LEVEL
    if any(node.op == CASES for node in tree.args) or tree.op == CASES:
        return OTHER
    if len(variables(tree)) == 1:
        return _of_one(parts[0], axes) if len(parts) == 1 else OTHER
    if all(len(part.variables) == 1 for part in parts):
        return "sum"
    if len(parts) > 1:
        return OTHER
    (part,) = parts
    law = law_exponent(part.factors[0]) if len(part.factors) == 1 else None
    if law is not None and part.form in ("square", "kink"):
        i, j, q = law
        name, other = (shown_name(axes[k].name) for k in (i, j))
        rest = "" if q == -1.0 else f"^{rounded_text(-q, 2)}"
        return f"{'valley' if part.coefficient > 0 else 'hill'} along {name} ∝ {other}{rest}"
    if part.form == "corner":
        return part.form
    return "product" if all(len(factor.variables) == 1 for factor in part.factors) else OTHER


def _of_one(part: Part, axes: Sequence[Axis]) -> str:
    form, rises = part.form, part.coefficient > 0
    (i,) = part.variables
    if form == "line":
        return "straight line"
    if form == "decades":
        return "straight in log10"
    if form in ("square", "kink"):
        # Beside the domain it only rises or falls.
        inside = _turns(part.factors[0].node, axes[i], i)
        return ("valley" if rises else "hill") if inside else OTHER
    if form == "power":
        return "power law"
    if form == "saturation":
        power = part.factors[0].node.args[1]
        steep = power.op == "^" and not is_place(power) and power.args[1].value >= _STEP_EXPONENT
        return "step" if steep else f"saturating {'fall' if rises else 'rise'}"
    return {"decay": "exponential approach", "tanh": "step", "bump": "bump"}.get(form, OTHER)


def _turns(node: Node, axis: Axis, index: int) -> bool:
    x = axis.check_grid(101)
    columns: list[Array] = [x] * (index + 1)
    lowest = int(np.argmin(evaluate(node, columns)))
    return 0 < lowest < len(x) - 1
