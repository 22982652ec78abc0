"""What was found for which question, kept in the user's cache folder, so that the same question is answered at once."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deepcave_symbolic.dashboard.own.run_state import digest, state_of
from deepcave_symbolic.dashboard.panel.inputs import defaults
from deepcave_symbolic.dashboard.panel.stored_result import PanelError, PanelRecord, record_version

__all__ = ["ENDED", "GONE", "LOST", "NOT_ASKED", "UNWRITTEN", "Results", "asked", "question_of"]

#: What needs no processing, or is no input of a person's.
NOT_ASKED = {"attempt", "version", "weights_hidden", "pick", "longest", "form"}
#: Results that are kept (the oldest go first), and that stay in memory, where the slider asks for them.
_MOST, _MOST_READ = 500, 4
#: Names of results that there are none of. At `GONE` the page asks again (`answered` in assets/own.js), and calls it
#: `LOST` where it comes once more.
ENDED, GONE, LOST, UNWRITTEN = "ended", "gone", "lost", "unwritten"
_NONE = {
    ENDED: PanelError(
        "JobEnded",
        "The process that searched was ended from outside, and so was the one that was started in its place; perhaps "
        "the machine ran out of memory.",
        "Press Try again, or ask for less: one hyperparameter instead of all, shorter formulas.",
    ),
    LOST: PanelError(
        "ServerEnded",
        "The dashboard's server ended while it searched, and so did the one that was started in its place; perhaps the "
        "machine ran out of memory.",
        "Press Try again, or ask for less: one hyperparameter instead of all, shorter formulas.",
    ),
    UNWRITTEN: PanelError(
        "OSError",
        "The result cannot be written to the cache folder; perhaps the disk is full.",
        "Make room, or start the dashboard with another folder in XDG_CACHE_HOME. Then press Try again.",
    ),
}
_NAME = re.compile(r"(failed-)?[0-9a-f]{64}")


def asked(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what is asked in one spelling: without what needs no processing, defaults where nothing is chosen."""
    values = {name: value for name, value in defaults().items() if name not in NOT_ASKED}
    given = {name: inputs.get(name) for name in values}
    chosen = {name: values[name] if value in (None, "") else value for name, value in given.items()}
    # A select of the page gives texts, and a list of boxes is in the order of the clicks.
    return {name: sorted(value) if isinstance(value, list) else str(value) for name, value in chosen.items()}


class Results:
    """Stored results, a file each; one that failed is kept for its page, but answers no question.

    Args:
        folder: Where they are; made for this user alone.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        for file in folder.glob(".*.tmp"):  # of jobs that were cancelled while they wrote
            file.unlink(missing_ok=True)
        self._folder = folder
        self._read = functools.lru_cache(maxsize=_MOST_READ)(self._read_file)

    def key(self, place: str, inputs: Mapping[str, Any]) -> str:
        """Returns the name under which the answer is found as long as the run's files are as they are."""
        return self.key_of([place, asked(inputs)], [state_of(place)])

    @staticmethod
    def key_of(question: Any, states: Sequence[str]) -> str:
        """Returns the name under which the answer to any question is found.

        Args:
            question: The question, as JSON values.
            states: Of the files of the runs that it is about.
        """
        return digest([record_version(), question, list(states)])

    def knows(self, key: str) -> bool:
        """Tells whether there is an answer."""
        return self.read(key) is not None

    def write(self, key: str, record: Mapping[str, Any]) -> str:
        """Stores a result and returns the name by which it is read, `UNWRITTEN` where the disk takes it not."""
        name = f"failed-{key}" if "error" in record else key
        temporary = self._folder / f".{secrets.token_hex(8)}.tmp"
        try:
            temporary.write_text(json.dumps(record, allow_nan=False), encoding="utf-8")
            os.replace(temporary, self._file(name))
        except OSError:
            return UNWRITTEN
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        self._forget_the_oldest()
        return name

    def read(self, name: str) -> Any:
        """Returns a result, None where it is not there or damaged: it has to be computed again."""
        if name in _NONE:
            return PanelRecord((), error=_NONE[name]).to_dict()
        try:
            return self._read(name, self._file(name).stat().st_mtime_ns)
        except (OSError, ValueError):
            return None

    def _read_file(self, name: str, changed: int) -> Any:
        return json.loads(self._file(name).read_text(encoding="utf-8"))

    def _file(self, name: str) -> Path:
        if not _NAME.fullmatch(name):  # it comes from the page
            raise ValueError(f"{name!r:.80} is no name of a result")
        return self._folder / f"{name}.json"

    def _forget_the_oldest(self) -> None:
        files = sorted(self._folder.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
        for file in files[:-_MOST]:
            with contextlib.suppress(OSError):
                file.unlink()


def question_of(place: str, inputs: Mapping[str, Any]) -> str:
    """Returns what stands for a question, whatever becomes of the run's files."""
    return digest([place, asked(inputs)])
