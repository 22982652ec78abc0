"""Studies on a Dask cluster: a real scheduler and worker on this machine's loopback."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deepcave_symbolic import explain_all, explain_study
from deepcave_symbolic.cli import main
from deepcave_symbolic.exceptions import InvalidArgumentError, SchedulerError
from deepcave_symbolic.question import Question
from deepcave_symbolic.study import PlannedRun, plan_run
from deepcave_symbolic.study import cluster as ours
from deepcave_symbolic.study.schedule import computed
from places import SVM
from waiting import LIMIT, wait_until

distributed = pytest.importorskip("distributed", reason="needs dask's distributed")

QUICK: dict[str, Any] = {"max_complexity": 6}
BLOCKED = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "deepcave_symbolic":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
"""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes longer than a person waits."""
    for limit in ("_REACH", "_WORKERS"):
        monkeypatch.setattr(ours, limit, LIMIT)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster


def test_a_cluster_changes_nothing(scheduler: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = explain_all(SVM, **QUICK)
    there = explain_all(SVM, scheduler=scheduler.scheduler_address, **QUICK)
    assert [e.to_dict() for e in there] == [e.to_dict() for e in here]
    arguments = ["explain", str(SVM), "--max-complexity", "6", "--scheduler", scheduler.scheduler_address]
    assert main([*arguments, "--output-folder", str(tmp_path)]) == 0
    shown, said = capsys.readouterr()
    assert str(here[0].best.text()) in shown and said == f"deepcave-symbolic: 0 of 2 found in {tmp_path}\n"
    assert explain_study(SVM, folder=tmp_path, **QUICK).n_found == 2
    with distributed.Client(scheduler.scheduler_address, set_as_default=False) as client:
        assert not client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.tasks))


def test_other_versions_and_missing_packages_are_said(
    scheduler: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address = scheduler.scheduler_address
    with monkeypatch.context() as patch:
        patch.setattr(
            ours, "versions", lambda: {"deepcave-symbolic": "9.9", "smac": importlib.metadata.version("smac")}
        )
        with pytest.raises(SchedulerError, match=r"has deepcave-symbolic \S+, this machine has 9\.9"):
            ours.Cluster(address)
    (tmp_path / "sitecustomize.py").write_text(BLOCKED)
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny"]
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    worker = subprocess.Popen([*command, "--no-dashboard"], cwd=tmp_path, env=env, stderr=subprocess.DEVNULL)
    try:
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=LIMIT)
        with pytest.raises(SchedulerError, match=r"cannot run deepcave-symbolic .*pip install deepcave-symbolic=="):
            ours.Cluster(address)
    finally:
        worker.kill()
        worker.wait()
    wait_until(lambda: len(scheduler.scheduler.workers) == 1)


def test_nobody_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(ours, "_REACH", 1.0)
    for address in ("tcp://127.0.0.1:9", "tls://127.0.0.1:9"):
        assert main(["explain", str(SVM), "--scheduler", address]) == 2
        shown, said = capsys.readouterr()
        assert shown == "" and said.count("\n") == 1 and address in said and "dask scheduler" in said
    for bad in ("127.0.0.1:8786", "http://x:1", "tcp://x", "tcp://x:y", "tcp://a b:1", ""):
        with pytest.raises(InvalidArgumentError, match="tcp://HOST:8786"):
            explain_all(SVM, scheduler=bad)


def test_a_scheduler_that_goes_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    # As long a client also asks for a scheduler that it has lost.
    monkeypatch.setattr(ours, "_REACH", 10.0)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
    ) as going:

        def stored(run: PlannedRun, names: tuple[str, ...]) -> bool:  # asked right before an explanation is handed out
            going.close()
            return False

        with (
            contextlib.closing(ours.Cluster(going.scheduler_address)) as pool,
            pytest.raises(SchedulerError, match="does not answer any more"),
        ):
            list(computed([plan_run(SVM, Question(**QUICK))], pool, stored))


def test_no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "_WORKERS", 0.5)
    with (
        distributed.LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address=None, silence_logs=50) as empty,
        pytest.raises(SchedulerError, match=r"has no workers\. Start some with `dask worker tcp://"),
    ):
        explain_all(SVM, scheduler=empty.scheduler_address)
