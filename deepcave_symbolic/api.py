"""The functions that users call: one explanation, all of a run, all of many runs."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.comparing import Comparison, compare_explanations
from deepcave_symbolic.engines.protocol import SymbolicRegressionEngine
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.explainer import Explainer
from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.explanations import Explanations
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.question import DEFAULT_MAX_COMPLEXITY, Options
from deepcave_symbolic.runs.views import Weights
from deepcave_symbolic.study import Settings, Study, Workers, carry_out, plan, plan_run
from deepcave_symbolic.words.run_names import run_names

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["compare", "explain", "explain_all", "explain_study"]


def explain(
    run: Any,
    *hyperparameters: str,
    objective: str | None = None,
    budget: float | str | None = None,
    source: str = "surrogate",
    surrogate: str | Any = "run",
    engine: str | SymbolicRegressionEngine = "auto",
    max_complexity: int = DEFAULT_MAX_COMPLEXITY,
    functions: Sequence[str] | None = None,
    seed: int = 0,
    configspace: ConfigurationSpace | None = None,
    weights: Weights | None = None,
) -> Explanation:
    """Returns short formulas of one or two hyperparameters, each with the numbers that say how far to trust it.

    The run's own surrogate is rebuilt, projected onto the hyperparameters and described by symbolic regression (Segel
    et al., "Symbolic Explanations for Hyperparameter Optimization", AutoML 2023).

    Args:
        run: Path of a SMAC run folder, an `optuna.Study` or where it is stored (see `load_run`), a `Run`, or a
            DeepCAVE run object. None to explain a given model alone.
        *hyperparameters: One or two names.
        objective: Name of the objective; the first by default. "scalarized" for the one cost that SMAC makes of several
            objectives, "Time" for the seconds that successful trials took.
        budget: Budget whose trials are used; by default the highest with enough trials, as SMAC does. "all" makes the
            budget one more hyperparameter, named "budget". Names that the run itself uses get a number: "budget (2)",
            "scalarized (2)".
        source: "surrogate", or "trials" to fit the evaluated configurations themselves.
        surrogate: "run" (rebuilt from the folder), "forest", "best" (by cross-validation), a fitted model whose
            columns are named after the hyperparameters and in their units, a `ModelSurrogate` for any other, or a
            `Surrogate`.
        engine: "auto", "exhaustive", "operon", "gplearn", or an engine.
        max_complexity: Longest formula, in operators.
        functions: What formulas may contain beside + - * /, of `engines.base.KNOWN_FUNCTIONS`; None for the readable
            ones (gplearn: the paper's).
        seed: Seed of what is random: a forest of our own and the engines operon and gplearn. The run's own surrogate,
            the projection and the default engine do not depend on it.
        configspace: Replaces the folder's configuration space; without a run, the space of the given model.
        weights: With objective="scalarized", a weight an objective, by name or in order; None for the run's own, else
            equal ones.

    Returns:
        The record, with at least one formula (a constant).

    Raises:
        DeepcaveSymbolicError: If the run, a name or an option is not usable; the message says what to do.
    """
    options = Options(source, engine, max_complexity, functions, seed)
    explainer = Explainer.of(
        run,
        objective=objective,
        budget=budget,
        weights=weights,
        surrogate=surrogate,
        configspace=configspace,
        options=options,
    )
    return explainer.explain(hyperparameters)


def explain_all(  # noqa: D417 - the arguments that it shares with explain are described there
    run: Any,
    pairs: bool = False,
    n_jobs: int | None = None,
    *,
    objective: str | None = None,
    budget: float | str | None = None,
    source: str = "surrogate",
    surrogate: str | Any = "run",
    engine: str | SymbolicRegressionEngine = "auto",
    max_complexity: int = DEFAULT_MAX_COMPLEXITY,
    functions: Sequence[str] | None = None,
    seed: int = 0,
    configspace: ConfigurationSpace | None = None,
    weights: Weights | None = None,
    progress: Callable[[Sequence[Sequence[str]]], Any] | None = None,
    output: str | os.PathLike[str] | None = None,
    scheduler: str | None = None,
) -> Explanations:
    """Returns an explanation of every hyperparameter (or every pair), those that move the objective most first.

    What cannot be explained is there with `formulas == []` and a warning. Who computes it does not change it.

    Args:
        run: As in `explain`, and so are the arguments not listed here.
        pairs: Explain every pair of explainable hyperparameters instead of each alone.
        n_jobs: Number of processes; None for this one alone, -1 for one a core. A process takes about two seconds to
            start. With a surrogate of your own: threads of this process.
        progress: Wraps the list of what is to be explained, such as `tqdm.tqdm`; advances as explanations finish.
        output: Folder in which every finished explanation is stored at once, and found again by a later call with the
            same run, options and versions.
        scheduler: Address of a Dask scheduler, such as "tcp://127.0.0.1:8786", whose workers compute instead.

    Raises:
        DeepcaveSymbolicError: If the run, a name or an option is not usable.
    """
    options = Options(source, engine, max_complexity, functions, seed)
    workers = Workers(n_jobs, scheduler)
    if not isinstance(surrogate, str):
        if output is not None or scheduler is not None:
            raise InvalidArgumentError("output and scheduler need a surrogate by name: your own stays in this process.")
        explainer = Explainer.of(
            run,
            objective=objective,
            budget=budget,
            weights=weights,
            surrogate=surrogate,
            configspace=configspace,
            options=options,
        )
        return _explain_in_threads(explainer, pairs, n_jobs, progress)
    settings = Settings(objective, budget, weights, surrogate, configspace, options)
    study = carry_out([plan_run(run, settings, pairs=pairs)], workers, output=output, progress=progress)
    if study.failures:
        raise study.failures[0].error
    return study.explanations


def _explain_in_threads(
    explainer: Explainer, pairs: bool, n_jobs: int | None, progress: Callable[[Sequence[Sequence[str]]], Any] | None
) -> Explanations:
    from joblib import Parallel, delayed

    names = list(explainer.run.configspace)
    wanted: Any = list(itertools.combinations(explainer.explainable(), 2)) if pairs else [(name,) for name in names]
    if progress is not None:
        wanted = progress(wanted)
    explanations = Parallel(n_jobs=n_jobs, prefer="threads")(delayed(explainer.explain_or_note)(w) for w in wanted)
    return Explanations(sorted(explanations, key=lambda e: -e.range))


def explain_study(  # noqa: D417 - the arguments that it shares with explain are described there
    runs: Any,
    pairs: bool = False,
    n_jobs: int | None = None,
    *,
    hyperparameters: Sequence[str] | None = None,
    objective: str | None = None,
    budget: float | str | None = None,
    source: str = "surrogate",
    surrogate: str = "run",
    engine: str | SymbolicRegressionEngine = "auto",
    max_complexity: int = DEFAULT_MAX_COMPLEXITY,
    functions: Sequence[str] | None = None,
    seed: int = 0,
    configspace: ConfigurationSpace | None = None,
    weights: Weights | None = None,
    progress: Callable[[Sequence[Sequence[str]]], Any] | None = None,
    output: str | os.PathLike[str] | None = None,
    scheduler: str | None = None,
    found: Callable[[int, int], None] | None = None,
) -> Study:
    """Returns explanations of every hyperparameter (or every pair) of many runs; see also `explain_all`.

    A run that cannot be explained is in `failures` with the reason and does not stop the others.

    Args:
        runs: Run folders, folders above them (every run below is taken), `Run`s or DeepCAVE run objects; one or a list.
        pairs: As in `explain_all`, and so are n_jobs, progress, output and scheduler.
        hyperparameters: One or two names, to explain these (two together) in every run instead.
        found: Told how many explanations of how many the output folder has already.

    Raises:
        DeepcaveSymbolicError: If an option, the output folder or the scheduler is not usable, or there is no run.
    """
    if not isinstance(surrogate, str):
        raise InvalidArgumentError("A study needs a surrogate by name; your own belongs to one run: use explain_all.")
    options = Options(source, engine, max_complexity, functions, seed)
    workers = Workers(n_jobs, scheduler)
    settings = Settings(objective, budget, weights, surrogate, configspace, options)
    if isinstance(hyperparameters, str):
        hyperparameters = [hyperparameters]
    if pairs and hyperparameters is not None:
        raise InvalidArgumentError("pairs=True explains every pair; leave hyperparameters out.")
    only = None if hyperparameters is None else [tuple(hyperparameters)]
    planned, failures = plan(runs, settings, pairs=pairs, only=only)
    study = carry_out(planned, workers, output=output, progress=progress, found=found)
    return replace(study, failures=(*failures, *study.failures))


def compare(  # noqa: D417 - the arguments that it shares with explain are described there
    runs: Any,
    hyperparameter: str,
    second: str | None = None,
    *,
    form: Formula | None = None,
    level: float = 0.05,
    names: Sequence[str] | None = None,
    objective: str | None = None,
    budget: float | str | None = None,
    surrogate: str = "run",
    engine: str | SymbolicRegressionEngine = "auto",
    max_complexity: int = DEFAULT_MAX_COMPLEXITY,
    functions: Sequence[str] | None = None,
    seed: int = 0,
    configspace: ConfigurationSpace | None = None,
    weights: Weights | None = None,
    n_jobs: int | None = None,
    progress: Callable[[Sequence[Sequence[str]]], Any] | None = None,
    output: str | os.PathLike[str] | None = None,
    scheduler: str | None = None,
) -> Comparison:
    """Returns the formulas of several runs (seeds, data sets) side by side, and which of their constants agree.

    One form is chosen for all runs and fitted to each; a constant agrees where the runs' values differ by no more than
    their standard errors allow, and the record says within how much.

    Args:
        runs: As in `explain_study`, and so are n_jobs, progress, output and scheduler; two or more.
        hyperparameter: The hyperparameter.
        second: A second one, for formulas of two.
        form: A formula whose form is compared, such as one of an explanation's front; by default the shortest form
            that serves all runs nearly as well as the best.
        level: Below this p-value a constant's differences are more than its uncertainty.
        names: What to call the runs; by default as much of their paths as tells them apart.

    Raises:
        DeepcaveSymbolicError: If a run is not usable, or the runs cannot be compared; the message says why.
    """
    if not isinstance(surrogate, str):
        raise InvalidArgumentError("A comparison needs a surrogate by name; your own belongs to one run.")
    workers = Workers(n_jobs, scheduler)
    options = Options("surrogate", engine, max_complexity, functions, seed)
    settings = Settings(objective, budget, weights, surrogate, configspace, options)
    wanted = (hyperparameter,) if second is None else (hyperparameter, second)
    planned, failures = plan(runs, settings, only=[wanted])
    if failures:
        raise failures[0].error
    if len(planned) < 2:
        raise InvalidArgumentError(f"A comparison needs two runs or more; found {len(planned)}.")
    labels = run_names([run.label for run in planned]) if names is None else list(names)
    if len(labels) != len(planned) or len(set(labels)) != len(labels):
        raise InvalidArgumentError(f"names has {labels!r}; expected {len(planned)} different ones.")
    study = carry_out(planned, workers, output=output, progress=progress)
    if study.failures:
        raise study.failures[0].error
    return compare_explanations(dict(zip(labels, study.explanations, strict=True)), form=form, level=level)
