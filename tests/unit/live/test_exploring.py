"""The turns of advised configurations among those of a config selector, without SMAC."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from deepcave_symbolic.live.exploring import Explorer
from deepcave_symbolic.live.time_budget import Prices, TimeBudget
from deepcave_symbolic.question import Question
from logged import messages


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def explorer(share: float, monkeypatch: pytest.MonkeyPatch, *, limit: float | None = None) -> Explorer:
    made = Explorer(share, Question(), ("C",), 1, TimeBudget(limit, clock=Clock()), Prices())
    monkeypatch.setattr(Explorer, "_chosen", lambda self, smbo: [({"C": f"advised {self._turns}"}, "no trial is near")])
    return made


def optimizer() -> Any:
    maximizer = SimpleNamespace(maximize=lambda: iter(range(1000)))
    selector = SimpleNamespace(_acquisition_maximizer=maximizer)
    return SimpleNamespace(
        intensifier=SimpleNamespace(config_selector=selector), runhistory=SimpleNamespace(finished=20)
    )


def selected(smbo: Any, explorers: list[Explorer], n: int, retrain_after: int = 8) -> list[Any]:
    """What a selector hands out: it asks the maximizer anew after so many."""
    found: list[Any] = []
    while True:
        for i, config in enumerate(smbo.intensifier.config_selector._acquisition_maximizer.maximize(), start=1):
            for each in explorers:
                each.count()
            found.append(config)
            if len(found) == n:
                return found
            if i == retrain_after:
                break


@pytest.mark.parametrize(
    ("share", "turns"), [(0.1, [10, 20, 30]), (0.5, [*range(2, 31, 2)]), (0.3, [3, 7, 10, 13, 17, 20, 23, 27, 30])]
)
@pytest.mark.parametrize("retrain_after", [1, 8])
def test_the_turns_are_counted(
    share: float, turns: list[int], retrain_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    smbo, one = optimizer(), explorer(share, monkeypatch)
    for _ in range(5):  # the initial design, before the maximizer is asked
        one.count()
    assert one.attach(smbo)
    found = selected(smbo, [one], 30, retrain_after)
    assert [i for i, config in enumerate(found, start=1) if isinstance(config, dict)] == turns
    assert one.summary == f"Tried for the formula: {len(turns)} configurations of 30 after the initial design."


def test_two_explorers_get_their_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    smbo, both = optimizer(), [explorer(0.1, monkeypatch), explorer(0.1, monkeypatch)]
    for each in both:
        each.attach(smbo)
    found = selected(smbo, both, 30)
    assert [i for i, config in enumerate(found, start=1) if isinstance(config, dict)] == [10, 11, 20, 21, 30]


def test_without_time_the_runs_own_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    smbo, one = optimizer(), explorer(0.1, monkeypatch, limit=0.02)
    one.attach(smbo)
    assert not any(isinstance(config, dict) for config in selected(smbo, [one], 30))
    assert one.summary.endswith(
        "0 configurations of 30 after the initial design; 3 more had no time (max_cost) or could not be chosen."
    )


def test_errors_give_the_turn_back(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def fail(self: Explorer, smbo: Any) -> None:
        raise MemoryError("full")

    smbo, one = optimizer(), explorer(0.1, monkeypatch)
    monkeypatch.setattr(Explorer, "_chosen", fail)
    one.attach(smbo)
    assert not any(isinstance(config, dict) for config in selected(smbo, [one], 60))
    assert len(messages(caplog, logging.WARNING)) == 2
    assert messages(caplog, logging.ERROR) == [
        "No configuration for the formula: MemoryError: full. The run goes on without exploring."
    ]


@pytest.mark.parametrize("selector", [None, SimpleNamespace(), SimpleNamespace(_acquisition_maximizer=None)])
def test_a_missing_hook_is_said(
    selector: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    smbo = SimpleNamespace(intensifier=SimpleNamespace(config_selector=selector))
    assert not explorer(0.1, monkeypatch).attach(smbo)
    assert messages(caplog, logging.WARNING)[0].endswith("The run goes on without exploring.")
