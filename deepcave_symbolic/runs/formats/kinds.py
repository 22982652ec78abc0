"""Which reader reads which folder, told by the names of the files in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deepcave_symbolic.runs.configspace import CONFIGSPACE
from deepcave_symbolic.runs.formats import bohb, recorder, smac, smac1, table_space, tables
from deepcave_symbolic.runs.run import Run

__all__ = ["EXPECTED", "RUN_FILES", "Kind", "complete_kind", "kind_of"]


@dataclass(frozen=True)
class Kind:
    """Folders of one kind.

    Args:
        writer: Who writes them.
        files: Files that are all there, first the one with the trials.
        read: Returns the run in a folder (`configspace` replaces the recorded space); None where only DeepCAVE can.
        in_python: How DeepCAVE's reader is called where `read` is None.
    """

    writer: str
    files: tuple[str, str]
    read: Callable[..., Run] | None
    in_python: str = ""


_KINDS = (
    Kind("SMAC", (smac.RUNHISTORY, smac.SCENARIO), smac.read_run),
    Kind("SMAC 1", (smac.RUNHISTORY, smac1.OLD_SCENARIO), smac1.read_run),
    Kind("BOHB", (bohb.RESULTS, bohb.CONFIGS), bohb.read_run),
    Kind("DeepCAVE's recorder", (recorder.HISTORY, recorder.CONFIGS), recorder.read_run),
    Kind("DeepCAVE's table", (tables.TRIALS, table_space.SPACE_TABLE), tables.read_run),
    Kind(
        "AMLTK",
        ("history.parquet", CONFIGSPACE),
        None,
        "from deepcave.runs.converters.amltk import AMLTKRun; explain(AMLTKRun.from_path(Path(folder)), ...)",
    ),
)
#: Names of all files that a reader opens.
RUN_FILES = tuple(sorted({CONFIGSPACE, recorder.META, *(name for kind in _KINDS for name in kind.files)}))
#: What a folder of a run holds, in words.
EXPECTED = "; or ".join(f"{' and '.join(kind.files)} ({kind.writer})" for kind in _KINDS if kind.read is not None)


def complete_kind(has: Callable[[str], bool]) -> Kind | None:
    """Returns the kind of a folder in which all files of one are, None where none is complete.

    Args:
        has: Whether a file of that name is in the folder.
    """
    return next((kind for kind in _KINDS if all(map(has, kind.files))), None)


def kind_of(folder: Path) -> Kind | None:
    """Returns the kind of a folder; an incomplete one, too, so that its reader names the file that is missing.

    Raises:
        PermissionError: If the folder may not be looked into.
    """

    def has(name: str) -> bool:
        return (folder / name).is_file()

    trials_alone = (kind for kind in _KINDS if has(kind.files[0]))
    return complete_kind(has) or next(trials_alone, _KINDS[0] if has(smac.SCENARIO) else None)
