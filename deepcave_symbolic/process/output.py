"""Where a command's text goes: the terminal, or a file that is either whole or as it was."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import sys
from pathlib import Path

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.process.interrupts import unfinished_files

__all__ = ["UNFINISHED", "check_output", "output_file", "replace_file", "write_output"]

#: How the names of files begin that are being written.
UNFINISHED = ".deepcave-symbolic-"

#: What stands for a sign of our reports on a terminal that lacks it.
_PLAIN = {
    "≈": "~",
    "·": "*",
    "×": "x",
    "−": "-",
    "–": "-",
    "±": "+-",
    "≤": "<=",
    "≥": ">=",
    "→": "->",
    "…": "...",
    "₁": "1",
    "₀": "0",
    "σ": "sigma",
}
#: How the system calls what is open already: what `/dev/stdout` and the shell's `>(command)` are.
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/(\d+)")
_MOST_LINKS = 40
_EXPONENT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+")
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def output_file(output: str) -> Path | None:
    """Returns the file that an output makes or replaces, links followed; None for a device, a pipe or what is open."""
    if _descriptor(output) is not None:
        return None
    target = Path(os.path.realpath(output))
    return target if target.is_file() or not target.exists() else None


def check_output(output: str | None) -> None:
    """Raises InvalidArgumentError for a place that cannot be written to, before anything is computed."""
    if output is None:
        if sys.stdout is None:
            raise InvalidArgumentError("The standard output is closed; give -o FILE, or open it.")
        return
    try:
        if (descriptor := _descriptor(output)) is not None:
            os.fstat(descriptor)
            return
        target = Path(os.path.realpath(output))
        if not output or target.is_dir():
            raise InvalidArgumentError(f"Cannot write to {output!r}: it is a folder; give the name of a file.")
        if not target.parent.is_dir():
            raise InvalidArgumentError(
                f"Cannot write to {output!r}: there is no folder {target.parent}; make it first."
            )
        places = [target] if target.exists() else []  # a file that may not be changed is not replaced either
        if output_file(output) is not None:
            places.append(target.parent)
    except InvalidArgumentError:
        raise
    except (OSError, ValueError) as error:  # a name too long, a NUL in it
        raise _failed(output, error) from error
    for place in places:
        if not os.access(place, os.W_OK):
            raise InvalidArgumentError(f"Cannot write to {output!r}: {place} may not be written to by you.")


def write_output(text: str, output: str | None) -> None:
    """Prints, or writes a file. A link is followed; a device, a pipe or what is open is written to directly.

    Raises:
        InvalidArgumentError: If it cannot be written, for example because the disk is full.
    """
    check_output(output)
    if output is None:
        _print(text)
        return
    try:
        target = output_file(output)
        if target is not None:
            replace_file(text, target)
            return
        descriptor = _descriptor(output)
        # Opened by its name, what is open would be cut off at its start; a socket could not be opened at all.
        with open(output if descriptor is None else os.dup(descriptor), "w", encoding="utf-8") as stream:
            stream.write(_writable(text, "utf-8"))
    except BrokenPipeError:  # the reader (head, less) has seen enough
        return
    except OSError as error:
        raise _failed(output, error) from error


def _descriptor(output: str) -> int | None:
    """Returns the number of the open file that a path means, None where it means none."""
    path = os.path.abspath(output)
    for _ in range(_MOST_LINKS):
        if match := _DESCRIPTOR.fullmatch(path):
            return int(match[1])
        try:
            path = os.path.abspath(os.path.join(os.path.dirname(path), os.readlink(path)))
        except (OSError, ValueError):  # no link
            break
    return None


def replace_file(text: str, target: Path) -> None:
    """Writes a file that is whole from its first moment, in the place of what has its name: links are not followed.

    Raises:
        InvalidArgumentError: If it cannot be written.
    """
    try:
        _replace(text, target)
    except OSError as error:
        raise _failed(str(target), error) from error


def _replace(text: str, target: Path) -> None:
    mode = target.stat().st_mode if target.is_file() and not target.is_symlink() else None
    temporary = str(target.with_name(f"{UNFINISHED}{secrets.token_hex(8)}"))
    unfinished_files.add(temporary)  # known before it exists: a signal may come at any time
    try:
        with open(temporary, "x", encoding="utf-8") as file:
            file.write(_writable(text, "utf-8"))
            file.flush()
            os.fsync(file.fileno())  # a full disk may be noticed only here
        if mode is not None:
            os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    finally:
        unfinished_files.discard(temporary)


def _writable(text: str, encoding: str) -> str:
    r"""Returns the text with other signs for those that the encoding lacks, `\u2026` where there are none."""
    missing = {c for c in set(text) if c.encode(encoding, "ignore") == b""}
    if not missing:
        return text
    text = _EXPONENT.sub(lambda e: f"^{e[0].translate(_DIGITS)}" if missing.intersection(e[0]) else e[0], text)
    return text.translate({ord(c): _PLAIN.get(c) or ascii(c)[1:-1] for c in missing})


def _print(text: str) -> None:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        sys.stdout.write(_writable(text, encoding))
        sys.stdout.flush()
    except OSError as error:
        # Python flushes again when it ends; somewhere where that works.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # the reader (head, less) has seen enough
            raise _failed("the standard output", error) from error


def _failed(output: str, error: Exception) -> InvalidArgumentError:
    reason = getattr(error, "strerror", None) or str(error)
    return InvalidArgumentError(f"Cannot write to {output}: {reason}. Nothing was left there; choose another place.")
