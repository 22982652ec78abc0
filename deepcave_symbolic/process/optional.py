"""Optional packages, imported in this one place and only when they are used."""

from __future__ import annotations

import importlib
from typing import Any

from deepcave_symbolic.exceptions import MissingDependencyError

__all__ = ["INSTALL_COMMANDS", "import_optional"]

#: The command that installs an optional package, by the name it is imported as.
INSTALL_COMMANDS = {
    "pyoperon": 'pip install "deepcave-symbolic[operon]"',
    "optuna": 'pip install "deepcave-symbolic[optuna]"',
    "gplearn": "pip install deepcave-symbolic",
    "dash": 'pip install "dash[diskcache]>=3" "dash-bootstrap-components>=2"',
    "deepcave": 'pip install "deepcave==1.4.1", on Python 3.10: it runs on no later one',
}


def import_optional(module: str, *, purpose: str) -> Any:
    """Returns the imported module.

    Args:
        module: Dotted name of the module.
        purpose: What needs it, the beginning of the error's sentence, such as "The engine 'operon'".

    Raises:
        MissingDependencyError: If the package, or one that it needs, is missing; names the command that installs it.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        command = INSTALL_COMMANDS.get(package, f"pip install {package}")
        reason = (
            "which is not installed"
            if isinstance(error, ModuleNotFoundError) and error.name == package
            else f"which cannot be imported ({error})"
        )
        raise MissingDependencyError(
            f"{purpose} needs the package {package!r}, {reason}. Install: {command}"
        ) from error
