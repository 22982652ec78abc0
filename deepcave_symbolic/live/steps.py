"""One round of formulas of a run that is still going on, in steps of known price.

The steps: import what explaining needs, train a copy of the run's surrogate on the trials so far, rank the
hyperparameters where none was named, and search a formula, once for each. A round may rest between two steps for as
long as its owner wants; the formulas are of the trials that the surrogate has seen.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.live.time_budget import Prices
from deepcave_symbolic.process.isolation import quiet
from deepcave_symbolic.question import Question

if TYPE_CHECKING:
    from deepcave_symbolic.explainer import Explainer
    from deepcave_symbolic.explanation import Explanation, Unexplained

__all__ = ["GUESSES", "Round"]

#: Seconds of every step on one core of an x86-64 machine with 20 to 200 trials; replaced by what the steps take here.
GUESSES = {"import": 0.15, "surrogate": 0.3, "ranking": 0.15, "formula": 0.5}
#: A forest takes about so many seconds per trial.
_SECONDS_A_TRIAL = 1e-3

_EXPLAINER = "deepcave_symbolic.explainer"


@dataclass
class Round:
    """The formulas of a run's trials so far.

    Args:
        smbo: SMAC's optimizer, read when the surrogate is trained and never changed.
        question: What is asked.
        names: One or two hyperparameters to explain; none for those that move the objective most.
        top: How many of those; None for all.
        prices: What the steps took before.
        clock: Returns seconds.
        n_trials: Finished trials of the run when the surrogate was trained.
    """

    smbo: Any
    question: Question
    names: tuple[str, ...]
    top: int | None
    prices: Prices
    clock: Callable[[], float] = time.monotonic
    n_trials: int = 0
    _explainer: Explainer | None = None
    _left: list[Sequence[str]] | None = None

    @property
    def step(self) -> str | None:
        """The next step; None at the end."""
        if _EXPLAINER not in sys.modules:
            return "import"
        if self._explainer is None:
            return "surrogate"
        if self._left is None:
            return "ranking"
        return "formula" if self._left else None

    @property
    def price(self) -> float:
        """Seconds to set aside for the next step; a surrogate is not trained before a formula of it is affordable."""
        step = self.step
        if step is None:
            return 0.0
        steps = [step]
        if step == "surrogate":
            steps += ["formula"] if self.names else ["ranking", "formula"]
        return sum(self.prices.expected(s, self._guess(s)) for s in steps)

    def do_next(self) -> Explanation | Unexplained | None:
        """Does the next step; returns the explanation where one is ready.

        Raises:
            DeepcaveSymbolicError: If the run cannot be explained.
        """
        step = self.step
        if step is None:
            return None
        guess, started = self._guess(step), self.clock()
        # Warnings that the user has made errors are meant for the user's code.
        with quiet():
            explanation = self._do(step)
        self.prices.saw(step, self.clock() - started, guess)
        return explanation

    def _do(self, step: str) -> Explanation | Unexplained | None:
        if step == "import":
            importlib.import_module(_EXPLAINER)
        elif step == "surrogate":
            self._train()
        elif self._explainer is not None and step == "ranking":
            self._left = [(name,) for name in self._explainer.ranking()[: self.top]]
        elif self._explainer is not None and self._left:
            names = self._left.pop(0)
            # Nobody asked for one of many by name: what cannot be explained is only passed over.
            return self._explainer.explain(*names) if self.names else self._explainer.explain_or_reason(*names)
        return None

    def _train(self) -> None:
        from deepcave_symbolic.explainer import Explainer
        from deepcave_symbolic.runs.live import live_run

        self.n_trials = self._n_finished
        self._explainer = Explainer(live_run(self.smbo), self.question)
        self._left = [self.names] if self.names else None

    @property
    def _n_finished(self) -> int:
        return int(self.smbo.runhistory.finished)

    def _guess(self, step: str) -> float:
        """Returns the seconds of a step with as many trials as there are now, on a machine of usual speed."""
        return GUESSES[step] + (self._training_seconds(self._n_finished) if step == "surrogate" else 0.0)

    def _training_seconds(self, n: int) -> float:
        """Returns roughly what training on n trials takes more than on few; SMAC's model is only asked for its kind."""
        from deepcave_symbolic.surrogates.cost import cost_of

        selector = getattr(self.smbo.intensifier, "config_selector", None)
        model = getattr(selector, "_model", None)
        if self.question.surrogate in ("forest", "consensus") or not hasattr(model, "_kernel"):
            return _SECONDS_A_TRIAL * n
        return cost_of(model, n).seconds
