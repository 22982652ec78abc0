"""Which pairs of hyperparameters are worth a formula of two.

What two hyperparameters do one by one, the formulas of one hyperparameter say. A pair is strong by what only the pair
can say: its interaction. It is measured in units of the objective, so that pairs that are active in different parts of
the space can be compared, and a large share of next to nothing is no strength.

Notation:
    f: the surrogate's projection onto the pair; strength: the RMSE of the best g(x_1) + h(x_2) to f, the square root of
    the second-order term of f's variance (functional ANOVA, Hutter et al. 2014, "An Efficient Approach for Assessing
    Hyperparameter Importance").
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcave_symbolic.findings.interaction import interaction_rmse
from deepcave_symbolic.projection.coarse import COARSE_ROWS
from deepcave_symbolic.projection.subject import Subject
from deepcave_symbolic.space.axis import axis_of

__all__ = ["PairRanking", "rank_pairs"]

#: Comparing pairs may take as long by the model's own estimate of a prediction, never by a clock, so that the same
#: surrogate always has the same ranking.
_SECONDS, _PAIR_SECONDS = 15.0, 5e-3
#: So many hyperparameters are compared whatever it takes.
_LEAST = 5


@dataclass(frozen=True)
class PairRanking:
    """Pairs of hyperparameters, the strongest interaction first.

    Args:
        pairs: The names.
        strengths: RMSE of the best sum of two curves, objective units, one a pair.
        compared: Number of hyperparameters whose pairs were compared.
        of: Number of hyperparameters there were.
    """

    pairs: tuple[tuple[str, str], ...]
    strengths: tuple[float, ...]
    compared: int
    of: int

    def described(self, shown: int) -> str:
        """Returns in words how the first of the pairs were chosen.

        Args:
            shown: How many of the pairs are shown.
        """
        if self.compared < 2:
            return "There are no two hyperparameters with a formula, so there are no pairs."
        n = len(self.pairs)
        if n == 0:
            return "The surrogate sees no interaction between any two hyperparameters."
        text = f"Every pair that interacts ({n})."
        if shown < n:
            text = f"{shown} of {n} pairs, those that interact most. The pairs were compared on a coarse grid."
        if self.compared < self.of:
            text += (
                f" To take seconds, only pairs of the {self.compared} of {self.of} hyperparameters that move the "
                "objective most were compared."
            )
        return text


def rank_pairs(
    subject: Subject,
    names: Sequence[str],
    *,
    progress: Callable[[Sequence[Any]], Any] | None = None,
) -> PairRanking:
    """Returns the pairs of hyperparameters by the strength of their interaction.

    Left out are pairs that are never active together or of which one can only have one value beside the other, and
    those without any interaction.

    Args:
        subject: The surrogate over the run's space, as the view shows both.
        names: Names of explainable hyperparameters, those that move the objective most first: where there are too many
            for the seconds that it may take, the first are compared.
        progress: Wraps the list of pairs, such as `tqdm.tqdm`.
    """
    most = _SECONDS / (COARSE_ROWS * subject.surrogate.row_seconds + _PAIR_SECONDS)
    # The largest n with n (n - 1) / 2 pairs within the seconds.
    n = min(len(names), max(_LEAST, math.floor((1.0 + math.sqrt(1.0 + 8.0 * most)) / 2.0)))
    # Within a pair the space's order, as everywhere.
    pairs: Any = list(itertools.combinations(sorted(names[:n], key=list(subject.configspace).index), 2))
    strengths = {}
    for pair in pairs if progress is None else progress(pairs):
        axes = [axis_of(subject.configspace, name) for name in pair]
        points, mean, weights = subject.coarse(axes)
        valid = points[np.isfinite(mean)]
        if len(valid) and all(np.ptp(column) > 0.0 for column in valid.T):
            strength = interaction_rmse(points, mean, weights)
            if strength > 0.0:
                strengths[pair] = strength
    ranked = sorted(strengths, key=lambda pair: -strengths[pair])
    return PairRanking(tuple(ranked), tuple(strengths[pair] for pair in ranked), n, len(names))
