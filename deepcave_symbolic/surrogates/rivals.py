"""Which of several surrogates of the same trials predicts unseen ones better, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from deepcave_symbolic.surrogates.base import FittedSurrogate, OnDemand, Rival
from deepcave_symbolic.surrogates.scales import CostScale
from deepcave_symbolic.surrogates.validation import r2_of
from deepcave_symbolic.words.surrogate_names import SurrogateName

__all__ = ["STAND_IN", "best_of", "compare", "with_rival", "with_warning"]

_WORTH_A_WORD = 0.1
#: A gain in R² that may as well be chance. Chosen on the landscapes of benchmarks/data/tuning.
_TOO_CLOSE = 0.03
#: What stands in for a surrogate that a run does not have, in words.
STAND_IN = "a consensus of a Gaussian process and trees"
_WORDS: dict[SurrogateName, str] = {
    "forest": "A random forest",
    "consensus": f"{STAND_IN[0].upper()}{STAND_IN[1:]}",
}


@dataclass(frozen=True)
class Compared:
    """Two surrogates of the same trials on one scale.

    Args:
        r2: Cross-validated R² of each; None where there is none.
        cost_scale: What they are about, see `SurrogateRecord`.
        clearly: Whether the first one is better by more than chance and by enough for a word.
    """

    r2: tuple[float | None, float | None]
    cost_scale: str
    clearly: bool


def compare(one: FittedSurrogate, other: FittedSurrogate) -> Compared:
    """Returns how two surrogates predict unseen trials, on the compressed scale where either has learned on it.

    One is clearly better where the squared errors, compared configuration by configuration, differ in the mean by twice
    the standard error, and the gain in cross-validated R² is worth a word.

    Args:
        one: A cross-validated surrogate.
        other: Another one of the same trials.
    """
    scale = one.scale or other.scale
    r2 = _r2_on(one, scale), _r2_on(other, scale)
    return Compared(r2, "cost" if scale is None else scale.name, _clearly(one, other, scale, *r2))


def _r2_on(surrogate: FittedSurrogate, scale: CostScale | None) -> float | None:
    if surrogate.held_out is None or surrogate.scale == scale:
        return surrogate.record.cv_r2
    y, predicted = surrogate.y, surrogate.held_out
    if scale is not None:
        y, predicted = scale.encode(y), scale.encode(predicted)
    return r2_of(y, predicted, np.ones_like(y))


def _clearly(
    one: FittedSurrogate, other: FittedSurrogate, scale: CostScale | None, r2: float | None, other_r2: float | None
) -> bool:
    mine, theirs = one.residuals_on(scale), other.residuals_on(scale)
    if mine is None or theirs is None or len(mine) != len(theirs):
        return False
    if r2 is None or other_r2 is None or r2 < other_r2 + _WORTH_A_WORD:
        return False
    # Relative to the largest error, so that squares of huge costs stay numbers.
    size = float(max(np.max(np.abs(mine)), np.max(np.abs(theirs))))
    gain = (theirs / size) ** 2 - (mine / size) ** 2
    return bool(gain.mean() > 2.0 * gain.std(ddof=1) / np.sqrt(len(gain)))


def with_rival(used: FittedSurrogate, rival: FittedSurrogate | None, kind: SurrogateName) -> FittedSurrogate:
    """Notes the rival and says what to choose where it predicts unseen trials clearly better.

    Args:
        used: The surrogate asked for.
        rival: Another one; None where there is none.
        kind: What to choose for that.
    """
    if rival is None:
        return used
    compared = compare(rival, used)
    used = _noted(used, rival, kind, clearly=compared.clearly)
    if not compared.clearly or compared.r2[0] is None or compared.r2[1] is None:
        return used
    what = _WORDS.get(kind, f"The run's own {rival.record.name}")
    return with_warning(
        used,
        f"{what} predicts unseen trials clearly better (cross-validated R²{_of(compared)} {compared.r2[0]:.2f} against "
        f'{compared.r2[1]:.2f}): choose surrogate="best" '
        '(command line: --surrogate best; panel: Surrogate "Whichever predicts unseen trials better").',
    )


def best_of(candidates: Sequence[tuple[SurrogateName, FittedSurrogate]]) -> FittedSurrogate:
    """Returns the surrogate that predicts unseen trials best; the record says what lost to it and by how much.

    What lost is the run's own, and where that was chosen or is none, the next one.

    Args:
        candidates: At least two, each with its kind. The first one stays where another one is hardly better; the run's
            own where they cannot be compared.
    """
    (winner_kind, first), *others = candidates
    if any(surrogate.record.cv_r2 is None for _, surrogate in candidates):
        kept = dict(candidates).get("run", first)
        sentence = f"{kept.record.name} was chosen: cross-validation could not compare it with others."
        return with_warning(_trained(kept), sentence)
    winner, (next_kind, following) = first, max(others, key=lambda each: _gain(each[1], first))
    if _gain(following, first) > _TOO_CLOSE:
        winner_kind, winner = next_kind, following
    losers = [(kind, surrogate) for kind, surrogate in candidates if kind != winner_kind]
    kind, second = max(losers, key=lambda each: (each[0] == "run", _gain(each[1], winner)))
    compared = compare(second, winner)
    theirs, mine = compared.r2
    chosen = _noted(_trained(winner), second, kind)
    if theirs is None or mine is None:
        return chosen
    what = f"{winner.record.name} ({mine:.3f}) over {second.record.name} ({theirs:.3f})"
    why = f"{mine - theirs:.3f} better" if mine >= theirs else "too close to tell, and the first is better as a rule"
    return with_warning(chosen, f"Chosen by cross-validated R²{_of(compared)}: {what}, {why}.")


def _gain(one: FittedSurrogate, other: FittedSurrogate) -> float:
    mine, theirs = compare(one, other).r2
    return -np.inf if mine is None or theirs is None else mine - theirs


def _trained(surrogate: FittedSurrogate) -> FittedSurrogate:
    return replace(surrogate, model=surrogate.model.trained) if isinstance(surrogate.model, OnDemand) else surrogate


def _noted(
    used: FittedSurrogate, rival: FittedSurrogate, kind: SurrogateName, *, clearly: bool = False
) -> FittedSurrogate:
    record = rival.record
    worse = compare(used, rival).clearly
    noted = Rival(record.name, kind, record.cv_r2, clearly, record.cost_scale, clearly_worse=worse)
    return replace(used, record=replace(used.record, rival=noted), rival=rival)


def _of(compared: Compared) -> str:
    return "" if compared.cost_scale == "cost" else f" of {compared.cost_scale}"


def with_warning(surrogate: FittedSurrogate, sentence: str) -> FittedSurrogate:
    """Returns the surrogate with one more sentence for the user."""
    return replace(surrogate, record=replace(surrogate.record, warnings=(*surrogate.record.warnings, sentence)))
