"""Reader of configspace.csv, a hyperparameter a row, which DeepCAVE has beside a table of trials."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import RunFormatError
from deepcave_symbolic.runs.configspace import space_from
from deepcave_symbolic.runs.files import read_table

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["SPACE_TABLE", "read_space_table"]

SPACE_TABLE = "configspace.csv"
_YES, _NO = {"true", "1", "1.0", "yes"}, {"", "false", "0", "0.0", "no"}
#: Parameters of a distribution, in columns called "distribution_mu" and so on.
_PARAMETERS = {"": (), "uniform": (), "normal": ("mu", "sigma"), "beta": ("alpha", "beta")}
_NEEDED = ("name", "type")


def read_space_table(file: Path) -> ConfigurationSpace:
    """Returns the configuration space in a table.

    Raises:
        RunFormatError: If the file is missing or holds none.
    """
    columns, rows = read_table(file, what="the configuration space")
    if missing := [name for name in _NEEDED if name not in columns]:
        raise RunFormatError(f"{file} is no configuration space: it lacks the column {missing[0]!r}.", path=file)
    hyperparameters = [_hyperparameter(dict(zip(columns, row, strict=True)), file) for row in rows]
    return space_from({"hyperparameters": hyperparameters, "conditions": [], "forbiddens": []}, file)


def _hyperparameter(row: Mapping[str, str], file: Path) -> dict[str, Any]:
    """Returns a row as ConfigSpace writes a hyperparameter."""
    cells = {name: text.strip() for name, text in row.items()}
    name, kind = cells["name"], cells["type"]
    if kind == "categorical":
        return {"name": name, **_choices(cells, file)}
    if kind not in ("float", "integer"):
        raise RunFormatError(
            f"{file}: the type of {name!r:.80} is {kind!r:.80}, expected float, integer or categorical.", path=file
        )
    distribution = cells.get("distribution", "")
    if distribution not in _PARAMETERS:
        raise RunFormatError(
            f"{file}: the distribution of {name!r:.80} is {distribution!r:.80}, expected uniform, normal or beta.",
            path=file,
        )
    found: dict[str, Any] = {"name": name, "type": f"{distribution or 'uniform'}_{kind.replace('integer', 'int')}"}
    for field, column in (("lower", "lower"), ("upper", "upper"), ("default_value", "default")):
        if cells.get(column) or field != "default_value":
            number = _number(cells.get(column, ""), f"{column} of {name!r:.80}", file)
            found[field] = int(number) if kind == "integer" and number.is_integer() else number
    for parameter in _PARAMETERS[distribution]:
        found[parameter] = _number(cells.get(f"distribution_{parameter}", ""), f"{parameter} of {name!r:.80}", file)
    return {**found, "log": _truth(cells, "log", file)}


def _choices(cells: Mapping[str, str], file: Path) -> dict[str, Any]:
    items: list[Any] = [text for name, text in cells.items() if name.startswith("item_") and text]
    default: dict[str, Any] = {"default_value": cells["default"]} if cells.get("default") else {}
    if not _truth(cells, "ordered", file):
        return {"type": "categorical", "choices": items, **default}
    try:
        numbers = [float(item) for item in items]
        if all(map(math.isfinite, numbers)) and len(set(numbers)) == len(numbers):
            items = numbers
            default = {key: float(value) for key, value in default.items()}
    except ValueError:  # words, in their order
        pass
    return {"type": "ordinal", "sequence": items, **default}


def _truth(cells: Mapping[str, str], column: str, file: Path) -> bool:
    text = cells.get(column, "").lower()
    if text not in _YES | _NO:
        raise RunFormatError(
            f"{file}: {column!r} of {cells['name']!r:.80} is {text!r:.80}, expected True or False.", path=file
        )
    return text in _YES


def _number(text: str, what: str, file: Path) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise RunFormatError(f"{file}: {what} is {text!r:.80}, expected a finite number.", path=file)
    return found
