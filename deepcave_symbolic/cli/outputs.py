"""Where commands may write: never over what they, or others, read."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.process.output import check_output, output_file

__all__ = ["check_outputs", "is_report"]

#: Enough of a file to know a page of ours by.
_START = 4096


def check_outputs(args: argparse.Namespace, *outputs: str | None) -> None:
    """Raises InvalidArgumentError for outputs that cannot be written, or not without a loss, before anything is read.

    Args:
        args: The command's arguments, some of which may name files to be read.
        outputs: Files to write; None for the terminal.
    """
    files: list[Path] = []
    for output in outputs or (None,):
        check_output(output)
        if output is None or (file := output_file(output)) is None:
            continue
        if file in files:
            raise InvalidArgumentError(f"{output!r} is given twice; the second would replace the first.")
        files.append(file)
        if file.exists() and not is_report(file) and (loss := _loss(Path(os.path.abspath(output)), file, args)):
            raise InvalidArgumentError(f"{output!r} is not overwritten: it {loss}. Give another place.")


def is_report(file: Path) -> bool:
    """Returns whether a file is a page of ours, or empty."""
    from deepcave_symbolic.show.html import GENERATOR

    with file.open("rb") as content:
        start = content.read(_START)
    return not start or GENERATOR.encode() in start


def _loss(named: Path, file: Path, args: argparse.Namespace) -> str | None:
    """Returns in words what would be lost with a file, None where it may be replaced.

    Args:
        named: The file as it was named, which may be a link.
        file: The file itself.
        args: The command's arguments.
    """
    from deepcave_symbolic.runs.folder import run_around
    from deepcave_symbolic.runs.optuna.storage import is_storage

    run = run_around(named) or run_around(file)
    if run is not None:
        return f"lies in the run {run}"
    # Beside a database lies what SQLite has not written into it yet.
    database, _, kept = file.name.rpartition("-")
    if is_storage(file) or (database and kept in ("journal", "shm", "wal") and is_storage(file.with_name(database))):
        return "holds studies of Optuna's"
    if args.configspace is not None and os.path.exists(args.configspace) and os.path.samefile(file, args.configspace):
        return "is the configuration space that is read"
    return None
