"""The Config of `deepcave-symbolic dashboard --user-config FILE`: the user's own, on top of ours.

DeepCAVE imports a Config as `<folder>.<file>` and asks it for ports, cache folder and Redis address too. A user's
Config that knows nothing of this package gets them, and our panels where it asks `super()` for its own, by standing
before ours in the order of inheritance; what the launcher has chosen, it cannot change. The file's path comes by the
environment, because DeepCAVE reads the command line of every process.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from deepcave_symbolic.config import Config as _OwnConfig
from deepcave_symbolic.dashboard import ENVIRONMENT
from deepcave_symbolic.exceptions import InvalidArgumentError

__all__ = ["Config"]

#: Set by the launcher to the absolute path of the user's file.
VARIABLE = f"{ENVIRONMENT}USER_CONFIG"


def _user_config(path: Path) -> type[Any]:
    # After everything else: what lies beside the user's folder must not hide installed packages.
    parent = str(path.parent.parent)
    if parent not in sys.path:
        sys.path.append(parent)
    name = f"{path.parent.name}.{path.stem}"
    module = importlib.import_module(name)
    if Path(module.__file__ or "").resolve() != path.resolve():
        raise InvalidArgumentError(
            f"{path} is imported as {name}, and that is {module.__file__}. Rename the folder {path.parent.name}."
        )
    found = getattr(module, "Config", None)
    if not isinstance(found, type):
        raise InvalidArgumentError(f"{path} has no class Config.")
    return found


def _compose() -> type[Any]:
    path = Path(os.environ[VARIABLE])
    try:
        user = _user_config(path)
    except Exception as error:
        # DeepCAVE would say no more than that this module cannot be loaded.
        traceback.print_exc()
        raise SystemExit(f"--user-config {path} cannot be used: {type(error).__name__}: {error}") from error
    bases = (user,) if issubclass(user, _OwnConfig) else (user, _OwnConfig)
    # The launcher reads there which runs were opened. Ports and addresses are ours already: our __init__ sets them.
    return type("Config", bases, {"CACHE_DIR": _OwnConfig.CACHE_DIR})


Config = _compose()
