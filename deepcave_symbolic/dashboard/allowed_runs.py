"""Which folders the dashboard opens: runs of the command line, and what lies below the roots that it names.

DeepCAVE 1.4.1 opens every path that a page sends, with every reader that it has. Two of its readers load pickles, and a
pickle may run anything. So a path that came through the page is opened only where the command line allows it, and never
by a reader that loads code.
"""

from __future__ import annotations

import copy
import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepcave_symbolic.dashboard import ENVIRONMENT
from deepcave_symbolic.process.optional import import_optional

__all__ = ["AllowedRuns", "limit_runs"]

#: The readers, ours and DeepCAVE's, that parse text and tables only. Optuna's and Ray Tune's load pickles; what others
#: do, in a Config of the user's own, nobody knows.
_PLAIN_READERS = {"AMLTKRun", "BOHBRun", "DataFrameRun", "DeepCAVERun", "SMAC3v1Run", "SMAC3v2Run", "SMACRun"}


@dataclass(frozen=True)
class AllowedRuns:
    """What the command line names.

    Args:
        runs: Absolute paths of run folders.
        roots: Absolute paths of folders below which every run may be opened. Without runs and roots, the current folder
            is one.
    """

    runs: tuple[str, ...]
    roots: tuple[str, ...]

    @classmethod
    def from_environment(cls) -> AllowedRuns:
        """Returns what the launcher has passed on."""
        return cls(*(_paths(os.environ.get(f"{ENVIRONMENT}{name}", "")) for name in ("RUNS", "ROOTS")))

    @property
    def start(self) -> str:
        """The folder that the page that adds runs lists first."""
        return os.path.dirname(self.runs[0]) if self.runs else self.below[0]

    @property
    def below(self) -> tuple[str, ...]:
        """The folders below which every run may be opened."""
        return self.roots if self.runs or self.roots else (os.getcwd(),)

    def names(self, path: str | Path) -> bool:
        """Tells whether it is a run of the command line, spelt as there: no link can lead elsewhere in between."""
        return str(path) in self.runs

    def allows(self, path: str | Path) -> bool:
        """Tells whether a run may be opened: links are followed before it is decided."""
        if self.names(path):
            return True
        real = _real(path)
        return any(real == _real(run) for run in self.runs) or any(_is_below(real, _real(root)) for root in self.below)

    def shows(self, folder: str | Path) -> bool:
        """Tells whether a folder may be listed: it is allowed, or the way to something that is."""
        if self.allows(folder):
            return True
        real = _real(folder)
        targets = (*self.below, *self.runs, *map(os.path.dirname, self.runs))
        return any(_is_below(_real(target), real) for target in targets)


def _paths(text: str) -> tuple[str, ...]:
    return tuple(os.path.abspath(path) for path in text.split(os.pathsep) if path)


def _real(path: str | Path) -> Path | None:
    try:
        return Path(os.path.realpath(path))
    except ValueError:  # a NUL in it: no path at all
        return None


def _is_below(path: Path | None, folder: Path | None) -> bool:
    return path is not None and folder is not None and path.is_relative_to(folder)


@functools.cache
def limit_runs() -> None:
    """Changes DeepCAVE's class `RunHandler`, through which every path goes, in this process; once."""
    handler = import_optional("deepcave.runs.handler", purpose="The dashboard").RunHandler
    add, update, is_run, available = (
        getattr(handler, name) for name in ("add_run", "update_run", "is_run", "get_available_run_paths")
    )

    def for_page(self: Any, path: str) -> Any:
        """Returns the handler with the readers that may open a path; a copy, because others use it at the same time."""
        if AllowedRuns.from_environment().names(path):
            return self
        limited = copy.copy(self)
        limited.available_run_classes = [c for c in self.available_run_classes if c.__name__ in _PLAIN_READERS]
        return limited

    def is_allowed_run(self: Any, path_name: str) -> bool:
        return AllowedRuns.from_environment().allows(path_name) and is_run(for_page(self, path_name), path_name)

    def add_allowed_run(self: Any, run_path: str) -> bool:
        if not AllowedRuns.from_environment().allows(run_path):
            _notify(
                f"{run_path} is neither a run of the command line nor below one of its roots. "
                "Start the dashboard with this run, or with --root FOLDER."
            )
        elif is_run(self, run_path) and not is_allowed_run(self, run_path):
            _notify(
                f"{run_path} holds a pickle, which may run anything when it is opened. "
                "If you trust it, name it on the command line."
            )
        else:
            return bool(add(self, run_path))
        return True  # all is said: after False DeepCAVE would say only that the run could not be added

    def update_allowed_run(self: Any, run_path: str, class_hint: Any = None) -> Any:
        if not AllowedRuns.from_environment().allows(run_path):
            self.logger.warning(f"Run {run_path} is not opened: the command line names neither it nor a root above it.")
            return None
        limited = for_page(self, run_path)
        return update(limited, run_path, class_hint if class_hint in limited.available_run_classes else None)

    def available_allowed_runs(self: Any) -> dict[str, str]:
        allowed, folder = AllowedRuns.from_environment(), self.get_working_directory()
        if not allowed.shows(folder):
            _notify(f"{folder} is outside the folders of this dashboard. Start it with --root {folder} to see it.")
            return {}
        try:
            found: dict[str, str] = available(self)
        except OSError as error:
            _notify(f"{folder} cannot be listed: {error.strerror}.")
            return {}
        return {path: name for path, name in found.items() if allowed.shows(path)}

    handler.add_run, handler.update_run, handler.is_run = add_allowed_run, update_allowed_run, is_allowed_run
    handler.get_available_run_paths = available_allowed_runs


def _notify(message: str) -> None:
    from deepcave import notification

    notification.update(message)
