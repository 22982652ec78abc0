"""The process that has the surrogates which sliders ask: jobs end with what they have trained.

The server itself trains nothing. Its pages would wait, and the jobs that it forks would inherit the locks of libraries
at work.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from multiprocess import Pipe

from deepcave_symbolic.dashboard.own.jobs import Jobs, end_with
from deepcave_symbolic.dashboard.own.opened_runs import OpenedRuns
from deepcave_symbolic.dashboard.panel.asking import Surrogates
from deepcave_symbolic.dashboard.panel.recorded_run import RecordedRun
from deepcave_symbolic.exceptions import DeepcaveSymbolicError
from deepcave_symbolic.runs.load import load_run
from deepcave_symbolic.words.names import visible

__all__ = ["Asker"]

#: Seconds to wait for an answer, in which a surrogate may have to be trained.
_LIMIT = 120.0
_ENDED = {"error": "The process that had the surrogate has ended. Move a slider to ask again."}
_LATE = {"error": f"The surrogate did not answer within {_LIMIT:g} seconds."}


class Asker:
    """Asks surrogates in a process of its own, which is started when it is needed, one question after the other.

    Args:
        runs: The runs that may be asked.
        jobs: Starts the process.
    """

    def __init__(self, runs: OpenedRuns, jobs: Jobs) -> None:
        self._runs, self._jobs = runs, jobs
        self._lock = threading.Lock()
        self._process: Any = None
        self._end: Any = None

    def answer(self, asked: Mapping[str, Any], vector: Sequence[float]) -> dict[str, Any]:
        """Returns what `Surrogates.answer` does."""
        try:
            self._runs.run(asked["run"])
        except DeepcaveSymbolicError as error:
            return {"error": visible(str(error))}
        question = json.dumps([asked, list(vector)]).encode()
        with self._lock:
            if self._process is None or not self._process.is_alive():
                self._start()
            # Bytes of JSON: what Connection.send takes, it pickles.
            try:
                self._end.send_bytes(question)
                if not self._end.poll(_LIMIT):
                    self._process.kill()
                    return _LATE
                found: dict[str, Any] = json.loads(self._end.recv_bytes())
            except (EOFError, OSError):
                self._process.kill()
                return _ENDED
            return found

    def _start(self) -> None:
        self._end, other = Pipe()
        self._process = self._jobs.start(_serve, other, os.getpid())
        other.close()


def _serve(end: Any, server: int) -> None:
    """Answers until the server ends."""
    end_with(server)
    surrogates = Surrogates(lambda place: RecordedRun(place, load_run))
    while True:
        asked, vector = json.loads(end.recv_bytes())
        end.send_bytes(json.dumps(surrogates.answer(asked, vector)).encode())
