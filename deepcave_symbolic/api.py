"""The functions that users call on runs: one explanation, all of a run, all of many runs, advice, laws, a report."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.advice import checked_count, checked_tolerance
from deepcave_symbolic.engines import EngineName
from deepcave_symbolic.engines.protocol import SymbolicRegressionEngine
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.explainer import Explainer, Progress
from deepcave_symbolic.explanation import Explanation, Explanations, RunExplanation, Unexplained
from deepcave_symbolic.question import (
    DEFAULT_MAX_COMPLEXITY,
    Question,
    Region,
    Source,
    Statistic,
    SurrogateName,
    Trend,
    Weights,
)
from deepcave_symbolic.runs import load_run
from deepcave_symbolic.study import Study, Workers, plan, plan_run, run_study
from deepcave_symbolic.suggestions import Law, NextTrials, SuggestedSpace
from deepcave_symbolic.surrogates.base import Surrogate

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace
    from typing_extensions import Unpack

    from deepcave_symbolic.question import Asked, AskedOfRun

__all__ = [
    "explain",
    "explain_all",
    "explain_run",
    "explain_study",
    "law",
    "next_trials",
    "report_html",
    "suggest_space",
]

Folder = str | os.PathLike[str]


def explain(
    run: Any,
    *hyperparameters: str,
    objective: str | None = None,
    budget: float | str | None = None,
    source: Source = "surrogate",
    surrogate: SurrogateName | Surrogate | Any = "run",
    region: Region = "all",
    statistic: Statistic = "mean",
    engine: EngineName | SymbolicRegressionEngine = "auto",
    max_complexity: int = DEFAULT_MAX_COMPLEXITY,
    functions: Sequence[str] | None = None,
    monotone: Mapping[str, Trend] | None = None,
    seed: int = 0,
    configspace: ConfigurationSpace | None = None,
    weights: Weights | None = None,
) -> Explanation:
    """Returns short formulas of one or two hyperparameters, each with the numbers that say how far to trust it.

    The run's own surrogate is rebuilt, projected onto the hyperparameters and described by symbolic regression (Segel
    et al., "Symbolic Explanations for Hyperparameter Optimization", AutoML 2023).

    Args:
        run: Path of a run folder, an `optuna.Study` or where it is stored (see `load_run`), a `Run`, or a
            DeepCAVE run object. None to explain a given model alone.
        *hyperparameters: One or two names.
        objective: Name of the objective; the first by default. "scalarized" for the one cost that SMAC makes of several
            objectives, "Time" for the seconds that successful trials took.
        budget: Budget whose trials are used; by default the highest at which enough succeeded. "all" makes the
            budget one more hyperparameter, named "budget". Names that the run itself uses get a number: "budget (2)",
            "scalarized (2)".
        source: "surrogate", or "trials" to fit the evaluated configurations themselves.
        surrogate: "run" (rebuilt from the folder), "forest", "consensus" (the mean of a Gaussian process and trees of
            our own), "best" (by cross-validation), a fitted model whose columns are named after the hyperparameters and
            in their units, a `ModelSurrogate` for any other, or a `Surrogate`.
        region: "all"; "best 10%" (any share), all predictions that are worse counting as the worst of those; or parts
            of domains in natural units, of explained and other hyperparameters, such as {"lr": (1e-4, 1e-2)}, and lists
            of choices, such as {"kernel": ["rbf", "poly"]}.
        statistic: What becomes of the hyperparameters that are not explained: "mean" averages over them, "best" sets
            them as well as they can be set, "incumbent" to the values of the run's best configuration.
        engine: "auto", the name of an engine, or an engine.
        max_complexity: Longest formula, in nodes (see `Formula.complexity`).
        functions: What formulas may contain beside + - * /, of `engines.KNOWN_FUNCTIONS`; None for the readable ones
            (gplearn: the paper's). Names with a minus are left out of those: ["-tanh"].
        monotone: How formulas must move with a hyperparameter, "falling" or "rising", by its name: formulas for which
            that is not proven on the whole domain are left out. A hyperparameter that is not explained may be there.
        seed: Seed of what is random: models of our own and the engines operon and gplearn. The run's own surrogate,
            the projection and the default engine do not depend on it.
        configspace: Replaces the folder's configuration space; without a run, the space of the given model.
        weights: With objective="scalarized", one weight per objective, by name or in order; None for the run's own,
            else equal ones.

    Returns:
        The record, with at least one formula (a constant).

    Raises:
        DeepcaveSymbolicError: If the run, a name or an option is not usable; the message says what to do.
    """
    question = Question(
        objective=objective,
        budget=budget,
        weights=weights,
        surrogate=surrogate,
        region=region,
        statistic=statistic,
        source=source,
        engine=engine,
        max_complexity=max_complexity,
        functions=functions,
        monotone=monotone,
        seed=seed,
        configspace=configspace,
    )
    return Explainer(run, question).explain(*hyperparameters)


def explain_all(
    run: Any,
    *,
    pairs: bool | int = False,
    n_jobs: int | None = None,
    folder: Folder | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
    **question: Unpack[Asked],
) -> Explanations:
    """Returns an explanation of every hyperparameter (or of pairs), those that move the objective most first.

    What cannot be explained is there as an `Unexplained`, without formulas and with the reason. Who computes it does
    not change it.

    Args:
        run: As in `explain`.
        pairs: False for every hyperparameter alone, True for every pair of explainable ones, a number for the so many
            pairs that interact most.
        n_jobs: Number of processes; None for this one alone, -1 for one per core. A process takes about two seconds to
            start. A surrogate of your own stays in this process.
        folder: Where every finished explanation is stored at once, and found again by a later call with the same run,
            question and versions.
        scheduler: Address of a Dask scheduler, such as "tcp://127.0.0.1:8786", whose workers compute instead.
        progress: Wraps the list of what is to be explained, such as `tqdm.tqdm`; advances as explanations finish.
        **question: The arguments of `explain`: objective, budget, source, surrogate, region, statistic, engine,
            max_complexity, functions, monotone, seed, configspace, weights.

    Raises:
        DeepcaveSymbolicError: If the run, a name or an option is not usable.
    """
    asked, workers = Question(**question), Workers(n_jobs, scheduler)
    if not asked.is_portable:
        if folder is not None or scheduler is not None:
            raise InvalidArgumentError("folder and scheduler need a surrogate by name: your own stays in this process.")
        return Explainer(run, asked).explain_all(pairs=pairs, progress=progress)
    planned = plan_run(run, asked, pairs=pairs)
    return _succeeded(run_study([planned], workers, folder=folder, progress=progress)).explanations


def explain_study(
    runs: Any,
    *hyperparameters: str,
    pairs: bool | int = False,
    n_jobs: int | None = None,
    folder: Folder | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
    found: Callable[[int, int], None] | None = None,
    **question: Unpack[Asked],
) -> Study:
    """Returns explanations of every hyperparameter (or every pair) of many runs; see also `explain_all`.

    A run that cannot be explained is in `failures` with the reason and does not stop the others.

    Args:
        runs: Run folders, folders above them (every run below is taken), files of Optuna's (every study in it), `Run`s,
            studies or DeepCAVE run objects; one or a list.
        *hyperparameters: One or two names, to explain these (two together) in every run instead.
        pairs: As in `explain_all`, and so are n_jobs, folder, scheduler, progress and the question.
        n_jobs: See `explain_all`.
        folder: See `explain_all`.
        scheduler: See `explain_all`.
        progress: See `explain_all`.
        found: Told how many explanations of how many the folder has already.
        **question: See `explain_all`.

    Raises:
        DeepcaveSymbolicError: If an option, the folder or the scheduler is not usable, or there is no run.
    """
    asked, workers = Question(**question).portable("A study"), Workers(n_jobs, scheduler)
    if pairs and hyperparameters:
        raise InvalidArgumentError("pairs explains pairs of its own; leave the hyperparameters out.")
    planned, failures = plan(runs, asked, pairs=pairs, only=[hyperparameters] if hyperparameters else None)
    study = run_study(planned, workers, folder=folder, progress=progress, found=found)
    return replace(study, failures=(*failures, *study.failures))


def next_trials(run: Any, *hyperparameters: str, n: int = 10, **question: Unpack[Asked]) -> NextTrials:
    """Returns the configurations whose evaluation would teach most about one or two hyperparameters, with reasons.

    They lie where models of the run's trials differ most and trials are far or few, within the region; they are not
    meant to be good. The models are those of the consensus surrogate, unless a surrogate of your own is given.

    Args:
        run: As in `explain`.
        *hyperparameters: One or two names.
        n: How many configurations, from 1 to 100.
        **question: The arguments of `explain`.

    Raises:
        DeepcaveSymbolicError: If the run, a name or an option is not usable.
    """
    n = checked_count(n)  # before anything is trained
    asked: Asked = {**question, "surrogate": question.get("surrogate", "consensus")}
    return Explainer(run, Question(**asked)).next_trials(*hyperparameters, n=n)


def explain_run(
    run: Any, *, max_complexity: int | None = None, laws: int | None = None, **question: Unpack[AskedOfRun]
) -> RunExplanation:
    """Returns one formula of all hyperparameters of a run: a level and centred parts with their shares.

    The level is the surrogate's mean over the space; main effects, interactions and laws are added as long as the
    trials can tell what they say, each with mean zero (functional ANOVA, Hooker 2007). Parts are found by forward
    selection (Hastie, Tibshirani & Friedman, "The Elements of Statistical Learning", section 3.3); the constants of all
    parts are fitted together by variable projection (Golub & Pereyra 1973).

    Args:
        run: As in `explain`.
        max_complexity: Longest formula, in nodes (see `Formula.complexity`); None for as long as the trials can tell.
        laws: Of how many hyperparameters to look for a law (see `law`), those that account for most first; None for
            three, where the run is small enough for that to be quick.
        **question: The arguments of `explain` that are about the run and its surrogate: objective, budget, surrogate,
            region, seed, configspace, weights.

    Returns:
        The record: the recommended formula, shorter and longer ones, their accuracy, the parts and their shares, laws.

    Raises:
        DeepcaveSymbolicError: If the run, a name or an option is not usable, or no hyperparameter varies.
    """
    return Explainer(run, Question(**question)).explain_run(max_complexity, laws)


def suggest_space(run: Any, *, tolerance: float = 0.01, **question: Unpack[Asked]) -> SuggestedSpace:
    """Returns a better configuration space for the next run: what to narrow, to widen and to freeze, and why.

    A value is kept where the other hyperparameters can be set so that the surrogate stays within the tolerance of its
    best, and within what the trials cannot tell besides.

    Args:
        run: As in `explain`.
        tolerance: By how much the objective may be worse than its best, objective units.
        **question: The arguments of `explain`.

    Raises:
        DeepcaveSymbolicError: If the run or an option is not usable.
    """
    tolerance = checked_tolerance(tolerance)  # before anything is trained
    return Explainer(run, Question(**question)).suggest_space(tolerance)


def law(run: Any, hyperparameter: str, **question: Unpack[Asked]) -> Law | None:
    """Returns how the best value of a hyperparameter moves with others, as a power law; None where none holds.

    It is fitted to the run's trials, whatever the surrogate. Where there is no law, the reason is logged;
    `Explainer.law_or_reason` returns it.

    Args:
        run: As in `explain`.
        hyperparameter: The name of one with positive bounds, such as a learning rate.
        **question: The arguments of `explain`.

    Raises:
        DeepcaveSymbolicError: If the run, the name or an option is not usable.
    """
    return Explainer(run, Question(**question)).law(hyperparameter)


def report_html(
    run: Any,
    *,
    pairs: bool | int = 3,
    title: str | None = None,
    command: str | None = None,
    n_jobs: int | None = None,
    progress: Progress | None = None,
    **question: Unpack[Asked],
) -> str:
    """Returns a run's formulas as one HTML page below 5 MB that opens without internet; see `Explainer.report`.

    Args:
        run: As in `explain`.
        pairs: How many pairs to explain beside every hyperparameter, those that interact most; False for none, True
            for all.
        title: The page's heading; the run's name by default.
        command: What the page names as the command that made it.
        n_jobs: As in `explain_all`, and so are progress and the question.
        progress: See `explain_all`.
        **question: See `explain_all`.

    Raises:
        DeepcaveSymbolicError: If the run, a name or an option is not usable.
    """
    asked, workers = Question(**question), Workers(n_jobs)
    run = run if run is None else load_run(run, configspace=asked.configspace)
    explainer = Explainer(run, asked)

    def explain_each(names: Sequence[tuple[str, ...]], progress: Progress | None) -> list[Explanation | Unexplained]:
        if workers.count == 1 or not asked.is_portable or len(names) < 2:
            return explainer.explain_each(names, progress)
        planned = plan_run(run, asked, only=names)
        return list(_succeeded(run_study([planned], workers, progress=progress)).explanations)

    return explainer.report(pairs=pairs, title=title, command=command, progress=progress, explain_each=explain_each)


def _succeeded(study: Study) -> Study:
    """Returns the study; raises the error of what failed first."""
    if study.failures:
        raise study.failures[0].error
    return study
