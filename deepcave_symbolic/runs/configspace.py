"""Reader of a file with a configuration space: SMAC's configspace.json, or one of the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deepcave_symbolic.exceptions import InvalidArgumentError, RunFormatError
from deepcave_symbolic.runs.folder import read_json
from deepcave_symbolic.space.serialized import UnreadableSpaceError, read_space

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["read_configspace"]


def read_configspace(file: Path) -> ConfigurationSpace:
    """Returns the configuration space in a JSON file.

    Raises:
        RunFormatError: If it is missing or holds none.
    """
    data = read_json(file, what="the configuration space")
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
