"""How much memory this process may still take, for what would otherwise be killed without a word.

A process has three bounds: what the machine has left, what its control group allows (containers, batch jobs) and its
own limit (`ulimit -v`). The kernel kills what exceeds the first two; no exception comes before that.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["available_memory"]

_PROC, _CGROUP = Path("/proc"), Path("/sys/fs/cgroup")


def available_memory() -> int | None:
    """Returns the bytes that this process may still take, None where the system does not tell.

    Linux tells; elsewhere it is all the memory that the machine has.
    """
    bounds = [*_left_by_machine(), *_left_by_groups(), *_left_by_limit()]
    return max(0, min(bounds)) if bounds else None


def _left_by_machine() -> Iterator[int]:
    table = _table(_PROC / "meminfo")
    if "MemAvailable" in table:
        yield table["MemAvailable"] * 1024
        return
    with contextlib.suppress(AttributeError, OSError, ValueError):  # Windows, or a system without these names
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _left_by_groups() -> Iterator[int]:
    """Yields what each group around this process has left; files in its cache give way to memory."""
    with contextlib.suppress(OSError):
        for line in (_PROC / "self" / "cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "":
                names = ("memory.max", "memory.current", "inactive_file")
                yield from _left_in(_CGROUP, path, names)
            elif "memory" in controllers.split(","):
                names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
                yield from _left_in(_CGROUP / "memory", path, names)


def _left_in(root: Path, path: str, names: tuple[str, str, str]) -> Iterator[int]:
    limit_name, usage_name, cache_name = names
    folder = root / path.strip("/")
    for place in (folder, *(parent for parent in folder.parents if root in (parent, *parent.parents))):
        with contextlib.suppress(OSError, ValueError):  # not there in a container, or "max"
            limit = int((place / limit_name).read_text(encoding="utf-8"))
            used = int((place / usage_name).read_text(encoding="utf-8"))
            yield limit - used + _table(place / "memory.stat").get(cache_name, 0)


def _left_by_limit() -> Iterator[int]:
    try:
        import resource
    except ImportError:  # Windows
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    size = _table(_PROC / "self" / "status").get("VmSize")
    if limit != resource.RLIM_INFINITY and size is not None:
        yield limit - size * 1024


def _table(file: Path) -> dict[str, int]:
    """Returns the numbers of a file of "name: number" or "name number" lines; nothing where it cannot be read."""
    found = {}
    with contextlib.suppress(OSError):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, rest = line.replace(":", " ").partition(" ")
            with contextlib.suppress(ValueError, IndexError):
                found[name] = int(rest.split()[0])
    return found
