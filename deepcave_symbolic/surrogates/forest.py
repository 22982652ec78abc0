"""Random forests: fast predictions in objective units, and a forest for runs without a model of their own.

A tree's prediction is the value of one leaf, so the inverse of the encoder is applied to every leaf once; a prediction
then costs one descent and one table lookup a tree.

Notation:
    rows: vectors with the instance features appended, shape (n, d + f), as SMAC's model takes them.
    X: vectors alone, shape (n, d); predictions for them average over the instances.
    T: number of trees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.exceptions import SurrogateError
from deepcave_symbolic.numeric.arrays import Array, Index
from deepcave_symbolic.process.partial_import import when_used
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.surrogates.base import FittedSurrogate, OnDemand, deviations_of_members
from deepcave_symbolic.surrogates.data import chunks, collect, conditional, impute, instance_features
from deepcave_symbolic.surrogates.encoders import Encoder
from deepcave_symbolic.surrogates.on_trials import fitted_on_trials
from deepcave_symbolic.surrogates.scales import CostScale, compressed, heavy_tailed, log_density, plain
from deepcave_symbolic.surrogates.training import jobs_for
from deepcave_symbolic.surrogates.validation import hold_out, validate

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["FOREST_NAME", "ForestPredictor", "fit_forest", "inactive_values"]

FOREST_NAME = "RandomForest trained by deepcave-symbolic"
CHUNK_ROWS = 32_768

# The forest of SMAC's HyperparameterOptimizationFacade (2.4.1) in scikit-learn's names. SMAC's `splitter` option never
# reaches its trees: they split at the best threshold. Its max_leaf_nodes of 2**20 is left out: it never binds, and
# scikit-learn would reserve memory for as many.
FOREST_OPTIONS: dict[str, Any] = {
    "n_estimators": 10,
    "bootstrap": True,
    "max_features": 1.0,
    "min_samples_split": 2,
    "min_samples_leaf": 1,
    "max_depth": 2**20,
    "min_impurity_decrease": 1e-8,
}


def inactive_values(configspace: ConfigurationSpace) -> Array:
    """Returns what SMAC's forests put for an inactive hyperparameter, NaN where it is always active, shape (d,).

    Source: `AbstractRandomForest._impute_inactive`: one more than the last choice, -1 for numbers, 1 for constants.
    """
    from ConfigSpace import CategoricalHyperparameter, Constant, OrdinalHyperparameter

    values = np.full(len(configspace), -1.0)
    for i, hp in enumerate(configspace.values()):
        if isinstance(hp, CategoricalHyperparameter):
            values[i] = len(hp.choices)
        elif isinstance(hp, OrdinalHyperparameter):
            values[i] = len(hp.sequence)
        elif isinstance(hp, Constant):
            values[i] = 1.0
    return np.where(conditional(configspace), values, np.nan)


class ForestPredictor:
    """A fitted forest as a surrogate.

    In objective units every tree's prediction is inverted first, then mean and standard deviation are taken over the
    trees. With SMAC's `log_y` a leaf holds log(mean(exp(z))) of its costs, so that its inverse is the plain mean of the
    costs in it; without `log_y` under a log encoder it is their geometric mean.

    Args:
        trees: The fitted `sklearn.tree._tree.Tree` of every estimator.
        encoder: The encoder of the training costs.
        inactive: Values for inactive hyperparameters, shape (d,).
        instances: Features of every instance, shape (k, f); None without features.
        transform: Instance features to the columns the trees saw, (k, f) to (k, f').
        typical: Whether the trees are averaged in encoder units, so that the mean in objective units is a typical cost
            where a few dwarf the others; with instances costs are averaged as they are.

    Raises:
        SurrogateError: If a leaf's value is not finite in objective units.
    """

    def __init__(
        self,
        trees: Sequence[Any],
        *,
        encoder: Encoder,
        inactive: Array,
        instances: Array | None = None,
        transform: Callable[[Array], Array] = lambda features: features,
        typical: bool = False,
    ) -> None:
        self._trees = list(trees)
        self._encoder, self._inactive = encoder, inactive
        self._typical = typical and instances is None
        self._instances = None if instances is None else transform(instances)
        self._transform = transform
        self._encoded = [np.array(tree.value[:, 0, 0], dtype=np.float64) for tree in self._trees]
        self._decoded = [encoder.decode(values) for values in self._encoded]
        if not all(np.isfinite(table).all() for table in self._decoded):
            raise SurrogateError(
                "The forest's predictions are not finite: the run's options do not suit its costs. "
                'Use surrogate="forest".'
            )

    @property
    def row_seconds(self) -> float:
        """Roughly how long one prediction takes; see `projection.project`."""
        return 1e-7 * len(self._trees) * (1 if self._instances is None else len(self._instances))

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Returns mean and standard deviation over the trees in objective units, each of shape (n,)."""
        if self._typical:
            return self._encoder.decode_moments(*self.predict_encoded(X))
        per_tree = self._over_instances(X, self._decoded)
        # Relative to the largest, so that squares of huge and tiny costs stay numbers.
        scale = float(np.max(np.abs(per_tree), initial=0.0)) or 1.0
        mean = per_tree.mean(axis=1)
        per_tree /= scale
        per_tree -= per_tree.mean(axis=1)[:, None]
        return mean, np.sqrt(np.einsum("ij,ij->i", per_tree, per_tree) / per_tree.shape[1]) * scale

    def predict_mean(self, X: Array) -> Array:
        """Returns the mean over the trees in objective units, shape (n,)."""
        if self._typical:
            return self.predict(X)[0]
        return np.asarray(self._over_instances(X, self._decoded).mean(axis=1))

    def deviations(self, X: Array, n: int, rng: np.random.Generator) -> Array:
        """Returns draws with the trees' covariance, objective units, shape (n, r)."""
        if self._typical:
            per_tree = self._over_instances(X, self._encoded)
            mean = per_tree.mean(axis=1)
            drawn = self._encoder.decode(mean + deviations_of_members(per_tree, n, rng))
            return np.asarray(drawn - drawn.mean(axis=0))
        return deviations_of_members(self._over_instances(X, self._decoded), n, rng)

    def predict_encoded(self, X: Array) -> tuple[Array, Array]:
        """Returns mean and variance over the trees in encoder units, each (n,): what SMAC's own model predicts."""
        per_tree = self._over_instances(X, self._encoded)
        return per_tree.mean(axis=1), per_tree.var(axis=1)

    def predict_rows(self, X: Array, features: Array) -> Array:
        """Returns the mean in objective units for vectors on given instances, shape (n,)."""
        rows = np.hstack([impute(X, self._inactive), self._transform(features)])
        if self._typical:
            return self._encoder.decode(self._leaves(rows, self._encoded).mean(axis=1))
        return np.asarray(self._leaves(rows, self._decoded).mean(axis=1), dtype=np.float64)

    def _over_instances(self, X: Array, tables: list[Array]) -> Array:
        filled = impute(X, self._inactive)
        if self._instances is None:
            return self._leaves(filled, tables)
        total = np.zeros((len(filled), len(tables)))
        for features in self._instances:
            total += self._leaves(np.hstack([filled, np.tile(features, (len(filled), 1))]), tables)
        return total / len(self._instances)

    def _leaves(self, rows: Array, tables: list[Array]) -> Array:
        """Returns every tree's value from the tables, shape (n, T)."""
        per_tree = np.empty((len(rows), len(tables)))
        for part in chunks(len(rows), CHUNK_ROWS):
            # scikit-learn's trees compare in single precision.
            single = np.ascontiguousarray(rows[part], dtype=np.float32)
            for t, (tree, table) in enumerate(zip(self._trees, tables, strict=True)):
                per_tree[part, t] = table[tree.apply(single)]
        return per_tree


def fit_forest(
    run: Run, *, objective: int, budget: float | None, seed: int, rival_of: FittedSurrogate | None = None
) -> FittedSurrogate:
    """Returns a forest with SMAC's settings, trained for runs of any optimizer.

    It learns the costs as they are, or on a compressed scale where a few dwarf the others and that cross-validates
    better.

    Args:
        run: The run.
        objective: Index of the objective.
        budget: The budget whose trials are used.
        seed: Decides the trees.
        rival_of: The surrogate that the forest is only compared with: it is cross-validated now, and trained on all
            trials when a prediction is asked for.

    Raises:
        NoTrialsError: If fewer than three trials have a finite cost.
    """
    with when_used("pandas"):
        from sklearn.ensemble import RandomForestRegressor

        from deepcave_symbolic.surrogates.trees import QuickTree

    inactive = inactive_values(run.configspace)
    data = collect(run, objective=objective, budget=budget, encoder_name="RunHistoryEncoder")
    features = instance_features(run)

    def fit(index: Index, scale: CostScale) -> ForestPredictor:
        forest = RandomForestRegressor(**FOREST_OPTIONS, random_state=seed, n_jobs=jobs_for(len(index)))
        forest.estimator = QuickTree()
        forest.fit(np.hstack([impute(data.X[index], inactive), data.features[index]]), scale.encode(data.y[index]))
        return ForestPredictor(
            [tree.tree_ for tree in forest.estimators_],
            encoder=scale,
            inactive=inactive,
            instances=None if features is None else np.array(list(features.values())),
            typical=scale.name != "cost",
        )

    def hold_out_on(scale: CostScale) -> Array | None:
        return hold_out(data, lambda index: fit(index, scale).predict_rows)

    scale = plain(data.y)
    held_out = hold_out_on(scale)
    if held_out is not None and heavy_tailed(data.y):
        other = compressed(data.y)
        found = hold_out_on(other)
        if found is not None and log_density(other, data.y, found) > log_density(scale, data.y, held_out):
            scale, held_out = other, found
    validation = validate(data, held_out, run.configspace, like=rival_of, scale=scale)
    everything = np.arange(len(data.y))
    return fitted_on_trials(
        fit(everything, scale) if rival_of is None else OnDemand(lambda: fit(everything, scale)),
        run,
        data,
        validation,
        name=FOREST_NAME,
        budget=budget,
        options={**FOREST_OPTIONS, "random_state": seed},
        differences=("a random forest trained by deepcave-symbolic on the run's trials, not the run's own surrogate",),
        scale=scale if scale.name != "cost" else None,
        has_steps=True,
    )
