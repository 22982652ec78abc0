"""A list of explanations that shows itself as a table, for notebooks and terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcave_symbolic.explanation import Explanation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Explanations"]

_COLUMNS = ("hyperparameters", "range", "share", "formula", "complexity", "r2", "rmse", "verdict", "warnings")


class Explanations(list[Explanation]):
    """What `explain_all` returns: a list in every respect, which a notebook shows as a table, as does `print`."""

    def to_frame(self) -> pd.DataFrame:
        """Returns a row an explanation: what the table shows, RMSE and warnings besides.

        `range` and `rmse` are in objective units, `share` of the surrogate's variance; the formula and its numbers are
        missing where nothing could be explained.
        """
        import pandas as pd

        rows = []
        for e in self:
            best = e.best if e.formulas else None
            rows.append(
                {
                    "hyperparameters": e.hyperparameters,
                    "range": None if e.projection is None else e.range,
                    "share": None if e.projection is None else e.projection.variance_share,
                    "formula": None if best is None else str(best),
                    "complexity": None if best is None else best.complexity,
                    "r2": None if best is None else best.r2,
                    "rmse": None if best is None else best.rmse,
                    "verdict": e.verdict,
                    "warnings": e.warnings,
                }
            )
        return pd.DataFrame(rows, columns=list(_COLUMNS)).astype({"complexity": "Int64"})

    def __str__(self) -> str:
        """Returns the overview as the command line prints it."""
        from deepcave_symbolic.show.document import overview
        from deepcave_symbolic.show.text import write_text

        return write_text(overview(self))

    def _repr_html_(self) -> str:
        from deepcave_symbolic.show.document import overview
        from deepcave_symbolic.show.notebook import write_notebook

        return write_notebook(overview(self))
