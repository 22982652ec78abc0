"""Small live SMAC runs, each made once a session, and what the tests compare with."""

from __future__ import annotations

import contextlib
import io
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ConfigSpace import Categorical, Configuration, ConfigurationSpace, EqualsCondition, Float, Integer

INSTANCES = {"a": [0.1, 0.5, 0.9], "b": [0.7, 0.2, 0.4], "c": [0.3, 0.8, 0.6]}


@dataclass(frozen=True)
class LiveRun:
    """A finished optimisation and its folder."""

    facade: Any
    folder: Path

    def copied(self, target: Path) -> Path:
        """Returns a copy of the folder that a test may change."""
        return Path(shutil.copytree(self.folder, target / "copy"))


def floats() -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    space.add(Float("x", (0.001, 1.0), log=True), Float("y", (-2.0, 2.0)))
    return space


def mixed() -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    kernel = Categorical("kernel", ["rbf", "poly", "linear"])
    degree = Integer("degree", (1, 6))
    space.add(Float("C", (0.01, 100.0), log=True), Integer("n", (2, 64), log=True), kernel, degree)
    space.add(EqualsCondition(degree, kernel, "poly"))
    return space


def cost_of(config: Configuration) -> float:
    values = dict(config)
    if "x" in values:
        return 0.2 + (np.log10(values["x"]) + 1.5) ** 2 + 0.3 * (values["y"] - 0.5) ** 2
    extra = {"rbf": 0.1, "linear": 0.4, "poly": 0.05 * values.get("degree", 0)}[values["kernel"]]
    return 0.1 + 0.2 * (np.log10(values["C"]) - 0.5) ** 2 + extra + 1 / values["n"]


def plain(config: Configuration, seed: int = 0) -> float:
    return float(cost_of(config))


def _budgeted(config: Configuration, seed: int = 0, budget: float = 1.0) -> float:
    return float(cost_of(config) + 1 / budget)


def _on_instance(config: Configuration, instance: str, seed: int = 0) -> float:
    return float(cost_of(config) * (1 + INSTANCES[instance][0]))


def _two(config: Configuration, seed: int = 0) -> dict[str, float]:
    return {"error": float(cost_of(config)), "size": float(100 * dict(config)["n"])}


_CACHE: dict[str, LiveRun] = {}
KINDS = ("blackbox", "mcmc", "hpo", "plain", "log", "scaled", "ac", "mf", "random", "hyperband", "two", "parego")
OWN_MODEL = tuple(kind for kind in KINDS if kind not in ("random", "hyperband", "parego"))


def live(kind: str, base: Path) -> LiveRun:
    """Returns the live run of a kind, made at the first call."""
    if kind not in _CACHE:
        with contextlib.redirect_stdout(io.StringIO()):
            _CACHE[kind] = _make(kind, base)
    return _CACHE[kind]


def _make(kind: str, base: Path) -> LiveRun:
    import smac
    from smac.runhistory import encoder as encoders

    space = floats() if kind in ("blackbox", "mcmc") else mixed()
    extra: dict[str, Any] = {}
    arguments: dict[str, Any] = {}
    facade, target = smac.HyperparameterOptimizationFacade, plain
    if kind in ("blackbox", "mcmc"):
        facade = smac.BlackBoxFacade
    elif kind == "ac":
        facade, target = smac.AlgorithmConfigurationFacade, _on_instance
        extra = {"instances": list(INSTANCES), "instance_features": INSTANCES}
    elif kind in ("mf", "hyperband"):
        facade, target = (smac.MultiFidelityFacade if kind == "mf" else smac.HyperbandFacade), _budgeted
        extra = {"min_budget": 1, "max_budget": 9}
    elif kind == "random":
        facade = smac.RandomFacade
    elif kind in ("two", "parego"):
        target, extra = _two, {"objectives": ["error", "size"]}
    n_trials = 24 if kind != "mcmc" else 12
    options = {"deterministic": True, "seed": 3, "n_trials": n_trials, "name": kind, **extra}
    scenario = smac.Scenario(space, output_directory=base / "smac", **options)
    # One training and a short search for the next configuration: the tests need the folder, not the optimum.
    arguments["config_selector"] = facade.get_config_selector(scenario, retrain_after=50)
    if kind not in ("random", "hyperband", "ac"):
        search = {"challengers": 20, "local_search_iterations": 1}
        arguments["acquisition_maximizer"] = facade.get_acquisition_maximizer(scenario, **search)
    names = {"plain": "RunHistoryEncoder", "log": "RunHistoryLogEncoder", "scaled": "RunHistoryScaledEncoder"}
    if kind in names:
        arguments["runhistory_encoder"] = getattr(encoders, names[kind])(scenario)
    if kind == "parego":
        from smac.multi_objective.parego import ParEGO

        arguments["multi_objective_algorithm"] = ParEGO(scenario)
    if kind == "mcmc":
        arguments["model"] = small_mcmc(scenario)
        arguments["acquisition_function"] = _integrated()
    optimizer = facade(scenario, target, logging_level=False, overwrite=True, **arguments)
    optimizer.optimize()
    return LiveRun(optimizer, Path(scenario.output_directory))


def small_mcmc(scenario: Any) -> Any:
    from smac import BlackBoxFacade
    from smac.model.gaussian_process import MCMCGaussianProcess

    kernel = BlackBoxFacade.get_kernel(scenario)
    sizes = {"n_mcmc_walkers": 8, "chain_length": 10, "burning_steps": 10}
    return MCMCGaussianProcess(scenario.configspace, kernel, **sizes, seed=scenario.seed)


def _integrated() -> Any:
    from smac.acquisition.function import EI

    return EI()


def fresh_model(run: LiveRun, kind: str) -> Any:
    """SMAC's own model for a live run, untrained: what its facade builds."""
    scenario = run.facade.scenario
    return small_mcmc(scenario) if kind == "mcmc" else type(run.facade).get_model(scenario)


def sample(space: ConfigurationSpace, n: int = 300) -> np.ndarray:
    space.seed(7)
    return np.array([config.get_array() for config in space.sample_configuration(n)])
