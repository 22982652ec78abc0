"""What is worth knowing of a run as a whole before one of its explanations is read, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcave_symbolic.numeric.arrays import Array, Mask
from deepcave_symbolic.projection import USUAL, Subject
from deepcave_symbolic.runs.run import Run, Status
from deepcave_symbolic.space.choices import choices_of, names_of
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import number_text, percent, round_significant, rounded_text

__all__ = ["notes_on_run"]

# Chosen on the landscapes of benchmarks/data/tuning; see docs/features/region.md.
#: Averages over the space are about its worse half where the better half has no more than this share of the variance.
_DOMINATED = 0.02
#: Crashes that cost about the same, within this share of the standard deviation, are told from other costs where they
#: are so large a part of the space; beside them so much of it has to be better.
_LEVEL, _CRASHES, _GOOD = 0.1, 0.25, 0.1
#: Failed trials are told apart by a hyperparameter where chance would do so this rarely, and by no fewer of them.
_CHANCE, _FEWEST_FAILED = 1e-3, 3

_FAILED = (Status.CRASHED, Status.TIMEOUT, Status.MEMORYOUT)


def notes_on_run(run: Run, subject: Subject, objective: str, budget: float | None) -> tuple[str, ...]:
    """Returns sentences on where the trials failed, and on a space of which averages show the worse half only.

    Args:
        run: The run.
        subject: The surrogate over the run's space; what is asked decides whether averages are shown at all.
        objective: Name of the objective.
        budget: Budget whose trials were used; None without budgets.
    """
    dominated = _dominated(subject, objective) if subject.view == USUAL else ""
    return tuple(filter(None, (dominated, _where_trials_fail(run, budget))))


def _dominated(subject: Subject, objective: str) -> str:
    costs = -subject.over_space if subject.maximize else subject.over_space
    scale = float(np.max(np.abs(costs), initial=0.0)) or 1.0
    costs = costs / scale
    spread = float(np.std(costs))
    # Where the best are all alike there is nothing to see among them.
    if spread <= 1e-12 or np.quantile(costs, 0.1) <= np.min(costs):
        return ""
    for edge in _edges(costs, spread):
        share = float(np.var(np.minimum(costs, edge))) / spread**2
        if share <= _DOMINATED:
            beyond, value = ("below", -edge) if subject.maximize else ("above", edge)
            most = "over 99 %" if share < 0.01 else percent(1.0 - share)
            return (
                f"In half of the space {shown_name(objective)} is {beyond} {rounded_text(scale * value + 0.0)}, which "
                f'makes {most} of its variance: region="best 10%" (--region "best 10%"; panel: Region) shows what '
                "matters near the optimum."
            )
    return ""


def _edges(costs: Array, spread: float) -> Iterator[float]:
    """Yields costs that half of the space exceeds: the median and, where crashes all cost that, the next better one."""
    middle = float(np.median(costs))
    yield middle
    better = costs[costs < middle - _LEVEL * spread]
    if len(better) >= _GOOD * len(costs) and np.mean(np.abs(costs - middle) <= _LEVEL * spread) >= _CRASHES:
        yield float(np.max(better))


@dataclass(frozen=True)
class _Side:
    """Configurations on one side of a threshold, or with one choice, among them all that failed.

    Args:
        words: What they have, such as "x above 0.7".
        n_others: How many of them did not fail.
    """

    words: str
    n_others: int


def _where_trials_fail(run: Run, budget: float | None) -> str:
    """Returns by which hyperparameter the failed trials are told apart; empty where by none, or perhaps by chance.

    Did the k failed configurations of n lie anywhere, they would all lie among the k + a on one side with probability
    C(k + a, k) / C(n, k) (hypergeometric), for each of the sides looked at.
    """
    trials = [t for t in run.trials if t.status != Status.RUNNING and (budget is None or t.budget == budget)]
    failed_trials = [t for t in trials if t.status in _FAILED]
    ids = sorted({t.config_id for t in trials})
    failed = np.isin(ids, list({t.config_id for t in failed_trials}))
    n, k = len(ids), int(failed.sum())
    if k < _FEWEST_FAILED or k == n:
        return ""
    X = np.array([run.configurations[i] for i in ids])
    looked_at, sides = 0, []
    for column, hyperparameter in zip(X.T, run.configspace.values(), strict=True):
        found = list(_sides(hyperparameter, column, failed))
        looked_at += len(found)
        sides += [side for side in found if side is not None]
    best = min(sides, key=lambda side: side.n_others, default=None)
    if best is None or best.n_others > k:
        return ""
    if math.comb(k + best.n_others, k) / math.comb(n, k) * looked_at >= _CHANCE:
        return ""
    others = f", as do {best.n_others} of the {n - k} other configurations" if best.n_others else ""
    return f"All {len(failed_trials)} failed trials have {best.words}{others}."


def _sides(hyperparameter: Any, column: Array, failed: Mask) -> Iterator[_Side | None]:
    """Yields every side of a hyperparameter that is looked at, None where failed configurations lie outside of it."""
    name = shown_name(hyperparameter.name)
    if not hasattr(hyperparameter, "lower"):
        choices = names_of(choices_of(hyperparameter))
        for i, choice in enumerate(choices if len(choices) > 1 else ()):
            n_others = int(np.sum(~failed & (column == i)))
            yield _Side(f"{name} = {shown_name(choice)}", n_others) if np.all(column[failed] == i) else None
        return
    values = np.full(len(column), np.nan)
    active = ~np.isnan(column)
    values[active] = np.asarray(hyperparameter.to_value(column[active]), dtype=np.float64)
    whole = isinstance(hyperparameter.default_value, int | np.integer)
    for word, sign in (("above", 1.0), ("below", -1.0)):
        signed = sign * values
        edge = np.min(signed[failed])
        beyond = ~failed & (signed < edge)
        if np.isnan(edge) or not np.any(beyond):
            yield None
            continue
        last = float(np.max(signed[beyond]))
        threshold = sign * (last if whole else _between(last, float(edge)))
        yield _Side(f"{name} {word} {number_text(threshold)}", int(np.sum(~failed & (signed >= edge))))


def _between(low: float, high: float) -> float:
    """Returns a number from low on and below high, with few digits."""
    for digits in range(1, 17):
        number = round_significant((low + high) / 2.0, digits)
        if low <= number < high:
            return number
    return low
