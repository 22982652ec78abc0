"""Cache files and folders of dashboards that were killed, ran full or are not alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from places import SVM
from waiting import LIMIT

pytest.importorskip("deepcave", reason="DeepCAVE 1.4.1 runs on Python 3.10 at the latest")
if os.name != "posix":
    pytest.skip("the dashboard needs Linux or macOS", allow_module_level=True)

from deepcave.runs.converters.smac3v2 import SMAC3v2Run
from deepcave.utils.cache import Cache
from deepcave.utils.run_caches import RunCaches

from deepcave_symbolic.config import Config
from deepcave_symbolic.dashboard.launcher.processes import Children
from deepcave_symbolic.dashboard.launcher.session import Session
from deepcave_symbolic.exceptions import InvalidArgumentError

#: What remains of a file that was not written to its end, or not by DeepCAVE.
BROKEN = ["", "{", '{"outputs": {"a": [1, 2', "null", "[1, 2]", "\xff\xfe", "{}", '{"outputs": 3}', "\0" * 40]


@pytest.fixture
def caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setenv("DEEPCAVE_SYMBOLIC_CACHE_DIR", str(tmp_path))
    return RunCaches(Config())


def test_an_interrupted_write_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    Config()
    file = tmp_path / "results" / "a.json"
    Cache(file).set("outputs", value={"a": 1})
    with pytest.raises(TypeError):
        Cache(file).set("outputs", value={"long": "x" * 100_000, "no JSON": object()})
    assert json.loads(file.read_text()) == {"outputs": {"a": 1}}
    assert os.listdir(file.parent) == ["a.json"]


@pytest.mark.parametrize("text", BROKEN, ids=repr)
def test_a_broken_result_is_none(caches: Any, tmp_path: Path, text: str) -> None:
    run = SMAC3v2Run.from_path(SVM)
    caches.update(run)
    caches.set(run, "panel", "key", value={"a": 1})
    assert caches.get(run, "panel", "key") == {"a": 1}
    (file,) = tmp_path.rglob("key.json")
    file.write_bytes(text.encode("latin-1"))
    assert caches.get(run, "panel", "key") is None
    caches.set(run, "panel", "key", value={"a": 2})
    assert caches.get(run, "panel", "key") == {"a": 2}


@pytest.mark.parametrize("text", BROKEN[:7], ids=repr)
def test_a_broken_index_is_made_again(caches: Any, tmp_path: Path, text: str) -> None:
    run = SMAC3v2Run.from_path(SVM)
    assert caches.update(run) and not caches.update(run)
    (file,) = tmp_path.rglob("index.json")
    file.write_bytes(text.encode("latin-1"))
    assert caches.update(run) and not caches.update(run)
    assert json.loads(file.read_text())["hash"] == run.hash


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "deepcave-symbolic"


def test_the_lock_of_a_killed_process_is_free(root: Path) -> None:
    code = (
        "from deepcave_symbolic.dashboard.launcher.session import Session\n"
        "s = Session()\nprint(s.folder, flush=True)\ninput()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == str(root / "dashboard-1")
        with Session() as beside:
            assert beside.folder == root / "dashboard-2"
        holder.send_signal(signal.SIGKILL)
        holder.wait(LIMIT)
        with Session() as after:
            assert after.folder == root / "dashboard-1"


def test_a_folder_that_others_prepared_is_left_alone(root: Path, tmp_path: Path) -> None:
    root.mkdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (root / "dashboard-1").symlink_to(tmp_path / "elsewhere")
    (root / "dashboard-2").mkdir()
    (root / "dashboard-2").chmod(0o777)
    (root / "dashboard-3").symlink_to(tmp_path / "nowhere")
    theirs = root / "dashboard-4"
    theirs.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(theirs, 12345, -1)
    else:
        theirs.chmod(0o770)
    with Session() as session:
        assert session.folder == root / "dashboard-5"
        assert session.folder.stat().st_mode & 0o077 == root.stat().st_mode & 0o077 == 0
    assert not any(list(folder.iterdir()) for folder in (tmp_path / "elsewhere", root / "dashboard-2", theirs))
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_a_link_in_the_place_of_a_log_is_not_followed(tmp_path: Path, link: str) -> None:
    victim, log = tmp_path / "victim", tmp_path / "job.log"
    victim.write_text("precious")
    getattr(log, link)(victim)
    with Children(tmp_path) as children:
        children.start("job", ["echo", "said"], environment={}).process.wait(LIMIT)
    assert victim.read_text() == "precious" and log.read_text() == "said\n"


def test_a_cache_folder_where_everybody_writes_is_refused(root: Path) -> None:
    root.parent.chmod(0o777)
    with pytest.raises(
        InvalidArgumentError, match=r"every user can write to .*\. Set XDG_CACHE_HOME to a folder of your own"
    ):
        Session()
    root.parent.chmod(0o1777)  # as /tmp: nobody can exchange what is another's
    with Session() as session:
        assert session.folder == root / "dashboard-1"


def test_a_file_system_that_keeps_nobody_out_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Path.mkdir
    monkeypatch.setattr(Path, "mkdir", lambda self, mode=0o777, **options: made(self, mode=0o755, **options))
    with pytest.raises(InvalidArgumentError, match="its file system does not keep others out"):
        Session()


def test_a_cache_folder_that_is_a_link_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    root.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidArgumentError, match="it is a link or another user's"):
        Session()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_full_disk_is_said_before_anything_starts(root: Path) -> None:
    root.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(root)]
    if not sys.platform.startswith("linux") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a file system needs root on Linux")
    try:
        with pytest.raises(InvalidArgumentError, match="cannot be used: No space left on device"):
            Session()
        assert not list(root.rglob("probe"))
        subprocess.run(["mount", "-o", "remount,size=8m", str(root)], check=True)
        with Session() as session:
            assert sorted(os.listdir(session.folder)) == ["lock", "logs"]
    finally:
        subprocess.run(["umount", str(root)], check=True)


def test_a_cache_folder_that_cannot_be_made_says_what_to_do(root: Path) -> None:
    root.write_text("a file")
    with pytest.raises(InvalidArgumentError, match=r"cannot be used: File exists. Set XDG_CACHE_HOME"):
        Session()
