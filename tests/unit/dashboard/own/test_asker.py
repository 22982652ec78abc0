"""The process that has the surrogates: it answers, and another one takes its place where it has ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("multiprocess", reason="no jobs without multiprocess")

from deepcave_symbolic.dashboard.allowed_runs import AllowedRuns
from deepcave_symbolic.dashboard.own.asker import Asker
from deepcave_symbolic.dashboard.own.jobs import Jobs
from deepcave_symbolic.dashboard.own.opened_runs import OpenedRuns
from deepcave_symbolic.runs.load import load_run
from places import FOREST, SVM


@pytest.fixture
def asker(tmp_path: Path) -> Iterator[Asker]:
    jobs = Jobs(tmp_path / "jobs", workers=1, ended={}, gone={})
    found = Asker(OpenedRuns(AllowedRuns((str(SVM),), ())), jobs)
    yield found
    if found._process is not None:
        found._process.kill()


@pytest.mark.slow
def test_answers_and_is_started_again(asker: Asker) -> None:
    asked: dict[str, Any] = {"run": str(SVM), "inputs": {}, "trials": len(load_run(str(SVM)).trials)}
    first = asker.answer(asked, [0.5, 0.5])
    assert "±" in first["words"][0] and np.isfinite(first["values"]).all()
    process = asker._process
    assert asker.answer(asked, [0.5, 0.5]) == first and asker._process is process
    process.kill()
    process.join()
    assert asker.answer(asked, [0.5, 0.5]) == first and asker._process is not process
    assert "neither a run" in asker.answer({**asked, "run": str(FOREST)}, [0.5])["error"]
