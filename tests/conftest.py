"""Hypothesis: the same examples on every machine, no deadline on a busy one. Signals: as in a terminal of one's own.

The header says which runs the tests have.
"""

from __future__ import annotations

import logging
import signal
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from places import about_more_runs

settings.register_profile(
    "ci", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci")

# Started in the background or by nohup, tests inherit signals that are ignored, and so would the programs they start.
# A handler is not inherited: one that does nothing is as good for the tests and leaves the programs the default.
if threading.current_thread() is threading.main_thread():
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.fixture(autouse=True)
def enabled_logger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing DeepCAVE disables every logger that is there already."""
    monkeypatch.setattr(logging.getLogger("deepcave_symbolic"), "disabled", False)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where live runs are kept, each made once (`live_runs.live`)."""
    return tmp_path_factory.mktemp("live")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m smoke`, which every lane of CI runs, only files with such tests are imported."""
    asked = config.option.markexpr == "smoke" and collection_path.match("test_*.py")
    return True if asked and "pytest.mark.smoke" not in collection_path.read_text(encoding="utf-8") else None


def pytest_report_header() -> str:
    return about_more_runs()
