"""The arguments of `SymbolicCallback`, checked before the run; each raises `InvalidArgumentError`."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.live.history import holds_formulas

__all__ = ["checked_explore", "checked_names", "checked_output", "checked_share", "whole_number"]


def checked_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the names of the hyperparameters: none, one or two different ones."""
    for name in names:
        if not isinstance(name, str):
            raise InvalidArgumentError(f"A hyperparameter is {name!r:.80}; expected names, such as 'learning_rate'.")
    if len(names) > 2:
        raise InvalidArgumentError(
            f"Expected at most two hyperparameters, explained together; found {len(names)}. For a formula of each, "
            "give several callbacks, or no name and top=None."
        )
    if len(set(names)) < len(names):
        raise InvalidArgumentError(f"The hyperparameter {names[0]!r} was given twice; name two different ones or one.")
    return names


def whole_number(name: str, value: Any) -> int:
    """Returns a whole number from 1 on."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidArgumentError(f"{name} is {value!r:.80}; expected a whole number from 1.")
    return value


def checked_share(value: Any) -> float | None:
    """Returns the share of the run's time; None for no limit."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise InvalidArgumentError(
            f"max_cost is {value!r:.80}; expected a share of the run's time above 0, at most 1, such as 0.02, or None."
        )
    return float(value)


def checked_explore(value: Any) -> float:
    """Returns the share of the configurations that are tried for the explanation."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 0.5:
        raise InvalidArgumentError(
            f"explore is {value!r:.80}; expected a share of the run's configurations from 0 to 0.5, such as 0.1."
        )
    return float(value)


def checked_output(output: Any) -> str | None:
    """Returns the absolute path of the file for the formulas; None for none."""
    if output is None:
        return None
    if not isinstance(output, str | os.PathLike) or not isinstance(os.fspath(output), str) or not os.fspath(output):
        raise InvalidArgumentError(f"output is {output!r:.80}; expected the name of a file.")
    # SMAC makes the run's folder only later, so that the folder need not exist yet.
    path = os.path.abspath(os.fspath(output))
    if "\0" in path or os.path.isdir(path):
        raise InvalidArgumentError(f"Cannot write to {path!r}: it is a folder or no name of a file.")
    if os.path.isfile(path):
        with contextlib.suppress(OSError), open(path, "rb") as file:
            if not holds_formulas(file.fileno()):
                raise InvalidArgumentError(
                    f"Cannot write to {path!r}: it holds something else than formulas. Give another file."
                )
    return path
