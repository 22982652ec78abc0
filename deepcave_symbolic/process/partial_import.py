"""Modules of packages that start slowly, imported without all that they import but do not need here."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from types import ModuleType
from typing import Any

__all__ = ["submodules_only", "when_used"]

#: One at a time; again, since what a package runs imports its own modules.
_LOCK = threading.RLock()


class _Deferred(ModuleType):
    """A package whose own code runs when anything of it is asked for that is not there yet.

    That is a name, or `__path__`, which Python asks for before it imports a further module of it. Unlike those of
    `importlib.util.LazyLoader` its modules are imported before without running that code.
    """

    def __getattr__(self, name: str) -> Any:
        with _LOCK:
            if type(self) is _Deferred:
                _run(self)
        return getattr(self, name)


def _run(package: ModuleType) -> None:
    spec = package.__spec__
    assert spec is not None and spec.loader is not None  # as `submodules_only` has seen
    package.__class__ = ModuleType
    package.__path__ = list(spec.submodule_search_locations or ())
    try:
        spec.loader.exec_module(package)
    except BaseException:
        # As for any import that failed: the next one tries again.
        sys.modules.pop(package.__name__, None)
        raise


@contextmanager
def submodules_only(name: str) -> Iterator[None]:
    """Within it, importing modules of a package does not run the package's own code; it runs when it is needed.

    Nothing changes where the package is imported already, or is not installed.

    Args:
        name: The package, such as "smac", whose own code imports its optimizers and with them Dask.
    """
    with _LOCK:
        spec = None if name in sys.modules else importlib.util.find_spec(name)
        if spec is None or spec.loader is None or not spec.submodule_search_locations:
            yield
            return
        package = _Deferred(name)
        vars(package).update(
            __spec__=spec, __loader__=spec.loader, __package__=name, __file__=spec.origin,
            __path__=list(spec.submodule_search_locations),
        )  # fmt: skip
        sys.modules[name] = package
        try:
            yield
        finally:
            if type(package) is _Deferred:
                del package.__path__


class _StandIn(ModuleType):
    """Stands for a package in what imported it, and imports it when anything but its version is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name == "__version__":
            return version(self.__name__)
        with _LOCK:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
            return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def when_used(name: str) -> Iterator[None]:
    """Within it, what imports a package gets something that imports it when it is used.

    Nothing changes where the package is imported already, or is not installed.

    Args:
        name: The package, such as "pandas", which scikit-learn imports for data frames alone.
    """
    with _LOCK:
        if name in sys.modules or importlib.util.find_spec(name) is None:
            yield
            return
        stand_in = sys.modules[name] = _StandIn(name)
        try:
            yield
        finally:
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]
