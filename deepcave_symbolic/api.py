"""The two functions that users call: one explanation, or all of a run."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.engines.base import SymbolicRegressionEngine
from deepcave_symbolic.explainer import Explainer
from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.options import DEFAULT_MAX_COMPLEXITY, Options
from deepcave_symbolic.runs.views import Weights

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["explain", "explain_all"]


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
    progress: Callable[[Sequence[Explanation | Sequence[str]]], Any] | None = None,
) -> list[Explanation]:
    """Returns an explanation of every hyperparameter (or every pair), those that move the objective most first.

    What cannot be explained is there with `formulas == []` and a warning.

    Args:
        run: As in `explain`, and so are the arguments not listed here.
        pairs: Explain every pair of explainable hyperparameters instead of each alone.
        n_jobs: Number of threads; None for one, -1 for all cores.
        progress: Wraps the list of what is to be explained, such as `tqdm.tqdm`.

    Raises:
        DeepcaveSymbolicError: If the run, a name or an option is not usable.
    """
    from joblib import Parallel, delayed

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
    names = list(explainer.run.configspace)
    wanted: Any = list(itertools.combinations(explainer.explainable(), 2)) if pairs else [(name,) for name in names]
    if progress is not None:
        wanted = progress(wanted)
    explanations = Parallel(n_jobs=n_jobs, prefer="threads")(delayed(explainer.explain_or_note)(w) for w in wanted)
    return sorted(explanations, key=lambda e: -e.range)
