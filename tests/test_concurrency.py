"""Several threads at once: the same results as alone, and the process as it was."""

from __future__ import annotations

import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info

from deepcave_symbolic import explain
from deepcave_symbolic.isolation import one_blas_thread, quiet

RUNS = Path(__file__).parents[1] / "examples" / "runs"


def blas_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_explain_from_four_threads_is_as_alone() -> None:
    jobs = [("svm_bbo", "C"), ("svm_bbo", "gamma"), ("svm_bbo", "C"), ("svm_bbo", "gamma")]
    alone = [explain(RUNS / run, name).to_dict() for run, name in jobs[:2]] * 2
    stdout, before = sys.stdout, blas_threads()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda job: explain(RUNS / job[0], job[1]).to_dict(), jobs))
    assert together == alone
    assert sys.stdout is stdout and blas_threads() == before


def test_overlapping_threads_are_quiet_alone(capsys: pytest.CaptureFixture[str]) -> None:
    entered, leave = threading.Event(), threading.Event()

    def first() -> None:
        with quiet(), one_blas_thread():
            entered.set()
            leave.wait(10)
            print("hidden")
            warnings.warn("hidden", UserWarning, stacklevel=1)

    stdout, before = sys.stdout, blas_threads()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        thread = threading.Thread(target=first)
        thread.start()
        assert entered.wait(10)
        with quiet(), one_blas_thread():  # entered second, left first
            print("hidden")
            assert set(blas_threads()) == {1}
        print("shown")
        warnings.warn("shown", UserWarning, stacklevel=1)
        leave.set()
        thread.join()
    assert capsys.readouterr().out == "shown\n" and [str(w.message) for w in seen] == ["shown"]
    assert sys.stdout is stdout and blas_threads() == before
