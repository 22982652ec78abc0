"""What users hold: records of explanations that show themselves, alone and as a list.

Everything known is in the records (`findings/explained.py`); plotly is imported when it is needed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.findings.explained import Explained, Unexplained
from deepcave_symbolic.findings.own_formula import FittedFormula
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.laws import NoLaw
from deepcave_symbolic.show.document import document
from deepcave_symbolic.show.notebook import write_notebook
from deepcave_symbolic.show.overview import overview
from deepcave_symbolic.show.own_formula import own_formula_document
from deepcave_symbolic.show.text import write_text
from deepcave_symbolic.show.whole_run import INCUMBENT, whole_run_document
from deepcave_symbolic.suggestions import Law, NextTrials
from deepcave_symbolic.whole_run import ExplainedRun

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["Explanation", "ExplanationApp", "Explanations", "OwnFormula", "RunExplanation", "Unexplained"]


class OwnFormula(FittedFormula):
    """A formula of the user's own that shows itself."""

    def __str__(self) -> str:
        """Returns the formula, its constants and its place beside the front as text for a terminal."""
        return write_text(own_formula_document(self))

    def _repr_html_(self) -> str:
        return write_notebook(own_formula_document(self))


class ExplanationApp:
    """The page of `Explanation.app`, which answers as long as this Python runs; in a notebook it shows itself.

    Args:
        url: Its address, for this machine's browsers only. Who knows it can see the page.
        close: Ends it before.

    Attributes:
        url: The address.
    """

    def __init__(self, url: str, close: Callable[[], None]) -> None:
        self.url = url
        self._close = close

    def close(self) -> None:
        """Ends it, if it has not ended yet."""
        close, self._close = self._close, lambda: None
        close()

    def __repr__(self) -> str:
        return f"<ExplanationApp at {self.url}>"

    def _repr_html_(self) -> str:
        return (
            f'<iframe src="{self.url}" title="Symbolic Formulas" width="100%" height="900" style="border: 0"></iframe>'
        )


class Explanation(Explained):
    """An explanation that shows itself: as text, as a figure, as a page, in a notebook."""

    def plot(self, formula: Formula | None = None) -> go.Figure:
        """Returns a plotly figure of surrogate, formula and trials.

        Args:
            formula: A formula of the front; the recommended one by default.
        """
        from deepcave_symbolic.show.figures.explanation import plot_explanation
        from deepcave_symbolic.show.figures.parts import ready

        return ready(plot_explanation(self, formula))

    def app(self, port: int | None = None) -> ExplanationApp:
        """Returns the explanation as a page to work with, as the dashboard shows it, without processing anything.

        Another formula of the front, its slider, the point that is moved over the figure, a formula of your own. As the
        last line of a notebook's cell it is shown there; elsewhere its address is printed.

        Args:
            port: Where it answers on this machine; a free port by default.

        Raises:
            InvalidArgumentError: If the port cannot be used.
            MissingDependencyError: If Dash 3 or later is not installed.
        """
        # By name: nothing else here knows the dashboard, which imports this module.
        serve = import_module("deepcave_symbolic.dashboard.own.notebook").serve
        app = ExplanationApp(*serve(self, port))
        if not _in_a_notebook():
            print(f"Symbolic Formulas: {app.url}\nIt ends with this Python.", flush=True)
        return app

    def fit(self, form: str, fixed: Mapping[str, float] | None = None, seed: int = 0) -> OwnFormula:
        """Returns a formula of your own with the constants that fit best, scored and judged as those of the front.

        Args:
            form: The formula, such as "a + b*log10(C/c)**2". The explained hyperparameters are in natural units; every
                other name is a constant to be fitted. Functions: sqrt, exp, log, log10, abs, tanh, sin, cos, square.
            fixed: Values of constants that are not to be fitted, by name.
            seed: Seed of the values that the search for the constants starts from.

        Raises:
            DeepcaveSymbolicError: If the form cannot be read, speaks of another hyperparameter of the run, is not
                defined on the domain, or has more constants than there are points.
        """
        return OwnFormula.fitted(self, form, fixed, seed)

    def next_trials(self, n: int = 10) -> NextTrials:
        """Returns the configurations whose evaluation would teach most about this explanation, each with the reason.

        Args:
            n: How many, from 1 to 100.

        Raises:
            InvalidArgumentError: If n is no such number, or the record was read from a file.
        """
        if self.advisor is None:
            names = ", ".join(repr(name) for name in self.hyperparameters)
            raise InvalidArgumentError(
                f"This record does not hold its run, as one read from a file; use next_trials({self.run!r}, {names})."
            )
        advised: NextTrials = self.advisor(n)
        return advised

    def __getstate__(self) -> dict[str, Any]:
        """Returns what a copy in another process holds: everything but the explainer."""
        return {**self.__dict__, "advisor": None}

    def to_html(self) -> str:
        """Returns the explanation as one HTML page, figure included, that opens without internet."""
        from deepcave_symbolic.show.html import explanation_page

        return explanation_page(self)

    def __str__(self) -> str:
        """Returns the explanation as text for a terminal."""
        return write_text(document(self))

    def _repr_latex_(self) -> str:
        return self.best._repr_latex_()

    def _repr_html_(self) -> str:
        return write_notebook(document(self))


def _in_a_notebook() -> bool:
    """Tells whether what a cell's last line returns is shown as HTML."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


class RunExplanation(ExplainedRun):
    """The formula of a whole run that shows itself: as text, as a figure, in a notebook."""

    laws: tuple[Law | NoLaw, ...]

    def plot(self, configuration: Mapping[str, Any] | None = None) -> go.Figure:
        """Returns a plotly figure of one configuration: the level, what each part adds, what the formula gives.

        Beside it stand what the surrogate expects and the cost of the nearest trial.

        Args:
            configuration: As in `contributions`; the incumbent by default.

        Raises:
            DeepcaveSymbolicError: If a name or a value is not usable, or there is no incumbent.
        """
        from deepcave_symbolic.show.figures.waterfall import plot_contributions

        if configuration is not None:
            return plot_contributions(self.contributions(configuration), "The configuration, part by part")
        if self.incumbent is None:
            raise InvalidArgumentError("There is no incumbent to take apart; give a configuration.")
        return plot_contributions(self.incumbent, INCUMBENT)

    def __str__(self) -> str:
        """Returns the formula, its parts and what each accounts for as text for a terminal."""
        return write_text(whole_run_document(self))

    def _repr_latex_(self) -> str:
        return self.formula._repr_latex_()

    def _repr_html_(self) -> str:
        return write_notebook(whole_run_document(self))


class Explanations(list[Explanation | Unexplained]):
    """What `explain_all` returns: a list in every respect, which a notebook shows as a table, as does `print`."""

    @classmethod
    def by_range(cls, explanations: Iterable[Explanation | Unexplained]) -> Explanations:
        """Returns the explanations, those that move the objective most first."""
        return cls(sorted(explanations, key=lambda e: -e.range))

    def plot(self) -> go.Figure:
        """Returns a plotly figure of all explanations, all on one scale of the objective.

        Of hyperparameters a picture each: the surrogate in its band, the recommended formula, the trials and the
        incumbent. Of pairs a matrix of maps with the surrogate below the diagonal and the formulas above it, and the
        curves of single hyperparameters, where they are there, on it.

        Raises:
            InvalidArgumentError: If nothing is explained.
        """
        from deepcave_symbolic.show.figures.curves import plot_curves
        from deepcave_symbolic.show.figures.matrix import plot_matrix

        if any(len(e.hyperparameters) == 2 for e in self):
            return plot_matrix(self)
        return plot_curves([e for e in self if isinstance(e, Explained) and len(e.hyperparameters) == 1])

    def to_frame(self) -> pd.DataFrame:
        """Returns one row per explanation: what the table shows, RMSE and warnings besides.

        `range` and `rmse` are in objective units, `share` of the surrogate's variance; the formula and its numbers are
        missing where nothing could be explained.
        """
        import pandas as pd

        columns = ["hyperparameters", "range", "share", "formula", "complexity", "r2", "rmse", "verdict", "warnings"]
        rows = [
            {
                "hyperparameters": e.hyperparameters,
                "range": e.range,
                "share": e.projection.variance_share,
                "formula": str(e.best),
                "complexity": e.best.complexity,
                "r2": e.best.r2,
                "rmse": e.best.rmse,
                "verdict": e.verdict,
                "warnings": e.warnings,
            }
            if isinstance(e, Explained)
            else {"hyperparameters": e.hyperparameters, "warnings": e.warnings}
            for e in self
        ]
        return pd.DataFrame(rows, columns=columns).astype({"complexity": "Int64"})

    def __str__(self) -> str:
        """Returns the overview as the command line prints it."""
        return write_text(overview(self))

    def _repr_html_(self) -> str:
        return write_notebook(overview(self))
