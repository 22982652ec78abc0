"""A share of a program's time, and what the steps of a job are expected to take of it.

Notation:
    elapsed: seconds since the clock was started.
    spent: seconds of them that went into the job.
    share: the largest spent/elapsed allowed.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

__all__ = ["Prices", "TimeBudget"]

#: A step may take half as long again as expected before the share is exceeded; four times as long as guessed, as long
#: as nothing is known of the machine.
_MARGIN, _MARGIN_UNSEEN = 1.5, 4.0
#: No machine is taken to be slower than that: a first import may wait for a disk, which later steps do not.
_SLOWEST = 8.0


class TimeBudget:
    """Decides whether a job fits into a share of the time that the program has run.

    Args:
        share: The largest share of the time, in (0, 1]; None for no limit.
        clock: Returns seconds; never goes back.
    """

    def __init__(self, share: float | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = share
        self.clock = clock
        self._started = clock()
        self._spent = 0.0
        self._since: float | None = None

    def restart(self) -> None:
        """Starts the clock anew, nothing spent."""
        self._started, self._spent = self.clock(), 0.0

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self.clock() - self._started

    @property
    def spent(self) -> float:
        """Seconds that went into the job, those of a job under way included."""
        return self._spent + (0.0 if self._since is None else self.clock() - self._since)

    @property
    def share(self) -> float:
        """The share of the time that went into the job."""
        elapsed = self.elapsed
        return self.spent / elapsed if elapsed > 0 else 0.0

    def affords(self, seconds: float) -> bool:
        """Returns whether a step of so many seconds keeps the share below the limit, as of now."""
        return self.limit is None or self.spent + seconds < self.limit * self.elapsed

    @contextlib.contextmanager
    def spending(self) -> Iterator[None]:
        """Counts what happens inside as spent, also where it fails."""
        self._since = self.clock()
        try:
            yield
        finally:
            self._spent, self._since = self.spent, None


class Prices:
    """Expects what a step will take from what it took the last time, against what was guessed for it then.

    Where a step has turned out slower than guessed, the guesses of the others are raised as much, for the machine may
    be slow.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float]] = {}
        self._slowness = 1.0

    def expected(self, step: str, guess: float) -> float:
        """Returns the seconds to set aside for a step.

        Args:
            step: Name of the step.
            guess: Seconds that it takes on a machine of usual speed, with as many trials as there are now.
        """
        if step in self._seen:
            seconds, guess_then = self._seen[step]
            return _MARGIN * seconds * guess / guess_then
        return guess * (_MARGIN * self._slowness if self._seen else _MARGIN_UNSEEN)

    def saw(self, step: str, seconds: float, guess: float) -> None:
        """Remembers what a step took for which a number of seconds was guessed."""
        if step not in self._seen:
            self._slowness = min(_SLOWEST, max(self._slowness, seconds / guess))
        self._seen[step] = (seconds, guess)
