"""What files of Optuna's hold, told without Optuna and without writing: SQLite databases, journals and pickles.

Optuna would create a file that is missing, add tables to a database that lacks them, and say of a foreign one only that
a commit failed. So a file has to be there and to be one of Optuna's before it is opened.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from pathlib import Path
from urllib.parse import quote

from deepcave_symbolic.exceptions import RunFormatError, RunNotFoundError

__all__ = ["check_storage", "connect", "content_of_file", "split_place"]

_SQLITE, _PICKLE = b"SQLite format 3\x00", b"\x80"
#: Where a SQLite file says that it has a write-ahead log, and the number that says so.
_LOG_MODE_AT, _LOG_MODE = 18, 2
_LONGEST_LINE = 1_000_000
#: Tables of every version of Optuna's.
_TABLES = frozenset({"studies", "trials"})
_MOST_SHOWN = 5


def split_place(text: str) -> tuple[Path, str | None]:
    """Returns the file and what stands behind the "#" after it; a file may have "#" in its own name."""
    for position in [len(text), *(m.start() for m in re.finditer("#", text))]:
        path = Path(text[:position]).expanduser()
        if path.is_file():
            return path, text[position + 1 :] if position < len(text) else None
    head, hash_, name = text.partition("#")
    return Path(head).expanduser(), name if hash_ else None


def content_of_file(path: Path) -> str | None:
    """Returns what a file holds: "sqlite", "journal" or "pickle"; None for anything else."""
    with path.open("rb") as file:
        line = file.readline(_LONGEST_LINE)
    if line.startswith(_SQLITE):
        return "sqlite"
    if line.startswith(_PICKLE):
        return "pickle"
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return "journal" if isinstance(entry, dict) and "op_code" in entry else None


def check_storage(path: Path) -> str:
    """Returns which of Optuna's storages a file is: "sqlite" or "journal".

    Raises:
        RunNotFoundError: If there is no such file.
        RunFormatError: If it is neither.
    """
    if not path.is_file():
        raise RunNotFoundError(f"No such file: {path}. Give the file in which Optuna stores its studies.", path=path)
    content = content_of_file(path)
    if content == "pickle":
        raise RunFormatError(
            f"{path} is a pickle, which is never opened here: it can run any code. Load it yourself, if you trust it, "
            "and pass the study: load_run(study).",
            path=path,
        )
    if path.stat().st_size == 0:
        raise RunFormatError(f"{path} is empty: no study was ever stored in it. Is it the right file?", path=path)
    if content is None:
        raise RunFormatError(f"{path} is neither a SQLite database nor a journal of Optuna's.", path=path)
    if content == "sqlite":
        _check_tables(path)
    return content


def connect(path: Path) -> sqlite3.Connection:
    """Opens a database to be read only.

    Raises:
        RunFormatError: If part of the data is in a write-ahead log that cannot be read without writing.
    """
    # By path, not by Optuna's URL, in which a "?" or "%" of a file's name would mean something else.
    uri = f"file:{quote(str(path.absolute()))}?{_mode(path)}"
    return sqlite3.connect(uri, uri=True, check_same_thread=False)


def _check_tables(path: Path) -> None:
    try:
        with contextlib.closing(connect(path)) as connection:
            tables = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    except sqlite3.DatabaseError as error:
        locked = isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
        found = "another program is writing to it. Try again" if locked else "it is damaged or cut off. Restore a copy"
        raise RunFormatError(f"{path} cannot be read: {found}.", path=path) from error
    if not tables:
        raise RunFormatError(
            f"{path} is an empty database: no study was ever stored in it. Is it the right file?", path=path
        )
    if not tables >= _TABLES:
        shown = sorted(tables)[:_MOST_SHOWN]
        more = f" and {len(tables) - len(shown)} more" if len(tables) > len(shown) else ""
        raise RunFormatError(
            f"{path} is a SQLite database, but none of Optuna's: it has the tables {', '.join(shown)}{more}; expected "
            f"{' and '.join(sorted(_TABLES))} among them.",
            path=path,
        )


def _mode(path: Path) -> str:
    """Returns how SQLite has to open a database so that no file changes or appears."""
    with path.open("rb") as file:
        header = file.read(_LOG_MODE_AT + 1)
    if len(header) <= _LOG_MODE_AT or header[_LOG_MODE_AT] != _LOG_MODE:
        return "mode=ro"
    log, index = Path(f"{path}-wal"), Path(f"{path}-shm")
    if not log.exists() or log.stat().st_size == 0:
        # SQLite would make the files of the log anew, even to read.
        return "mode=ro&immutable=1"
    if index.exists():
        return "mode=ro"
    raise RunFormatError(
        f"{path} has trials in its write-ahead log {log.name} that cannot be read without writing. Open it once with "
        "Optuna, or copy the database by: sqlite3 FILE '.backup COPY'.",
        path=path,
    )
