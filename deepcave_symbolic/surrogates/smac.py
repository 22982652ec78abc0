"""The run's own surrogate, rebuilt from its folder: same class, same options, same rows, trained on the final history.

SMAC stores no model, but scenario.json records every option of it (`_meta`), and training is deterministic given the
seed. The model is built with SMAC's classes and trained by SMAC; predictions are ours (`forest.py`,
`gaussian_process.py`), because SMAC's are slow and in encoder units. No facade is started on the folder: it would
configure logging, might ask on stdin and could rewrite the folder.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, SurrogateError
from deepcave_symbolic.numeric.arrays import Array, Index
from deepcave_symbolic.process.isolation import quiet
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.runs.trial_selection import component_meta
from deepcave_symbolic.surrogates.base import FittedSurrogate
from deepcave_symbolic.surrogates.cost import announced
from deepcave_symbolic.surrogates.data import WITHOUT_COST, TrainingData, collect, conditional, instance_features
from deepcave_symbolic.surrogates.encoders import EIPS, UnsuitableCostsError, remarks
from deepcave_symbolic.surrogates.forest import ForestPredictor, inactive_values
from deepcave_symbolic.surrogates.gaussian_process import GaussianProcessPredictor, Posterior
from deepcave_symbolic.surrogates.limits import check_forest_size
from deepcave_symbolic.surrogates.on_trials import fitted_on_trials
from deepcave_symbolic.surrogates.rebuild import is_pyrfr, model_name, rebuild_model
from deepcave_symbolic.surrogates.training import train
from deepcave_symbolic.surrogates.validation import cross_validate
from deepcave_symbolic.words.numbers import counted

__all__ = ["fit_smac_surrogate"]

Predictor = ForestPredictor | GaussianProcessPredictor


def fit_smac_surrogate(run: Run, *, objective: int, budget: float | None) -> FittedSurrogate:
    """Returns the run's own surrogate, trained on all finished trials of a budget.

    Args:
        run: A SMAC run with the `_meta` section of its scenario.
        objective: Index of the objective.
        budget: The budget, None for a run without budgets.

    Raises:
        SurrogateError: If the model or the encoder is unknown or cannot be trained.
        NoTrialsError: If fewer than three trials have a finite cost.
    """
    encoder_meta = component_meta(run, "runhistory_encoder")
    name = model_name(run)
    data = collect(
        run,
        objective=objective,
        budget=budget,
        encoder_name=str(encoder_meta.get("name")),
        scale_percentage=_percentage(encoder_meta.get("scale_percentage", 5)),
    )
    _check_magnitude(data, name)
    with _contained(name):
        model = rebuild_model(run)
        if name == "RandomForest":
            check_forest_size(model._rf_opts["n_estimators"], len(data.y))
        differences = _differences(run, model, data, version("smac"))
        options = json.loads(_as_json(model.meta))
    with contextlib.ExitStack() as stack:
        # Outside of what keeps quiet: it speaks to the user.
        evaluated = (lambda: None) if name == "RandomForest" else stack.enter_context(announced(model, len(data.y)))
        with _contained(name):
            train(model, data.rows, data.z, evaluated)
    with _contained(name):
        predictor = _predictor(run, model, data)
        validation = cross_validate(data, _refit(run, model, data), run.configspace)
    return fitted_on_trials(
        predictor,
        run,
        data,
        validation,
        name=name,
        budget=budget,
        options=_without_nan(options),
        differences=differences,
        rebuild=version("smac"),
        warnings=tuple(remarks(data.encoder, process=name != "RandomForest", n_timeouts=data.n_timeouts)),
        has_steps=isinstance(predictor, ForestPredictor),
    )


# Beyond these, squares of costs (every model's variances) leave the range of a float.
_LARGEST, _SMALLEST = 1e150, 1e-150


def _check_magnitude(data: TrainingData, name: str) -> None:
    """Refuses costs whose squares overflow or vanish in SMAC's model, which would go unnoticed.

    A forest squares encoded costs only; a Gaussian process has variances in objective units, too.
    """
    for values in (data.z,) if name == "RandomForest" else (data.z, data.y):
        largest, spread = float(np.max(np.abs(values))), float(np.max(values) - np.min(values))
        if largest > _LARGEST or 0 < spread < _SMALLEST:
            raise UnsuitableCostsError(
                f"The run's own {name} cannot be trained: its costs ({data.y.min():g} to {data.y.max():g}) are so "
                f"{'large' if largest > _LARGEST else 'close together'} that their squares are beyond a float."
            )


def _percentage(value: Any) -> float:
    if isinstance(value, int | float) and 0 <= value <= 100:
        return value
    raise SurrogateError(f'scenario.json: scale_percentage is {value!r}, expected 0 to 100. Use surrogate="forest".')


@contextlib.contextmanager
def _contained(name: str) -> Iterator[None]:
    """Keeps SMAC's prints and warnings off the user's screen and turns its failures into ours."""
    try:
        with quiet():
            yield
    except DeepcaveSymbolicError:
        raise
    # The options come from a file and reach constructors of smac, scikit-learn, scipy and emcee.
    except Exception as error:
        raise SurrogateError(
            f"The run's own {name} cannot be rebuilt: SMAC, or what it builds on, refuses the options in scenario.json "
            'or fails with them. Use surrogate="forest" (--surrogate forest).'
        ) from error


def _differences(run: Run, model: Any, data: TrainingData, rebuild_version: str) -> tuple[str, ...]:
    """Returns in words what keeps the rebuilt model from being the run's own; empty when nothing does."""
    found = []
    if is_pyrfr(run):
        found.append(
            f"recorded by SMAC {run.version or '(unknown version)'} whose forest was pyrfr; "
            f"rebuilt with the scikit-learn forest of SMAC {rebuild_version}"
        )
    else:
        if run.version != rebuild_version:
            found.append(f"recorded by SMAC {run.version or '(unknown version)'}, rebuilt with SMAC {rebuild_version}")
        recorded, rebuilt = component_meta(run, "model"), model.meta
        changed = [k for k in sorted({*recorded, *rebuilt}) if _as_json(recorded.get(k)) != _as_json(rebuilt.get(k))]
        if changed:
            found.append(f"options that the rebuilt model has differently: {', '.join(changed)}")
    found += run.changes
    if len(run.objectives) > 1:
        found.append("SMAC's model saw one scalarized cost; this one is trained on the chosen objective alone")
    if data.encoder.name == EIPS:
        found.append(
            f"the run's {EIPS} has log(1 + run time) as a second output; this model is trained on the cost, "
            "and the run time is not the objective (objective='Time' explains it)"
        )
    if data.n_left_out:
        found.append(
            f"left out: {counted(data.n_left_out, 'trial')} {WITHOUT_COST}, which SMAC would have given to its model"
        )
    return tuple(found)


def _as_json(value: Any) -> str:
    # Text compares equal for NaN and for tuples that the file keeps as lists.
    return json.dumps(value, sort_keys=True, default=lambda o: o.tolist() if hasattr(o, "tolist") else str(o))


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nan(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_without_nan(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _predictor(run: Run, model: Any, data: TrainingData) -> Predictor:
    features = instance_features(run)
    instances = None if features is None else np.array(list(features.values()), dtype=np.float64)
    if model_name(run) == "RandomForest":
        return ForestPredictor(
            [tree.tree_ for tree in model._rf.estimators_],
            encoder=data.encoder,
            inactive=inactive_values(run.configspace),
            transform=_feature_transform(model),
            instances=instances,
        )
    return _process(run, model, data, [_posterior(process) for process in _processes(model)], instances)


def _process(
    run: Run, model: Any, data: TrainingData, posteriors: list[Posterior], instances: Array | None
) -> GaussianProcessPredictor:
    return GaussianProcessPredictor(
        posteriors,
        encoder=data.encoder,
        inactive=np.where(conditional(run.configspace), -1.0, np.nan),
        transform=_feature_transform(model),
        instances=instances,
    )


def _processes(model: Any) -> list[Any]:
    """The single processes: the model itself, or one a hyperparameter sample of the MCMC variant."""
    return list(model.models) if hasattr(model, "models") else [model]


def _posterior(process: Any) -> Posterior:
    gp = process._gp
    z_mean, z_std = (process.mean_y_, process.std_y_) if process._normalize_y else (0.0, 1.0)
    return Posterior(gp.kernel_, gp.X_train_, gp.L_, gp.alpha_.ravel(), float(z_mean), float(z_std))


def _feature_transform(model: Any) -> Callable[[Array], Array]:
    """Instance features as `AbstractModel.predict` gives them to the model: scaled and projected where it uses PCA."""
    if not model._apply_pca:
        return lambda features: features

    def transform(features: Array) -> Array:
        return np.asarray(model._pca.transform(model._scaler.transform(features)), dtype=np.float64)

    return transform


def _refit(run: Run, model: Any, data: TrainingData) -> Callable[[Index], Callable[[Array, Array], Array]]:
    """How a fold is trained: forests anew, Gaussian processes with the hyperparameters found on all trials.

    Optimising a process's hyperparameters again for every fold would take five times SMAC's own training; they are a
    handful of numbers, and what cross-validation is here for, a process that interpolates noise, shows with them fixed.
    """
    if model_name(run) == "RandomForest":

        def fit_forest(index: Index) -> Callable[[Array, Array], Array]:
            fold = rebuild_model(run)
            train(fold, data.rows[index], data.z[index])
            return _predictor(run, fold, data).predict_rows

        return fit_forest

    def fit_process(index: Index) -> Callable[[Array, Array], Array]:
        posteriors = [
            Posterior.fit(p._gp.kernel_, p._gp.X_train_[index], data.z[index], normalize=model._normalize_y)
            for p in _processes(model)
        ]
        return _process(run, model, data, posteriors, None).predict_rows

    return fit_process
