"""What surrogate and trials say where the sliders of a run stand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("dash", reason="no dashboard without Dash")

from deepcave_symbolic.dashboard.panel.asking import Surrogates
from deepcave_symbolic.dashboard.panel.recorded_run import RecordedRun
from deepcave_symbolic.dashboard.panel.what_if_run import answered
from deepcave_symbolic.explainer import Explainer
from deepcave_symbolic.runs import load_run
from places import FOREST


@pytest.mark.slow
def test_any_place_of_a_space_with_choices_and_conditions() -> None:
    explainer = Explainer(str(FOREST))
    surrogate, order = explainer.surrogate, list(explainer.run.configspace)
    loaded: list[str] = []
    surrogates = Surrogates(lambda place: loaded.append(place) or RecordedRun(place, load_run))
    asked = {"run": str(FOREST), "inputs": {}, "trials": surrogate.record.n_trials}
    solver, momentum = order.index("solver"), order.index("momentum")
    row = next(i for i, x in enumerate(surrogate.X) if not np.isnan(x[momentum]))
    # Two sliders: of a choice, and of what that decides about; the other hyperparameters have none.
    trial = surrogate.X[row]
    others = [i for i in range(len(explainer.run.configspace["solver"].choices)) if i != trial[solver]]
    places: dict[str, Any] = {
        "asked": asked,
        "vector": trial.tolist(),
        "columns": [solver, momentum],
        "entries": [[float(trial[solver]), float(others[0])], [float(trial[momentum]), 0.25]],
    }

    def expected(*entries: float) -> tuple[float, float]:
        vector = trial.copy()
        vector[[solver, momentum]] = entries
        mean, std = surrogate.model.predict(vector[None])
        return float(mean[0]), float(std[0])

    found = answered(surrogates.answer, [0, 0], places)
    assert found["stops"] == [0, 0] and found["values"] == pytest.approx(
        [expected(*trial[[solver, momentum]])[0], surrogate.y[row]]
    )
    assert found["words"][1] == f"{surrogate.y[row]:.3g}, at this very configuration"
    moved = answered(surrogates.answer, [0, 1], places)
    mean, std = expected(trial[solver], 0.25)
    assert moved["values"][0] == pytest.approx(mean) and moved["words"][0] == f"{mean:.3g} ± {std:.2g}"
    # One of seven hyperparameters is elsewhere, or another trial is nearer.
    apart = abs(trial[momentum] - 0.25) / np.sqrt(len(order))
    assert 0.0 < float(moved["words"][1].rpartition(" ")[2]) <= apart + 0.01
    # What is inactive does not count, wherever its slider stands.
    inactive = [answered(surrogates.answer, [1, stop], places) for stop in (0, 1)]
    assert (
        inactive[0]["values"]
        == inactive[1]["values"]
        == pytest.approx([expected(others[0], np.nan)[0], inactive[0]["values"][1]])
    )
    assert loaded == [str(FOREST)]
    grown = answered(surrogates.answer, [0, 0], {**places, "asked": {**asked, "trials": 3}})
    assert "these results are about 3. Press Process." in grown["words"][0] and grown["values"] == []
