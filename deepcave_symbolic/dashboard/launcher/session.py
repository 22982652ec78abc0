"""A folder in the user's cache for one dashboard at a time: results, logs, DeepCAVE's selection of runs."""

from __future__ import annotations

import itertools
import json
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import IO

from deepcave_symbolic.exceptions import InvalidArgumentError

__all__ = ["Session", "cache_root"]

#: Bytes that must be free: logs, the selection, and the results of some clicks.
_ROOM = 2**20


def cache_root() -> Path:
    """Returns the folder for this program in the user's cache folder."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given):  # the XDG specification: a relative path is ignored
        base = Path(given)
    else:
        base = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return base / "deepcave-symbolic"


class Session:
    """A cache folder that no other running dashboard uses.

    The folders are numbered, and a dashboard takes the first one that is free. So results are found again at the next
    start, and two dashboards at once never write the same files. The lock ends with the process, however that ends.

    A folder is used only where it belongs to this user and nobody else can write there: what others prepare would be
    shown as results, and a link in the place of a file would have its target overwritten.

    Attributes:
        folder: The folder; `logs` lies in it.

    Raises:
        InvalidArgumentError: If the user's cache folder cannot be written to, or others can exchange what is in it.
    """

    def __init__(self) -> None:
        self._lock: IO[str] | None = None
        root = cache_root()
        try:
            _prepare(root)
            self.folder = self._acquire(root)
            self.logs = self.folder / "logs"
            self.logs.mkdir(mode=0o700, exist_ok=True)
            self._check_room()
            # DeepCAVE prefers what it stored here over the runs it is started with.
            self._meta.unlink(missing_ok=True)
        except OSError as error:
            self.__exit__()
            raise InvalidArgumentError(
                f"The cache folder {root} cannot be used: {error.strerror or error}. "
                "Set XDG_CACHE_HOME to a folder that you can write to."
            ) from error

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *error: object) -> None:
        if self._lock is not None:
            self._lock.close()

    def selected_runs(self) -> list[str]:
        """Returns the paths of the runs that DeepCAVE has opened."""
        selected = json.loads(self._meta.read_text(encoding="utf-8")).get("selected_run_paths", [])
        return [str(path) for path in selected]

    @property
    def _meta(self) -> Path:
        return self.folder / "meta.json"

    def _check_room(self) -> None:
        """Raises OSError where results would not fit: a disk or a quota that is full."""
        probe = self.folder / "probe"
        try:
            probe.write_bytes(bytes(_ROOM))
        finally:
            probe.unlink(missing_ok=True)

    def _acquire(self, root: Path) -> Path:
        import fcntl  # not on Windows, where the rest of the package works

        for number in itertools.count(1):
            folder = root / f"dashboard-{number}"
            try:
                folder.mkdir(mode=0o700)
            except FileExistsError:
                if not _is_private(folder):
                    continue
            if not _is_private(folder):
                raise InvalidArgumentError(
                    f"The cache folder {root} cannot be used: its file system does not keep others out. "
                    "Set XDG_CACHE_HOME to a folder on another one."
                )
            lock = (folder / "lock").open("a", encoding="utf-8")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                continue
            except OSError:  # a network file system without locks
                lock.close()
                break
            self._lock = lock
            return folder
        return Path(tempfile.mkdtemp(prefix="dashboard-", dir=root))


def _prepare(root: Path) -> None:
    """Makes the folder with the sessions, for this user alone.

    Raises:
        InvalidArgumentError: If it is another user's, or others can put one in its place.
        OSError: If it cannot be made.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    base, found = root.parent.stat(), root.lstat()
    if base.st_mode & stat.S_IWOTH and not base.st_mode & stat.S_ISVTX:
        problem = f"every user can write to {root.parent}"
    elif not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        problem = "it is a link or another user's"
    else:
        root.chmod(0o700)
        return
    raise InvalidArgumentError(
        f"The cache folder {root} cannot be used: {problem}. Set XDG_CACHE_HOME to a folder of your own."
    )


def _is_private(folder: Path) -> bool:
    """Tells whether a folder is this user's, no link, and closed to others."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
