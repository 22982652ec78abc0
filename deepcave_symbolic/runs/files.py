"""Reading the files of a run, whatever they hold: JSON, lines of JSON, tables.

A folder given by a user is not trusted: files have a largest size, links are not followed out of the folder, and every
failure is one of the package's errors.
"""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from deepcave_symbolic.exceptions import RunFormatError

__all__ = ["read_json", "read_json_lines", "read_table", "read_text"]

_Content = TypeVar("_Content")

MAX_BYTES = 2**30
#: What a file may take as Python's values, which are up to thirty times as large as their text.
MAX_MEMORY = 2**31
#: Bytes that Python 3.10 takes for what begins or follows a sign of JSON's; a sign inside of a text counts as well.
_BYTES_OF = {b"{": 240, b"[": 72, b",": 40, b":": 60}
#: The same of files in which every line is a value, or a row of a table.
_BYTES_OF_LINES = {**_BYTES_OF, b"\n": 100, b"\r": 100}
_CHUNK = 2**20
#: Python's own limit, which older ones lack and libraries switch off; reading longer ones takes quadratic time.
_MOST_DIGITS = 4300
#: A file that was changed this many seconds ago may be half written: it is read again, so often, after so long.
_YOUNG, _TRIES, _PAUSE = 10.0, 4, 0.3


class _HalfWrittenError(RunFormatError):
    """The file is empty or ends too early, as while it is being written."""


def read_json(path: Path, *, what: str) -> dict[str, Any]:
    """Returns the object in a JSON file; one that is just being written is read again for about a second.

    Args:
        path: The file.
        what: What it holds, for the error message.

    Raises:
        RunFormatError: If it is missing, empty, too large, truncated, no JSON, no JSON object, or a link out of its
            folder.
    """
    return _settled(path, lambda: _read_json(path, what))


def read_json_lines(path: Path, *, what: str) -> list[Any]:
    """Returns the values in a file with one of JSON's a line; arguments and errors are those of `read_json`."""
    return _settled(path, lambda: _read_json_lines(path, what))


def read_table(path: Path, *, what: str) -> tuple[list[str], list[list[str]]]:
    """Returns the names and the rows of a table (CSV), whose rows are all as long as its first line.

    Arguments and errors are those of `read_json`.
    """
    return _settled(path, lambda: _read_table(path, what))


def read_text(path: Path, *, what: str) -> str:
    """Returns the text in a file; arguments and errors are those of `read_json`."""
    return _settled(path, lambda: _text(path, what, _BYTES_OF_LINES))


def _settled(path: Path, read: Callable[[], _Content]) -> _Content:
    """Returns what is read; again after a while where the file seems to be half written."""
    for _ in range(_TRIES - 1):
        try:
            return read()
        except _HalfWrittenError:
            if not _is_young(path):
                break
            time.sleep(_PAUSE)
    try:
        return read()
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


def _check_memory(path: Path, content: bytes, bytes_of: Mapping[bytes, int]) -> None:
    """Refuses what would take too much memory before any of it is taken; values are counted, not made."""
    memory = 2 * len(content) + sum(size * content.count(sign) for sign, size in bytes_of.items())
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


#: One for all lines: making it takes longer than a line.
_DECODER = json.JSONDecoder(parse_int=_integer)


def _text(path: Path, what: str, bytes_of: Mapping[bytes, int]) -> str:
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
        _check_memory(path, content, bytes_of)
        text = content.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise RunFormatError(
            f"{path} is missing; expected {what} there. Copy the whole run folder.", path=path
        ) from error
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, up to Python 3.12
        reason = getattr(error, "strerror", None) or error
        raise RunFormatError(f"{path} cannot be read: {reason}.", path=path) from error
    except UnicodeDecodeError as error:
        raise RunFormatError(f"{path} is no text file; expected {what}.", path=path) from error
    if not text.strip():
        raise _HalfWrittenError(
            f"{path} is empty: the run was stopped while it was written, or the disk was full. "
            "Restore it from a copy or run the optimizer again.",
            path=path,
        )
    return text


def _read_json(path: Path, what: str) -> dict[str, Any]:
    data = _value(_text(path, what, _BYTES_OF), path, what)
    if not isinstance(data, dict):
        raise RunFormatError(f"{path} holds a JSON {type(data).__name__}, expected {what} as an object.", path=path)
    return data


def _read_json_lines(path: Path, what: str) -> list[Any]:
    # Not `splitlines`: a text in JSON may hold other ends of lines as they are.
    lines = _text(path, what, _BYTES_OF_LINES).rstrip().split("\n")
    return [
        _value(line, path, what, number, last=number == len(lines))
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]


def _value(text: str, path: Path, what: str, line: int | None = None, *, last: bool = True) -> Any:
    """Returns the value in a text that is a file or a line of it, the last one perhaps, which may be growing."""
    try:
        return _DECODER.decode(text)
    except RecursionError as error:
        raise RunFormatError(f"{path} is nested too deeply to be {what}.", path=path) from error
    except json.JSONDecodeError as error:
        # What breaks off in the middle of a text or at the end may go on in a moment; what is wrong before is wrong.
        ends = last and (error.msg.startswith("Unterminated") or error.pos >= len(text.rstrip()))
        raise (_HalfWrittenError if ends else RunFormatError)(
            f"{path} is truncated or no JSON (line {line or error.lineno}, column {error.colno}: {error.msg}). "
            "If the run is still writing it, try again; otherwise restore it from a copy.",
            path=path,
        ) from error
    except ValueError as error:  # of `_integer`
        raise RunFormatError(f"{path} holds a number of thousands of digits; expected {what}.", path=path) from error


def _read_table(path: Path, what: str) -> tuple[list[str], list[list[str]]]:
    text = _text(path, what, _BYTES_OF_LINES)
    try:
        header, *rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as error:
        reason = f"{path} is no table (CSV) that can be read: {error}. Expected {what}."
        raise RunFormatError(reason, path=path) from error
    names = [name.strip() for name in header]
    name, n = Counter(names).most_common(1)[0]
    if n > 1:
        raise RunFormatError(f"{path} has {n} columns {name!r:.80}; expected different names.", path=path)
    for number, row in enumerate(rows, start=1):
        if len(row) != len(names):
            raise (_HalfWrittenError if number == len(rows) else RunFormatError)(
                f"{path}: row {number} has {len(row)} values for {len(names)} columns. If the run is still writing it, "
                "try again; otherwise restore it from a copy.",
                path=path,
            )
    return names, rows
