"""How formula and verdict of a question changed while its run grew: the answers that this dashboard gave."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import Dash, Input, Output
from dash.exceptions import PreventUpdate

from deepcave_symbolic.dashboard.own.results import GONE
from deepcave_symbolic.dashboard.own.wiring import callback
from deepcave_symbolic.dashboard.panel.components import components
from deepcave_symbolic.dashboard.panel.stored_result import PanelRecord
from deepcave_symbolic.exceptions import FormulaError
from deepcave_symbolic.findings.explained import Explained
from deepcave_symbolic.findings.trust import Verdict
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.show.blocks import Block, Column, Note, Table
from deepcave_symbolic.show.document import fit_cells, fit_columns

__all__ = ["History", "connect_history"]

#: Answers of a question that are shown, the latest ones, and questions that are remembered.
_MOST, _MOST_QUESTIONS = 8, 200


@dataclass(frozen=True)
class _Answer:
    verdict: Verdict
    formula: Formula


class History:
    """Remembers the recommended formula of every question by the number of trials, as long as the server runs."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, dict[int, _Answer]] = OrderedDict()

    def with_answer(self, question: str, trials: int, explanation: Explained) -> list[Block]:
        """Notes an answer and returns what it and those before it are; nothing where it is the first one.

        Args:
            question: What stands for the question, whatever becomes of the run's files.
            trials: How many trials had ended.
            explanation: The answer.
        """
        known = self._answers.setdefault(question, {})
        self._answers.move_to_end(question)
        while len(self._answers) > _MOST_QUESTIONS:
            self._answers.popitem(last=False)
        if known and trials < max(known):  # the run was begun anew
            known.clear()
        known[trials] = _Answer(explanation.verdict, explanation.best)
        while len(known) > _MOST:
            del known[min(known)]
        return _shown(dict(sorted(known.items())), explanation.objective) if len(known) > 1 else []


def _shown(answers: Mapping[int, _Answer], objective: str) -> list[Block]:
    (before, then), (now, last) = list(answers.items())[-2:]
    if then.verdict == last.verdict:
        words = f"The verdict is “{last.verdict}” with {now} trials, as it was with {before}."
    else:
        words = f"The verdict was “{then.verdict}” with {before} trials and is “{last.verdict}” with {now}."
    columns = (Column("trials", "number"), Column("verdict", "verdict"), *fit_columns(objective))
    rows = tuple((str(n), each.verdict, *fit_cells(each.formula)) for n, each in answers.items())
    return [Table(columns, rows, title="While the run grew"), Note(words)]


def connect_history(app: Dash, history: History, read: Callable[[str], Any]) -> None:
    """What was found before the run grew stands below what is found now.

    Args:
        app: The app.
        history: Remembers it.
        read: Returns a result by its name, None where it is not there.
    """

    @callback(app, Output("history", "children"), Input("result", "data"), prevent_initial_call=True)
    def show(result: Any) -> Sequence[Any]:
        if not result or result["name"] == GONE:
            raise PreventUpdate
        try:
            record = PanelRecord.from_dict(read(str(result["name"])))
        except FormulaError:  # the page says so
            return []
        found = record.explanations[:1]
        if record.overview or "trials" not in result or not found or not isinstance(found[0], Explained):
            return []
        return components(history.with_answer(str(result["key"]), int(result["trials"]), found[0]))
