"""The run folders that a dashboard is started with: where they are, and what is wrong with one that does not open."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, InvalidArgumentError, RunFormatError, RunNotFoundError
from deepcave_symbolic.runs.folder import read_folder, runs_below
from deepcave_symbolic.runs.formats.kinds import RUN_FILES, kind_of
from deepcave_symbolic.runs.formats.smac import SCENARIO
from deepcave_symbolic.runs.optuna.storage import is_storage

__all__ = ["run_folders", "unreadable", "what_is_wrong"]


def run_folders(path: str) -> list[Path]:
    """Returns the absolute paths of a run or all runs below a folder, or of a folder for DeepCAVE to try.

    Raises:
        RunNotFoundError: If nothing is there.
        RunFormatError: If a pipe or something else that is no file stands in the place of one.
        InvalidArgumentError: If it is a storage of Optuna's, or the path cannot stand in a list of paths.
    """
    if is_storage(path):
        raise InvalidArgumentError(
            f"{path} holds studies of Optuna's; the dashboard opens folders of runs only. Use `deepcave-symbolic "
            "explain` or `deepcave-symbolic report`, which read it."
        )
    try:
        folders = runs_below(path)
    except RunNotFoundError:
        folders = (Path(path).expanduser(),)
        if not folders[0].is_dir():
            raise
    return [_checked(folder) for folder in folders]


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
