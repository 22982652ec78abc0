"""From whatever stands for a run to its record: a folder, Optuna's study or its file, DeepCAVE's run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.runs.folder import load_folder, read_folder, runs_below
from deepcave_symbolic.runs.run import Run

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["load_run", "read_run", "runs_at", "spelt"]


def load_run(run: Any, *, configspace: ConfigurationSpace | None = None) -> Run:
    """Returns the record of a run.

    Args:
        run: A run folder (of SMAC, BOHB, DeepCAVE's recorder, or tables as DeepCAVE takes them), a file in it, or a
            folder with exactly one run below it; an `optuna.Study`; the URL or the path of a file that Optuna stores
            studies in, such as "sqlite:///studies.db", followed by "#NAME" where it holds several; a DeepCAVE run
            object; or a `Run`, which is returned as it is.
        configspace: Replaces the recorded configuration space, for runs without one, as BOHB's are where nobody wrote
            it (or with an old .pcs file), and for studies, in which Optuna keeps no conditions.

    Raises:
        RunNotFoundError: If there is no run, or more than one below the folder.
        RunFormatError: If a file is missing, empty, truncated or not what the optimizer writes.
        NoTrialsError: If no trial has finished.
        InvalidArgumentError: If the argument is no run, or the study cannot be explained.
        UnknownNameError: If there is no study of that name.
        MissingDependencyError: If Optuna is needed to read a file and is not installed.
    """
    if isinstance(run, Run):
        return run
    if configspace is not None and not hasattr(configspace, "forbidden_clauses"):
        raise InvalidArgumentError(
            f"configspace is {configspace!r:.80}; expected a ConfigSpace.ConfigurationSpace, such as "
            "ConfigurationSpace.from_json(file)."
        )
    from deepcave_symbolic.runs.optuna.storage import is_storage, load_stored
    from deepcave_symbolic.runs.optuna.study import from_study, is_study

    if is_study(run):
        return from_study(run, configspace=configspace)
    if isinstance(run, (str, os.PathLike)):
        if is_storage(run):
            return load_stored(run, configspace=configspace)
        return load_folder(run, configspace=configspace)
    from deepcave_symbolic.runs.deepcave import from_deepcave

    return from_deepcave(run)


def runs_at(place: str | os.PathLike[str]) -> tuple[str | os.PathLike[str], ...]:
    """Returns the runs that a place stands for where several are allowed: those below a folder, a file's studies.

    Raises:
        DeepcaveSymbolicError: If there is none.
    """
    from deepcave_symbolic.runs.optuna.storage import is_storage, stored_studies

    return stored_studies(place) if is_storage(place) else runs_below(place)


def read_run(place: str | os.PathLike[str]) -> Run:
    """Returns the run at a place on disk, also one in a folder without a finished trial; errors are `load_run`'s."""
    from deepcave_symbolic.runs.optuna.storage import is_storage, load_stored

    return load_stored(place) if is_storage(place) else read_folder(place)


def spelt(text: str) -> tuple[str, Path]:
    """Returns a place on disk in one spelling, absolute, and the folder or file that it is in.

    Raises:
        InvalidArgumentError: If it is the URL of a database on a server.
    """
    from deepcave_symbolic.runs.optuna.storage import is_storage, place_on_disk

    if is_storage(text):
        return place_on_disk(text)
    folder = Path(os.path.abspath(os.path.expanduser(text)))
    return str(folder), folder
