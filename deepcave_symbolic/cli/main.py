"""From the process's arguments to its exit code, whatever happens in between."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

# Nothing else is imported up here: signals are handled before anything that takes time.
from deepcave_symbolic.process.interrupts import handle_signals, ignore_signals

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code.

    Args:
        argv: The arguments; those of the process by default. Only then are signals handled, and the process ended by
            them: a program that calls this function with arguments keeps its own handlers.
    """
    if argv is not None:
        return _main(list(argv))
    handle_signals()
    _open_closed_streams()
    code = _main(sys.argv[1:])
    ignore_signals()
    return code


def _main(arguments: list[str]) -> int:
    from deepcave_symbolic.cli.parser import build_parser
    from deepcave_symbolic.process.output import write_output

    debug = "--debug" in arguments
    try:
        args = build_parser().parse_args(arguments)
        args.arguments = arguments  # as typed, for what records the command
        if args.version:
            from deepcave_symbolic.process.version import package_version

            write_output(f"deepcave-symbolic {package_version()}\n", None)
            return 0
        if args.command is None:
            build_parser().print_help()
            return 0
        return int(args.run_command(args))
    except SystemExit as stop:  # argparse has said what there is to say
        return int(stop.code or 0)
    except Exception as error:
        return _failed(*_in_words(error), debug=debug)
    except KeyboardInterrupt:  # in a program that calls `main`
        return _failed("interrupted", 130, debug=debug)


def _in_words(error: Exception) -> tuple[str, int]:
    from deepcave_symbolic.exceptions import AmbiguousRunError, DeepcaveSymbolicError

    if isinstance(error, AmbiguousRunError):  # a list, one per line
        return str(error), 2
    if isinstance(error, DeepcaveSymbolicError | OSError):
        return " ".join(str(error).split()), 2
    return f"internal error: {type(error).__name__}: {error} (--debug shows where)", 1


def _failed(message: str, code: int, *, debug: bool) -> int:
    from deepcave_symbolic.words.names import visible_text

    # Where nobody can be told any more (a closed terminal, a full disk) the exit code still says it.
    with contextlib.suppress(OSError, ValueError):
        if debug:
            _show_traceback()
        if sys.stderr is not None:
            print(f"deepcave-symbolic: {visible_text(message)}", file=sys.stderr, flush=True)
    return code


def _show_traceback() -> None:
    import traceback

    traceback.print_exc()


def _open_closed_streams() -> None:
    """Puts a device that swallows everything where a standard stream was closed before the start (`2>&-`).

    A file opened later would get the free number, and with it what is meant for the terminal.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, this one
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as long as the process
