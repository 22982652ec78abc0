"""The HTML report of a whole run: every hyperparameter, the strongest pairs, one page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.engines.protocol import SymbolicRegressionEngine
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.explainer import Explainer
from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.findings.pair_ranking import PairRanking, rank_pairs
from deepcave_symbolic.question import DEFAULT_MAX_COMPLEXITY, Options
from deepcave_symbolic.runs import load_run
from deepcave_symbolic.runs.views import Weights
from deepcave_symbolic.study import Settings, Workers, carry_out, plan_run
from deepcave_symbolic.study.processes import n_workers

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["report_html"]

Progress = Callable[[Sequence[Any]], Any]


def report_html(  # noqa: D417 - the arguments that it shares with explain are described there
    run: Any,
    *,
    pairs: int = 3,
    title: str | None = None,
    command: str | None = None,
    n_jobs: int | None = None,
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
    progress: Progress | None = None,
) -> str:
    """Returns a run's formulas as one HTML page below 5 MB that opens without internet.

    It has every hyperparameter (what cannot be explained with the reason) and the pairs whose interaction is strongest;
    see `pair_ranking`.

    Args:
        run: As in `explain`, and so are the arguments not listed here.
        pairs: How many pairs to explain; 0 for none.
        title: The page's heading; the run's name by default.
        command: What the page names as the command that made it.
        n_jobs: As in `explain_all`.
        progress: Wraps each list that is worked through, such as `tqdm.tqdm`.

    Raises:
        DeepcaveSymbolicError: If the run, a name or an option is not usable.
    """
    if isinstance(pairs, bool) or not isinstance(pairs, int) or pairs < 0:
        raise InvalidArgumentError(f"pairs is {pairs!r}; expected how many pairs to explain, 0 for none.")
    from deepcave_symbolic.show.document import interaction_strength
    from deepcave_symbolic.show.html import report_page

    options = Options(source, engine, max_complexity, functions, seed)
    run = run if run is None else load_run(run, configspace=configspace)
    explainer = Explainer.of(
        run,
        objective=objective,
        budget=budget,
        weights=weights,
        surrogate=surrogate,
        configspace=configspace,
        options=options,
    )

    def explained(wanted: Sequence[tuple[str, ...]]) -> list[Explanation]:
        if n_workers(n_jobs) == 1 or not isinstance(surrogate, str) or len(wanted) < 2:
            return [explainer.explain_or_note(names) for names in (wanted if progress is None else progress(wanted))]
        settings = Settings(objective, budget, weights, surrogate, configspace, options)
        planned = replace(plan_run(run, settings, pairs=False), names=tuple(wanted))
        study = carry_out([planned], Workers(n_jobs, None), progress=progress)
        if study.failures:
            raise study.failures[0].error
        return list(study.explanations)

    singles = explained([(name,) for name in explainer.run.configspace])
    singles.sort(key=lambda e: -e.range)
    chosen, note = [], ""
    if pairs:
        names = [e.hyperparameters[0] for e in singles if e.formulas]
        ranking = rank_pairs(explainer.surrogate, explainer.run.configspace, names, progress=progress)
        chosen = explained(ranking.pairs[:pairs])
        chosen.sort(key=lambda e: -interaction_strength(e))
        note = _note(ranking, len(chosen))
    return report_page(singles, chosen, title=title, command=command, pairs_note=note)


def _note(ranking: PairRanking, shown: int) -> str:
    """Returns how the pairs were chosen, in words."""
    if ranking.compared < 2:
        return "There are no two hyperparameters with a formula, so there are no pairs."
    if not ranking.pairs:
        return "The surrogate sees no interaction between any two hyperparameters."
    n = len(ranking.pairs)
    text = f"{f'{shown} of {n} pairs, those that interact most' if shown < n else f'Every pair that interacts ({n})'}."
    if shown < n:
        text += " The pairs were compared on a coarse grid."
    if ranking.compared < ranking.of:
        text += (
            f" To take seconds, only pairs of the {ranking.compared} of {ranking.of} hyperparameters that move the "
            "objective most were compared."
        )
    return text
