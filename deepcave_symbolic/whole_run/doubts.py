"""What speaks against a formula of a whole run: the surrogate may know little, or the formula may leave much out."""

from __future__ import annotations

from collections.abc import Iterator

from deepcave_symbolic.findings.reasons import on_surrogate
from deepcave_symbolic.findings.trust import VERDICTS, Verdict
from deepcave_symbolic.formulas.limits import NO_FORMULA_R2, ROUGH_FORMULA_R2
from deepcave_symbolic.surrogates.base import SurrogateRecord
from deepcave_symbolic.whole_run.formula import RunFormula
from deepcave_symbolic.words.numbers import counted

__all__ = ["doubts_on", "worst_of"]


def doubts_on(surrogate: SurrogateRecord, formula: RunFormula) -> tuple[tuple[Verdict, str], ...]:
    """Returns sentences, each with the verdict that it makes alone.

    Args:
        surrogate: The model that spoke.
        formula: The formula shown.
    """
    return tuple((VERDICTS[severity], sentence) for severity, sentence in _doubts(surrogate, formula))


def worst_of(doubts: tuple[tuple[Verdict, str], ...]) -> Verdict | None:
    """Returns the verdict that doubts make together; None without one.

    How likely a formula of all hyperparameters is close to the truth was never calibrated, so "trust" is not said.
    """
    return max((verdict for verdict, _ in doubts), key=VERDICTS.index, default=None)


def _doubts(surrogate: SurrogateRecord, formula: RunFormula) -> Iterator[tuple[int, str]]:
    yield from on_surrogate(surrogate)
    if not formula.parts:
        trials = counted(surrogate.n_trials, "trial")
        yield 2, f"{trials} cannot tell from noise what any hyperparameter does: the formula is a level alone."
    elif formula.r2 < NO_FORMULA_R2:
        yield 3, f"The formula does not explain the surrogate: R² {round(formula.r2, 2) + 0.0:.2f}."
    elif formula.r2 < ROUGH_FORMULA_R2:
        yield 1, f"The formula follows the surrogate only roughly (R² {formula.r2:.2f})."
