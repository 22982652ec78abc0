"""Finding a run's folder, and reading it by the reader of its format."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from deepcave_symbolic.exceptions import InvalidArgumentError, NoTrialsError, RunNotFoundError
from deepcave_symbolic.runs.formats.kinds import EXPECTED, complete_kind, kind_of
from deepcave_symbolic.runs.formats.smac import RUNHISTORY, SCENARIO
from deepcave_symbolic.runs.optuna.files import content_of_file
from deepcave_symbolic.runs.run import Run, Status
from deepcave_symbolic.words.names import either

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["find_run_folder", "load_folder", "read_folder", "run_around", "runs_below"]

MAX_DEPTH = 6
MAX_FOLDERS = 20_000
MAX_LISTED = 10
#: Files of a folder without a run that are asked whether they hold studies.
_MOST_LOOKED_INTO = 100


def load_folder(path: str | os.PathLike[str], *, configspace: ConfigurationSpace | None = None) -> Run:
    """Returns the run in a folder.

    Args:
        path: The run folder, a file in it, or a folder with exactly one run below it.
        configspace: Replaces the recorded space, for runs that have none.

    Raises:
        RunNotFoundError: If there is no run, or more than one below the folder.
        RunFormatError: If a file is missing, empty, truncated or not what the optimizer writes.
        NoTrialsError: If no trial has finished.
    """
    run = read_folder(path, configspace=configspace)
    if not any(trial.status != Status.RUNNING for trial in run.trials):
        raise NoTrialsError(
            f"{run.path} has no finished trial ({len(run.trials)} running). Wait until some have finished."
        )
    return run


def read_folder(path: str | os.PathLike[str], *, configspace: ConfigurationSpace | None = None) -> Run:
    """Returns the run that `load_folder` does, also one without a finished trial; arguments and errors are the same."""
    folder = find_run_folder(path)
    kind = kind_of(folder)
    assert kind is not None and kind.read is not None
    return kind.read(folder, configspace=configspace)


def find_run_folder(path: str | os.PathLike[str]) -> Path:
    """Returns the run folder that a path means: itself, the folder of a file in it, or the only one below it.

    Raises:
        RunNotFoundError: If nothing is there, or no run or more than one lies below it.
        InvalidArgumentError: If the argument is no path.
    """
    try:
        folder = Path(path).expanduser()
        exists = folder.exists()
    except (TypeError, ValueError, OSError, RuntimeError) as error:
        raise InvalidArgumentError(f"Expected the path of a run folder, got {path!r}: {error}") from error
    if not exists:
        raise RunNotFoundError(
            f"No such file or folder: {folder}. Give the folder of a run, such as SMAC's with {SCENARIO} and "
            f"{RUNHISTORY}.",
            path=folder,
        )
    try:
        return _run_folder_of(folder)
    except PermissionError as error:
        raise RunNotFoundError(
            f"{folder} cannot be looked into: {error.strerror}. Ask for the right to read it.", path=folder
        ) from error


def runs_below(path: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Returns the run folders that a path stands for where several are allowed: itself, or all below it, sorted.

    Raises:
        RunNotFoundError: If nothing is there or no run lies below it.
        InvalidArgumentError: If the argument is no path.
    """
    try:
        return (find_run_folder(path),)
    except RunNotFoundError as error:
        if error.candidates:
            return error.candidates
        raise


def run_around(path: Path) -> Path | None:
    """Returns the run folder that a file or a folder lies in, at any depth; None where it lies in none."""
    return next((folder for folder in path.parents if _holds_run(folder)), None)


def _holds_run(folder: Path) -> bool:
    def has(name: str) -> bool:
        return os.path.isfile(folder / name)

    return has(RUNHISTORY) or complete_kind(has) is not None


def _run_folder_of(path: Path) -> Path:
    folder = path.parent if path.is_file() else path
    kind = kind_of(folder)
    if kind is not None and kind.read is None:
        raise RunNotFoundError(
            f"{folder} is a run of {kind.writer} (it has {kind.files[0]}), which is not read here. With DeepCAVE it is "
            f"explained in the dashboard, deepcave-symbolic dashboard {folder}, and in Python: {kind.in_python}.",
            path=folder,
        )
    if path.is_file():
        if kind is None:
            raise RunNotFoundError(
                f"{path} is a file outside a run folder and holds no studies of Optuna's. Give a folder with "
                f"{EXPECTED}.",
                path=path,
            )
        return folder
    # Any of SMAC's files makes the folder a run, so that a missing one is named instead of "not a run".
    if _holds_run(folder) or (folder / SCENARIO).is_file():
        return folder
    return _only_run_below(folder, incomplete=kind is not None)


def _only_run_below(folder: Path, *, incomplete: bool) -> Path:
    """Returns the only run below a folder, else the folder itself if it is an incomplete one."""
    found = dict(sorted(_runs_below(folder)))
    # Those that lack a file count only where no other run is.
    candidates = [run for run, complete in found.items() if complete] or list(found)
    if len(candidates) == 1:
        return candidates[0]
    if not candidates and incomplete:
        return folder
    if not candidates:
        studies = _studies_in(folder)
        advice = (
            f"Studies of Optuna's are given by their file: {either(studies)}."
            if studies
            else f"Give a folder with {EXPECTED}."
        )
        raise RunNotFoundError(
            f"{folder} is not a run and none lies up to {MAX_DEPTH} folders below it. {advice}", path=folder
        )
    shown = ", ".join(str(run) for run in candidates[:MAX_LISTED])
    more = f" and {len(candidates) - MAX_LISTED} more" if len(candidates) > MAX_LISTED else ""
    raise RunNotFoundError(
        f"{folder} holds {len(candidates)} runs; give one of them (`explain --all-runs`, in Python explain_study, "
        f"takes all): {shown}{more}.",
        path=folder,
        candidates=candidates,
    )


def _studies_in(folder: Path) -> list[str]:
    """Returns the files of a folder that may hold studies of Optuna's."""
    found = []
    with contextlib.suppress(OSError):
        for path in sorted(folder.iterdir())[:_MOST_LOOKED_INTO]:
            if path.is_file() and content_of_file(path) in ("sqlite", "journal"):
                found.append(str(path))
    return found


def _runs_below(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Yields the run folders below a folder, and whether the files that tell their kind are all there."""
    root_depth = len(folder.parts)
    for visited, (current, subfolders, files) in enumerate(os.walk(folder, followlinks=False)):
        here = Path(current)
        if visited >= MAX_FOLDERS:
            raise RunNotFoundError(
                f"{folder} has more than {MAX_FOLDERS} folders below it. Give the run folder itself.", path=folder
            )
        kind = complete_kind(files.__contains__)
        readable = kind is not None and kind.read is not None
        if readable or RUNHISTORY in files:
            yield here, readable
            subfolders.clear()
        elif len(here.parts) - root_depth >= MAX_DEPTH:
            subfolders.clear()
        else:
            # Hidden folders (.git, .venv) are large and hold no runs.
            subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
