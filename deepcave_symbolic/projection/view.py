"""What of a surrogate is looked at: in which region, and what becomes of the hyperparameters that are not explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from deepcave_symbolic.records import Record
from deepcave_symbolic.space.region import WHOLE, Region
from deepcave_symbolic.words.numbers import counted

__all__ = ["STATISTICS", "USUAL", "Statistic", "View"]

Statistic = Literal["mean", "best", "incumbent"]
#: What becomes of the other hyperparameters, the default first.
STATISTICS: tuple[Statistic, ...] = get_args(Statistic)

_WORDS: dict[Statistic, str] = {
    "mean": "",
    "best": "others set optimally",
    "incumbent": "slice through the incumbent",
}


@dataclass(frozen=True, eq=False)
class View(Record):
    """In which region a surrogate is looked at, and what becomes of the hyperparameters that are not explained.

    Args:
        region: The region.
        statistic: "mean" averages over them, "best" sets them as well as they can be set at every point, "incumbent"
            to the values of the run's best configuration. Without others it is "mean".
    """

    region: Region = WHOLE
    statistic: Statistic = "mean"

    @property
    def words(self) -> str:
        """What a title says of it, such as "others set optimally, among the best 10 %"; empty for what is usual."""
        return ", ".join(filter(None, (_WORDS[self.statistic], self.region.words)))

    @property
    def averages(self) -> bool:
        """Whether the projection is an average, which has a share of the surrogate's variance."""
        return self.statistic == "mean"

    @property
    def curve(self) -> str:
        """What the projection is of the surrogate, such as "mean"."""
        return {"mean": "mean", "best": "best value", "incumbent": "slice through the incumbent"}[self.statistic]

    def titled(self, title: str) -> str:
        """Returns a title that says what is looked at, unless that is what is usual."""
        return f"{title}, {self.words}" if self.words else title

    def described(self, n_averaged: int, method: str) -> str:
        """Returns what the surrogate's curve is, at the end of a sentence.

        Args:
            n_averaged: Number of configurations averaged over; 0 where nothing was.
            method: How they were, see `projection.METHODS`.
        """
        if self.statistic == "best":
            how = "the others set optimally at every point"
        elif self.statistic == "incumbent":
            how = "the others as in the incumbent"
        else:
            averaged = "averaged" if method == "partial dependence" else method
            how = f"{averaged} over {counted(n_averaged, 'configuration')}" if n_averaged else "the surrogate itself"
        return ", ".join(filter(None, (how, self.region.words)))


#: The average over the whole space.
USUAL = View()
