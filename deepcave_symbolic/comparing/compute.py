"""Compares explanations of several runs: one form for all, fitted to each, and which of its constants agree."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from deepcave_symbolic.comparing.agreement import constants_of
from deepcave_symbolic.comparing.choosing import Fitted, choose, given_form, weigh
from deepcave_symbolic.comparing.comparison import Compared
from deepcave_symbolic.comparing.domain import data_on, shared_domain
from deepcave_symbolic.comparing.forms import Data, Fit, Form
from deepcave_symbolic.comparing.notes import notes_on
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.findings.explained import Explained, Unexplained
from deepcave_symbolic.findings.trust import error_of_mean
from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.front import Target, score_one
from deepcave_symbolic.formulas.points import Points
from deepcave_symbolic.formulas.printing import to_text
from deepcave_symbolic.formulas.rounding import round_formula
from deepcave_symbolic.formulas.tidy import tidy
from deepcave_symbolic.numeric.arrays import columns_of
from deepcave_symbolic.numeric.weighted import weighted_r2
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.space.axis import Axis

__all__ = ["compare_explanations"]

C = TypeVar("C", bound=Compared)


def compare_explanations(
    explanations: Mapping[str, Explained | Unexplained],
    kind: type[C],
    *,
    left_out: Mapping[str, str] | None = None,
    form: Formula | None = None,
    level: float = 0.05,
) -> C:
    """Returns the comparison of explanations of the same hyperparameters in several runs.

    Args:
        explanations: The explanations by the runs' names.
        kind: The class of the record.
        left_out: Why there is no explanation of other runs, by their names.
        form: A formula whose form is compared; None for the one that serves all runs best.
        level: Below this p-value a constant's differences are more than its uncertainty.

    Raises:
        InvalidArgumentError: If fewer than two runs are explained, or they cannot be compared; says why.
        SearchFailedError: If the given form has no finite value on the whole domain for some run.
    """
    if not 0.0 < level < 1.0:
        raise InvalidArgumentError(f"The level is {level!r}; expected a number between 0 and 1, such as 0.05.")
    explained = {run: e for run, e in explanations.items() if isinstance(e, Explained)}
    left_out = {run: e.reason for run, e in explanations.items() if isinstance(e, Unexplained)} | dict(left_out or {})
    reasons = [f"{run} is left out: {reason}" for run, reason in left_out.items()]
    if len(explained) < 2:
        raise InvalidArgumentError(
            " ".join([f"A comparison needs two runs or more; found {len(explained)}.", *reasons])
        )
    records = list(explained.values())
    projections = {run: e.projection for run, e in explained.items()}
    axes, notes = shared_domain(projections)
    data = [data_on(run, projections[run], axes, error_of_mean(e.noise)) for run, e in explained.items()]
    weighed = weigh(records, data, axes) if form is None else [given_form(form, explained, data, axes)]
    chosen, closest = choose(weighed, records, data, level)
    constants = tuple(constants_of(chosen.form, chosen.fits, level))
    names = [axis.name for axis in axes]
    formulas = [
        _formula(chosen.form, fit, projection, axes, e)
        for fit, projection, e in zip(chosen.fits, projections.values(), records, strict=True)
    ]
    own = [e.best for e in records]

    def text(fitted: Fitted) -> str:
        return _form_text(fitted.form, names, formulas[0])

    return kind(
        runs=tuple(explained),
        explanations=tuple(records),
        form=chosen.form.template,
        formulas=tuple(formulas),
        constants=constants,
        cross=tuple(tuple(_r2(formula, d) for d in data) for formula in own),
        cross_shape=tuple(tuple(_shape_r2(formula, d) for d in data) for formula in own),
        forms=tuple((text(f), f.form.complexity, 1.0 - f.loss) for f in weighed),
        level=level,
        notes=(*reasons, *notes, *notes_on(explained, projections, chosen, closest, constants, text)),
    )


def _formula(form: Form, fit: Fit, projection: Projection, axes: Sequence[Axis], explanation: Explained) -> Formula:
    """Returns the common form with a run's constants, rounded, then scored on the shared domain."""
    shared = np.array([axis.contains(projection.held_out.grid[:, i]) for i, axis in enumerate(axes)]).all(axis=0)
    held = projection.held_out
    if not np.any(shared):
        shared = np.ones(len(held.mean), dtype=bool)
    fitted = projection.valid & np.array(
        [(projection.grid[:, i] >= a.lower) & (projection.grid[:, i] <= a.upper) for i, a in enumerate(axes)]
    ).all(axis=0)
    x, y, weights = projection.grid[fitted], projection.mean[fitted], projection.weights[fitted]
    columns = columns_of(x)
    tree = round_formula(tidy(form.with_constants(fit.p), columns), Points(columns, y, weights))
    target = Target(
        axes=tuple(axes),
        objective=explanation.objective,
        x=x,
        y=y,
        held_out_x=held.grid[shared],
        held_out_y=held.mean[shared],
        weights=weights,
        held_out_weights=held.weights[shared],
    )
    return score_one(tree, "common form", target)


def _form_text(form: Form, names: Sequence[str], formula: Formula) -> str:
    return to_text(form.template, [*names, *(f"c{j + 1}" for j in range(len(form.roles)))], formula.choices)


def _r2(formula: Formula, data: Data) -> float:
    return weighted_r2(data.y, evaluate(formula.tree, list(data.columns)), data.weights)


def _shape_r2(formula: Formula, data: Data) -> float:
    """Returns R² of the best a + b·f with b ≥ 0: the squared correlation, 0 where it is negative."""
    f = evaluate(formula.tree, list(data.columns))
    if not np.all(np.isfinite(f)):
        return -math.inf
    f, y = f - data.weights @ f, data.y - data.weights @ data.y
    size = math.sqrt(float(data.weights @ f**2) * float(data.weights @ y**2))
    correlation = float(data.weights @ (f * y)) / size if size > 0.0 else 0.0
    return max(0.0, correlation) ** 2
