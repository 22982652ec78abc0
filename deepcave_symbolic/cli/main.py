"""From the process's arguments to its exit code, whatever happens in between."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import traceback
from collections.abc import Sequence

from deepcave_symbolic.cli.parser import build_parser
from deepcave_symbolic.exceptions import DeepcaveSymbolicError
from deepcave_symbolic.interrupts import Interrupted, exit_soon, interruptible
from deepcave_symbolic.output import discard_unfinished

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code.

    Args:
        argv: The arguments; those of the process by default. Only then are signals handled, and the process ended by
            them: a program that calls this function with arguments keeps its own handlers.
    """
    if argv is not None:
        return _main(list(argv), own_process=False)
    try:
        with interruptible():
            return _main(sys.argv[1:], own_process=True)
    except Interrupted as stop:  # before or after the command itself
        print(f"deepcave-symbolic: {stop}", file=sys.stderr)
        return 128 + stop.number


def _main(arguments: list[str], *, own_process: bool) -> int:
    parser = build_parser()
    try:
        args = parser.parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    args.arguments = arguments  # as typed, for what records the command
    if args.version:
        from deepcave_symbolic.explainer import package_version

        print(f"deepcave-symbolic {package_version()}")
        return 0
    if args.command is None:
        parser.print_help()
        return 0
    try:
        # A command that starts processes stops them itself.
        with exit_soon(discard_unfinished) if own_process and args.ends_at_once else contextlib.nullcontext():
            return int(args.run_command(args))
    except (DeepcaveSymbolicError, OSError) as error:
        return _failed(args, " ".join(str(error).split()), 2)
    except Interrupted as stop:
        code = _failed(args, str(stop), 128 + stop.number)
        # Threads of the overview may still compute; Python's own end would wait for some and stumble over others.
        os._exit(code)
    except KeyboardInterrupt:
        return _failed(args, "interrupted", 130)
    except Exception as error:
        return _failed(args, f"internal error: {type(error).__name__}: {error} (--debug shows where)", 1)


def _failed(args: argparse.Namespace, message: str, code: int) -> int:
    if args.debug:
        traceback.print_exc()
    from deepcave_symbolic.names import visible_text

    print(f"deepcave-symbolic: {visible_text(message)}", file=sys.stderr)
    return code
