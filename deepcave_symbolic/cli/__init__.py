"""The command line, thin: arguments -> a function of the API -> a report. One module a command.

Exit codes: 0, 1 for an internal failure, 2 for bad input (one line on stderr), 130 when interrupted, 143 when
terminated. No option is called `--config`: DeepCAVE looks for that in every process's arguments.

`build_parser` is loaded at its first use: signals are handled before anything that takes time is imported.
"""

from typing import TYPE_CHECKING, Any

from deepcave_symbolic.cli.main import main

if TYPE_CHECKING:
    from deepcave_symbolic.cli.parser import build_parser

__all__ = ["build_parser", "main"]


def __getattr__(name: str) -> Any:
    if name != "build_parser":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from deepcave_symbolic.cli.parser import build_parser

    return build_parser
