"""Trains a consensus on a run's trials and cross-validates it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcave_symbolic.numeric.arrays import Array, Index
from deepcave_symbolic.process.isolation import one_blas_thread
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.surrogates.base import FittedSurrogate, OnDemand
from deepcave_symbolic.surrogates.consensus.columns import Columns
from deepcave_symbolic.surrogates.consensus.kernel import NoisyMatern, fit_kernel, left_out_density
from deepcave_symbolic.surrogates.consensus.predictor import ConsensusPredictor
from deepcave_symbolic.surrogates.data import TrainingData, collect, conditional, impute, instance_features
from deepcave_symbolic.surrogates.forest import ForestPredictor, inactive_values
from deepcave_symbolic.surrogates.gaussian_process import GaussianProcessPredictor, Posterior
from deepcave_symbolic.surrogates.on_trials import fitted_on_trials
from deepcave_symbolic.surrogates.scales import CostScale, compressed, heavy_tailed, plain
from deepcave_symbolic.surrogates.validation import at_most, hold_out, validate
from deepcave_symbolic.words.numbers import counted

__all__ = ["CONSENSUS_NAME", "fit_consensus"]

CONSENSUS_NAME = "Consensus of a Gaussian process and trees by deepcave-symbolic"
#: Trials that the process learns from at most, and those that its hyperparameters are found on.
MOST_OF_PROCESS, _MOST_OF_KERNEL = 500, 200
#: Trees, fewer in a fold of the cross-validation and above so many trials in proportion.
_TREES, _TREES_OF_FOLD, _ROWS_OF_TREES, _FEWEST_TREES = 30, 20, 2_000, 10
#: The process's weight before cross-validation, and how many times the trials' own evidence that counts.
_WEIGHT, _PRIOR = 0.6, 2.0
_LEAST_WEIGHT = 0.2
#: How much more likely, a trial, costs must be as they are than on a compressed scale for that not to be taken.
_COMPRESSED_IS_BETTER = 0.0


def fit_consensus(
    run: Run, *, objective: int, budget: float | None, seed: int, rival_of: FittedSurrogate | None = None
) -> FittedSurrogate:
    """Returns the consensus, for runs of any optimizer.

    Args:
        run: The run.
        objective: Index of the objective.
        budget: The budget whose trials are used.
        seed: Decides the trees.
        rival_of: As of `fit_forest`.

    Raises:
        NoTrialsError: If fewer than three trials have a finite cost.
    """
    data = collect(run, objective=objective, budget=budget, encoder_name="RunHistoryEncoder")
    features = instance_features(run)
    members = _Members.of(run, data, None if features is None else np.array(list(features.values())), seed)
    predicted = hold_out(data, members.fold)
    heavy = members.heavy
    weight = _stacked(data.y, predicted, members.scale if heavy else plain(data.y))
    held_out = None if predicted is None else weight * predicted[:, 0] + (1.0 - weight) * predicted[:, 1]
    validation = validate(data, held_out, run.configspace, like=rival_of, scale=members.scale if heavy else None)
    everything = np.arange(len(data.y))

    def trained() -> ConsensusPredictor:
        return members.trained(everything, members.n_trees, weight)

    return fitted_on_trials(
        trained() if rival_of is None else OnDemand(trained),
        run,
        data,
        validation,
        name=CONSENSUS_NAME,
        budget=budget,
        options=members.options(weight),
        differences=(
            "the mean of a Gaussian process and extremely randomised trees trained by deepcave-symbolic on the run's "
            "trials, not the run's own surrogate",
        ),
        warnings=tuple(_on_size(len(data.y))),
        scale=members.scale if heavy else None,
    )


@dataclass(frozen=True, eq=False)
class _Members:
    """What both models are trained from.

    Args:
        data: The trials.
        instances: Features of every instance, shape (k, f); None without.
        seed: Decides the trees.
        kernel: The process's, with its hyperparameters.
        scale: On which the process learns; the trees, too, where costs are heavy-tailed.
        heavy: Whether they are, and the process prefers the compressed scale.
        inactive: What a process and what trees see of inactive hyperparameters, each of shape (d,).
    """

    data: TrainingData
    instances: Array | None
    seed: int
    kernel: NoisyMatern
    scale: CostScale
    heavy: bool
    inactive: tuple[Array, Array]

    @classmethod
    def of(cls, run: Run, data: TrainingData, instances: Array | None, seed: int) -> _Members:
        """Returns the members with the hyperparameters of the process and the scale that the trials prefer."""
        inactive = np.where(conditional(run.configspace), -1.0, np.nan), inactive_values(run.configspace)
        columns = Columns.of(run.configspace, np.empty((1, 0)) if instances is None else instances)
        some = at_most(_MOST_OF_KERNEL, np.arange(len(data.y)), 0)
        rows = np.hstack([impute(data.X[some], inactive[0]), data.features[some]])
        found: list[tuple[float, NoisyMatern, CostScale]] = []
        with one_blas_thread():
            for scale, allowance in ((plain(data.y), 0.0), (compressed(data.y), _COMPRESSED_IS_BETTER)):
                z = scale.encode(data.y[some])
                kernel = fit_kernel(columns, rows, z)
                density = left_out_density(kernel, rows, z) - float(np.mean(np.log(scale.slope(data.y[some]))))
                found.append((density + allowance, kernel, scale))
        _, kernel, scale = max(found, key=lambda each: each[0])
        heavy = scale.name != "cost" and heavy_tailed(data.y)
        return cls(data, instances, seed, kernel, scale, heavy, inactive)

    @property
    def n_trees(self) -> int:
        """How many trees learn from all trials."""
        return max(_FEWEST_TREES, min(_TREES, _TREES * _ROWS_OF_TREES // len(self.data.y)))

    def fold(self, index: Index) -> Any:
        """Returns what predicts by both members, trained on some of the rows."""
        return self.trained(index, min(_TREES_OF_FOLD, self.n_trees), 0.5).predict_rows

    def trained(self, index: Index, n_trees: int, weight: float) -> ConsensusPredictor:
        """Returns both members trained on some of the rows."""
        return ConsensusPredictor(self._process(index), self._trees(index, n_trees), weight)

    def _process(self, index: Index) -> GaussianProcessPredictor:
        index = at_most(MOST_OF_PROCESS, index, 0)
        rows = np.hstack([impute(self.data.X[index], self.inactive[0]), self.data.features[index]])
        with one_blas_thread():
            posterior = Posterior.fit(self.kernel, rows, self.scale.encode(self.data.y[index]), normalize=True)
        return GaussianProcessPredictor(
            [posterior],
            encoder=self.scale,
            inactive=self.inactive[0],
            transform=lambda features: features,
            instances=self.instances,
        )

    def _trees(self, index: Index, n_trees: int) -> ForestPredictor:
        from sklearn import config_context
        from sklearn.tree import ExtraTreeRegressor

        scale = self.scale if self.heavy else plain(self.data.y)
        rows = np.hstack([impute(self.data.X[index], self.inactive[1]), self.data.features[index]]).astype(np.float32)
        z = scale.encode(self.data.y[index])
        seeds = np.random.default_rng(self.seed).integers(2**31 - 1, size=n_trees)
        # One by one and unchecked: what scikit-learn's ensemble checks for every tree takes longer than small trees.
        trees = []
        with config_context(skip_parameter_validation=True):
            # Seeded anew it draws what a new one would, which takes as long to make as a small tree.
            tree = ExtraTreeRegressor(max_features=1.0, random_state=np.random.RandomState())
            for tree_seed in seeds:
                tree.random_state.seed(int(tree_seed))
                trees.append(tree.fit(rows, z, check_input=False).tree_)
        return ForestPredictor(
            trees,
            encoder=scale,
            inactive=self.inactive[1],
            instances=self.instances,
            typical=self.heavy,
        )

    def options(self, weight: float) -> dict[str, Any]:
        """Returns what was decided, for the record."""
        return {
            "process": {
                "kernel": "Matern 3/2",
                "length_scales": [float(length) for length in self.kernel.lengths],
                "signal_variance": self.kernel.signal,
                "noise_variance": self.kernel.noise,
                "learns": self.scale.name,
            },
            "trees": {
                "n_estimators": self.n_trees,
                "random_state": self.seed,
                "learn": self.scale.name if self.heavy else "cost",
            },
            "weight_of_process": weight,
        }


def _stacked(y: Array, predicted: Array | None, scale: CostScale) -> float:
    """Returns the process's weight that predicts held-out costs best, drawn towards the one that is best as a rule."""
    if predicted is None:
        return _WEIGHT
    process, trees = scale.encode(predicted[:, 0]), scale.encode(predicted[:, 1])
    gap, error = process - trees, scale.encode(y) - trees
    size = float(np.max(np.abs(gap)))
    if size == 0.0:
        return _WEIGHT
    gap, error = gap / size, error / size
    best = float(gap @ error) / float(gap @ gap)
    return float(np.clip((best + _PRIOR * _WEIGHT) / (1.0 + _PRIOR), _LEAST_WEIGHT, 1.0))


def _on_size(n: int) -> tuple[str, ...]:
    if n <= MOST_OF_PROCESS:
        return ()
    return (
        f"The Gaussian process of the consensus learned from {MOST_OF_PROCESS} of {counted(n, 'trial')}, drawn once; "
        "the trees learned from all.",
    )
