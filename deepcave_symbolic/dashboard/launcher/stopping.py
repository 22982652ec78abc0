"""Ctrl-C, SIGTERM and a closed terminal, turned into one question that the launcher asks often."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Signals", "Stopped"]


class Stopped(Exception):  # noqa: N818 - no error: the user asked for it
    """Somebody asked the dashboard to end."""


class Signals:
    """Notes, while it is active, whether somebody asked to end.

    The handlers only set a flag: an exception out of them could come between a process's start and its registration.
    """

    def __init__(self) -> None:
        self._stopped = False
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Signals:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # What is ignored stays so: nohup is meant to outlive the terminal.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._stopped = True

    def check(self) -> None:
        """Raises Stopped if somebody asked to end."""
        if self._stopped:
            raise Stopped
