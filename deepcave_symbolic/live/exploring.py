"""Configurations that teach about the explanation, tried by the run itself in the place of some of its own.

SMAC's config selector asks its acquisition maximizer for configurations, the most promising first, and hands those that
are new to the intensifier. When the turn of an advised one has come it is put before the maximizer's, so that selector
and intensifier treat it as any other: no repetition, surrogates trained as often, seeds, instances and budgets as ever.
The turns are counted; no random number of the run is drawn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.live.guard import Guard, log
from deepcave_symbolic.live.time_budget import Prices, TimeBudget
from deepcave_symbolic.process.isolation import quiet
from deepcave_symbolic.question import Question
from deepcave_symbolic.words.names import either, shown_name
from deepcave_symbolic.words.numbers import counted

if TYPE_CHECKING:
    from ConfigSpace import Configuration

__all__ = ["Explorer"]

#: The model that advises is trained at most once in so many configurations.
_TRAINED_EVERY = 10
#: The step's name among the prices, and what it is guessed to take: seconds, and seconds per trial.
_STEP, _SECONDS, _SECONDS_A_TRIAL = "advice", 0.5, 3e-3


class Explorer:
    """Puts advised configurations among those of one SMAC run, as the share of all after the initial design.

    Args:
        share: Of the configurations, in (0, 0.5]: the j-th advised one is number j/share.
        question: What is asked.
        names: The explained hyperparameters; none for those that move the objective most.
        top: How many of those, which take turns; None for all.
        time: What may be spent.
        prices: What the steps took before.
    """

    def __init__(
        self,
        share: float,
        question: Question,
        names: tuple[str, ...],
        top: int | None,
        time: TimeBudget,
        prices: Prices,
    ) -> None:
        self._share = share
        # The run's own model is not asked where to look, so it need not be trained.
        self._question = replace(question, surrogate="consensus") if question.is_portable else question
        self._names, self._top = names, top
        self._time, self._prices = time, prices
        self._guard = Guard(time, missing="No configuration for the formula", without="without exploring")
        #: Configurations after the initial design, turns that have come, and configurations that were put in.
        self._n = self._turns = self._n_advised = 0
        self._past_design = False
        self._ready: list[tuple[Configuration, str]] = []

    @property
    def summary(self) -> str:
        """How many configurations were tried for the formula, in a sentence."""
        tried = f"{counted(self._n_advised, 'configuration')} of {self._n} after the initial design"
        missed = self._turns - self._n_advised
        why = "" if not missed else f"; {missed} more had no time (max_cost) or could not be chosen"
        return f"Tried for the formula: {tried}{why}."

    def attach(self, smbo: Any) -> bool:
        """Puts advised configurations before those of a run's acquisition maximizer from now on, if there is one."""
        selector = getattr(smbo.intensifier, "config_selector", None)
        maximizer: Any = getattr(selector, "_acquisition_maximizer", None)
        maximize: Callable[..., Iterable[Configuration]] | None = getattr(maximizer, "maximize", None)
        if maximize is None:
            log(
                logging.WARNING,
                "This version of SMAC, or this facade, has no acquisition maximizer in its config selector, before "
                "whose configurations others could be put. The run goes on without exploring.",
            )
            return False

        def with_advised(*args: Any, **options: Any) -> Iterator[Configuration]:
            return self._among(maximize(*args, **options), smbo)

        maximizer.maximize = with_advised
        return True

    def count(self) -> None:
        """Notes that SMAC's selector hands out a configuration."""
        self._n += self._past_design

    def _among(self, challengers: Iterable[Configuration], smbo: Any) -> Iterator[Configuration]:
        self._past_design = True
        own = iter(challengers)
        while True:
            advised = self._advised(smbo)
            if advised is not None:
                yield advised
            # Asked for only now: an advised one may be the last before SMAC trains its model anew.
            config = next(own, None)
            if config is None:
                return
            yield config

    def _advised(self, smbo: Any) -> Configuration | None:
        """Returns the configuration whose turn it is; None where it is SMAC's own turn or there is none."""
        if self._n + 1 < round((self._turns + 1) / self._share):
            return None
        self._turns += 1
        if not self._guard.did(lambda: self._choose(smbo)) or not self._ready:
            return None
        configuration, reason = self._ready.pop(0)
        self._n_advised += 1
        log(logging.INFO, f"Tried for the formula: {dict(configuration)}: {reason}")
        return configuration

    def _choose(self, smbo: Any) -> None:
        """Makes the next configurations ready where there are none and the time allows it."""
        n_trials = int(smbo.runhistory.finished)
        guess = _SECONDS + _SECONDS_A_TRIAL * n_trials
        if self._ready or not self._time.affords(self._prices.expected(_STEP, guess)):
            return
        started = self._time.clock()
        # Warnings that the user has made errors are meant for the user's code.
        with quiet():
            self._ready = self._chosen(smbo)
        self._prices.saw(_STEP, self._time.clock() - started, guess)
        self._guard.succeeded()

    def _chosen(self, smbo: Any) -> list[tuple[Configuration, str]]:
        from deepcave_symbolic.explainer import Explainer
        from deepcave_symbolic.runs.live import live_run

        explainer = Explainer(live_run(smbo), self._question)
        names = self._names
        if not names:
            ranking = explainer.ranking()[: self._top]
            names = (ranking[(self._turns - 1) % len(ranking)],)
        advised = explainer.next_trials(*names, n=max(1, round(_TRAINED_EVERY * self._share)))
        space = smbo._scenario.configspace
        # Where budget="all" makes the budget a hyperparameter, it is SMAC that sets it.
        trials = [
            replace(trial, configuration={name: v for name, v in trial.configuration.items() if name in space})
            for trial in advised.trials
        ]
        configurations = replace(advised, trials=tuple(trials)).configurations(space)
        for configuration in configurations:
            configuration.origin = f"SymbolicCallback: explores {either([shown_name(n) for n in names], ' and ')}"
        return [(c, trial.reason) for c, trial in zip(configurations, trials, strict=True)]
