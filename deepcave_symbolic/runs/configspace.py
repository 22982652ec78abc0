"""Reader of a file with a configuration space: a run's configspace.json, or one of the user's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import InvalidArgumentError, RunFormatError
from deepcave_symbolic.runs.files import read_json
from deepcave_symbolic.space.serialized import UnreadableSpaceError, read_space

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["CONFIGSPACE", "read_configspace", "space_for", "space_from"]

CONFIGSPACE = "configspace.json"
#: What SMAC 1 wrote beside it, and older ones instead of it.
_OLD_CONFIGSPACE = "configspace.pcs"
#: ConfigSpace's own reader of these skips the lines that it does not understand.
_CONVERT = (
    " (The .pcs file there is not read; ConfigSpace.read_and_write.pcs_new.read(open(FILE)) makes a space of it, of "
    "which to_json(FILE) writes a file.)"
)


def space_for(folder: Path, given: ConfigurationSpace | None, *, reason: str = "") -> ConfigurationSpace:
    """Returns the space of the run in a folder: the one that is given, else that of its configspace.json.

    Args:
        folder: The run's folder.
        given: What replaces the recorded space.
        reason: Why the file is often missing, in words, for the error message.

    Raises:
        RunFormatError: If none is given and the file is missing or holds none.
    """
    if given is not None:
        return given
    file = folder / CONFIGSPACE
    if not os.path.lexists(file):
        convert = _CONVERT if (folder / _OLD_CONFIGSPACE).is_file() else ""
        missing = f"is missing: {reason}" if reason else "is missing"
        raise RunFormatError(
            f"{file} {missing}. Put it there (space.to_json(file)), or pass the space the run was started with: "
            f"load_run(path, configspace=space), or --configspace FILE.{convert}",
            path=file,
        )
    return read_configspace(file)


def read_configspace(file: Path) -> ConfigurationSpace:
    """Returns the configuration space in a JSON file.

    Raises:
        RunFormatError: If it is missing or holds none.
    """
    return space_from(read_json(file, what="the configuration space"), file)


def space_from(data: Mapping[str, Any], file: Path) -> ConfigurationSpace:
    """Returns the configuration space that data from a file are, as ConfigSpace writes them; errors as above."""
    if "hyperparameters" not in data:
        raise RunFormatError(f"{file} is no configuration space: it lacks 'hyperparameters'.", path=file)
    try:
        space = read_space(data)
    except UnreadableSpaceError as error:
        raise RunFormatError(
            f"{file} is not a configuration space that ConfigSpace can read: {error}. Pass the space itself: "
            "load_run(path, configspace=space), or --configspace FILE.",
            path=file,
        ) from error
    except InvalidArgumentError as error:
        raise RunFormatError(f"{file}: {error}", path=file) from error
    if len(space) == 0:
        raise RunFormatError(f"{file} has no hyperparameters.", path=file)
    return space
