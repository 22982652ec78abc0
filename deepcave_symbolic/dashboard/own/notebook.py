"""What `Explanation.app` calls: it says what is missing before Dash is imported."""

from __future__ import annotations

from collections.abc import Callable

from deepcave_symbolic.dashboard.own.host import missing
from deepcave_symbolic.exceptions import MissingDependencyError
from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.process.optional import INSTALL_COMMANDS

__all__ = ["serve"]


def serve(explanation: Explanation, port: int | None) -> tuple[str, Callable[[], None]]:
    """Serves the page on an explanation until the process ends, and returns its address and what ends it before.

    Args:
        explanation: The explanation.
        port: The port, or None for a free one.

    Raises:
        InvalidArgumentError: If the port cannot be used.
        MissingDependencyError: If Dash is missing or too old.
    """
    if lack := missing():
        raise MissingDependencyError(f"explanation.app() needs {lack}. Install: {INSTALL_COMMANDS['dash']}")
    from deepcave_symbolic.dashboard.own.one_page import start

    return start(explanation, port)
