"""What DeepCAVE calls runs: by names that tell them apart.

DeepCAVE 1.4.1 shows the last part of a run's path, which for a run of SMAC's is its seed, and in the panels' choice of
a run puts the folder above before it.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from deepcave_symbolic.process.optional import import_optional
from deepcave_symbolic.words.run_names import run_name, run_names

__all__ = ["label_runs"]


@functools.cache
def label_runs() -> None:
    """Changes DeepCAVE's classes `RunHandler` and `Plugin` in this process; once, however often it is called."""
    handler = import_optional("deepcave.runs.handler", purpose="The dashboard").RunHandler
    plugin = import_optional("deepcave.plugins", purpose="The dashboard").Plugin
    interactive = import_optional("deepcave", purpose="The dashboard").interactive
    load_run_inputs = plugin.load_run_inputs

    def get_run_name(self: Any, run_path: Any) -> str:
        path, selected = str(run_path), list(self.runs)
        return dict(zip(selected, run_names(selected), strict=True)).get(path) or run_name(path)

    @interactive  # type: ignore[untyped-decorator, unused-ignore]
    def with_labels(runs: Sequence[Any], groups: Any, check_run_compatibility: Any) -> Any:
        inputs = load_run_inputs(runs, groups, check_run_compatibility)
        placed = {run.id: str(run.path) for run in runs if run.path is not None}
        labels = dict(zip(placed, run_names(list(placed.values())), strict=True))
        for option in inputs["run"]["options"]:
            option["label"] = labels.get(option["value"], option["label"])
        return inputs

    handler.get_run_name, plugin.load_run_inputs = get_run_name, staticmethod(with_labels)
