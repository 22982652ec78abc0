"""So many jobs run at once, the others wait; one that lost its process is started once more."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("multiprocess", reason="Dash's background callbacks need it (Python 3.11 and later have it)")

from deepcave_symbolic.dashboard.own import jobs as jobs_module
from deepcave_symbolic.dashboard.own.jobs import Jobs
from deepcave_symbolic.dashboard.panel.ended import AGAIN
from waiting import wait_until

ENDED, GONE = {"name": "ended"}, {"name": "gone"}


class Desk:
    """What a page does with jobs; a job here waits for a file and returns what stands in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.jobs = Jobs(folder / "jobs", workers=2, ended=ENDED, gone=GONE)
        self.names: dict[str, str] = {}

    def click(self, key: str) -> None:
        self.names[key] = self.jobs.call_job_fn(key, self._job(), (), {"outputs_list": {"id": "laws-result"}})

    def _job(self) -> Callable[..., None]:
        folder, handle = self.folder, self.jobs.handle

        def job(key: str, progress_key: str, arguments: Any, context: Any) -> None:
            (folder / f"{key}-{os.getpid()}.started").touch()
            while not (folder / key).exists():
                time.sleep(0.01)
            handle.set(key, {"name": (folder / key).read_text(encoding="utf-8")})

        return job

    def started(self, key: str) -> list[int]:
        """Returns the numbers of the processes that a job has had."""
        return [int(path.stem.rpartition("-")[2]) for path in self.folder.glob(f"{key}-*.started")]

    def end(self, key: str) -> None:
        whole = self.folder / f"{key}.tmp"
        whole.write_text(f"answer {key}", encoding="utf-8")
        whole.rename(self.folder / key)

    def words(self, key: str) -> str:
        said = self.jobs.get_updated_props(key)
        words = str(said["laws-queue"]["children"])
        assert said["laws-computing"]["hidden"] == words.startswith("Waiting")
        return words

    def result(self, key: str) -> Any:
        found: list[Any] = []

        def is_there() -> bool:
            found.append(self.jobs.get_result(key, self.names[key]))
            return found[-1] is not self.jobs.UNDEFINED

        wait_until(is_there)
        return found[-1]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(jobs_module, "import_job_libraries", lambda: None)
    desk = Desk(tmp_path)
    yield desk
    for name in desk.names.values():
        desk.jobs.terminate_job(name)


def test_two_run_and_the_others_wait_in_their_order(desk: Desk) -> None:
    for key in "abcde":
        desk.click(key)
    wait_until(lambda: desk.started("a") and desk.started("b"))
    assert [desk.words(key) for key in "abc"] == ["", "", "Waiting: 2 questions before yours ..."]
    assert desk.words("e") == "Waiting: 4 questions before yours ..." and desk.jobs.job_running(desk.names["e"])
    # One that waits can be cancelled, and is never started.
    desk.jobs.terminate_job(desk.names["c"])
    assert desk.words("d") == "Waiting: 2 questions before yours ..."
    assert desk.jobs.get_result("c", desk.names["c"]) is desk.jobs.UNDEFINED and not desk.jobs.job_running("c")
    for key in "abde":
        desk.end(key)
    assert [desk.result(key) for key in "abde"] == [{"name": f"answer {key}"} for key in "abde"]
    assert desk.started("c") == [] and len(desk.jobs.handle) == 0


def test_a_killed_process_is_replaced_once(desk: Desk) -> None:
    desk.click("a")
    wait_until(lambda: desk.started("a"))
    os.kill(desk.started("a")[0], signal.SIGKILL)
    wait_until(lambda: len(desk.started("a")) == 2)
    assert desk.words("a") == AGAIN
    desk.end("a")
    assert desk.result("a") == {"name": "answer a", "again": True}
    desk.click("b")
    for n in (1, 2):
        wait_until(lambda n=n: len(desk.started("b")) == n)  # type: ignore[misc]
        for number in desk.started("b"):
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                continue
    assert desk.result("b") == ENDED and len(desk.started("b")) == 2


def test_a_cancelled_one_is_not_replaced(desk: Desk) -> None:
    desk.click("a")
    wait_until(lambda: desk.started("a"))
    desk.jobs.terminate_job(desk.names["a"])
    wait_until(lambda: not Path(f"/proc/{desk.started('a')[0]}").exists())
    desk.click("b")
    desk.end("b")
    assert desk.result("b") == {"name": "answer b"} and len(desk.started("a")) == 1
    assert desk.jobs.get_result("a", desk.names["a"]) is desk.jobs.UNDEFINED


@pytest.mark.slow
def test_none_is_lost_while_many_pages_ask(desk: Desk) -> None:
    """A process that is forked while another thread uses the database would wait for ever."""
    keys = [f"k{n}" for n in range(60)]
    answers: dict[str, Any] = {}

    def ask(key: str) -> None:
        answers[key] = desk.result(key)

    for key in keys:
        desk.end(key)
        desk.click(key)
    pages = [threading.Thread(target=ask, args=(key,), daemon=True) for key in keys]
    for page in pages:
        page.start()
    for page in pages:
        page.join(60)
    assert answers == {key: {"name": f"answer {key}"} for key in keys}


def test_jobs_of_another_server_are_gone_and_old_ones_are_forgotten(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desk.jobs.get_result("a", "job of another") == GONE and not desk.jobs.job_running("job of another")
    desk.jobs.terminate_job("job of another")
    monkeypatch.setattr(jobs_module, "_MOST", 2)
    for key in "abcd":
        desk.end(key)
        desk.click(key)
        wait_until(lambda key=key: not desk.jobs.job_running(desk.names[key]))  # type: ignore[misc]
    # Nobody asked for them; nothing is kept open for them.
    wait_until(lambda: all(job.process is None for job in desk.jobs._jobs.values()))
    assert sorted(desk.jobs.handle.iterkeys()) == ["b", "c", "d"] and len(desk.jobs._jobs) == 3
