"""What users hold of advice on a run: the next trials, a better configuration space and laws, which show themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcave_symbolic.advice import AdvisedSpace, AdvisedTrials
from deepcave_symbolic.exceptions import InvalidArgumentError, UnknownNameError
from deepcave_symbolic.laws import FoundLaw
from deepcave_symbolic.show.advice import next_trials_document, space_document
from deepcave_symbolic.show.laws import law_document
from deepcave_symbolic.show.notebook import write_notebook
from deepcave_symbolic.show.text import write_text

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["Law", "NextTrials", "SuggestedSpace"]


class NextTrials(AdvisedTrials):
    """The configurations to evaluate next, as text and in a notebook."""

    def __str__(self) -> str:
        """Returns the configurations and the reasons as text for a terminal."""
        return write_text(next_trials_document(self))

    def _repr_html_(self) -> str:
        return write_notebook(next_trials_document(self))


class SuggestedSpace(AdvisedSpace):
    """A better configuration space, as text and in a notebook."""

    def __str__(self) -> str:
        """Returns what to do with every hyperparameter, and the formulas that say why, as text for a terminal."""
        return write_text(space_document(self))

    def _repr_html_(self) -> str:
        return write_notebook(space_document(self))


class Law(FoundLaw):
    """How the best value of a hyperparameter moves with others, as text, as a figure and in a notebook."""

    def plot(self, other: str | None = None) -> go.Figure:
        """Returns a plotly figure of the surrogate over the hyperparameter and another one, with the law's line on it.

        Args:
            other: One of those that the best value moves with; by default the one that moves it most.

        Raises:
            UnknownNameError: If it does not move with the other one.
            InvalidArgumentError: If the record was read from a file that does not hold this picture.
        """
        from deepcave_symbolic.show.figures.valley import plot_law

        if self.valley is not None and other in (None, self.strongest):
            return plot_law(self, self.valley)
        if self.project is None:
            raise InvalidArgumentError(
                f"This record does not hold its run, as one read from a file; use law({self.run!r}, "
                f"{self.hyperparameter!r})."
            )
        other = other or self.strongest
        if other not in self.exponents:
            raise UnknownNameError("hyperparameter", other, list(self.exponents))
        return plot_law(self, self.project(other))

    def __str__(self) -> str:
        """Returns the law and what it says as text for a terminal."""
        return write_text(law_document(self))

    def _repr_html_(self) -> str:
        return write_notebook(law_document(self))
