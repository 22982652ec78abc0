"""Formulas while SMAC runs: a callback that explains the trials so far, within a small share of the run's time.

It works in the run's own thread, between two trials: SMAC is single-threaded, and a thread or process beside it would
take the processor from it just the same, unmeasured. A step of a round (`steps.py`) is taken only if what it is
expected to cost keeps all of them together below the share; otherwise the round goes on after a later trial.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smac.callback import Callback

from deepcave_symbolic.exceptions import UnknownNameError
from deepcave_symbolic.findings.explained import Unexplained
from deepcave_symbolic.live.arguments import (
    checked_explore,
    checked_names,
    checked_output,
    checked_share,
    whole_number,
)
from deepcave_symbolic.live.exploring import Explorer
from deepcave_symbolic.live.guard import Guard, log
from deepcave_symbolic.live.history import append, record_of
from deepcave_symbolic.live.steps import Round
from deepcave_symbolic.live.time_budget import Prices, TimeBudget
from deepcave_symbolic.process.isolation import quiet
from deepcave_symbolic.question import Question
from deepcave_symbolic.runs.trial_selection import budget_text
from deepcave_symbolic.runs.views import SCALARIZED
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import counted
from deepcave_symbolic.words.run_names import run_name

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from deepcave_symbolic.explanation import Explanation
    from deepcave_symbolic.question import Asked

__all__ = ["SymbolicCallback"]


class SymbolicCallback(Callback):
    """Logs the current formula every few trials of a SMAC run and adds it to a file; never disturbs the run.

    `Facade(scenario, target, callbacks=[SymbolicCallback("learning_rate", every=50, output="formulas.jsonl")])`: every
    50 finished trials the run's own surrogate is trained anew on the trials so far, as `explain` does with the run's
    folder, and the recommended formula goes to the logger "deepcave_symbolic" (level INFO) and to the file, which
    `read_formulas` reads. SMAC's objects are only read and the run tries the same configurations as without, unless
    `explore` gives some of its trials to what would teach more about the formula.

    Whatever fails in here is logged and nothing of it reaches the run. After three failures in a row, or where a name
    does not exist (which is known only when the run starts), the callback switches itself off. Ctrl-C ends the run as
    ever.

    Args:
        *hyperparameters: One name, or two to be explained together; none for those that move the objective most.
        every: Number of finished trials between two rounds. A round that would exceed `max_cost` waits.
        output: File for the formulas, a JSON object a line; what it holds already stays. None for the log alone.
        top: Without names, how many hyperparameters to explain; None for all.
        max_cost: Largest share of the run's time that all of this may take; None for no limit.
        explore: Share of the configurations after the initial design, at most 0.5, that are those `next_trials` names
            instead of SMAC's own, where `max_cost` allows it.
        final: Whether the finished run is explained whatever it costs; by default only where `max_cost` allows it.
        **question: The arguments of `explain`: objective, budget, source, surrogate and so on.

    Raises:
        DeepcaveSymbolicError: If an argument is not usable, whatever the run.
    """

    def __init__(
        self,
        *hyperparameters: str,
        every: int = 50,
        output: str | os.PathLike[str] | None = None,
        top: int | None = 1,
        max_cost: float | None = 0.02,
        explore: float = 0.0,
        final: bool = False,
        **question: Unpack[Asked],
    ) -> None:
        super().__init__()
        self._every = whole_number("every", every)
        self._output = checked_output(output)
        self._final = bool(final)
        self._names = checked_names(hyperparameters)
        self._top = None if top is None else whole_number("top", top)
        self._question = Question(**question)
        self._time = TimeBudget(checked_share(max_cost))
        self._prices = Prices()
        self._explore = checked_explore(explore)
        self._guard = Guard(self._time, missing="No formula", without="without formulas")
        self._begin()

    def _begin(self) -> None:
        """Forgets the last run; what the steps cost is remembered."""
        self._time.restart()
        self._guard.restart()
        self._checked = self._unwritable = False
        self._n_formulas = 0
        #: Finished trials when the last round began, and those that the last formula was made of.
        self._last, self._explained = 0, 0
        self._round: Round | None = None
        self._explorer: Explorer | None = None

    @property
    def cost(self) -> float:
        """The share of the run's time, so far, that went into formulas."""
        return self._time.share

    # --- what SMAC calls ------------------------------------------------------------------------------------------

    def on_start(self, smbo: Any) -> None:
        """Starts the clock and checks the names, before the first trial."""
        self._begin()
        self._guarded(lambda: self._check(smbo))

    def on_ask_start(self, smbo: Any) -> None:
        """Does what `on_start` does where the user asks and tells: SMAC calls no `on_start` then."""
        self._guarded(lambda: self._check(smbo))

    def on_next_configurations_end(self, config_selector: Any, config: Any) -> None:
        """Counts the configurations that SMAC tries."""
        # Where no formula can be made, nothing is tried for one either: the count stands still.
        if self._explorer is not None and not self._guard.off:
            self._explorer.count()

    def on_tell_end(self, smbo: Any, info: Any, value: Any) -> None:
        """Explains the trials so far where it is time for it and the share of the run's time allows it."""
        self._guarded(lambda: self._advance(smbo, self._every))

    def on_end(self, smbo: Any) -> None:
        """Explains the finished run if the share allows it or `final` asks for it; says what all of it took."""
        self._guarded(lambda: self._finish(smbo))

    def _guarded(self, work: Callable[[], None]) -> None:
        if not self._guard.did(work):
            self._round = None

    # --- rounds ---------------------------------------------------------------------------------------------------

    def _check(self, smbo: Any) -> None:
        """Notes where the run begins and refuses names that it does not have, once."""
        if self._checked:
            return
        self._checked = True
        self._last = smbo.runhistory.finished
        scenario = smbo._scenario
        for name in self._names:
            with quiet():
                axis_of(scenario.configspace, name)
        self._question.check_names(scenario.configspace)
        objectives, objective = scenario.objectives, self._question.objective
        objectives = [objectives] if isinstance(objectives, str) else list(objectives)
        if objective not in (None, SCALARIZED, *objectives):
            raise UnknownNameError("objective", objective, objectives)
        if self._output is not None and not os.path.isdir(os.path.dirname(os.path.abspath(self._output))):
            self._cannot_write("there is no such folder")
        if self._explore:
            explorer = Explorer(self._explore, self._question, self._names, self._top, self._time, self._prices)
            self._explorer = explorer if explorer.attach(smbo) else None

    def _advance(self, smbo: Any, every: int, *, at_any_cost: bool = False) -> None:
        """Begins a round where it is time for one, and takes the steps that the share of the time allows."""
        n_finished = smbo.runhistory.finished
        if n_finished < self._last:  # another run, of a user who asks and tells
            self._begin()
        self._check(smbo)
        if self._round is None and n_finished // every > self._last // every:
            self._last = n_finished
            self._round = Round(smbo, self._question, self._names, self._top, self._prices, self._time.clock)
        while self._round is not None:
            if self._round.step is None:
                self._round = None
            elif at_any_cost or self._time.affords(self._round.price):
                explanation = self._round.do_next()
                if explanation is not None:
                    self._publish(explanation, self._round.n_trials, smbo)
            else:
                spent, elapsed, price = self._time.spent, self._time.elapsed, self._round.price
                log(
                    logging.DEBUG,
                    f"The next formula waits: {spent:.2f} s of {elapsed:.1f} s are spent, its {self._round.step} may "
                    f"take {price:.2f} s.",
                )
                return

    def _finish(self, smbo: Any) -> None:
        if not self._final:
            self._advance(smbo, self._every)
        elif self._explained != smbo.runhistory.finished:
            self._last, self._round = -1, None
        if self._round is None:
            self._advance(smbo, 1, at_any_cost=self._final)
        took = f"{self._time.spent:.2g} s, {100 * self.cost:.2g} % of the run's time"
        if self._n_formulas:
            log(logging.INFO, f"{counted(self._n_formulas, 'formula')} in {took}.")
        elif self._round is not None and self._time.limit is not None:
            log(
                logging.INFO,
                f"No formula: the run was too short for one in {100 * self._time.limit:g} % of its time (max_cost).",
            )
        if self._explorer is not None:
            log(logging.INFO, self._explorer.summary)

    # --- what is told ---------------------------------------------------------------------------------------------

    def _publish(self, explanation: Explanation | Unexplained, n_trials: int, smbo: Any) -> None:
        self._guard.succeeded()
        if isinstance(explanation, Unexplained):
            log(logging.DEBUG, explanation.reason)
            return
        self._n_formulas += 1
        self._explained = n_trials
        log(logging.INFO, _sentence(explanation, n_trials))
        if self._output is None:
            return
        name = run_name(str(Path(smbo._scenario.output_directory).absolute()))
        try:
            append(self._output, record_of(explanation, run=name, n_trials=n_trials, seconds=self._time.elapsed))
        except OSError as error:  # a full disk, a deleted folder; both may be mended while the run goes on
            self._cannot_write(error.strerror or str(error))
        else:
            self._unwritable = False

    def _cannot_write(self, reason: str) -> None:
        """Says once that the file cannot be written, and again only after it could be."""
        if not self._unwritable:
            self._unwritable = True
            log(
                logging.ERROR,
                f"Formulas cannot be written to {str(self._output)!r}: {reason}. The run goes on, with formulas in "
                "the log; it is tried again with the next one.",
            )


def _sentence(explanation: Explanation, n_trials: int) -> str:
    """Returns the line of the log, such as "C after 50 trials: cost ≈ 0.5 + 0.2·C^(-0.3) (trust: R² 0.98, ...)"."""
    best, surrogate = explanation.best, explanation.surrogate
    names = explanation.view.titled(" and ".join(shown_name(name) for name in explanation.hyperparameters))
    budget = "" if explanation.budget is None else f" at budget {budget_text(explanation.budget)}"
    numbers = f"R² {_rounded(best.r2)}"
    if surrogate.cv_r2 is not None:
        numbers += f", the surrogate's cross-validated R² {_rounded(surrogate.cv_r2)}"
    return f"{names} after {counted(n_trials, 'trial')}{budget}: {best} ({explanation.verdict}: {numbers})"


def _rounded(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"  # no minus before a zero
