"""The normal form: a level plus parts in which every constant has a unit and a meaning.

A coefficient is a level or an effect, in units of the objective. A hyperparameter enters a function as a ratio to a
place (`x/x0`) or as a difference from one (`x - x0`), in its own unit; what is left are exponents,
without a unit, and widths, in decades or in the hyperparameter's unit. So `1.36e-6/(x^1.34 + 4.66e-6)` becomes
`0.292/(1 + (x/0.000105)^1.34)`: half of the fall is reached at 0.000105. Values do not change.

Notation:
    affine: k·log10(x) + d or k·x + d, of one hyperparameter or of two.
    place: where an affine argument is zero. reference: a round value inside the domain at which a power is one; it is
        chosen, not fitted.

`reading.py` takes an expression apart, `references.py` chooses round values, `arguments.py` writes what stands in a
function, `writer.py` the parts.
"""

from __future__ import annotations

from deepcave_symbolic.formulas.normal_form.writer import normal_form

__all__ = ["normal_form"]
