"""What to know before the constants of a comparison are believed, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from deepcave_symbolic.comparing.choosing import Fitted
from deepcave_symbolic.comparing.comparison import Constant
from deepcave_symbolic.findings.explained import Explained
from deepcave_symbolic.findings.trust import VERDICTS
from deepcave_symbolic.formulas.limits import ROUGH_FORMULA_R2
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.runs.trial_selection import budget_text
from deepcave_symbolic.words.names import shown_name

__all__ = ["notes_on"]


def notes_on(
    explanations: Mapping[str, Explained],
    projections: Mapping[str, Projection],
    chosen: Fitted,
    closest: Fitted,
    constants: Sequence[Constant],
    text: Callable[[Fitted], str],
) -> list[str]:
    """Returns the notes on a comparison.

    Args:
        explanations: The explanations by the runs' names.
        projections: Their projections.
        chosen: The form compared.
        closest: The form that follows the runs.
        constants: The constants of the chosen one.
        text: Prints a form.
    """
    return [*_on_runs(explanations, projections, chosen), *_on_closest(closest, chosen, text), *_on_length(constants)]


def _on_runs(explanations: Mapping[str, Explained], projections: Mapping[str, Projection], chosen: Fitted) -> list[str]:
    notes = []
    for what, values in (
        ("objectives", {e.objective for e in explanations.values()}),
        ("budgets", {budget_text(e.budget) if e.budget is not None else "none" for e in explanations.values()}),
        ("directions", {e.direction for e in explanations.values()}),
        ("surrogates", {e.surrogate.name for e in explanations.values()}),
    ):
        if len(values) > 1:
            notes.append(f"The runs have different {what}: {', '.join(sorted(map(shown_name, values)))}.")
    doubtful = [run for run, e in explanations.items() if e.verdict in VERDICTS[2:]]
    if doubtful:
        notes.append(f'Verdict "{VERDICTS[2]}" or "{VERDICTS[3]}" in {", ".join(doubtful)}: its constants say little.')
    flat = [run for run, projection in projections.items() if projection.is_flat]
    if flat:
        notes.append(f"The projection is constant in {', '.join(flat)}.")
    fits = zip(explanations, chosen.fits, strict=True)
    rough = [f"{run} ({fit.r2:.2f})" for run, fit in fits if fit.r2 < ROUGH_FORMULA_R2]
    if rough and chosen.form.terms:
        notes.append(f"The common form follows only roughly (R²): {', '.join(rough)}; its constants mean less there.")
    if not chosen.form.terms:
        notes.append("No form beyond a constant serves all runs.")
    return notes


def _on_closest(closest: Fitted, chosen: Fitted, text: Callable[[Fitted], str]) -> list[str]:
    if closest is chosen:
        return []
    return [
        f"{text(closest)} follows the runs more closely (R² {_span(closest)} instead of {_span(chosen)}), but the "
        "trials do not determine most of its constants; compared is the form whose constants they do."
    ]


def _span(fitted: Fitted) -> str:
    low, high = (f"{pick(fit.r2 for fit in fitted.fits):.2f}" for pick in (min, max))
    return low if low == high else f"{low} to {high}"


def _on_length(constants: Sequence[Constant]) -> list[str]:
    if any(constant.agreement != "undetermined" for constant in constants):
        return []
    return [
        "No constant of this form is determined: the trials of the least certain run settle none. A shorter form may "
        "say more: max_complexity=N (--max-complexity N)."
    ]
