"""The parser of the whole command line; the documentation's command reference is made from it."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

from deepcave_symbolic.cli import advice, compare, dashboard, explain, laws, report, whole_run
from deepcave_symbolic.exceptions import UnknownNameError
from deepcave_symbolic.process.output import write_output
from deepcave_symbolic.words.names import visible

__all__ = ["Parser", "build_parser"]

_EXAMPLES = """\
examples:
  deepcave-symbolic demo                                     formulas of a bundled run
  deepcave-symbolic explain RUN                              the whole run in one formula, and every hyperparameter
  deepcave-symbolic explain RUN -p learning_rate             one hyperparameter
  deepcave-symbolic whole-run RUN --change learning_rate=0.01
                                                             the whole run, and what a change would do
  deepcave-symbolic law RUN -p learning_rate                 how its best value moves with the others
  deepcave-symbolic compare RUN RUN -p learning_rate         formulas of several runs side by side
  deepcave-symbolic report RUN -o report.html                one HTML page of all that
  deepcave-symbolic next RUN -p learning_rate                which trials would teach most
  deepcave-symbolic space RUN                                a configuration space for the next run
  deepcave-symbolic dashboard RUN                            DeepCAVE in the browser
"""


class Parser(argparse.ArgumentParser):
    """Keeps the lines of examples, takes options by their whole names, and says what is wrong in one line."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(
            *args, **{"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False, **options}
        )

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            kind = str(action.metavar or "value").casefold()
            raise argparse.ArgumentError(
                None if action.metavar else action, str(UnknownNameError(kind, value, list(action.choices)))
            )

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Takes what follows the options as more runs or hyperparameters, as in `-p C gamma`."""
        parsed, others = self.parse_known_args(args, namespace)
        if others and (not hasattr(parsed, "hyperparameter") or any(other.startswith("-") for other in others)):
            self.error(f"unrecognized arguments: {' '.join(others)}")
        if isinstance(parsed.__dict__.get("run"), list):
            parsed.run += others
        elif others:
            parsed.hyperparameter = [*(parsed.hyperparameter or ()), *others]
        return parsed

    def error(self, message: str) -> NoReturn:
        """Ends with one line and exit code 2."""
        self.exit(2, f"{self.prog}: {visible(message)} (try --help)\n")

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is sys.stderr:
            super()._print_message(message, file)
        else:  # help, to which the same may happen as to every other output
            write_output(message, None)


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser. Every command sets `run_command`, a function of the arguments that returns the exit code."""
    parser = Parser(
        prog="deepcave-symbolic",
        description="Short formulas of a SMAC run's own surrogate, with the numbers to judge them by.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    explain.add_command(commands)
    explain.add_demo(commands)
    compare.add_command(commands)
    report.add_command(commands)
    whole_run.add_whole_run(commands)
    advice.add_next(commands)
    advice.add_space(commands)
    laws.add_law(commands)
    dashboard.add_command(commands)
    return parser
