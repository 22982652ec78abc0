"""What became of a run since a result was found: its files are watched, and read again only when they have changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from deepcave_symbolic.dashboard.own.opened_runs import OpenedRuns
from deepcave_symbolic.dashboard.own.run_state import state_of
from deepcave_symbolic.dashboard.own.wiring import callback, in_browser
from deepcave_symbolic.dashboard.panel.recorded_run import RecordedRun
from deepcave_symbolic.exceptions import DeepcaveSymbolicError
from deepcave_symbolic.runs.run import Status
from deepcave_symbolic.words.numbers import counted

__all__ = ["Growth", "connect_growth"]


class Growth:
    """Counts the trials of runs, those of each state of their files once."""

    def __init__(self) -> None:
        self._counted: dict[str, tuple[str, int]] = {}

    def now(self, run: RecordedRun) -> dict[str, Any]:
        """Returns what a result notes of its run, so that `since` can tell later what is new."""
        place, state = str(run.path), state_of(run.path)
        known = self._counted.get(place)
        if known is None or known[0] != state:
            ended = sum(trial.status is not Status.RUNNING for trial in run.record.trials)
            known = self._counted[place] = (state, ended)
        return {"place": place, "state": state, "trials": known[1]}

    def since(self, then: Mapping[str, Any], run: RecordedRun) -> str:
        """Returns how much a run has grown, in words; nothing where it has not."""
        if state_of(run.path) == then["state"]:
            return ""
        new = int(self.now(run)["trials"]) - int(then["trials"])
        return f"{counted(new, 'new trial')} since these results." if new > 0 else ""


def connect_growth(app: Dash, runs: OpenedRuns, growth: Growth) -> None:
    """The page says how much a run has grown, and processes it again on a click, or by itself where it follows."""

    @callback(
        app,
        Output("new_trials", "data"),
        Input("watch", "n_intervals"),
        Input("result", "data"),
        prevent_initial_call=True,
    )
    def look(times: Any, result: Any) -> str:
        if not result or "place" not in result:
            raise PreventUpdate
        try:
            return growth.since(result, runs.run(result["place"]))
        except DeepcaveSymbolicError as error:  # half written, perhaps; the next look will tell
            raise PreventUpdate from error

    in_browser(
        app,
        "grown",
        Output("grown", "hidden"),
        Output("grown_text", "children"),
        Input("new_trials", "data"),
        Input("follow", "value"),
        State("process", "disabled"),
        State("followed", "data"),
    )
