"""Several threads at once: the same results as alone, and the process as it was."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info

from deepcave_symbolic import explain
from deepcave_symbolic.isolation import one_blas_thread, quiet
from deepcave_symbolic.launcher.redis_server import find_redis_server
from deepcave_symbolic.launcher.web import free_port

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


def test_rq_workers_give_the_same_as_alone(tmp_path: Path) -> None:
    redis = pytest.importorskip("redis", reason="redis comes with DeepCAVE, on Python 3.10")
    rq = pytest.importorskip("rq", reason="rq comes with DeepCAVE, on Python 3.10")
    jobs = [(RUNS / "svm_bbo", "C"), (RUNS / "svm_bbo", "gamma"), (RUNS / "mlp_hpo", "solver")] * 2
    alone = [explain(*job).to_dict() for job in jobs[:3]] * 2
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
        wait_for(lambda: connection.ping(), redis.RedisError)
        queue = rq.Queue("jobs", connection=connection)
        queued = [queue.enqueue(explain, *job) for job in jobs]
        workers = [
            subprocess.Popen([sys.executable, "-c", script, str(port), f"worker{i}"], stderr=subprocess.DEVNULL)
            for i in range(3)
        ]
        for worker in workers:
            assert worker.wait(120) == 0
        assert [job.result.to_dict() for job in queued] == alone
    finally:
        server.terminate()
        server.wait(10)


def wait_for(condition: Callable[[], object], expected: type[Exception]) -> None:
    for _ in range(100):
        with contextlib.suppress(expected):
            if condition():
                return
        time.sleep(0.1)
    pytest.fail("Redis did not answer.")


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


def test_other_code_may_copy_the_warning_filters() -> None:
    with quiet():
        pass
    ours = [module for _, _, _, module, _ in warnings.filters if type(module).__name__ == "_InQuietThreads"]
    assert len(ours) == 1 and re.match(ours[0].pattern, "any.module") is None
    # Newer versions of scikit-learn copy them in every joblib worker, by the text of each pattern.
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(n_estimators=2, n_jobs=2).fit([[0.0], [1.0]], [0.0, 1.0])
    assert len(forest.estimators_) == 2
