"""Pairs of hyperparameters as one table: what each moves, how much of it is interaction, how well its formula fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deepcave_symbolic.explanation import Explanation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["interaction_share", "pair_table"]

_COLUMNS = ("hyperparameters", "r2", "range", "interaction", "share", "complexity", "verdict", "formula", "objective")


def interaction_share(explanation: Explanation) -> float | None:
    """Returns the share of a pair's projection that no additive formula explains, in [0, 1].

    None for a single hyperparameter, for what could not be explained, and for a projection without variance.
    """
    if not explanation.formulas or explanation.projection is None:
        return None
    interaction = explanation.interaction()
    return None if interaction is None else interaction.interaction


def pair_table(explanations: Sequence[Explanation]) -> pd.DataFrame:
    """Returns a row an explanation, in the order given (`explain_all` puts the largest range first).

    Columns: hyperparameters (a tuple of names), r2 (of the recommended formula), range (objective units), interaction
    (share of the projection that no additive formula explains), share (of the surrogate's variance), complexity,
    verdict, formula, objective. What could not be explained has NaN and the formula None.

    Args:
        explanations: Usually those of `explain_all(run, pairs=True)`; singles have no interaction.
    """
    import pandas as pd

    rows = []
    for e in explanations:
        best = e.best if e.formulas else None
        rows.append(
            (
                e.hyperparameters,
                None if best is None else best.r2,
                None if e.projection is None else e.range,
                interaction_share(e),
                None if e.projection is None else e.projection.variance_share,
                None if best is None else best.complexity,
                e.verdict,
                None if best is None else str(best),
                e.objective,
            )
        )
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    numbers = ["r2", "range", "interaction", "share"]
    table[numbers] = table[numbers].astype(float)
    table["complexity"] = table["complexity"].astype("Int64")
    return table
