"""DeepCAVE's cache files: whole or not there, and a broken one is as good as none.

DeepCAVE 1.4.1 writes results in place and reads them without a doubt. A full disk, a killed server or two of its
threads leave half a file, and from then on that run or result is an error until somebody deletes the file.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import os
import secrets
from typing import Any

from deepcave_symbolic.process.optional import import_optional

__all__ = ["protect_cache_files"]


@functools.cache
def protect_cache_files() -> None:
    """Changes DeepCAVE's classes `Cache` and `RunCaches` in this process; once, however often it is called."""
    cache = import_optional("deepcave.utils.cache", purpose="The dashboard").Cache
    caches = import_optional("deepcave.utils.run_caches", purpose="The dashboard").RunCaches
    write, read, get = cache.write, cache.read, caches.get

    def write_whole(self: Any) -> None:
        target = self._filename
        if target is None:
            return
        temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
        elsewhere = copy.copy(self)
        elsewhere._filename = temporary
        try:
            write(elsewhere)
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise

    def read_if_whole(self: Any) -> None:
        try:
            read(self)
        except (ValueError, TypeError):  # no JSON, no text, or JSON that is no dictionary
            self._data = copy.copy(self._defaults)
            self._filename.unlink(missing_ok=True)

    def get_if_whole(self: Any, run: Any, plugin_id: str, inputs_key: str) -> Any:
        try:
            return get(self, run, plugin_id, inputs_key)
        except AssertionError:  # JSON without a result; the job runs again
            (self.cache_dir / run.id / plugin_id / f"{inputs_key}.json").unlink(missing_ok=True)
            return None

    cache.write, cache.read, caches.get = write_whole, read_if_whole, get_if_whole
