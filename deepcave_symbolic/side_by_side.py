"""The functions that put several runs side by side: formulas, laws, best values, whole runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from deepcave_symbolic.comparing import DataTable, compare_explanations, compared_laws, compared_runs, described_optima
from deepcave_symbolic.comparison import Comparison, DescribedOptima, LawComparison, RunComparison
from deepcave_symbolic.exceptions import DeepcaveSymbolicError, InvalidArgumentError
from deepcave_symbolic.explainer import Explainer, Progress
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.question import Question
from deepcave_symbolic.study import Workers, plan, run_study
from deepcave_symbolic.words.run_names import run_names

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from deepcave_symbolic.question import Asked, AskedOfRun

__all__ = ["compare", "compare_laws", "compare_optima", "compare_runs"]

T = TypeVar("T")
Folder = str | os.PathLike[str]


def compare(
    runs: Any,
    *hyperparameters: str,
    form: Formula | None = None,
    level: float = 0.05,
    names: Sequence[str] | None = None,
    n_jobs: int | None = None,
    folder: Folder | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
    **question: Unpack[Asked],
) -> Comparison:
    """Returns the formulas of several runs (seeds, data sets) side by side, and which of their constants agree.

    One form is chosen for all runs and fitted to each; a constant agrees where the runs' values differ by no more than
    their standard errors allow, and the record says within how much. A run that cannot be explained is left out, with a
    note, as long as two remain.

    Args:
        runs: As in `explain_study`; two or more.
        *hyperparameters: One or two names.
        form: A formula whose form is compared, such as one of an explanation's front; by default the shortest form
            that serves all runs nearly as well as the best.
        level: Below this p-value a constant's differences are more than its uncertainty.
        names: What to call the runs, all of which have to be usable then; by default as much of their paths as tells
            them apart.
        n_jobs: As in `explain_all`, and so are folder, scheduler, progress and the question, except for the source.
        folder: See `explain_all`.
        scheduler: See `explain_all`.
        progress: See `explain_all`.
        **question: See `explain_all`.

    Raises:
        DeepcaveSymbolicError: If a run is not usable, or the runs cannot be compared; the message says why.
    """
    asked, workers = Question(**question).portable("A comparison"), Workers(n_jobs, scheduler)
    if asked.source != "surrogate":
        raise InvalidArgumentError("compare fits the surrogates' projections; leave the source out.")
    if asked.monotone is not None:
        raise InvalidArgumentError("compare fits one form to all runs without a constraint; leave monotone out.")
    planned, failures = plan(runs, asked, only=[hyperparameters])
    places = [*(run.label for run in planned), *(failure.run for failure in failures)]
    if failures and not planned:
        raise failures[0].error
    if failures and (len(planned) < 2 or names is not None):
        needs = "With names every run has to be usable" if len(planned) > 1 else "A comparison needs two runs or more"
        raise InvalidArgumentError(f"{needs}; {'; '.join(map(str, failures))}") from failures[0].error
    labels = run_names(places) if names is None else list(names)
    if len(labels) != len(places) or len(set(labels)) != len(labels):
        raise InvalidArgumentError(f"names has {labels!r}; expected {len(places)} different ones.")
    study = run_study(planned, workers, folder=folder, progress=progress)
    name_of = dict(zip(places, labels, strict=True))
    return compare_explanations(
        {name_of[record.run]: record.explanation for record in study.records},
        Comparison,
        left_out={name_of[failure.run]: str(failure.error) for failure in (*failures, *study.failures)},
        form=form,
        level=level,
    )


def compare_laws(
    runs: Any,
    hyperparameter: str,
    *,
    level: float = 0.05,
    **question: Unpack[AskedOfRun],
) -> LawComparison:
    """Returns how the best value of one hyperparameter moves in several runs, and which exponents agree.

    A run that is not usable is left out, with a note, as long as two remain; one without a law stays, with the reason.

    Args:
        runs: As in `explain_study`; two or more.
        hyperparameter: As in `law`.
        level: Below this p-value (Cochran's Q) exponents differ.
        **question: As in `explain_run`.

    Raises:
        DeepcaveSymbolicError: If the runs cannot be compared; the message says why.
    """
    found, left_out = _of_each(runs, question, [(hyperparameter,)], lambda each: each.law_or_reason(hyperparameter))
    return compared_laws(LawComparison, found, left_out=left_out, level=level)


def compare_optima(
    runs: Any,
    hyperparameter: str,
    meta: Folder | Mapping[str, Mapping[str, Any]],
    **question: Unpack[Asked],
) -> DescribedOptima:
    """Returns the best value of a hyperparameter as a formula of what describes the data sets of several runs.

    The formula is judged by leaving one data set out, with its features chosen without it. A run that is not usable, or
    does not tell where the best value is, is left out, with a note.

    Args:
        runs: As in `explain_study`; on four data sets or more.
        hyperparameter: The name of one with positive values.
        meta: A CSV file with a row per run, the run's name first, or the same as a mapping of mappings: numbers such as
            n_samples and n_features by the runs' names. The column "data_set" says which runs are of one data set.
        **question: The arguments of `explain`.

    Raises:
        DeepcaveSymbolicError: If the table lacks a row or a number, which is said before anything is computed, or there
            is too little to judge by.
    """
    table = DataTable.of(meta)
    found, left_out = _of_each(
        runs, question, [(hyperparameter,)], lambda each: each.explain(hyperparameter), table.check_runs
    )
    return described_optima(DescribedOptima, found, table, left_out=left_out)


def compare_runs(
    runs: Any,
    *,
    max_complexity: int | None = None,
    **question: Unpack[AskedOfRun],
) -> RunComparison:
    """Returns the formulas of several whole runs side by side, and which parts they share.

    A run that is not usable is left out, with a note, as long as two remain.

    Args:
        runs: As in `explain_study`; two or more.
        max_complexity: As in `explain_run`.
        **question: As in `explain_run`.

    Raises:
        DeepcaveSymbolicError: If the runs cannot be compared; the message says why.
    """
    found, left_out = _of_each(runs, question, [], lambda each: each.explain_run(max_complexity, laws=0))
    return compared_runs(RunComparison, found, left_out=left_out)


def _of_each(
    runs: Any,
    question: Asked | AskedOfRun,
    only: list[tuple[str, ...]],
    answer: Callable[[Explainer], T],
    check: Callable[[Sequence[str], Mapping[str, str]], None] | None = None,
) -> tuple[dict[str, T], dict[str, str]]:
    """Returns what each of several runs answers, and why others do not, by their names; `check` sees these first."""
    asked = Question(**question).portable("A comparison")
    planned, failures = plan(runs, asked, only=only)
    places = [*(run.label for run in planned), *(failure.run for failure in failures)]
    name_of = dict(zip(places, run_names(places), strict=True))
    left_out = {name_of[failure.run]: str(failure.error) for failure in failures}
    if check is not None:
        check([name_of[run.label] for run in planned], left_out)
    found: dict[str, T] = {}
    for run in planned:
        try:
            found[name_of[run.label]] = answer(Explainer(run.run, asked))
        except DeepcaveSymbolicError as error:
            left_out[name_of[run.label]] = str(error)
    return found, left_out
