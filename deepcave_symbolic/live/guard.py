"""Work beside somebody's run: what fails in it is logged, and nothing of it reaches the run."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

from deepcave_symbolic.exceptions import (
    DeepcaveSymbolicError,
    HyperparameterNotExplainableError,
    InvalidArgumentError,
    NoTrialsError,
    UnknownNameError,
)
from deepcave_symbolic.live.time_budget import TimeBudget
from deepcave_symbolic.words.names import visible

__all__ = ["Guard", "log"]

logger = logging.getLogger("deepcave_symbolic")

#: So many failures one after the other, and the work is given up.
_MOST_FAILURES = 3
#: Errors that no further trial can mend.
_HOPELESS = (UnknownNameError, HyperparameterNotExplainableError, InvalidArgumentError)


class Guard:
    """Does work, counts its time and lets no error out; Ctrl-C and the end of the program pass.

    Args:
        time: What counts the time.
        missing: What there is not where the work fails, such as "No formula".
        without: How the run goes on where the work is given up, such as "without formulas".
    """

    def __init__(self, time: TimeBudget, *, missing: str, without: str) -> None:
        self._time = time
        self._missing, self._without = missing, without
        self.restart()

    def restart(self) -> None:
        """Forgets all failures."""
        self.off = False
        self._failures = 0

    def succeeded(self) -> None:
        """Begins the count of failures in a row anew."""
        self._failures = 0

    def did(self, work: Callable[[], None]) -> bool:
        """Does the work unless it is given up; returns whether it was done."""
        if self.off:
            return False
        try:
            with self._time.spending():
                work()
        except Exception as error:  # whatever it is, it must not end somebody's run
            self._failed(error)
            return False
        return True

    def _failed(self, error: Exception) -> None:
        if isinstance(error, NoTrialsError):
            log(logging.DEBUG, f"{self._missing} yet: {error}")
            return
        self._failures += 1
        self.off = isinstance(error, _HOPELESS) or self._failures >= _MOST_FAILURES
        reason = str(error) if isinstance(error, DeepcaveSymbolicError) else f"{type(error).__name__}: {error}"
        what_now = f"The run goes on {self._without}." if self.off else "The run goes on."
        log(logging.ERROR if self.off else logging.WARNING, f"{self._missing}: {reason.rstrip('.')}. {what_now}")
        log(logging.DEBUG, "Where it failed:", error)


def log(level: int, text: str, error: Exception | None = None) -> None:
    """Logs a text, with the error's traceback where there is one; never raises."""
    with contextlib.suppress(Exception):  # a handler of the user's that fails must not end the run either
        logger.log(level, "%s", visible(text), exc_info=error, stacklevel=2)
