"""The panel "Symbolic Formulas" of the DeepCAVE dashboard: inputs → `explain()` → stored record → figures.

`choices.py` says what there is to choose from, `inputs.py` lays out and reads the inputs, `filters.py` those that need
no processing, `compute.py` explains the run in the worker, `stored_result.py` is what is stored, `outputs.py` draws it
and nothing else, `plugin.py` is the class that DeepCAVE knows. `wider.py` and `wider_outputs.py` do the same for whole
runs, laws and several runs, in the app of our own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepcave_symbolic.dashboard.panel.plugin import SymbolicFormulas

__all__ = ["SymbolicFormulas"]


def __getattr__(name: str) -> Any:
    if name != "SymbolicFormulas":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from deepcave_symbolic.dashboard.panel.plugin import SymbolicFormulas

    return SymbolicFormulas
