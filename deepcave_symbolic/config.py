"""The DeepCAVE configuration with every installed panel: `deepcave --open --config deepcave_symbolic/config.py`.

DeepCAVE imports a class `Config` from the module that the path names; nothing is read at that path, so that the command
works from any directory once this package is installed. A Config of your own can subclass this one.

Panels come from the group of entry points `deepcave.plugins`, each naming a `deepcave.plugins.Plugin` class whose
attribute `category` (or "Other") is its heading in the sidebar. What the environment variables below hold wins over a
subclass: the launcher passes its free ports in them.

    DEEPCAVE_SYMBOLIC_DASH_ADDRESS, _DASH_PORT     where the dashboard listens
    DEEPCAVE_SYMBOLIC_REDIS_ADDRESS, _REDIS_PORT   URL without the port, such as redis://:password@localhost
    DEEPCAVE_SYMBOLIC_CACHE_DIR                    where results and the selection are kept
    DEEPCAVE_SYMBOLIC_RUNS                         run folders to preselect in an empty cache, separated as in PATH
    DEEPCAVE_SYMBOLIC_ROOTS                        folders below which the page may open more, separated as in PATH;
                                                   where neither is set, the current folder

DeepCAVE's server asks for a token then, and prints the address that has it.
"""

from __future__ import annotations

import copy
import os
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from deepcave_symbolic.dashboard import ENVIRONMENT, PLUGIN_GROUP
from deepcave_symbolic.dashboard.allowed_runs import AllowedRuns, limit_runs
from deepcave_symbolic.dashboard.cache_files import protect_cache_files
from deepcave_symbolic.dashboard.launcher.door import guard_deepcave
from deepcave_symbolic.dashboard.run_labels import label_runs
from deepcave_symbolic.process.optional import import_optional

__all__ = ["PLUGIN_GROUP", "Config"]

_OTHER_CATEGORY = "Other"

_DeepCAVEConfig: Any = import_optional("deepcave.config", purpose="The configuration of the dashboard").Config


class Config(_DeepCAVEConfig):  # type: ignore[misc]  # deepcave has no types
    """DeepCAVE's configuration plus every installed panel and the settings of the environment."""

    META_DEFAULT: dict[str, Any]

    def __init__(self) -> None:
        super().__init__()
        protect_cache_files()
        limit_runs()
        for name, read in (("DASH_ADDRESS", str), ("DASH_PORT", _port), ("REDIS_ADDRESS", str), ("REDIS_PORT", _port)):
            value = os.environ.get(ENVIRONMENT + name)
            if value:
                setattr(self, name, read(value))
        allowed = AllowedRuns.from_environment()
        if allowed.runs or allowed.roots:
            defaults = copy.deepcopy(self.META_DEFAULT)
            defaults["selected_run_paths"] = list(allowed.runs)
            # The page that adds runs lists this folder.
            defaults["working_dir"] = allowed.start
            self.META_DEFAULT = defaults

    @property
    def CACHE_DIR(self) -> Path:  # noqa: N802 - DeepCAVE's name
        """The folder of DeepCAVE's caches."""
        folder = os.environ.get(f"{ENVIRONMENT}CACHE_DIR")
        return Path(folder) if folder else Path(super().CACHE_DIR)

    @property
    def PLUGINS(self) -> dict[str, list[Any]]:  # noqa: N802 - DeepCAVE's name
        """DeepCAVE's own panels and those of every entry point, by category; a broken one is reported and left out."""
        # DeepCAVE's server asks for them when its app is complete and nobody can reach it yet.
        guard_deepcave(self.DASH_ADDRESS, self.DASH_PORT)
        plugins: dict[str, list[Any]] = super().PLUGINS
        label_runs()
        taken = {plugin.id for panels in plugins.values() for plugin in panels}
        # Panels are imported here and not above: DeepCAVE is only half imported when it loads this module.
        for entry in sorted(entry_points(group=PLUGIN_GROUP), key=lambda e: (e.name, e.value)):
            panel = _load(entry)
            # The same entry point is found twice where a package is both installed and on the path.
            if panel is None or panel.id in taken:
                continue
            taken.add(panel.id)
            plugins.setdefault(str(getattr(panel, "category", _OTHER_CATEGORY)), []).append(panel)
        return plugins

    @property
    def CONVERTERS(self) -> list[Any]:  # noqa: N802 - DeepCAVE's name
        """DeepCAVE's readers of run folders, with ours in the places of two of them."""
        from deepcave_symbolic.dashboard.deepcave_readers import SMACRun, StudyRun

        ours = {"SMAC3v2Run": SMACRun, "OptunaRun": StudyRun}
        return [ours.get(converter.__name__, converter) for converter in super().CONVERTERS]


def _load(entry: EntryPoint) -> Any:
    """Returns the panel of an entry point, or None with a line on stderr where it cannot be made."""
    try:
        panel = entry.load()()
        str(panel.id)
    # Whatever the module of another package raises, exiting included: the dashboard starts without its panel.
    except (Exception, SystemExit) as error:
        print(
            f"deepcave-symbolic: the panel {entry.name!r} ({entry.value}) is left out: {type(error).__name__}: {error}",
            file=sys.stderr,
        )
        return None
    return panel


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        raise ValueError(f"A port from 1 to 65535 is expected in the {ENVIRONMENT}..._PORT variables; found {text!r}.")
    return port
