"""The files that Optuna stores studies in: SQLite databases and journals, opened to be read and never written.

Optuna itself reads them, but would create a file that is missing and add tables to a database that lacks them. So the
file has to be there and look like one of the two, the database is opened read-only, and no table is created. Both hold
JSON; Optuna unpickles nothing in them. Databases on servers are not opened: this package uses no network.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from deepcave_symbolic.exceptions import (
    DeepcaveSymbolicError,
    InvalidArgumentError,
    RunFormatError,
    RunNotFoundError,
    UnknownNameError,
)
from deepcave_symbolic.process.isolation import quiet
from deepcave_symbolic.process.optional import import_optional
from deepcave_symbolic.runs.optuna.study import from_study
from deepcave_symbolic.runs.run import Run

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["is_storage", "load_stored"]

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(.*)", re.DOTALL)
_SQLITE, _PICKLE = b"SQLite format 3\x00", b"\x80"
#: Where a SQLite file says that it has a write-ahead log, and the number that says so.
_LOG_MODE_AT, _LOG_MODE = 18, 2
_LONGEST_LINE = 1_000_000


def is_storage(place: str | os.PathLike[str]) -> bool:
    """Returns whether text is a database's URL or names a file (a study in it, perhaps) that holds Optuna's studies."""
    text = os.fspath(place)
    if not isinstance(text, str):
        return False
    if _URL.match(text):
        return True
    try:
        path, _ = _split(text)
        return path.is_file() and _content(path) is not None
    except (
        OSError,
        ValueError,
        RuntimeError,
    ):  # no path, or not readable; the reader of folders says so
        return False


def load_stored(place: str | os.PathLike[str], *, configspace: ConfigurationSpace | None = None) -> Run:
    """Returns the record of a stored study.

    Args:
        place: A URL such as "sqlite:///studies.db", or the path of a database or a journal, followed by "#" and the
            study's name where there are several.
        configspace: As in `from_study`.

    Raises:
        RunNotFoundError: If there is no such file.
        RunFormatError: If it is no storage of Optuna's, broken, or another version's.
        UnknownNameError: If it has no study of that name.
        InvalidArgumentError: If the URL is a server's, or the file has several studies and none was named.
        MissingDependencyError: If optuna is not installed.
    """
    path, name = _place(os.fspath(place))
    if not path.is_file():
        raise RunNotFoundError(f"No such file: {path}. Give the file in which Optuna stores its studies.", path=path)
    content = _content(path)
    if content == "pickle":
        raise RunFormatError(
            f"{path} is a pickle, which is never opened here: it can run any code. Load it yourself, if you trust it, "
            "and pass the study: load_run(study).",
            path=path,
        )
    if content is None:
        raise RunFormatError(f"{path} is neither a SQLite database nor a journal of Optuna's.", path=path)
    optuna = import_optional("optuna", purpose="Reading a study from a file")
    try:
        with quiet(), _opened(optuna, path, content) as storage:
            names = [study.study_name for study in storage.get_all_studies()]
            return _chosen(optuna, storage, _named(name, names, path), configspace)
    except DeepcaveSymbolicError:
        raise
    except Exception as error:  # optuna passes on what SQLAlchemy, SQLite and the journal's replay raise
        reason = " ".join(str(error).split("\n")[0].split())[:200]
        raise RunFormatError(
            f"{path} holds no studies that optuna {optuna.__version__} can read ({type(error).__name__}: {reason}).",
            path=path,
        ) from error


def _chosen(optuna: Any, storage: Any, name: str, configspace: ConfigurationSpace | None) -> Run:
    return from_study(optuna.load_study(study_name=name, storage=storage), configspace=configspace)


def _place(text: str) -> tuple[Path, str | None]:
    """Returns the file and the study's name that a URL or a path means."""
    match = _URL.match(text)
    if match is None:
        return _split(text)
    scheme, rest = match.group(1).lower(), match.group(2)
    if scheme.partition("+")[0] != "sqlite":
        raise InvalidArgumentError(
            f"{text!r:.80} is no SQLite database; others, on servers, are not opened here. Pass the study itself: "
            "load_run(optuna.load_study(study_name=..., storage=...))."
        )
    if not rest.startswith("/") or rest[1:] in ("", ":memory:") or rest[1:].startswith("file:"):
        raise InvalidArgumentError(
            f"{text!r:.80} names no file; expected sqlite:///FILE, and #NAME behind it for one of several studies. "
            "A study in memory is passed itself: load_run(study)."
        )
    return _split(rest[1:])


def _split(text: str) -> tuple[Path, str | None]:
    """Returns the file and what stands behind the "#" after it; a file may have "#" in its own name."""
    for position in [len(text), *(m.start() for m in re.finditer("#", text))]:
        path = Path(text[:position]).expanduser()
        if path.is_file():
            return path, text[position + 1 :] if position < len(text) else None
    head, hash_, name = text.partition("#")
    return Path(head).expanduser(), name if hash_ else None


def _content(path: Path) -> str | None:
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


def _named(name: str | None, names: list[str], path: Path) -> str:
    if name is not None:
        if name not in names:
            raise UnknownNameError("study", name, names)
        return name
    if len(names) == 1:
        return names[0]
    if not names:
        raise RunFormatError(f"{path} has no study yet.", path=path)
    raise InvalidArgumentError(
        f"{path} has {len(names)} studies: {', '.join(map(repr, names))}. Name one behind a #, such as "
        f"{f'{path}#{names[0]}'!r}."
    )


@contextlib.contextmanager
def _opened(optuna: Any, path: Path, content: str) -> Iterator[Any]:
    """Opens a file as a storage of Optuna's that cannot write."""
    if content == "journal":
        journal = import_optional("optuna.storages.journal", purpose="Reading a journal of Optuna's")
        yield optuna.storages.JournalStorage(journal.JournalFileBackend(str(path)))
        return
    import sqlite3

    # By path, not by Optuna's URL, in which a "?" or "%" of a file's name would mean something else.
    uri = f"file:{quote(str(path.absolute()))}?{_mode(path)}"
    pool = import_optional("sqlalchemy.pool", purpose="Reading a study from a database")
    storage = optuna.storages.RDBStorage(
        "sqlite://",
        engine_kwargs={
            "creator": lambda: sqlite3.connect(uri, uri=True, check_same_thread=False),
            "poolclass": pool.NullPool,
        },
        skip_table_creation=True,
    )
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _mode(path: Path) -> str:
    """Returns how SQLite has to open a database so that no file changes or appears.

    Raises:
        RunFormatError: If part of the data is in a write-ahead log that cannot be read without writing.
    """
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
