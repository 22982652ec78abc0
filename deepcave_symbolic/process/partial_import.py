"""Modules of packages that start slowly, imported without all that they import but do not need here."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from types import ModuleType
from typing import Any

__all__ = ["names_when_used", "submodules_only", "when_used"]

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


class _Names(ModuleType):
    """Stands for a module while others take names out of it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what the import itself asks for
            raise AttributeError(name)
        return _Later(lambda: getattr(importlib.import_module(self.__name__), name))


class _Later:
    """Stands for a class, for a function, or for what calling one returns, until it is asked for anything.

    Args:
        make: Returns it.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    @functools.cached_property
    def _made(self) -> Any:
        return self._make()

    def __call__(self, *args: Any, **kwargs: Any) -> _Later:
        return _Later(lambda: self._made(*args, **kwargs))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # a copy asks for these before it has what is made
            raise AttributeError(name)
        return getattr(self._made, name)

    def __instancecheck__(self, other: Any) -> bool:
        return isinstance(_itself(other), self._made)

    def __reduce__(self) -> tuple[Any, ...]:
        return _itself, (self._made,)


def _itself(value: Any) -> Any:
    return value._made if isinstance(value, _Later) else value


@contextmanager
def names_when_used(*names: str) -> Iterator[None]:
    """Within it, what imports names of modules gets something that imports the modules when it is used.

    Calls are put off, too, so only for modules whose functions return objects that are asked later. Nothing changes
    where one of the modules is imported already.

    Args:
        names: The modules, such as "scipy.stats", which ConfigSpace imports for distributions that few spaces have.
    """
    with _LOCK:
        if any(name in sys.modules for name in names):
            yield
            return
        stand_ins = {name: _Names(name) for name in names}
        sys.modules.update(stand_ins)
        try:
            yield
        finally:
            for name, stand_in in stand_ins.items():
                if sys.modules.get(name) is stand_in:
                    del sys.modules[name]
