"""What describes the data sets of several runs: a table with a row per run, checked before anything is computed."""

from __future__ import annotations

import csv
import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.words.names import either
from deepcave_symbolic.words.numbers import counted

__all__ = ["DATA_SET", "FEWEST", "DataTable", "number_in"]

#: The column that names the data set of a run; without it every run has its own.
DATA_SET = "data_set"
#: Data sets without which nothing is left to judge by.
FEWEST = 4
_MOST_LISTED = 30


@dataclass(frozen=True)
class DataTable:
    """A table of runs.

    Args:
        rows: What describes the data set of each run, by the run's name and the column.
        places: Where each row is, for people, by the run's name.
        name: What the table is called.
    """

    rows: Mapping[str, Mapping[str, object]]
    places: Mapping[str, str]
    name: str

    @classmethod
    def of(cls, meta: str | os.PathLike[str] | Mapping[str, Mapping[str, object]]) -> DataTable:
        """Returns the table in a CSV file, whose first column names the run, or in a mapping of mappings.

        Raises:
            InvalidArgumentError: If it cannot be read, has a column or a run twice, or a column of numbers has
                something else in it.
        """
        if isinstance(meta, Mapping):
            rows = {str(run): dict(row) for run, row in meta.items()}
            table = cls(rows, {run: f"the row of {run!r}" for run in rows}, "The table")
        else:
            table = _read(meta)
        for column in dict.fromkeys(name for row in table.rows.values() for name in row):
            table._check(column)
        return table

    def check_runs(self, runs: Sequence[str], left_out: Mapping[str, str]) -> None:
        """Raises InvalidArgumentError if a run has no row, or the runs are on too few data sets.

        Args:
            runs: Names of those that can be explained.
            left_out: Why another one cannot, by its name.
        """
        if missing := [run for run in runs if run not in self.rows]:
            listed = ", ".join(map(repr, list(self.rows)[:_MOST_LISTED]))
            more = f" and {len(self.rows) - _MOST_LISTED} more" if len(self.rows) > _MOST_LISTED else ""
            raise InvalidArgumentError(
                f"{self.name} has no row for {either(list(map(repr, missing)), ' and ')}; its rows are {listed}{more}. "
                "Add what is missing, or leave the run out."
            )
        n = len({self.data_set(run) for run in runs})
        if n < FEWEST:
            notes = "".join(f" {name} is left out: {reason}" for name, reason in left_out.items())
            raise InvalidArgumentError(
                f"There are {counted(len(runs), 'run')} on {counted(n, 'data set')}; a formula of what describes data "
                f"sets needs {FEWEST} of them or more.{notes}"
            )

    def data_set(self, run: str) -> str:
        """Returns the name of the data set of a run."""
        return str(self.rows[run].get(DATA_SET) or run)

    def _check(self, column: str) -> None:
        """Raises InvalidArgumentError if some rows have what the others lack: a number, or the name of a data set."""
        values = {run: row.get(column) for run, row in self.rows.items()}
        if column == DATA_SET:
            wrong = [run for run, value in values.items() if value is None or not str(value).strip()]
            expected = "the name of a data set, as in the other rows"
        else:
            wrong = [run for run, value in values.items() if number_in(value) is None]
            expected = "a finite number, as in the other rows"
        if wrong and len(wrong) < len(values):
            run = wrong[0]
            value = values[run]
            found = "empty" if value is None or not str(value).strip() else repr(str(value))[:80]
            more = f" ({len(wrong) - 1} more like it)" if len(wrong) > 1 else ""
            raise InvalidArgumentError(f"{self.places[run]}, column {column!r} is {found}; expected {expected}{more}.")


def number_in(value: object) -> float | None:
    """Returns the finite number that a cell has, None for anything else."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _read(path: str | os.PathLike[str]) -> DataTable:
    rows: dict[str, dict[str, object]] = {}
    places: dict[str, str] = {}
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            columns = [name.strip() for name in next(reader, [])]
            lines = [(reader.line_num, row) for row in reader if any(map(str.strip, row))]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidArgumentError(f"The table {path} cannot be read ({error}); expected CSV in UTF-8.") from None
    if len(columns) < 2 or not lines:
        raise InvalidArgumentError(
            f"The table {path} has {counted(len(columns), 'column')} and {counted(len(lines), 'row')}; expected "
            "a heading such as run,n_samples,n_features and a row per run."
        )
    if twice := [name for name, n in Counter(columns).items() if n > 1]:
        raise InvalidArgumentError(f"{path}, line 1: two columns are called {twice[0]!r}; give each a name of its own.")
    for line, row in lines:
        if len(row) != len(columns):
            raise InvalidArgumentError(
                f"{path}, line {line} has {counted(len(row), 'cell')}; expected {len(columns)}, one per column."
            )
        run, *cells = map(str.strip, row)
        if run in rows:
            raise InvalidArgumentError(f"{path}, line {line}: {run!r} has a row already, {places[run]}; leave one.")
        rows[run], places[run] = dict(zip(columns[1:], cells, strict=True)), f"{path}, line {line}"
    return DataTable(rows, places, f"The table {path}")
