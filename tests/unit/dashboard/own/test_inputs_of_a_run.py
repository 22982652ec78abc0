"""What stays of the inputs when another run is chosen."""

from __future__ import annotations

import pytest

pytest.importorskip("dash", reason="no dashboard without Dash")

from deepcave_symbolic.dashboard.panel.choices import ALL, AUTOMATIC, NONE
from deepcave_symbolic.dashboard.panel.inputs import defaults, inputs_of
from deepcave_symbolic.dashboard.panel.recorded_run import RecordedRun
from deepcave_symbolic.runs import load_run
from places import EXAMPLE_RUNS


@pytest.mark.parametrize(
    ("chosen", "kept"),
    [
        (("n_neurons", "learning_rate_init"), ("n_neurons", "learning_rate_init")),
        (("n_neurons", "C"), ("n_neurons", NONE)),
        (("C", "learning_rate_init"), (AUTOMATIC, "learning_rate_init")),
        ((ALL, NONE), (ALL, NONE)),
    ],
)
def test_another_run_keeps_the_hyperparameters_that_it_has(chosen: tuple[str, str], kept: tuple[str, str]) -> None:
    names = ("hyperparameter_name_1", "hyperparameter_name_2")
    inputs = {**defaults(), **dict(zip(names, chosen, strict=True))}
    found = inputs_of(
        RecordedRun(str(EXAMPLE_RUNS / "mlp_deep"), load_run),
        {name: {"value": value} for name, value in inputs.items()},
    )
    assert tuple(found[name]["value"] for name in names) == kept
    # A choice that stays is one that is offered.
    assert all(found[name]["value"] in {each["value"] for each in found[name]["options"]} for name in names)
