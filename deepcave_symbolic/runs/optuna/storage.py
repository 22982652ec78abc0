"""The files that Optuna stores studies in: SQLite databases and journals, opened to be read and never written.

Optuna itself reads them; `files` says what they are, and no table is created. Both hold JSON; Optuna unpickles nothing
in them. Databases on servers are not opened: this package uses no network.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import (
    AmbiguousRunError,
    DeepcaveSymbolicError,
    InvalidArgumentError,
    RunFormatError,
    UnknownNameError,
)
from deepcave_symbolic.process.isolation import quiet
from deepcave_symbolic.process.optional import import_optional
from deepcave_symbolic.runs.optuna.files import check_storage, connect, content_of_file, split_place
from deepcave_symbolic.runs.optuna.study import from_study
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.words.names import visible

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["is_storage", "load_stored", "place_on_disk", "stored_studies"]

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(.*)", re.DOTALL)
_MOST_LISTED = 50


@dataclass(frozen=True)
class _Stored:
    """A study as it was when it was read; its file is closed."""

    study_name: str
    directions: Sequence[Any]
    metric_names: Sequence[str] | None
    trials: Sequence[Any]

    def get_trials(self, deepcopy: bool = False) -> Sequence[Any]:
        return self.trials


def is_storage(place: str | os.PathLike[str]) -> bool:
    """Returns whether text is a database's URL or names a file (a study in it, perhaps) that holds Optuna's studies."""
    text = os.fspath(place)
    if not isinstance(text, str):
        return False
    if _URL.match(text):
        return True
    try:
        path, _ = split_place(text)
        return path.is_file() and content_of_file(path) is not None
    except (OSError, ValueError, RuntimeError):  # no path, or not readable; the reader of folders says so
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
        AmbiguousRunError: If the file has several studies and none was named.
        InvalidArgumentError: If the URL is a server's.
        MissingDependencyError: If optuna is not installed.
    """
    path, name = _place(os.fspath(place))
    with _storage(path) as (optuna, storage):
        chosen = _chosen(storage, path, name)
        study = optuna.load_study(study_name=chosen, storage=storage)
        read = _Stored(chosen, study.directions, study.metric_names, study.get_trials(deepcopy=False))
    return from_study(read, configspace=configspace)


def stored_studies(place: str | os.PathLike[str]) -> tuple[str, ...]:
    """Returns the places of all studies in a file, or of the one that is named; errors are those of `load_stored`."""
    path, name = _place(os.fspath(place))
    with _storage(path) as (_, storage):
        names = [study.study_name for study in storage.get_all_studies()]
    return tuple(f"{path}#{n}" for n in names) if name is None and len(names) > 1 else (os.fspath(place),)


def place_on_disk(place: str | os.PathLike[str]) -> tuple[str, Path]:
    """Returns a place in one spelling, absolute, and the file that it is in; errors are those of `load_stored`."""
    path, name = _place(os.fspath(place))
    file = os.path.abspath(path)
    return file if name is None else f"{file}#{name}", Path(file)


def _place(text: str) -> tuple[Path, str | None]:
    """Returns the file and the study's name that a URL or a path means."""
    match = _URL.match(text)
    if match is None:
        return split_place(text)
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
    return split_place(rest[1:])


def _chosen(storage: Any, path: Path, name: str | None) -> str:
    studies = storage.get_all_studies()
    names = [study.study_name for study in studies]
    if name is not None:
        if name not in names:
            raise UnknownNameError("study", name, names)
        return name
    if len(names) == 1:
        return str(names[0])
    if not names:
        raise RunFormatError(f"{path} has no study yet.", path=path)
    listed = [f"  {visible(f'{path}#{s.study_name}')}  {_counted(storage, s)}" for s in studies[:_MOST_LISTED]]
    more = [f"  and {len(studies) - _MOST_LISTED} more"] if len(studies) > _MOST_LISTED else []
    raise AmbiguousRunError(
        "\n".join(
            [
                f"{path} has {len(studies)} studies. Give one of them; `explain --all-runs`, in Python explain_study, "
                "takes all.",
                *listed,
                *more,
            ]
        ),
        candidates=[f"{path}#{n}" for n in names],
    )


def _counted(storage: Any, study: Any) -> str:
    """Returns how many trials a study has, such as "60 trials, 52 complete"."""
    states = [trial.state.name for trial in storage.get_all_trials(study._study_id, deepcopy=False)]
    n, complete = len(states), states.count("COMPLETE")
    return f"{n} trial{'' if n == 1 else 's'}" + ("" if complete == n else f", {complete} complete")


@contextlib.contextmanager
def _storage(path: Path) -> Iterator[tuple[Any, Any]]:
    """Opens a file as a storage of Optuna's that cannot write; yields optuna and the storage."""
    content = check_storage(path)
    optuna = import_optional("optuna", purpose=f"Reading {path}, which holds studies of Optuna's,")
    try:
        with quiet(), _opened(optuna, path, content) as storage:
            yield optuna, storage
    except DeepcaveSymbolicError:
        raise
    except Exception as error:  # optuna passes on what SQLAlchemy, SQLite and the journal's replay raise
        # A RuntimeError has Optuna's own advice on files of its other versions.
        advice = " ".join(str(error).split())[:300] if isinstance(error, RuntimeError) else "It is damaged or cut off."
        raise RunFormatError(
            f"{path} holds no studies that optuna {optuna.__version__} can read. {advice}", path=path
        ) from error


@contextlib.contextmanager
def _opened(optuna: Any, path: Path, content: str) -> Iterator[Any]:
    if content == "journal":
        journal = import_optional("optuna.storages.journal", purpose=f"Reading {path}, a journal of Optuna's,")
        yield optuna.storages.JournalStorage(journal.JournalFileBackend(str(path)))
        return
    pool = import_optional("sqlalchemy.pool", purpose=f"Reading {path}, a database of Optuna's,")
    storage = optuna.storages.RDBStorage(
        "sqlite://",
        engine_kwargs={"creator": lambda: connect(path), "poolclass": pool.NullPool},
        skip_table_creation=True,
    )
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()
