"""Finding a run's folder and reading its JSON files, whatever they hold.

A folder given by a user is not trusted: files have a largest size, links are not followed out of the folder, and every
failure is one of the package's errors.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deepcave_symbolic.exceptions import InvalidArgumentError, RunFormatError, RunNotFoundError
from deepcave_symbolic.runs.foreign import foreign_run

__all__ = ["CONFIGSPACE", "RUNHISTORY", "SCENARIO", "find_run_folder", "read_json", "run_around", "runs_below"]

RUNHISTORY = "runhistory.json"
SCENARIO = "scenario.json"
CONFIGSPACE = "configspace.json"

MAX_BYTES = 2**30
#: What a file may take as Python's values, which are up to thirty times as large as their text.
MAX_MEMORY = 2**31
#: Bytes that Python 3.10 takes for what begins or follows a sign of JSON's; a sign inside of a text counts as well.
_BYTES_OF = {b"{": 240, b"[": 72, b",": 40, b":": 60}
_CHUNK = 2**20
MAX_DEPTH = 6
MAX_FOLDERS = 20_000
MAX_LISTED = 10
#: Python's own limit, which older ones lack and libraries switch off; reading longer ones takes quadratic time.
_MOST_DIGITS = 4300
#: A file that was changed this many seconds ago may be half written: it is read again, so often, after so long.
_YOUNG, _TRIES, _PAUSE = 10.0, 4, 0.3


class _HalfWrittenError(RunFormatError):
    """The file is empty or ends too early, as while it is being written."""


def find_run_folder(path: str | os.PathLike[str]) -> Path:
    """Returns the run folder that a path means: itself, the folder of a file in it, or the only one below it.

    Raises:
        RunNotFoundError: If nothing is there, or no run or more than one lies below it.
        InvalidArgumentError: If the argument is no path.
    """
    try:
        folder = Path(path).expanduser()
        exists = folder.exists()
    except (TypeError, ValueError, OSError, RuntimeError) as error:
        raise InvalidArgumentError(f"Expected the path of a run folder, got {path!r}: {error}") from error
    if not exists:
        raise RunNotFoundError(
            f"No such file or folder: {folder}. Give the folder that holds {SCENARIO} and {RUNHISTORY}.", path=folder
        )
    try:
        return _run_folder_of(folder)
    except PermissionError as error:
        raise RunNotFoundError(
            f"{folder} cannot be looked into: {error.strerror}. Ask for the right to read it.", path=folder
        ) from error


def runs_below(path: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Returns the run folders that a path stands for where several are allowed: itself, or all below it, sorted.

    Raises:
        RunNotFoundError: If nothing is there or no run lies below it.
        InvalidArgumentError: If the argument is no path.
    """
    try:
        return (find_run_folder(path),)
    except RunNotFoundError as error:
        if error.candidates:
            return error.candidates
        raise


def run_around(path: Path) -> Path | None:
    """Returns the run folder that a file or a folder lies in, at any depth; None where it lies in none."""
    return next((folder for folder in path.parents if os.path.isfile(folder / RUNHISTORY)), None)


def _run_folder_of(folder: Path) -> Path:
    if folder.is_file():
        if not _holds_run(folder.parent):
            raise RunNotFoundError(
                foreign_run(folder.parent)
                or f"{folder} is a file outside a run folder and holds no studies of Optuna's. Give the folder that "
                f"holds {SCENARIO} and {RUNHISTORY}.",
                path=folder,
            )
        return folder.parent
    # Any of SMAC's files makes the folder a run, so that a missing one is named instead of "not a run".
    if any((folder / name).is_file() for name in (RUNHISTORY, SCENARIO)):
        return folder
    return _only_run_below(folder)


def _holds_run(folder: Path) -> bool:
    return (folder / RUNHISTORY).is_file() or (folder / SCENARIO).is_file()


def _only_run_below(folder: Path) -> Path:
    found = sorted(_folders_with_runhistory(folder))
    # Folders of SMAC 1.x have a runhistory.json too: they count only where no other run is.
    candidates = [run for run in found if (run / SCENARIO).is_file()] or found
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise RunNotFoundError(
            foreign_run(folder)
            or f"{folder} is not a SMAC run and none lies up to {MAX_DEPTH} folders below it. "
            f"Give the folder that holds {SCENARIO} and {RUNHISTORY}.",
            path=folder,
        )
    shown = ", ".join(str(run) for run in candidates[:MAX_LISTED])
    more = f" and {len(candidates) - MAX_LISTED} more" if len(candidates) > MAX_LISTED else ""
    raise RunNotFoundError(
        f"{folder} holds {len(candidates)} runs; give one of them (`explain --all-runs`, in Python explain_study, "
        f"takes all): {shown}{more}.",
        path=folder,
        candidates=candidates,
    )


def _folders_with_runhistory(folder: Path) -> Iterator[Path]:
    root_depth = len(folder.parts)
    for visited, (current, subfolders, files) in enumerate(os.walk(folder, followlinks=False)):
        here = Path(current)
        if visited >= MAX_FOLDERS:
            raise RunNotFoundError(
                f"{folder} has more than {MAX_FOLDERS} folders below it. Give the run folder itself.", path=folder
            )
        if RUNHISTORY in files:
            yield here
            subfolders.clear()
        elif len(here.parts) - root_depth >= MAX_DEPTH:
            subfolders.clear()
        else:
            # Hidden folders (.git, .venv) are large and hold no runs.
            subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))


def read_json(path: Path, *, what: str) -> dict[str, Any]:
    """Returns the object in a JSON file; one that SMAC is just writing is read again for about a second.

    Args:
        path: The file.
        what: What it holds, for the error message.

    Raises:
        RunFormatError: If it is missing, empty, too large, truncated, no JSON, no JSON object, or a link out of its
            folder.
    """
    for _ in range(_TRIES - 1):
        try:
            return _read_json(path, what=what)
        except _HalfWrittenError:
            if not _is_young(path):
                break
            time.sleep(_PAUSE)
    try:
        return _read_json(path, what=what)
    except _HalfWrittenError as error:
        raise RunFormatError(str(error), path=path) from error.__cause__


def _is_young(path: Path) -> bool:
    try:
        return path.is_file() and abs(time.time() - path.stat().st_mtime) < _YOUNG
    except OSError:
        return False


def _content(target: Path, path: Path, what: str) -> bytes:
    """Returns the bytes of a regular file, asked about after it was opened, so that nothing can be put in its place.

    Args:
        target: The file to open; no link.
        path: Its name for error messages.
        what: What it holds, for error messages.
    """
    # Without O_NONBLOCK, opening a pipe waits for its other end for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(target, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise RunFormatError(
                f"{path} is no regular file; expected {what} there. Copy the whole run folder.", path=path
            )
        _check_size(path, status.st_size)
        parts = []
        size = 0
        while part := os.read(descriptor, _CHUNK):
            parts.append(part)
            size += len(part)
            _check_size(path, size)  # it may be growing
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _check_size(path: Path, size: int) -> None:
    if size > MAX_BYTES:
        raise RunFormatError(f"{path} has {size / 2**30:.1f} GiB; more than 1 GiB is not read.", path=path)


def _check_memory(path: Path, content: bytes) -> None:
    """Refuses what would take too much memory before any of it is taken; values are counted, not made."""
    memory = 2 * len(content) + sum(size * content.count(sign) for sign, size in _BYTES_OF.items())
    if memory > MAX_MEMORY:
        raise RunFormatError(
            f"{path} would take about {memory / 2**30:.1f} GiB of memory; more than {MAX_MEMORY / 2**30:g} GiB is not "
            "read.",
            path=path,
        )


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"{len(digits)} digits")
    return int(digits)


def _read_json(path: Path, *, what: str) -> dict[str, Any]:
    try:
        target = path
        if path.is_symlink():
            target = path.resolve()
            if not target.is_relative_to(path.parent.resolve()):
                raise RunFormatError(
                    f"{path} is a link to {target}, outside the run's folder, which is not followed. Put the file "
                    "itself there.",
                    path=path,
                )
        # SMAC writes in the machine's encoding, which is UTF-8 wherever json escapes nothing else.
        content = _content(target, path, what)
        _check_memory(path, content)
        text = content.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise RunFormatError(
            f"{path} is missing; expected {what} there. Copy the whole run folder.", path=path
        ) from error
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, up to Python 3.12
        reason = getattr(error, "strerror", None) or error
        raise RunFormatError(f"{path} cannot be read: {reason}.", path=path) from error
    except UnicodeDecodeError as error:
        raise RunFormatError(f"{path} is no text file; expected {what} as JSON.", path=path) from error
    if not text.strip():
        raise _HalfWrittenError(
            f"{path} is empty: the run was stopped while it was written, or the disk was full. "
            "Restore it from a copy or run SMAC again.",
            path=path,
        )
    try:
        data = json.loads(text, parse_int=_integer)
    except RecursionError as error:
        raise RunFormatError(f"{path} is nested too deeply to be {what}.", path=path) from error
    except json.JSONDecodeError as error:
        # What breaks off in the middle of a text or at the end may go on in a moment; what is wrong before is wrong.
        ends = error.msg.startswith("Unterminated") or error.pos >= len(text.rstrip())
        raise (_HalfWrittenError if ends else RunFormatError)(
            f"{path} is truncated or no JSON (line {error.lineno}, column {error.colno}: {error.msg}). "
            "If SMAC is still writing it, try again; otherwise restore it from a copy.",
            path=path,
        ) from error
    except ValueError as error:  # of `_integer`
        raise RunFormatError(f"{path} holds a number of thousands of digits; expected {what}.", path=path) from error
    if not isinstance(data, dict):
        raise RunFormatError(f"{path} holds a JSON {type(data).__name__}, expected {what} as an object.", path=path)
    return data
