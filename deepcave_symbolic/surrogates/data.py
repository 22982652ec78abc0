"""Training data: the rows of X and y that SMAC's encoder would give its model, and checked prediction inputs.

Notation:
    X: ConfigSpace vectors, shape (n, d); NaN marks an inactive hyperparameter.
    features: instance features of the rows, shape (n, f); f is 0 without features.
    y, z: costs in objective and in encoder units, shape (n,).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.exceptions import InvalidArgumentError, NoTrialsError, SurrogateError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.runs.run import Run, Trial
from deepcave_symbolic.runs.trial_selection import MIN_ROWS, budget_text, has_cost, select_trials, usable_trials
from deepcave_symbolic.surrogates.encoders import Encoder, UnsuitableCostsError, fit_encoder
from deepcave_symbolic.words.numbers import counted

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["WITHOUT_COST", "TrainingData", "chunks", "collect", "conditional", "impute", "instance_features"]

#: What is said of trials that cannot be learned from.
WITHOUT_COST = "whose cost is infinite, missing or too large"


@dataclass(frozen=True)
class TrainingData:
    """What a model is trained on.

    Args:
        X: Vectors, one row per trial, in the order of SMAC's encoder, shape (n, d).
        features: Instance features of the rows, shape (n, f).
        y: Costs in objective units, shape (n,).
        z: Costs in encoder units, shape (n,).
        groups: Number of the row's configuration, shape (n,).
        encoder: The fitted encoder.
        n_left_out: Trials without a cost that can be learned from, which are not among the rows.
        n_clipped: Costs that the encoder raised because they have no logarithm.
        n_timeouts: Timeouts among the rows that were encoded after other trials.
        failed: Whether the row's configuration has another trial that was left out, or one that breaks the run's
            constraints, so that it is no incumbent while there are others, shape (n,).
    """

    X: Array
    features: Array
    y: Array
    z: Array
    groups: npt.NDArray[np.intp]
    encoder: Encoder
    n_left_out: int
    n_clipped: int
    n_timeouts: int = 0
    failed: npt.NDArray[np.bool_] | None = None

    @property
    def rows(self) -> Array:
        """Vectors and instance features side by side, as SMAC's model takes them, shape (n, d + f)."""
        return np.hstack([self.X, self.features])


def collect(
    run: Run, *, objective: int, budget: float | None, encoder_name: str, scale_percentage: float = 5
) -> TrainingData:
    """Returns the rows for one objective and budget.

    The considered trials come first and the timeouts after them; the encoder's statistics are those of the considered
    trials (of the timeouts where there are no others), as in `AbstractRunHistoryEncoder.transform`.

    Raises:
        NoTrialsError: If fewer than three trials have a finite cost.
        SurrogateError: If the encoder has no inverse or an instance has no features.
        UnsuitableCostsError: If the encoder cannot scale the costs or has no value for a considered one.
    """
    parts = select_trials(run, budget)
    finite = [[trial for trial in part if has_cost(trial, objective)] for part in parts]
    n_left_out = sum(map(len, parts)) - sum(map(len, finite))
    failed = {t.config_id for part in parts for t in part if not (has_cost(t, objective) and t.feasible)}
    _check_enough(run, objective, budget, sum(map(len, finite)), n_left_out)
    costs = [np.array([trial.costs[objective] for trial in part], dtype=np.float64) for part in finite]
    trials = finite[0] + finite[1]
    y = np.concatenate(costs)
    learned = costs[0] if len(costs[0]) else costs[1]
    encoder = fit_encoder(encoder_name, learned, scale_percentage=scale_percentage, highest=float(np.max(y)))
    # SMAC encodes the two parts one after the other; clipping and ranks depend on the part.
    encoded = [encoder.encode(part) for part in costs]
    _check_encoded(encoder, learned, encoded[0] if len(costs[0]) else encoded[1])
    z = np.concatenate(encoded)
    X = np.array([run.configurations[trial.config_id] for trial in trials], dtype=np.float64)
    features = _feature_rows(run, trials)
    # A timeout cheaper than every considered trial has no logarithm (root, inverse) on their scale.
    keep = np.isfinite(z)
    _check_enough(run, objective, budget, int(keep.sum()), n_left_out + int(np.sum(~keep)))
    numbers: dict[bytes, int] = {}
    groups = np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in X], dtype=np.intp)
    return TrainingData(
        X=X[keep],
        features=features[keep],
        y=y[keep],
        z=z[keep],
        groups=groups[keep],
        encoder=encoder,
        n_left_out=n_left_out + int(np.sum(~keep)),
        n_clipped=sum(encoder.n_clipped(part) for part in costs),
        n_timeouts=int(keep[len(finite[0]) :].sum()) if finite[0] else 0,
        failed=np.array([trial.config_id in failed for trial in trials], dtype=bool)[keep],
    )


def _check_encoded(encoder: Encoder, y: Array, z: Array) -> None:
    """Refuses what SMAC's own model could not have learned from: costs lost in the encoder's arithmetic."""
    if not np.isfinite(z).all():
        y = y[~np.isfinite(z)]
        raise UnsuitableCostsError(f"{encoder.name}, the run's encoder, has no finite value for the cost {y[0]:g}.")
    if np.ptp(z) == 0 and np.any(y != y[0]) and encoder.n_clipped(y) < len(y):
        raise UnsuitableCostsError(
            f"{encoder.name}, the run's encoder, gives costs from {y.min():g} to {y.max():g} one and the same value."
        )


#: What to do about too few trials, and where trials without a cost are among them.
_ADVICE = ("Wait for more trials.", "Look at why trials fail, or wait for more that succeed.")


def _check_enough(run: Run, objective: int, budget: float | None, n_rows: int, n_left_out: int) -> None:
    if n_rows >= MIN_ROWS:
        return
    at = "" if budget is None else f" at budget {budget_text(budget)}"
    lost = f" (beside {counted(n_left_out, 'trial')} {WITHOUT_COST})" if n_left_out else ""
    others = {b: n for b, n in usable_trials(run, objective).items() if b != budget}
    best = max(others, key=lambda b: others[b], default=None)
    advice = _ADVICE[n_left_out > 0]
    if best is not None and others[best] >= MIN_ROWS:
        advice = f"Choose budget={budget_text(best)} (--budget {budget_text(best)}), which has {others[best]}."
    elif others:
        lost += ", and no other budget has enough"
    raise NoTrialsError(
        f"Run {run.name!r} has {counted(n_rows, 'usable trial')}{at}{lost}; a surrogate needs at least {MIN_ROWS}. "
        f"{advice}"
    )


def instance_features(run: Run) -> Mapping[str, list[float]] | None:
    """Returns the features by instance that scenario.json records, None without any.

    Raises:
        SurrogateError: If they are not lists of numbers of one length.
    """
    recorded: Any = run.scenario.get("instance_features")
    if not recorded:
        return None
    if not isinstance(recorded, Mapping):
        raise SurrogateError(_BAD_FEATURES)
    try:
        table = np.array(list(recorded.values()), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SurrogateError(_BAD_FEATURES) from error
    if table.ndim != 2 or table.shape[1] == 0 or not np.isfinite(table).all():
        raise SurrogateError(_BAD_FEATURES)
    return {str(name): row.tolist() for name, row in zip(recorded, table, strict=True)}


_BAD_FEATURES = "scenario.json: 'instance_features' must give every instance equally many finite numbers."


def _feature_rows(run: Run, trials: list[Trial]) -> Array:
    features = instance_features(run)
    if features is None:
        return np.empty((len(trials), 0))
    missing = {trial.instance for trial in trials} - set(features)
    if missing:
        raise SurrogateError(f"scenario.json has no features for instance {sorted(map(str, missing))[0]!r}.")
    return np.array([features[str(trial.instance)] for trial in trials], dtype=np.float64)


def conditional(configspace: ConfigurationSpace) -> npt.NDArray[np.bool_]:
    """Returns which hyperparameters can be inactive, shape (d,)."""
    return np.array([len(configspace.parents_of[name]) > 0 for name in configspace], dtype=bool)


def impute(X: Array, values: Array) -> Array:
    """Returns a copy of X with NaN replaced by a hyperparameter's value for "inactive".

    Args:
        X: Vectors, shape (n, d).
        values: The replacement, NaN for a hyperparameter that is always active, shape (d,).

    Raises:
        InvalidArgumentError: If X has another shape or an entry that may not be NaN or infinite.
    """
    X = np.asarray(X, dtype=np.float64)
    if X.ndim != 2 or X.shape[1] != len(values):
        raise InvalidArgumentError(f"Expected vectors of shape (n, {len(values)}), got an array of shape {X.shape}.")
    filled = np.where(np.isnan(X), values, X)
    if not np.isfinite(filled).all():
        column = int(np.flatnonzero(~np.isfinite(filled).all(axis=0))[0])
        raise InvalidArgumentError(
            f"Column {column} of the vectors holds NaN or infinity, but its hyperparameter is always active."
        )
    return filled


def chunks(n: int, size: int) -> Iterator[slice]:
    """Yields slices that cover n rows, at most `size` at a time."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))
