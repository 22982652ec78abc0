"""From the options that scenario.json records to an untrained model of SMAC.

Every class is looked up in a fixed table and every number checked, for the file may come from anybody.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from deepcave_symbolic.exceptions import SurrogateError
from deepcave_symbolic.process.partial_import import submodules_only, when_used
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.runs.trial_selection import component_meta
from deepcave_symbolic.surrogates.data import instance_features
from deepcave_symbolic.surrogates.encoders import EIPS, ENCODERS
from deepcave_symbolic.surrogates.limits import check_options

__all__ = ["MODELS", "import_models", "is_pyrfr", "model_name", "rebuild_model", "stand_in"]

MODELS = ("RandomForest", "GaussianProcess", "MCMCGaussianProcess")
#: What has them.
_MODULES = (
    "sklearn.ensemble",
    "smac.model.random_forest",
    "smac.model.gaussian_process",
    "smac.model.gaussian_process.kernels",
)

# In SMAC 2.4.1's sources as comments only (`boing_encoder.py`).
_BOING_ENCODERS = ("RunHistoryRawEncoder", "RunHistoryRawScaledEncoder")

# What is part of the meta but no argument of the constructor, or is mapped by hand.
_COMMON = ("name", "types", "bounds", "pca_components")
_FOREST_NAMES = {"n_estimators": "n_trees", "bootstrap": "bootstrapping", "random_state": "seed"}
_PYRFR_OPTIONS = ("n_trees", "ratio_features", "min_samples_split", "min_samples_leaf", "max_depth", "bootstrapping")
_KERNELS = (
    "SumKernel",
    "ProductKernel",
    "ConstantKernel",
    "MaternKernel",
    "RBFKernel",
    "HammingKernel",
    "WhiteKernel",
)
_PROCESS_OPTIONS = ("n_restarts", "normalize_y")
_MCMC_OPTIONS = (
    "n_mcmc_walkers",
    "chain_length",
    "burning_steps",
    "mcmc_sampler",
    "average_samples",
    "normalize_y",
)


def model_name(run: Run) -> str:
    """Returns the class of the run's model.

    Raises:
        SurrogateError: If none is recorded or it is not one that can be rebuilt.
    """
    name = component_meta(run, "model").get("name")
    missing = _missing_model(run, name)
    if missing is not None:
        raise SurrogateError(f'{missing}. Use surrogate="forest".')
    return "RandomForest" if name == "PyrfrRandomForest" else str(name)


def stand_in(run: Run) -> str | None:
    """Returns why another model has to stand in for the run's own surrogate, without a full stop; None where none has.

    It has where the folder has nothing to rebuild it from. An own model of SMAC with broken options is no such case:
    `rebuild_model` refuses it.
    """
    if not run.scenario:
        return f"{run.optimizer} keeps no surrogate"
    encoder = component_meta(run, "runhistory_encoder").get("name")
    reason = _missing_model(run, component_meta(run, "model").get("name")) or _missing_encoder(run, encoder)
    return f"{_EIPS_REMARK} {reason}" if reason is not None and encoder == EIPS else reason


#: The run time is the second output of expected improvement per second; a run has the cost as its objective.
_EIPS_REMARK = (
    f"The cost is explained: log(1 + run time), the second output of the run's {EIPS}, is not the objective; "
    "objective='Time' explains the run time."
)


def _missing_model(run: Run, name: Any) -> str | None:
    """Returns in words why the run's model cannot be rebuilt, None where it can."""
    if name == "PyrfrRandomForest" or name in MODELS:
        return None
    if name is None:
        return f"Run {run.name!r} does not record which surrogate it used (no _meta.model in scenario.json)"
    if name == "RandomModel":
        return f"Run {run.name!r} used no surrogate (random search)"
    if name == "MultiObjectiveModel":
        return f"Run {run.name!r} used a MultiObjectiveModel, of whose parts scenario.json keeps nothing"
    return (
        f"Run {run.name!r} used the model {name!r:.80}, no class of SMAC's, of which scenario.json keeps only the name"
    )


def _missing_encoder(run: Run, name: Any) -> str | None:
    """Returns in words why the run's costs cannot be encoded as its surrogate saw them, None where they can."""
    if isinstance(name, str) and name in ENCODERS:
        return None
    if name is None:
        return (
            f"Run {run.name!r} does not record how it encoded the costs for its surrogate "
            "(no _meta.runhistory_encoder in scenario.json)"
        )
    if name in _BOING_ENCODERS:
        return (
            f"Run {run.name!r} names BOinG's encoder {name!r}, which no SMAC 2 can run: its surrogate, a local "
            "Gaussian process on a part of the trials, is not recorded"
        )
    return (
        f"Run {run.name!r} encoded the costs for its surrogate by {name!r:.80}, no class of SMAC's, "
        "of which scenario.json keeps only the name"
    )


def is_pyrfr(run: Run) -> bool:
    """Returns whether the run's forest was pyrfr's, SMAC's until 2.3.1."""
    meta = component_meta(run, "model")
    return model_name(run) == "RandomForest" and "n_estimators" not in meta


@contextmanager
def _models_alone() -> Iterator[None]:
    """Within it SMAC's models are imported without its optimizers and Dask, which take as long as all else.

    scikit-learn would import pandas, in case that somebody has data frames.
    """
    with submodules_only("smac"), when_used("pandas"):
        yield


def import_models() -> None:
    """Imports what models need that are trained later, perhaps in processes that are forks of this one."""
    with _models_alone():
        for name in _MODULES:
            importlib.import_module(name)


def rebuild_model(run: Run) -> Any:
    """Returns SMAC's model with the run's options, untrained.

    Raises:
        SurrogateError: If the model, its kernel or an option is not one that can be rebuilt.
    """
    name = model_name(run)
    meta = component_meta(run, "model")
    check_options(meta)
    arguments: dict[str, Any] = {
        "configspace": run.configspace,
        "instance_features": _model_features(run, meta),
        "pca_components": meta.get("pca_components", 7),
        "seed": run.scenario.get("seed", 0),
    }
    with _models_alone():
        if name == "RandomForest":
            from smac.model.random_forest import RandomForest

            arguments.update(_pyrfr_arguments(run, meta) if is_pyrfr(run) else _forest_arguments(meta))
            return RandomForest(**arguments)
        from smac.model.gaussian_process import GaussianProcess, MCMCGaussianProcess

        arguments["kernel"] = _kernel(meta.get("kernel"))
        names = _PROCESS_OPTIONS if name == "GaussianProcess" else _MCMC_OPTIONS
        arguments.update({option: meta[option] for option in names if option in meta})
        return (GaussianProcess if name == "GaussianProcess" else MCMCGaussianProcess)(**arguments)


def _model_features(run: Run, meta: Mapping[str, Any]) -> Mapping[str, list[float]] | None:
    # Not every facade gives the instances' features to its model: the recorded types have a column for each.
    types = meta.get("types")
    if isinstance(types, list) and len(types) == len(run.configspace):
        return None
    return instance_features(run)


def _forest_arguments(meta: Mapping[str, Any]) -> dict[str, Any]:
    left_out = (*_COMMON, "max_features")
    arguments = {_FOREST_NAMES.get(key, key): value for key, value in meta.items() if key not in left_out}
    n_columns, max_features = len(meta.get("types", ())), meta.get("max_features")
    if not isinstance(max_features, int) or n_columns == 0:
        raise SurrogateError('scenario.json: the forest lacks types or max_features. Use surrogate="forest".')
    # SMAC: max_features = 0 if ratio > 1 else max(1, int(columns * ratio)); half a column more survives the rounding.
    arguments["ratio_features"] = 2.0 if max_features == 0 else min(1.0, (max_features + 0.5) / n_columns)
    return arguments


def _pyrfr_arguments(run: Run, meta: Mapping[str, Any]) -> dict[str, Any]:
    """The options of SMAC up to 2.3.1; what pyrfr alone had (eps_purity) has no counterpart."""
    arguments = {key: meta[key] for key in _PYRFR_OPTIONS if key in meta}
    n_points = meta.get("n_points_per_tree", -1)
    if isinstance(n_points, int) and n_points > 0:
        arguments["max_samples"] = n_points
    if "max_nodes" in meta:
        arguments["max_leaf_nodes"] = meta["max_nodes"]
    # log_y was not recorded: the facade decided it.
    facade = component_meta(run, "facade").get("name")
    if facade in ("HyperparameterOptimizationFacade", "MultiFidelityFacade"):
        arguments["log_y"] = True
    else:
        encoder = str(component_meta(run, "runhistory_encoder").get("name"))
        arguments["log_y"] = facade != "AlgorithmConfigurationFacade" and "Log" in encoder
    return arguments


def _kernel(meta: Any) -> Any:
    """Returns the kernel tree that `AbstractKernel.meta` described."""
    from smac.model.gaussian_process import kernels

    name = meta.get("name") if isinstance(meta, Mapping) else meta
    if not isinstance(meta, Mapping) or name not in _KERNELS:
        raise SurrogateError(
            f'The run\'s kernel {name!r} cannot be rebuilt (known: {", ".join(_KERNELS)}). Use surrogate="forest".'
        )
    # HammingKernel.meta writes its bounds a second time under a misspelt name.
    arguments = {key: value for key, value in meta.items() if key not in ("name", "lengthscale_bounds")}
    for key, value in arguments.items():
        if key in ("k1", "k2"):
            arguments[key] = _kernel(value)
        elif key == "prior" and value is not None:
            arguments[key] = _prior(value)
        elif key == "operate_on" and value is not None:
            arguments[key] = np.array(value, dtype=np.int64)
        elif key == "length_scale" and isinstance(value, list):
            arguments[key] = np.array(value, dtype=np.float64)
        elif key.endswith("_bounds") and isinstance(value, list):
            arguments[key] = [tuple(b) for b in value] if isinstance(value[0], list) else tuple(value)
    return getattr(kernels, str(name))(**arguments)


def _prior(meta: Any) -> Any:
    from smac.model.gaussian_process.priors.gamma_prior import GammaPrior
    from smac.model.gaussian_process.priors.horseshoe_prior import HorseshoePrior
    from smac.model.gaussian_process.priors.log_normal_prior import LogNormalPrior
    from smac.model.gaussian_process.priors.tophat_prior import SoftTopHatPrior, TophatPrior

    classes = {c.__name__: c for c in (GammaPrior, HorseshoePrior, LogNormalPrior, SoftTopHatPrior, TophatPrior)}
    name = meta.get("name") if isinstance(meta, Mapping) else meta
    if not isinstance(meta, Mapping) or name not in classes:
        raise SurrogateError(
            f'The run\'s prior {name!r} cannot be rebuilt (known: {", ".join(classes)}). Use surrogate="forest".'
        )
    return classes[str(name)](**{key: value for key, value in meta.items() if key != "name"})
