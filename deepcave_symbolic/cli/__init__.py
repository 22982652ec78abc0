"""The command line, thin: arguments -> a function of the API -> a report. One module a command.

Exit codes: 0, 1 for an internal failure, 2 for bad input (one line on stderr), 130 when interrupted, 143 when
terminated. No option is called `--config`: DeepCAVE looks for that in every process's arguments.
"""

from deepcave_symbolic.cli.main import main
from deepcave_symbolic.cli.parser import build_parser

__all__ = ["build_parser", "main"]
