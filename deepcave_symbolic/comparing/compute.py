"""Chooses the form that serves all runs, fits it to each, and asks of every constant whether the runs agree.

Every formula of up to ten operators on a run's front is a candidate. Its form is fitted to every run's projection on
the domain that the runs share. Chosen is the shortest that is as accurate in every run as the best for that run, within
the noise of the run's trials: the rule of `selection.recommend`, for all runs at once.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from deepcave_symbolic.comparing.forms import Data, Fit, Form, form_of, refit
from deepcave_symbolic.comparing.record import Comparison, Constant
from deepcave_symbolic.exceptions import InvalidArgumentError, SearchFailedError
from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.expression import Array, complexity, evaluate, longest_case
from deepcave_symbolic.formula import Formula
from deepcave_symbolic.names import shown_name
from deepcave_symbolic.printing import to_text
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.rounding import round_formula, weighted_r2
from deepcave_symbolic.selection import Target, is_defined, is_regular, score_one
from deepcave_symbolic.space import Axis
from deepcave_symbolic.tidy import tidy
from deepcave_symbolic.trust import error_of_mean

__all__ = ["LONGEST_FORM", "compare_explanations"]

LONGEST_FORM = 10
# As in `selection.recommend` and in the verdicts.
_TOLERANCE, _SLACK, _ROUGH_R2 = 1.1, 3e-4, 0.8
#: Forms of equal length that are fitted fully, and values of θ that each is fitted from.
_FULLY_FITTED, _STARTS = 3, 3
_FEWEST_POINTS = {1: 8, 2: 24}
_CHECK_POINTS = {1: 401, 2: 41}


@dataclass(frozen=True)
class _Fitted:
    form: Form
    fits: tuple[Fit, ...]

    @property
    def loss(self) -> float:
        return float(np.mean([1.0 - fit.r2 for fit in self.fits]))

    @property
    def settled(self) -> bool:
        """Whether every run tells its constants apart; constants that can stand for each other compare nothing."""
        return all(np.all(np.isfinite(fit.errors)) for fit in self.fits)


def compare_explanations(
    explanations: Mapping[str, Explanation], *, form: Formula | None = None, level: float = 0.05
) -> Comparison:
    """Returns the comparison of explanations of the same hyperparameters in several runs.

    Args:
        explanations: The explanations by the runs' names.
        form: A formula whose form is compared; None for the one that serves all runs best.
        level: Below this p-value a constant's differences are more than its uncertainty.

    Raises:
        InvalidArgumentError: If there are fewer than two, or they cannot be compared; says why.
        SearchFailedError: If the given form has no finite value on the whole domain for some run.
    """
    if len(explanations) < 2:
        raise InvalidArgumentError(f"A comparison needs two runs or more; found {len(explanations)}.")
    if not 0.0 < level < 1.0:
        raise InvalidArgumentError(f"The level is {level!r}; expected a number between 0 and 1, such as 0.05.")
    projections = {run: _projection(run, e) for run, e in explanations.items()}
    axes, notes = _shared_domain(projections)
    data = [_data(run, projections[run], axes, error_of_mean(e.noise)) for run, e in explanations.items()]
    if form is not None:
        weighed = [_given(form, explanations, data, axes)]
    else:
        candidates = _candidates(list(explanations.values()), len(axes))
        weighed = sorted(_weighed(candidates, data, axes), key=lambda f: (complexity(f.form.template), f.loss))
    settled = [fitted for fitted in weighed if fitted.settled] or weighed
    chosen = settled[_choice(settled, [_unseen(e, d) for e, d in zip(explanations.values(), data, strict=True)])]
    constants = tuple(_constants(chosen, level))
    names = [axis.name for axis in axes]
    formulas = [
        _formula(chosen.form, fit, projection, axes, e)
        for fit, projection, e in zip(chosen.fits, projections.values(), explanations.values(), strict=True)
    ]
    own = [e.best for e in explanations.values()]
    return Comparison(
        runs=tuple(explanations),
        explanations=tuple(explanations.values()),
        form=chosen.form.template,
        formulas=tuple(formulas),
        constants=constants,
        cross=tuple(tuple(_r2(formula, d) for d in data) for formula in own),
        cross_shape=tuple(tuple(_shape_r2(formula, d) for d in data) for formula in own),
        forms=tuple(
            (_form_text(f.form, names, formulas[0]), complexity(f.form.template), 1.0 - f.loss) for f in weighed
        ),
        level=level,
        notes=tuple([*notes, *_other_notes(explanations, projections, chosen), *_on_length(constants)]),
    )


# --- what can be compared -----------------------------------------------------------------------------------------


def _projection(run: str, explanation: Explanation) -> Projection:
    if explanation.projection is None or not explanation.formulas:
        raise InvalidArgumentError(f"{run}: {' '.join(explanation.warnings) or 'nothing could be explained.'}")
    return explanation.projection


def _shared_domain(projections: Mapping[str, Projection]) -> tuple[tuple[Axis, ...], list[str]]:
    """Returns the part of the domain that all runs have, and what differs between them in words."""
    axes: list[Axis] = []
    notes: list[str] = []
    for i in range(len(next(iter(projections.values())).axes)):
        own = {run: projection.axes[i] for run, projection in projections.items()}
        first = next(iter(own.values()))
        name = shown_name(first.name)
        for run, axis in own.items():
            if axis.name != first.name or axis.categorical != first.categorical or axis.labels != first.labels:
                raise InvalidArgumentError(
                    f"The runs do not share a domain: {axis.describe()} in {run}, {first.describe()} in the first one."
                )
        if len({(a.lower, a.upper) for a in own.values()}) > 1:
            lower, upper = max(a.lower for a in own.values()), min(a.upper for a in own.values())
            if lower >= upper:
                raise InvalidArgumentError(
                    f"The domains of {name} do not overlap: "
                    f"{'; '.join(f'{run}: {axis.describe()}' for run, axis in own.items())}."
                )
            notes.append(f"{name} has other bounds in other runs; compared on [{lower:g}, {upper:g}], which all have.")
            first = replace(first, lower=lower, upper=upper, values=_inside(first.values, lower, upper))
        if len({a.log for a in own.values()}) > 1:
            logs = ", ".join(run for run, axis in own.items() if axis.log)
            notes.append(
                f"{name} is on a log scale only in {logs}; points lie differently, forms are in natural units."
            )
        axes.append(first)
    return tuple(axes), notes


def _inside(values: tuple[float, ...] | None, lower: float, upper: float) -> tuple[float, ...] | None:
    return None if values is None else tuple(v for v in values if lower <= v <= upper)


def _data(run: str, projection: Projection, axes: Sequence[Axis], error: float) -> Data:
    inside = projection.valid.copy()
    for i, axis in enumerate(axes):
        inside &= (projection.grid[:, i] >= axis.lower) & (projection.grid[:, i] <= axis.upper)
    ranged = max(1, sum(not axis.categorical and axis.values is None for axis in axes))
    if len(axes) == ranged and inside.sum() < _FEWEST_POINTS[ranged]:
        raise InvalidArgumentError(
            f"Only {inside.sum()} points of {run} lie in the domain that all runs share; too few."
        )
    weights = projection.weights[inside]
    columns = tuple(np.ascontiguousarray(projection.grid[inside, i]) for i in range(len(axes)))
    return Data(columns, projection.mean[inside], weights / weights.sum(), error)


def _other_notes(
    explanations: Mapping[str, Explanation], projections: Mapping[str, Projection], chosen: _Fitted
) -> list[str]:
    notes = []
    for what, values in (
        ("objectives", {e.objective for e in explanations.values()}),
        ("budgets", {f"{e.budget:g}" if e.budget is not None else "none" for e in explanations.values()}),
        ("directions", {str(e.provenance.get("direction")) for e in explanations.values()}),
        ("surrogates", {e.surrogate.name for e in explanations.values() if e.surrogate is not None}),
    ):
        if len(values) > 1:
            notes.append(f"The runs have different {what}: {', '.join(sorted(map(shown_name, values)))}.")
    doubtful = [run for run, e in explanations.items() if e.verdict == "do not trust"]
    if doubtful:
        notes.append(f'Verdict "do not trust" in {", ".join(doubtful)}: its constants say little.')
    flat = [run for run, projection in projections.items() if projection.is_flat]
    if flat:
        notes.append(f"The projection is constant in {', '.join(flat)}.")
    rough = [f"{run} ({fit.r2:.2f})" for run, fit in zip(explanations, chosen.fits, strict=True) if fit.r2 < _ROUGH_R2]
    if rough and chosen.form.terms:
        notes.append(f"The common form follows only roughly (R²): {', '.join(rough)}; its constants mean less there.")
    if not chosen.form.terms:
        notes.append("No form beyond a constant serves all runs.")
    return notes


def _on_length(constants: Sequence[Constant]) -> list[str]:
    if any(constant.agreement != "undetermined" for constant in constants):
        return []
    return [
        "No constant of this form is determined: the trials of the least certain run settle none. A shorter form may "
        "say more: max_complexity=N (--max-complexity N)."
    ]


# --- the common form ----------------------------------------------------------------------------------------------


def _given(formula: Formula, runs: Iterable[str], data: Sequence[Data], axes: Sequence[Axis]) -> _Fitted:
    """Returns the form of the user's choice, fitted to every run, whatever sizes its constants have there."""
    if len(formula.axes) != len(axes):
        raise InvalidArgumentError(f"The form has {len(formula.axes)} hyperparameters; {len(axes)} are compared.")
    form, theta = form_of(formula.tree, len(axes))
    check = _check_points(axes)
    fits, without = [], []
    for run, d in zip(runs, data, strict=True):
        fit = refit(form, d, [theta])
        if fit is None or not is_defined(form.with_constants(fit.p), check, d.y):
            without.append(run)
        else:
            fits.append(fit)
    if without:
        raise SearchFailedError(
            f"With the constants that fit {', '.join(without)} best, the form of {formula} has no finite value "
            "everywhere, or values far from the surrogate's; choose another one."
        )
    return _Fitted(form, tuple(fits))


def _check_points(axes: Sequence[Axis]) -> list[Array]:
    """Returns dense points over the domain, one array a hyperparameter."""
    grids = [axis.check_grid(_CHECK_POINTS[len(axes)]) for axis in axes]
    return [m.ravel() for m in np.meshgrid(*grids, indexing="ij")]


def _candidates(explanations: Sequence[Explanation], k: int) -> dict[Form, list[Array]]:
    """Returns the forms with the values of θ that were found for them.

    None is longer than the longest formula that a run recommends: its trials do not settle more constants than that.
    """
    found: dict[Form, list[Array]] = defaultdict(list)
    longest = min(LONGEST_FORM, max(longest_case(e.best.tree) for e in explanations))
    for formula in (f for e in explanations for f in e.formulas):
        if longest_case(formula.tree) <= longest:
            form, theta = form_of(formula.tree, k)
            found[form].append(theta)
    return found


def _weighed(candidates: Mapping[Form, list[Array]], data: Sequence[Data], axes: Sequence[Axis]) -> list[_Fitted]:
    """Returns the most promising forms of every length, fitted to every run; those without a value are left out."""
    by_length: dict[int, list[tuple[float, str, Form]]] = defaultdict(list)
    for form, starts in candidates.items():
        rough = [refit(form, d, starts, search=False) for d in data]
        loss = float(np.mean([1.0 if fit is None else 1.0 - fit.r2 for fit in rough]))
        by_length[complexity(form.template)].append((loss, str(form.template), form))
    check = _check_points(axes)
    weighed = []
    for _, group in sorted(by_length.items()):
        for _, _, form in sorted(group)[:_FULLY_FITTED]:
            fits = [refit(form, d, candidates[form][:_STARTS]) for d in data]
            known = [fit for fit in fits if fit is not None]
            if len(known) == len(data) and all(
                is_regular(form.with_constants(fit.p), check, d.y) for fit, d in zip(known, data, strict=True)
            ):
                weighed.append(_Fitted(form, tuple(known)))
    return weighed


def _unseen(explanation: Explanation, data: Data) -> float:
    """Returns what the run's trials cannot see of 1 - R²."""
    mean = float(data.weights @ data.y)
    variance = float(data.weights @ (data.y - mean) ** 2)
    return min(1.0, explanation.noise**2 / variance) if variance > 0.0 else 0.0


def _choice(weighed: Sequence[_Fitted], unseen: Sequence[float]) -> int:
    """Returns the index of the shortest form that serves every run as well as any form, within that run's noise.

    Where none serves all, the one that misses least; a run that knows little asks for little.
    """
    losses = np.array([[1.0 - fit.r2 for fit in fitted.fits] for fitted in weighed])
    best = losses.min(axis=0)
    limits = np.maximum(best + np.array(unseen), _TOLERANCE * best + _SLACK)
    missed = np.maximum(0.0, losses - limits).sum(axis=1)
    good = [i for i in range(len(weighed)) if missed[i] <= _TOLERANCE * missed.min() + _SLACK]
    shortest = complexity(weighed[good[0]].form.template)
    return min((i for i in good if complexity(weighed[i].form.template) == shortest), key=lambda i: weighed[i].loss)


def _formula(form: Form, fit: Fit, projection: Projection, axes: Sequence[Axis], explanation: Explanation) -> Formula:
    """Returns the common form with a run's constants, rounded, then scored on the shared domain."""
    shared = np.array([axis.contains(projection.held_out.grid[:, i]) for i, axis in enumerate(axes)]).all(axis=0)
    held = projection.held_out
    if not np.any(shared):
        shared = np.ones(len(held.mean), dtype=bool)
    fitted = projection.valid & np.array(
        [(projection.grid[:, i] >= a.lower) & (projection.grid[:, i] <= a.upper) for i, a in enumerate(axes)]
    ).all(axis=0)
    x, y, weights = projection.grid[fitted], projection.mean[fitted], projection.weights[fitted]
    columns = [np.ascontiguousarray(x[:, i]) for i in range(len(axes))]
    tree = round_formula(tidy(form.with_constants(fit.p), columns), columns, y, weights)
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


# --- agreement ----------------------------------------------------------------------------------------------------


def _constants(chosen: _Fitted, level: float) -> list[Constant]:
    return [
        _constant(f"c{j + 1}", role, [f.p[j] for f in chosen.fits], [f.errors[j] for f in chosen.fits], level)
        for j, role in enumerate(chosen.form.roles)
    ]


def _constant(name: str, role: str, values: Sequence[float], errors: Sequence[float], level: float) -> Constant:
    """Returns a constant with its agreement: Cochran's Q of the values, each weighed by 1/error²."""
    from scipy.stats import chi2

    v, s = np.array(values), np.array(errors)
    if not np.all(np.isfinite(s)):
        return Constant(name, role, tuple(values), tuple(errors), math.nan, math.inf, math.nan, "undetermined")
    # Without any noise two values still agree only to the digits that fitting has.
    s = np.maximum(s, 1e-6 * float(np.max(np.abs(v))) or 1e-300)
    w = (np.min(s) / s) ** 2
    mean = float(w @ v / w.sum())
    p_value = float(chi2.sf(float(np.sum(((v - mean) / s) ** 2)), len(v) - 1))
    tolerance = 2.0 * float(np.max(s))
    agreement = "differ" if p_value < level else "undetermined" if tolerance >= abs(mean) else "agree"
    return Constant(name, role, tuple(values), tuple(errors), mean, tolerance, p_value, agreement)


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
