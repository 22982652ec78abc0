"""The runs that a dashboard is started with: where they are, and what is wrong with one that does not open."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, InvalidArgumentError, RunFormatError, RunNotFoundError
from deepcave_symbolic.runs.folder import read_folder, runs_below
from deepcave_symbolic.runs.formats.kinds import RUN_FILES, kind_of
from deepcave_symbolic.runs.formats.smac import SCENARIO
from deepcave_symbolic.runs.optuna.storage import is_storage, place_on_disk, stored_studies

__all__ = ["run_places", "unreadable", "what_is_wrong"]


def run_places(path: str, *, storages: bool) -> list[Path]:
    """Returns where the runs are that a path stands for: itself, all below it, or all studies of a storage of Optuna's.

    Args:
        path: The folder of a run or of runs, of one for DeepCAVE to try, or a storage (a file or its URL).
        storages: Whether the app opens storages.

    Raises:
        RunNotFoundError: If nothing is there.
        RunFormatError: If a pipe or something else that is no file stands in the place of one.
        InvalidArgumentError: If it is a storage and the app opens none, or the path cannot stand in a list of paths.
        MissingDependencyError: If it is a storage and Optuna is not installed.
    """
    if is_storage(path):
        if not storages:
            raise InvalidArgumentError(
                f"{path} holds studies of Optuna's; the dashboard in DeepCAVE opens folders of runs only. Use the app "
                "of our own (--host-app own), `deepcave-symbolic explain` or `deepcave-symbolic report`, which read it."
            )
        return list(map(_of_study, stored_studies(place_on_disk(path)[0])))
    try:
        folders = runs_below(path)
    except RunNotFoundError:
        folders = (Path(path).expanduser(),)
        if not folders[0].is_dir():
            raise
    return [_checked(folder) for folder in folders]


def _of_study(place: str) -> Path:
    if os.pathsep in place or str(Path(os.path.abspath(place))) != place:
        raise InvalidArgumentError(
            f"{place} cannot stand in a list of paths, for its {os.pathsep!r}, '//' or '..'. Use `deepcave-symbolic "
            "explain`, which reads it."
        )
    return Path(place)


def _checked(folder: Path) -> Path:
    absolute = Path(os.path.abspath(folder))  # not resolved: DeepCAVE shows the folder's name
    if os.pathsep in str(absolute):
        raise InvalidArgumentError(f"{absolute} contains {os.pathsep!r}, which separates run folders here. Rename it.")
    for file in (absolute / name for name in RUN_FILES):
        # DeepCAVE's readers would wait for the other end of a pipe for ever.
        if file.exists() and not file.is_file():
            raise RunFormatError(f"{file} is no regular file. Copy the whole run folder.", path=file)
    return absolute


def unreadable(runs: Iterable[Path]) -> dict[Path, str]:
    """Returns what is wrong with each SMAC 2 run that DeepCAVE need not try.

    It tries each of them with all its readers, which have no limits for what a folder may cost.
    """
    reasons = {run: what_is_wrong(run) for run in runs if (run / SCENARIO).is_file()}
    return {run: reason for run, reason in reasons.items() if reason is not None}


def what_is_wrong(run: Path) -> str | None:
    """Returns what is wrong with a run of a kind that is read here, None where it is none or nothing is."""
    kind = kind_of(run)
    if kind is None or kind.read is None:
        return None
    try:
        read_folder(run)
    except DeepcaveSymbolicError as error:
        return str(error)
    return None
