"""Several threads at once: the same results as alone, and the process as it was."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info

from browser_harness import free_port
from deepcave_symbolic import explain
from deepcave_symbolic.dashboard.launcher.redis_server import find_redis_server
from deepcave_symbolic.process.isolation import one_blas_thread, quiet
from places import EXAMPLE_RUNS, FIDELITY, FOREST, SVM
from waiting import LIMIT, wait_until


def blas_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_explain_from_four_threads_is_as_alone() -> None:
    jobs = [("svm_bbo", "C"), ("svm_bbo", "gamma"), ("svm_bbo", "C"), ("svm_bbo", "gamma")]
    alone = [explain(EXAMPLE_RUNS / run, name, max_complexity=10).to_dict() for run, name in jobs[:2]] * 2
    stdout, before = sys.stdout, blas_threads()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda job: explain(EXAMPLE_RUNS / job[0], job[1], max_complexity=10).to_dict(), jobs))
    assert together == alone
    assert sys.stdout is stdout and blas_threads() == before


@pytest.mark.long
def test_rq_workers_give_the_same_as_alone(tmp_path: Path) -> None:
    redis = pytest.importorskip("redis", reason="redis comes with DeepCAVE, on Python 3.10")
    rq = pytest.importorskip("rq", reason="rq comes with DeepCAVE, on Python 3.10")
    jobs = [(SVM, "C"), (SVM, "gamma"), (FOREST, "solver")] * 2
    alone = [explain(*job, max_complexity=10).to_dict() for job in jobs[:3]] * 2
    port = free_port()
    server = subprocess.Popen(
        [find_redis_server(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    script = (
        "import sys; from redis import Redis; from rq import Queue, Worker\n"
        "connection = Redis(port=int(sys.argv[1]))\n"
        "Worker([Queue('jobs', connection=connection)], connection=connection, name=sys.argv[2]).work(burst=True)"
    )
    try:
        connection = redis.Redis(port=port)

        def answers() -> object:
            with contextlib.suppress(redis.RedisError):
                return connection.ping()

        wait_until(answers, lambda: "Redis did not answer.")
        queue = rq.Queue("jobs", connection=connection)
        queued = [queue.enqueue(explain, *job, max_complexity=10) for job in jobs]
        workers = [
            subprocess.Popen([sys.executable, "-c", script, str(port), f"worker{i}"], stderr=subprocess.DEVNULL)
            for i in range(3)
        ]
        for worker in workers:
            assert worker.wait(LIMIT) == 0
        assert [job.result.to_dict() for job in queued] == alone
    finally:
        server.terminate()
        server.wait(LIMIT)


@pytest.mark.long
def test_threads_of_two_processes_give_the_same_as_alone() -> None:
    script = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from deepcave_symbolic import explain
def job(text):
    run, name = text.split(";")
    explanation = explain(run, name, max_complexity=10)
    return [explanation.to_dict(), [f.latex() for f in explanation.formulas], str(explanation)]
with ThreadPoolExecutor(3) as pool:
    print(json.dumps(list(pool.map(job, sys.argv[1:]))))
"""
    jobs = [(SVM, "C"), (FOREST, "alpha"), (FIDELITY, "learning_rate")]
    command = [sys.executable, "-c", script, *(f"{run};{name}" for run, name in jobs)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    together = [process.communicate(timeout=LIMIT)[0] for process in processes]
    found = [explain(*job, max_complexity=10) for job in jobs]
    alone = [[e.to_dict(), [f.latex() for f in e.formulas], str(e)] for e in found]
    assert [json.loads(text) for text in together] == [json.loads(json.dumps(alone))] * 2


def test_overlapping_threads_leave_the_process_as_it_was() -> None:
    entered, leave = threading.Event(), threading.Event()

    def first() -> None:
        with quiet(), one_blas_thread():
            entered.set()
            leave.wait(LIMIT)
            warnings.warn("hidden", UserWarning, stacklevel=1)

    before, filters = blas_threads(), list(warnings.filters)
    with ThreadPoolExecutor(1) as pool:
        task = pool.submit(first)
        assert entered.wait(LIMIT)
        with quiet(), one_blas_thread():  # entered second, left first
            assert set(blas_threads()) == {1}
        leave.set()
        task.result(LIMIT)
    assert blas_threads() == before and warnings.filters == filters
    with pytest.warns(UserWarning, match="shown"):
        warnings.warn("shown", UserWarning, stacklevel=1)


def test_the_process_is_as_before_after_an_error_and_from_within() -> None:
    def failing() -> None:
        with one_blas_thread(), quiet():
            assert set(blas_threads()) == {1}
            warnings.warn("hidden", stacklevel=1)
            raise ZeroDivisionError

    before, filters = blas_threads(), list(warnings.filters)
    with pytest.raises(ZeroDivisionError):
        failing()
    assert blas_threads() == before and warnings.filters == filters
    with one_blas_thread():
        with pytest.raises(ZeroDivisionError):
            failing()
        assert set(blas_threads()) == {1}
        with ThreadPoolExecutor(2) as pool:
            errors = [pool.submit(failing).exception() for _ in range(2)]
        assert [type(error) for error in errors] == [ZeroDivisionError] * 2
        assert set(blas_threads()) == {1}
    assert blas_threads() == before and warnings.filters == filters
