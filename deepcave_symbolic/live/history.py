"""The formulas that a run had while it ran, one JSON object per line: written by the callback, read as a table.

A line is written whole, in one piece and only at the end of the file. Where a crash has cut the last one short, the
next run ends it before it adds its own, so that no later line is lost.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import FormulaError, InvalidArgumentError

if TYPE_CHECKING:
    import pandas as pd

    from deepcave_symbolic.explanation import Explanation

__all__ = ["append", "holds_formulas", "read_formulas", "record_of"]

#: Version of a line; a reader of another version says so.
SCHEMA_VERSION = 1
#: How every line begins, by which a file of formulas is known.
_START = b'{"schema": '

_COLUMNS = (
    "run",
    "n_trials",
    "time",
    "seconds",
    "hyperparameters",
    "objective",
    "budget",
    "incumbent_cost",
    "formula",
    "complexity",
    "r2",
    "rmse",
    "range",
    "verdict",
    "surrogate",
    "exact",
    "n_trials_used",
    "cv_r2",
    "warnings",
    "python",
    "latex",
)


def record_of(explanation: Explanation, *, run: str, n_trials: int, seconds: float) -> dict[str, Any]:
    """Returns the line of a recommended formula as JSON values.

    Args:
        explanation: With at least one formula.
        run: Name of the run.
        n_trials: Trials of the run that have finished, those of other budgets and failed ones included.
        seconds: Since the run was started or resumed.
    """
    best, surrogate, projection = explanation.best, explanation.surrogate, explanation.projection
    incumbent = projection.incumbent
    return {
        "schema": SCHEMA_VERSION,
        "run": run,
        "n_trials": n_trials,
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "hyperparameters": list(explanation.hyperparameters),
        "objective": explanation.objective,
        "budget": explanation.budget,
        "incumbent_cost": None if incumbent is None else incumbent.cost,
        "formula": str(best),
        "complexity": best.complexity,
        "r2": best.r2,
        "rmse": best.rmse,
        "range": explanation.range,
        "verdict": explanation.verdict,
        "surrogate": surrogate.name,
        "exact": surrogate.exact,
        "n_trials_used": surrogate.n_trials,
        "cv_r2": surrogate.cv_r2,
        "warnings": list(explanation.warnings),
        "python": best.python(),
        "latex": best.latex(),
    }


def append(path: str | os.PathLike[str], record: Mapping[str, Any]) -> None:
    """Adds a line to a file, which is made if there is none.

    Raises:
        OSError: If it cannot be written whole, or the file holds something else.
    """
    # A pipe that nobody reads must not make the run wait.
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o666)
    try:
        if not holds_formulas(descriptor):
            raise OSError("it holds something else than formulas")
        line = json.dumps(record, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace") + b"\n"
        if _is_cut_short(descriptor):
            line = b"\n" + line
        if os.write(descriptor, line) < len(line):
            raise OSError(f"only a part of the line could be written to {os.fspath(path)!r}")
    finally:
        os.close(descriptor)


def holds_formulas(descriptor: int) -> bool:
    """Returns whether a file begins as those written here, if only with a part of a line; empty ones and pipes do."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return True
    os.lseek(descriptor, 0, os.SEEK_SET)
    return _START.startswith(os.read(descriptor, len(_START)).split(b"\n")[0])


def _is_cut_short(descriptor: int) -> bool:
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode) or state.st_size == 0:
        return False
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1) != b"\n"


def read_formulas(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Returns the formulas in a file of `SymbolicCallback`, one row per formula, oldest first.

    Lines that a crash has cut short are left out. `time` is a UTC timestamp, `seconds` counts from the start of the
    run's process, and `hyperparameters` holds tuples.

    Args:
        path: The file that was given as `output`.

    Raises:
        InvalidArgumentError: If the file cannot be read.
        FormulaError: If a line is not what the callback writes.
    """
    import pandas as pd

    try:
        with open(path, "rb") as file:
            lines = file.read().split(b"\n")
    except (OSError, ValueError, TypeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidArgumentError(
            f"Cannot read {path!r:.200}: {reason}. Expected the file given to SymbolicCallback as output."
        ) from error
    rows = [row for number, line in enumerate(lines, 1) if (row := _row(line, number, path)) is not None]
    frame = pd.DataFrame(rows, columns=list(_COLUMNS))
    frame["time"] = pd.to_datetime(frame["time"], utc=True)
    frame["hyperparameters"] = frame["hyperparameters"].map(tuple)
    return frame


def _row(line: bytes, number: int, path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Returns a line's values; None for an empty line and for one that was cut short."""
    line = line.strip()
    if not line:
        return None
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        if _START.startswith(line[: len(_START)]) and _ends_early(line, error):
            return None
        raise _foreign(path, number, f"it is no JSON ({line[:60].decode('utf-8', 'replace')!r})") from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA_VERSION:
        found = data.get("schema") if isinstance(data, dict) else type(data).__name__
        raise _foreign(path, number, f"expected an object of schema {SCHEMA_VERSION}, found {found!r}")
    missing = [name for name in _COLUMNS if name not in data]
    if missing:
        raise _foreign(path, number, f"it has no {missing[0]!r}")
    _check(data, path, number)
    return {name: data[name] for name in _COLUMNS}


def _ends_early(line: bytes, error: Exception) -> bool:
    """Returns whether a line that is no JSON lacks its end; a text in it may have braces of its own, as LaTeX has."""
    if not line.endswith(b"}"):
        return True
    return isinstance(error, json.JSONDecodeError) and (
        error.msg.startswith("Unterminated") or error.pos >= len(error.doc)
    )


def _check(data: Mapping[str, Any], path: str | os.PathLike[str], number: int) -> None:
    if not isinstance(data["hyperparameters"], list) or not isinstance(data["formula"], str):
        raise _foreign(path, number, "its 'hyperparameters' or 'formula' are of another type")
    try:
        datetime.fromisoformat(data["time"])
    except (TypeError, ValueError) as error:
        raise _foreign(path, number, f"its time is {data['time']!r:.60}") from error


def _foreign(path: str | os.PathLike[str], number: int, reason: str) -> FormulaError:
    return FormulaError(f"Line {number} of {os.fspath(path)} is not one of SymbolicCallback: {reason}.")
