"""Optimises real scikit-learn models with SMAC and writes the run folders that the examples explain.

    python examples/make_runs.py my_runs

Four runs with three facades, on data that ships with scikit-learn (nothing is downloaded); about ten minutes in all. A
run that is already in the folder stays, so the script can be started again. The copies under `examples/runs/` were
written by it; `examples/README.md` says what each one is.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ConfigSpace import (
    Categorical,
    Configuration,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    InCondition,
    Integer,
)
from sklearn.base import BaseEstimator
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from smac import BlackBoxFacade, HyperparameterOptimizationFacade, MultiFidelityFacade, Scenario

#: What SMAC 2.4 writes into a run folder.
FILES = ("configspace.json", "scenario.json", "runhistory.json", "optimization.json", "intensifier.json")


def cross_validated_rmse(model: BaseEstimator, X: np.ndarray, y: np.ndarray, n_folds: int) -> float:
    """Returns the root mean squared error, averaged over the folds, in units of y."""
    folds = KFold(n_folds, shuffle=True, random_state=0)
    return float(-cross_val_score(model, X, y, cv=folds, scoring="neg_root_mean_squared_error").mean())


def cross_validated_error(model: BaseEstimator, X: np.ndarray, y: np.ndarray, n_folds: int) -> float:
    """Returns the share of misclassified samples, averaged over the folds."""
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        # Few epochs and large steps are part of what is searched: not converging is their result, not a mistake.
        warnings.simplefilter("ignore")
        with np.errstate(all="ignore"):
            return float(1.0 - cross_val_score(model, X, y, cv=folds, error_score="raise").mean())


def digits_half() -> tuple[np.ndarray, np.ndarray]:
    """Returns every second digit image, its pixels scaled to [0, 1]."""
    X, y = load_digits(return_X_y=True)
    return X[::2] / 16.0, y[::2]


def svm_space() -> ConfigurationSpace:
    """Returns the two classic hyperparameters of a support vector machine with a Gaussian kernel."""
    return ConfigurationSpace(
        space=[Float("C", (1.0, 1e3), log=True, default=10.0), Float("gamma", (1e-3, 1.0), log=True, default=0.01)],
        seed=0,
    )


def svm_error(config: Configuration, seed: int = 0) -> float:
    """Returns the 5-fold RMSE of support vector regression on the diabetes data (target: 25 to 346)."""
    model = make_pipeline(StandardScaler(), SVR(C=config["C"], gamma=config["gamma"]))
    return cross_validated_rmse(model, *load_diabetes(return_X_y=True), n_folds=5)


def mlp_space() -> ConfigurationSpace:
    """Returns six mixed hyperparameters of a neural network; the momentum exists only for plain gradient descent."""
    solver = Categorical("solver", ["sgd", "adam"], default="adam")
    momentum = Float("momentum", (0.0, 0.99), default=0.9)
    space = ConfigurationSpace(
        space=[
            Float("learning_rate_init", (1e-4, 0.3), log=True, default=1e-3),
            Integer("n_neurons", (4, 128), log=True, default=32),
            Float("alpha", (1e-6, 1.0), log=True, default=1e-4),
            Integer("batch_size", (16, 256), log=True, default=64),
            solver,
            momentum,
        ],
        seed=0,
    )
    space.add(EqualsCondition(momentum, solver, "sgd"))
    return space


def mlp_error(config: Configuration, seed: int = 0) -> float:
    """Returns the 3-fold error of the neural network on the digits, after 15 epochs."""
    X, y = digits_half()
    model = MLPClassifier(
        hidden_layer_sizes=(config["n_neurons"],),
        learning_rate_init=config["learning_rate_init"],
        alpha=config["alpha"],
        batch_size=config["batch_size"],
        solver=config["solver"],
        momentum=config.get("momentum", 0.9),
        max_iter=15,
        random_state=seed,
    )
    return cross_validated_error(model, X, y, n_folds=3)


def deep_mlp_space() -> ConfigurationSpace:
    """Returns seven mixed hyperparameters of a neural network of up to five layers; three depend on the solver."""
    solver = Categorical("solver", ["lbfgs", "sgd", "adam"], default="adam")
    batch_size = Integer("batch_size", (30, 300), default=200)
    schedule = Categorical("learning_rate", ["constant", "invscaling", "adaptive"], default="constant")
    step = Float("learning_rate_init", (1e-4, 1.0), log=True, default=1e-3)
    space = ConfigurationSpace(
        space=[
            Categorical("activation", ["logistic", "tanh", "relu"], default="tanh"),
            Integer("n_layer", (1, 5), default=1),
            Integer("n_neurons", (8, 256), log=True, default=10),
            solver,
            batch_size,
            schedule,
            step,
        ],
        seed=0,
    )
    space.add(
        InCondition(batch_size, solver, ["sgd", "adam"]),
        EqualsCondition(schedule, solver, "sgd"),
        InCondition(step, solver, ["sgd", "adam"]),
    )
    return space


def deep_mlp_error(config: Configuration, seed: int = 0) -> float:
    """Returns the 3-fold error of the neural network on the digits, after 25 epochs."""
    X, y = digits_half()
    model = MLPClassifier(
        hidden_layer_sizes=[config["n_neurons"]] * config["n_layer"],
        activation=config["activation"],
        solver=config["solver"],
        batch_size=config.get("batch_size", "auto"),
        learning_rate=config.get("learning_rate", "constant"),
        learning_rate_init=config.get("learning_rate_init", 1e-3),
        max_iter=25,
        random_state=seed,
    )
    return cross_validated_error(model, X, y, n_folds=3)


def boosting_space() -> ConfigurationSpace:
    """Returns three hyperparameters of gradient boosting; the number of trees is the budget."""
    return ConfigurationSpace(
        space=[
            Float("learning_rate", (0.01, 1.0), log=True, default=0.1),
            Integer("max_depth", (1, 8), default=3),
            Float("subsample", (0.3, 1.0), default=1.0),
        ],
        seed=0,
    )


def boosting_error(config: Configuration, seed: int = 0, budget: float = 81.0) -> float:
    """Returns the 3-fold RMSE of gradient boosting with `budget` trees on the diabetes data (target: 25 to 346)."""
    model = GradientBoostingRegressor(
        n_estimators=round(budget),
        learning_rate=config["learning_rate"],
        max_depth=config["max_depth"],
        subsample=config["subsample"],
        random_state=0,
    )
    return cross_validated_rmse(model, *load_diabetes(return_X_y=True), n_folds=3)


@dataclass(frozen=True)
class Problem:
    """One run to make: a facade, a space and what is measured.

    Args:
        facade: How SMAC optimises.
        space: Makes the configuration space.
        target: What is minimised.
        objective: Its name.
        n_trials: How many evaluations.
        options: More options of the scenario, such as the budgets.
        initial: Options of the facade's initial design.
    """

    facade: type[HyperparameterOptimizationFacade]
    space: Callable[[], ConfigurationSpace]
    target: Callable[..., float]
    objective: str
    n_trials: int
    options: dict[str, Any] = field(default_factory=dict)
    initial: dict[str, Any] = field(default_factory=dict)


PROBLEMS = {
    "svm_bbo": Problem(BlackBoxFacade, svm_space, svm_error, "rmse", n_trials=40),
    "mlp_hpo": Problem(HyperparameterOptimizationFacade, mlp_space, mlp_error, "error", n_trials=100),
    "mlp_deep": Problem(
        HyperparameterOptimizationFacade,
        deep_mlp_space,
        deep_mlp_error,
        "error",
        n_trials=250,
        # A network whose weights overflow is as good as none: SMAC counts it as a crash, at the worst error there is.
        options={"crash_cost": 1.0},
        # Half of the trials see the whole space: its most promising corner has no step size at all (lbfgs).
        initial={"n_configs": 125},
    ),
    "boosting_mf": Problem(
        MultiFidelityFacade,
        boosting_space,
        boosting_error,
        "rmse",
        n_trials=200,
        options={"min_budget": 9, "max_budget": 81},
        # More random configurations than SMAC's default: their best reach the highest budget from all over the space.
        initial={"n_configs": 40},
    ),
}


def make_run(name: str, folder: Path, seed: int, n_trials: int | None = None) -> Path:
    """Optimises one problem, with its own number of trials unless told, and returns the folder with what SMAC wrote."""
    problem = PROBLEMS[name]
    with tempfile.TemporaryDirectory() as scratch:
        scenario = Scenario(
            problem.space(),
            name=name,
            output_directory=Path(scratch),
            objectives=problem.objective,
            deterministic=True,
            n_trials=n_trials or problem.n_trials,
            seed=seed,
            **problem.options,
        )
        design = problem.facade.get_initial_design(scenario, **problem.initial)
        optimizer = problem.facade(scenario, problem.target, initial_design=design, overwrite=True, logging_level=False)
        optimizer.optimize()
        target = folder / name
        target.mkdir(parents=True, exist_ok=True)
        for file in FILES:
            shutil.copyfile(Path(scenario.output_directory) / file, target / file)

    # A committed run names no folder of the machine that made it.
    path = target / "scenario.json"
    recorded = json.loads(path.read_text(encoding="utf-8"))
    recorded["output_directory"] = f"examples/runs/{name}"
    path.write_text(json.dumps(recorded, indent=4), encoding="utf-8")
    return target


def main() -> None:
    """Makes the runs that the command line asks for."""
    parser = argparse.ArgumentParser(description="Makes the example runs: scikit-learn models optimised by SMAC.")
    parser.add_argument("folder", type=Path, help="where the run folders go")
    parser.add_argument("--only", choices=sorted(PROBLEMS), action="append", help="make only this run (repeatable)")
    parser.add_argument("--seed", type=int, default=0, help="seed of SMAC (default: 0)")
    parser.add_argument("--trials", type=int, metavar="N", help="make N trials a run instead of its own number")
    arguments = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":
        # SMAC walks over sets of configurations, whose order follows Python's hash seed; it can only be fixed at start.
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        sys.exit(subprocess.run([sys.executable, *sys.argv], env=environment, check=False).returncode)
    for name in arguments.only or PROBLEMS:
        if all((arguments.folder / name / file).exists() for file in FILES):
            print(f"{arguments.folder / name} is there already and stays")
            continue
        print(make_run(name, arguments.folder, arguments.seed, arguments.trials))


if __name__ == "__main__":
    main()
