"""The option -p of several commands, and the other ways in which hyperparameters are named beside a run."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, InvalidArgumentError

__all__ = ["add_hyperparameters", "named", "names_apart", "names_in"]


def add_hyperparameters(parser: argparse.ArgumentParser, text: str) -> None:
    """Adds -p, which may be given several times, to a command's parser."""
    parser.add_argument("-p", "--hyperparameter", action="append", metavar="NAME", help=text)


def named(run: str, names: Sequence[str] | None, most: int = 2) -> list[str]:
    """Returns the hyperparameters of a command that needs them.

    Raises:
        InvalidArgumentError: If there are none or too many.
    """
    _, found = names_apart([run], names)
    if not 1 <= len(found) <= most:
        asked = "one hyperparameter" if most == 1 else "one or two hyperparameters"
        known = ", ".join(map(repr, sorted(names_in(run)))) or "none that can be read"
        raise InvalidArgumentError(f"Name {asked} with -p; found {len(found)}. Known: {known}.")
    return found


def names_apart(given: Sequence[str], names: Sequence[str] | None) -> tuple[list[str], list[str]]:
    """Tells runs from hyperparameters where `RUN C`, `-p C gamma RUN` or `-p C,gamma` was typed.

    Args:
        given: Runs, and perhaps hyperparameters that lack the -p.
        names: What was given with -p.

    Returns:
        Runs and hyperparameters; as they came where the others look like no hyperparameter of the first run.
    """
    names = list(names or ())
    runs = [each for each in given if Path(each).exists()] or list(given[:1])
    others = [each for each in given if each not in runs]
    if not others and not any("," in name for name in names):
        return list(given), names
    known = names_in(runs[0])
    if not all(get_close_matches(name, known, 1) for name in others):
        return list(given), names
    return runs, [part for name in (*names, *others) for part in _parts(name, known.__contains__)]


def _parts(name: str, is_known: Callable[[str], bool]) -> list[str]:
    parts = [part.strip() for part in name.split(",")]
    return parts if not is_known(name) and all(map(is_known, parts)) else [name]


def names_in(run: str) -> set[str]:
    """Returns the hyperparameters of a run; none where it cannot be read, which is said where it is explained."""
    from deepcave_symbolic.runs import load_run

    with contextlib.suppress(DeepcaveSymbolicError, OSError):
        return set(load_run(run).configspace)
    return set()
