"""Pairs of hyperparameters as one table: what each moves, how much of it is interaction, how well its formula fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.findings.explained import Explained, Unexplained

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["interaction_share", "pair_table"]

_COLUMNS = ("hyperparameters", "r2", "range", "interaction", "share", "complexity", "verdict", "formula", "objective")


def interaction_share(explanation: Explained | Unexplained) -> float | None:
    """Returns the share of a pair's projection that no additive formula explains, in [0, 1].

    None for a single hyperparameter, for what could not be explained, and for a projection without variance.
    """
    interaction = explanation.findings().interaction if isinstance(explanation, Explained) else None
    return None if interaction is None else interaction.interaction


def pair_table(explanations: Sequence[Explained | Unexplained]) -> pd.DataFrame:
    """Returns one row per explanation, in the order given (`explain_all` puts the largest range first).

    Columns: hyperparameters (a tuple of names), r2 (of the recommended formula), range (objective units), interaction
    (share of the projection that no additive formula explains), share (of the surrogate's variance), complexity,
    verdict, formula, objective. What could not be explained has no numbers, no verdict and no formula.

    Args:
        explanations: Usually those of `explain_all(run, pairs=True)`; singles have no interaction.
    """
    import pandas as pd

    rows = []
    for e in explanations:
        row: dict[str, Any] = {"hyperparameters": e.hyperparameters, "formula": None, "objective": e.objective}
        if isinstance(e, Explained):
            row |= {"verdict": e.verdict, "r2": e.best.r2, "range": e.range, "interaction": interaction_share(e)}
            row |= {"formula": str(e.best), "share": e.projection.variance_share, "complexity": e.best.complexity}
        rows.append(row)
    numbers = dict.fromkeys(("r2", "range", "interaction", "share"), float)
    return pd.DataFrame(rows, columns=list(_COLUMNS)).astype({**numbers, "complexity": "Int64"})
