"""Folders that other optimizers wrote: what they are, and what reads them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["foreign_run"]


@dataclass(frozen=True)
class _Kind:
    """Folders of one kind.

    Args:
        writer: Who writes them.
        files: The files that tell.
        module: The module of DeepCAVE's reader, below deepcave.runs.converters.
        reader: Its class.
        needs: What it needs beside DeepCAVE.
    """

    writer: str
    files: tuple[str, str]
    module: str
    reader: str
    needs: str = ""


_KINDS = (
    _Kind("BOHB", ("results.json", "configs.json"), "bohb", "BOHBRun", needs="hpbandster"),
    _Kind("DeepCAVE's recorder", ("history.jsonl", "configs.json"), "deepcave", "DeepCAVERun"),
    _Kind("DeepCAVE's tables", ("trials.csv", "configspace.csv"), "dataframe", "DataFrameRun"),
    _Kind("AMLTK", ("history.parquet", "configspace.json"), "amltk", "AMLTKRun"),
)


def foreign_run(folder: Path) -> str | None:
    """Returns a sentence on a folder that another optimizer wrote, None where none is known."""
    for kind in _KINDS:
        if all((folder / name).is_file() for name in kind.files):
            needs = f" (and {kind.needs})" if kind.needs else ""
            return (
                f"{folder} is a run of {kind.writer} (it has {' and '.join(kind.files)}); of folders only those of "
                f"SMAC 2.x are read here. With DeepCAVE{needs} it is explained in the dashboard, deepcave-symbolic "
                f"dashboard {folder}, and in Python: from deepcave.runs.converters.{kind.module} import {kind.reader}; "
                f"explain({kind.reader}.from_path(Path(folder)), ...)."
            )
    return None
