"""What tells whether the files of a run are as they were."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

from deepcave_symbolic.runs.formats.kinds import RUN_FILES
from deepcave_symbolic.runs.optuna.files import split_place

__all__ = ["digest", "state_of"]


def state_of(place: str) -> str:
    """Returns what changes with name, size or time of a file of a run."""
    folder = Path(place)
    if folder.is_dir():
        files = [folder / name for name in RUN_FILES]
    else:  # a file of Optuna's, whose latest trials may stand in its write-ahead log
        file, _ = split_place(place)
        files = [file, Path(f"{file}-wal")]
    found = []
    for file in files:
        with contextlib.suppress(OSError):
            status = file.stat()
            found.append((file.name, status.st_size, status.st_mtime_ns))
    return digest(found)


def digest(content: Any) -> str:
    """Returns a text that stands for JSON values."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
