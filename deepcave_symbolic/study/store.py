"""Finished explanations in the output folder: written whole, found again, and only where they still hold.

A file is named after what it holds, for people, then two hashes: of what is explained (the run's place or name, the
hyperparameters, the options) and of everything that decides the result (that, the run's content, the versions). The
second finds it, wherever the run lies now; the first tells which files a new one replaces. A checksum over all that a
file holds tells whether it is as it was written; what is not is computed again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import time
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, InvalidArgumentError
from deepcave_symbolic.explanation import Explanation, Unexplained
from deepcave_symbolic.findings.explained import read_explained
from deepcave_symbolic.process.output import UNFINISHED, replace_file
from deepcave_symbolic.runs.files import read_json
from deepcave_symbolic.runs.folder import run_around
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.study.content import canonical, versions
from deepcave_symbolic.study.plan import PlannedRun

__all__ = ["Store"]

#: Version of the files; another one is computed again.
FILE_SCHEMA = 3
_LONGEST_NAME = 60
#: Half-written files of killed commands are removed after this many seconds.
_OLD = 3600.0


class Store:
    """An output folder of explanations.

    Args:
        folder: The folder; made if it is missing.

    Raises:
        InvalidArgumentError: If it is none, cannot be written to, or lies inside a run's folder.
    """

    def __init__(self, folder: str | os.PathLike[str], runs: Sequence[Run]) -> None:
        self.folder = Path(folder).expanduser()
        _usable(self.folder, runs)
        self._versions = versions()
        self._files = {path.name.rpartition("-")[2]: path for path in sorted(self.folder.glob("*-*-*.json"))}
        for path in self.folder.glob(f"{UNFINISHED}*"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _OLD:
                    path.unlink()

    def find(self, run: PlannedRun, names: Sequence[str]) -> Explanation | Unexplained | None:
        """Returns a finished explanation that still holds; None where it is missing, stale or broken."""
        key = self._key(run, names)
        own = self.folder / self._name(run, names)
        path = own if own.exists() else self._files.get(f"{key[:16]}.json")
        if path is None or path.is_symlink():  # we make none, and what is behind it is not ours
            return None
        try:
            data = read_json(path, what="an explanation")
            if data.get("key") != key or data.pop("checksum", None) != _checksum(data):
                return None
            explanation: Explanation | Unexplained = read_explained(Explanation, data["explanation"])
        except DeepcaveSymbolicError:
            return None
        place = run.run.name if run.run.path is None else str(run.run.path)
        return dataclasses.replace(explanation, run=place)

    def write(self, run: PlannedRun, names: Sequence[str], explanation: Explanation | Unexplained) -> None:
        """Writes a finished explanation; an older one of the same thing is replaced.

        Raises:
            InvalidArgumentError: If it cannot be written, for example because the disk is full.
        """
        name = self._name(run, names)
        record = {
            "kind": "deepcave-symbolic explanation of a study",
            "file_schema": FILE_SCHEMA,
            "key": self._key(run, names),
            "run": run.label,
            "hyperparameters": list(names),
            "question": run.question.to_dict(),
            "versions": self._versions,
            "explanation": explanation.to_dict(),
        }
        record["checksum"] = _checksum(record)
        replace_file(json.dumps(record, allow_nan=False) + "\n", self.folder / name)
        for path in self.folder.glob(f"*-{_identity(run, names)}-*.json"):
            if path.name != name:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _name(self, run: PlannedRun, names: Sequence[str]) -> str:
        words = "-".join(_slug(text) for text in (run.run.name, *names))[:_LONGEST_NAME].strip("-._") or "run"
        return f"{words}-{_identity(run, names)}-{self._key(run, names)[:16]}.json"

    def _key(self, run: PlannedRun, names: Sequence[str]) -> str:
        parts = [FILE_SCHEMA, self._versions, run.content, list(names), run.question.to_dict()]
        return hashlib.sha256(canonical(parts)).hexdigest()


def _checksum(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(record)).hexdigest()


def _identity(run: PlannedRun, names: Sequence[str]) -> str:
    place = run.label if run.run.path is None else os.path.realpath(run.run.path)
    return hashlib.sha256(canonical([place, list(names), run.question.to_dict()])).hexdigest()[:8]


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._]+", "_", plain).strip("._")


def _usable(folder: Path, runs: Sequence[Run]) -> None:
    try:
        real = Path(os.path.realpath(folder))
        inside = run_around(real / "file") or next(
            (run.path for run in runs if run.path is not None and real.is_relative_to(os.path.realpath(run.path))), None
        )
        if inside is not None:
            raise InvalidArgumentError(f"Cannot write to {folder}: it lies in the run {inside}; choose another.")
        real.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidArgumentError(f"Cannot use {folder} as the output folder: {reason}.") from error
    if not os.access(real, os.W_OK | os.X_OK):
        raise InvalidArgumentError(f"Cannot write to {folder}: it may not be written to by you.")
