"""Formulas while SMAC runs: a callback that explains the trials so far, within a small share of the run's time.

It works in the run's own thread, between two trials: SMAC is single-threaded, and a thread or process beside it would
take the processor from it just the same, unmeasured. A step of a round (`steps.py`) is taken only if what it is
expected to cost keeps all of them together below the share; otherwise the round goes on after a later trial.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smac.callback import Callback

from deepcave_symbolic.exceptions import (
    DeepcaveSymbolicError,
    HyperparameterNotExplainableError,
    InvalidArgumentError,
    NoTrialsError,
    UnknownNameError,
)
from deepcave_symbolic.findings.explained import Unexplained
from deepcave_symbolic.live.history import append, holds_formulas, record_of
from deepcave_symbolic.live.steps import Round
from deepcave_symbolic.live.time_budget import Prices, TimeBudget
from deepcave_symbolic.process.isolation import quiet
from deepcave_symbolic.question import Question
from deepcave_symbolic.runs.trial_selection import budget_text
from deepcave_symbolic.runs.views import SCALARIZED
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.words.names import shown_name, visible
from deepcave_symbolic.words.numbers import counted
from deepcave_symbolic.words.run_names import run_name

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from deepcave_symbolic.explanation import Explanation
    from deepcave_symbolic.question import Asked

__all__ = ["SymbolicCallback"]

logger = logging.getLogger("deepcave_symbolic")

#: So many failures one after the other, and the callback gives up.
_MOST_FAILURES = 3
#: Errors that no further trial can mend.
_HOPELESS = (UnknownNameError, HyperparameterNotExplainableError, InvalidArgumentError)


class SymbolicCallback(Callback):
    """Logs the current formula every few trials of a SMAC run and adds it to a file; never disturbs the run.

    `Facade(scenario, target, callbacks=[SymbolicCallback("learning_rate", every=50, output="formulas.jsonl")])`: every
    50 finished trials the run's own surrogate is trained anew on the trials so far, as `explain` does with the run's
    folder, and the recommended formula goes to the logger "deepcave_symbolic" (level INFO) and to the file, which
    `read_formulas` reads. SMAC's objects are only read: the run tries the same configurations as without.

    Whatever fails in here is logged and nothing of it reaches the run. After three failures in a row, or where a name
    does not exist (which is known only when the run starts), the callback switches itself off. Ctrl-C ends the run as
    ever.

    Args:
        *hyperparameters: One name, or two to be explained together; none for those that move the objective most.
        every: Number of finished trials between two rounds. A round that would exceed `max_cost` waits.
        output: File for the formulas, a JSON object a line; what it holds already stays. None for the log alone.
        top: Without names, how many hyperparameters to explain; None for all.
        max_cost: Largest share of the run's time that all of this may take; None for no limit.
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
        final: bool = False,
        **question: Unpack[Asked],
    ) -> None:
        super().__init__()
        self._every = _whole_number("every", every)
        self._output = _checked_output(output)
        self._final = bool(final)
        self._names = _checked_names(hyperparameters)
        self._top = None if top is None else _whole_number("top", top)
        self._question = Question(**question)
        self._time = TimeBudget(_checked_share(max_cost))
        self._prices = Prices()
        self._begin()

    def _begin(self) -> None:
        """Forgets the last run; what the steps cost is remembered."""
        self._time.restart()
        self._checked = self._off = self._unwritable = False
        self._failures = self._n_formulas = 0
        #: Finished trials when the last round began, and those that the last formula was made of.
        self._last, self._explained = 0, 0
        self._round: Round | None = None

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

    def on_tell_end(self, smbo: Any, info: Any, value: Any) -> None:
        """Explains the trials so far where it is time for it and the share of the run's time allows it."""
        self._guarded(lambda: self._advance(smbo, self._every))

    def on_end(self, smbo: Any) -> None:
        """Explains the finished run if the share allows it or `final` asks for it; says what all of it took."""
        self._guarded(lambda: self._finish(smbo))

    # --- never disturbs the run -----------------------------------------------------------------------------------

    def _guarded(self, work: Callable[[], None]) -> None:
        """Does the work, counts its time and lets no error out; Ctrl-C and the end of the program pass."""
        if self._off:
            return
        try:
            with self._time.spending():
                work()
        except Exception as error:  # whatever it is, it must not end somebody's run
            self._round = None
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, NoTrialsError):
            _log(logging.DEBUG, f"No formula yet: {error}")
            return
        self._failures += 1
        self._off = isinstance(error, _HOPELESS) or self._failures >= _MOST_FAILURES
        reason = str(error) if isinstance(error, DeepcaveSymbolicError) else f"{type(error).__name__}: {error}"
        what_now = "The run goes on without formulas." if self._off else "The run goes on."
        _log(logging.ERROR if self._off else logging.WARNING, f"No formula: {reason.rstrip('.')}. {what_now}")
        _log(logging.DEBUG, "Where the formula failed:", error)

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
                _log(
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
            _log(logging.INFO, f"{counted(self._n_formulas, 'formula')} in {took}.")
        elif self._round is not None and self._time.limit is not None:
            _log(
                logging.INFO,
                f"No formula: the run was too short for one in {100 * self._time.limit:g} % of its time (max_cost).",
            )

    # --- what is told ---------------------------------------------------------------------------------------------

    def _publish(self, explanation: Explanation | Unexplained, n_trials: int, smbo: Any) -> None:
        self._failures = 0
        if isinstance(explanation, Unexplained):
            _log(logging.DEBUG, explanation.reason)
            return
        self._n_formulas += 1
        self._explained = n_trials
        _log(logging.INFO, _sentence(explanation, n_trials))
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
            _log(
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


def _log(level: int, text: str, error: Exception | None = None) -> None:
    with contextlib.suppress(Exception):  # a handler of the user's that fails must not end the run either
        logger.log(level, "%s", visible(text), exc_info=error, stacklevel=2)


# --- arguments, checked before the run --------------------------------------------------------------------------------


def _checked_names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not isinstance(name, str):
            raise InvalidArgumentError(f"A hyperparameter is {name!r:.80}; expected names, such as 'learning_rate'.")
    if len(names) > 2:
        raise InvalidArgumentError(
            f"Expected at most two hyperparameters, explained together; found {len(names)}. For a formula of each, "
            "give several callbacks, or no name and top=None."
        )
    if len(set(names)) < len(names):
        raise InvalidArgumentError(f"The hyperparameter {names[0]!r} was given twice; name two different ones or one.")
    return names


def _whole_number(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidArgumentError(f"{name} is {value!r:.80}; expected a whole number from 1.")
    return value


def _checked_share(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise InvalidArgumentError(
            f"max_cost is {value!r:.80}; expected a share of the run's time above 0, at most 1, such as 0.02, or None."
        )
    return float(value)


def _checked_output(output: Any) -> str | None:
    if output is None:
        return None
    if not isinstance(output, str | os.PathLike) or not isinstance(os.fspath(output), str) or not os.fspath(output):
        raise InvalidArgumentError(f"output is {output!r:.80}; expected the name of a file.")
    # SMAC makes the run's folder only later, so that the folder need not exist yet.
    path = os.path.abspath(os.fspath(output))
    if "\0" in path or os.path.isdir(path):
        raise InvalidArgumentError(f"Cannot write to {path!r}: it is a folder or no name of a file.")
    if os.path.isfile(path):
        with contextlib.suppress(OSError), open(path, "rb") as file:
            if not holds_formulas(file.fileno()):
                raise InvalidArgumentError(
                    f"Cannot write to {path!r}: it holds something else than formulas. Give another file."
                )
    return path
