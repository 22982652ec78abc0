"""The surrogate protocol and the record that says which model spoke.

Notation:
    X: ConfigSpace vectors in the configuration space's order, shape (n, d); NaN marks an inactive hyperparameter.
    mean, std: in objective units, shape (n,).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.records import Frozen, Record
from deepcave_symbolic.surrogates.scales import CostScale

__all__ = [
    "FittedSurrogate",
    "JointSurrogate",
    "OnDemand",
    "Rival",
    "Surrogate",
    "SurrogateOfMeans",
    "SurrogateRecord",
    "TimedSurrogate",
    "deviations_of_members",
    "mean_by_configuration",
    "mean_of",
]


@runtime_checkable
class Surrogate(Protocol):
    """A model of the objective over the configuration space."""

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Returns mean and standard deviation in objective units, each of shape (n,), for vectors X of shape (n, d)."""
        ...


@runtime_checkable
class TimedSurrogate(Surrogate, Protocol):
    """A surrogate that knows how long it predicts, by which a projection decides how much it averages over."""

    @property
    def row_seconds(self) -> float:
        """Roughly the seconds of the prediction for one vector; an estimate from its size, not measured."""
        ...


@runtime_checkable
class JointSurrogate(Surrogate, Protocol):
    """A surrogate that knows how its errors at several points go together."""

    def deviations(self, X: Array, n: int, rng: np.random.Generator) -> Array | None:
        """Returns by how much other functions that fit the trials differ from its mean, objective units.

        Args:
            X: Vectors, shape (r, d).
            n: How many functions are drawn.
            rng: Decides them.

        Returns:
            Shape (n, r), of mean zero over the draws; None where the model does not know.
        """
        ...


@runtime_checkable
class SurrogateOfMeans(Surrogate, Protocol):
    """A surrogate whose mean takes less time without the standard deviation."""

    def predict_mean(self, X: Array) -> Array:
        """Returns the mean in objective units, shape (n,), for vectors X of shape (n, d)."""
        ...


#: How much farther from the mean of an ensemble the truth is than its members' spread says; see `projection.projector`.
_MEMBERS_WIDER = 1.4


def deviations_of_members(members: Array, n: int, rng: np.random.Generator) -> Array:
    """Returns draws with the covariance of the members of an ensemble, shape (n, r).

    Every member saw other trials, or the same with other chances, so that they differ as functions would that fit other
    trials. Of a single member nothing is known.

    Args:
        members: What each predicts, objective units, shape (r, members).
        n: How many draws.
        rng: Decides them.
    """
    weights = _MEMBERS_WIDER * rng.standard_normal((n, members.shape[1])) / math.sqrt(max(1, members.shape[1] - 1))
    centred = members - members.mean(axis=1, keepdims=True)
    return np.asarray((weights - weights.mean(axis=0)) @ centred.T)


class OnDemand:
    """A model that is trained when it is first asked; one that is only compared with never is.

    Args:
        fit: Trains it.
    """

    def __init__(self, fit: Callable[[], Surrogate]) -> None:
        self._fit = fit

    @functools.cached_property
    def trained(self) -> Surrogate:
        """The model."""
        return self._fit()

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Returns mean and standard deviation in objective units, each of shape (n,)."""
        return self.trained.predict(X)

    def predict_mean(self, X: Array) -> Array:
        """Returns the mean in objective units, shape (n,)."""
        return mean_of(self.trained, X)


def mean_of(model: Surrogate, X: Array) -> Array:
    """Returns the mean that a surrogate predicts, objective units, shape (n,)."""
    return model.predict_mean(X) if isinstance(model, SurrogateOfMeans) else model.predict(X)[0]


#: What a surrogate is taken to need for one vector where it does not say.
_UNKNOWN_ROW_SECONDS = 2e-5


@dataclass(frozen=True, eq=False)
class Rival(Record):
    """Another surrogate of the same trials that was not used.

    Args:
        name: Class of the model.
        kind: What to choose for it, "run", "forest" or "consensus".
        cv_r2: Its cross-validated R²; None where there is none.
        clearly_better: Whether it predicts unseen trials clearly better than the surrogate used.
        cost_scale: What its R² is about, see `SurrogateRecord`.
        clearly_worse: Whether it predicts them clearly worse, so that it is no judge of the surrogate used.
    """

    name: str
    kind: str
    cv_r2: float | None
    clearly_better: bool = False
    cost_scale: str = "cost"
    clearly_worse: bool = False


@dataclass(frozen=True, eq=False)
class SurrogateRecord(Record):
    """Which model was used and how well it predicts the run's own trials.

    Args:
        name: Class of the model, such as "RandomForest".
        exact: Whether it is the run's own model (same version, options and rows).
        n_trials: Number of trials it was trained on; of a model given by the caller, those it is compared with.
        cv_r2: Cross-validated R² on the run's trials in objective units; None where too few trials allow none.
        cv_rank_correlation: Cross-validated Spearman correlation; None likewise.
        cv_domain_r2: Cross-validated R² with every trial weighted by the share of the space nearest to it: how well the
            surrogate knows the space, not only where the optimizer looked; None likewise.
        cv_dominance: Largest share of that weighted variance of the costs that one configuration has; None likewise.
        trials_r2: R² of a model given by the caller on the run's trials, which it may have been trained on; None of
            every other model, and without trials.
        options: The constructor's options.
        versions: Version of the software of the run ("run") and of the rebuild ("rebuild"), and others.
        differences: What differs from the run's own model, in words; empty when exact.
        warnings: Sentences for the user.
        rival: The other surrogate that was compared with this one; None where there was none.
        cost_scale: What R² are about: "cost", or "log cost" or "asinh cost" where a few costs dwarf the others, so that
            squares of the costs themselves would be about those few.
    """

    name: str
    exact: bool
    n_trials: int
    cv_r2: float | None = None
    cv_rank_correlation: float | None = None
    cv_domain_r2: float | None = None
    cv_dominance: float | None = None
    trials_r2: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    differences: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    rival: Rival | None = None
    cost_scale: str = "cost"

    def __post_init__(self) -> None:
        """Freezes the mappings."""
        object.__setattr__(self, "options", Frozen(self.options))
        object.__setattr__(self, "versions", Frozen(self.versions))

    def __repr__(self) -> str:
        r2 = "none" if self.cv_r2 is None else f"{self.cv_r2:.3f}"
        exact = "the run's own, exact" if self.exact else "not exactly the run's own"
        return f"<SurrogateRecord {self.name} on {self.n_trials} trials, cross-validated R² {r2} ({exact})>"


@dataclass(frozen=True)
class FittedSurrogate:
    """A trained surrogate with the data it was trained on.

    Args:
        model: The trained model.
        record: What is shown about it.
        budget: The budget whose trials were used; None without budgets.
        X: Training configurations as vectors, shape (n, d), one row per trial.
        y: Their costs in objective units, shape (n,).
        held_out: What models that had not seen them predicted for the rows (cross-validation), objective units, shape
            (n,); None where it was not possible.
        shares: The share of the space nearest to the row's configuration, as cross-validation found it, shape (n,);
            None likewise.
        failed: Whether the row's configuration also has a trial without a finite cost, shape (n,); None if none has.
        scale: The compressed scale on which it learned costs of which a few dwarf the others; None elsewhere.
        has_steps: Whether the model is constant in parts, as a forest is: steps and flat ends are its own.
        rival: The other surrogate that the record names; None where there is none.
    """

    model: Surrogate
    record: SurrogateRecord
    budget: float | None
    X: Array
    y: Array
    held_out: Array | None = None
    shares: Array | None = None
    failed: npt.NDArray[np.bool_] | None = None
    scale: CostScale | None = None
    has_steps: bool = False
    rival: FittedSurrogate | None = None

    def __repr__(self) -> str:
        return f"<FittedSurrogate {self.record!r}>"

    @property
    def row_seconds(self) -> float:
        """Roughly the seconds of the prediction for one vector; never measured, so that results do not depend on it."""
        return self.model.row_seconds if isinstance(self.model, TimedSurrogate) else _UNKNOWN_ROW_SECONDS

    @property
    def counted(self) -> Array:
        """The costs as far as they count: all of them, but where a cap says which is the worst; shape (n,)."""
        return self.y

    @property
    def missed(self) -> Array:
        """The costs minus what the model expects of their own rows, objective units, shape (n,)."""
        return np.asarray(self.counted - mean_of(self.model, self.X))

    def of_rows(self, kept: npt.NDArray[np.bool_]) -> FittedSurrogate:
        """Returns the surrogate with some of its rows of data only, shape (n,); the model has learned from all."""
        data: dict[str, Any] = {name: getattr(self, name) for name in ("X", "y", "held_out", "shares", "failed")}
        kept_data: dict[str, Any] = {name: None if rows is None else rows[kept] for name, rows in data.items()}
        return replace(self, **kept_data)

    def deviations(self, X: Array, n: int, rng: np.random.Generator) -> Array | None:
        """Returns draws of how far other functions that fit the trials are from the mean; see `JointSurrogate`."""
        return self.model.deviations(X, n, rng) if isinstance(self.model, JointSurrogate) else None

    @property
    def residuals(self) -> Array | None:
        """Costs minus held-out predictions, averaged over each configuration's trials; None without held-out ones."""
        return self.residuals_on(self.scale)

    def residuals_on(self, scale: CostScale | None) -> Array | None:
        """Returns the residuals, objective units, as a compressed scale weighs them; None without held-out ones.

        Seeds and instances of one configuration share their fold and so their error; alone they are no evidence. On a
        scale errors are in units of the typical cost that was predicted, so that those few do not decide.
        """
        if self.held_out is None:
            return None
        errors = self.y - self.held_out
        if scale is not None:
            errors = scale.slope(self.held_out) * (scale.encode(self.y) - scale.encode(self.held_out))
        return mean_by_configuration(self.X, errors)


def mean_by_configuration(X: Array, values: Array) -> Array:
    """Returns the means of values over the rows of one configuration each.

    Args:
        X: Vectors, shape (n, d).
        values: One a row, shape (n,).
    """
    _, group = np.unique(np.nan_to_num(X, nan=-1.0), axis=0, return_inverse=True)
    group = group.reshape(-1)
    return np.asarray(np.bincount(group, weights=values) / np.bincount(group))
