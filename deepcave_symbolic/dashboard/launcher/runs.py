"""The run folders that a dashboard is started with: where they are, and what is wrong with one that does not open."""

from __future__ import annotations

import os
from pathlib import Path

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, InvalidArgumentError, RunFormatError, RunNotFoundError
from deepcave_symbolic.runs.folder import CONFIGSPACE, RUNHISTORY, SCENARIO, find_run_folder
from deepcave_symbolic.runs.smac import read_run

__all__ = ["run_folder", "what_is_wrong"]


def run_folder(path: str) -> Path:
    """Returns the absolute path of a SMAC run (also the only one below), or of another folder for DeepCAVE to try.

    Raises:
        RunNotFoundError: If nothing is there, or more than one run below it.
        RunFormatError: If a pipe or something else that is no file stands in the place of one.
        InvalidArgumentError: If the path cannot stand in a list of paths.
    """
    try:
        folder = find_run_folder(path)
    except RunNotFoundError as error:
        folder = Path(path).expanduser()
        if error.candidates or not folder.is_dir():
            raise
    absolute = Path(os.path.abspath(folder))  # not resolved: DeepCAVE shows the folder's name
    if os.pathsep in str(absolute):
        raise InvalidArgumentError(f"{absolute} contains {os.pathsep!r}, which separates run folders here. Rename it.")
    for file in (absolute / name for name in (RUNHISTORY, SCENARIO, CONFIGSPACE)):
        # DeepCAVE's readers would wait for the other end of a pipe for ever.
        if file.exists() and not file.is_file():
            raise RunFormatError(f"{file} is no regular file. Copy the whole run folder.", path=file)
    return absolute


def what_is_wrong(run: Path) -> str | None:
    """Returns what is wrong with a SMAC run, None where it is none or nothing is."""
    if not any((run / name).exists() for name in (RUNHISTORY, SCENARIO)):
        return None
    try:
        read_run(run)
    except DeepcaveSymbolicError as error:
        return str(error)
    return None
