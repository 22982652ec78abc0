"""Which paths from the page are opened, and by which readers."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from places import SVM

pytest.importorskip("deepcave", reason="DeepCAVE 1.4.1 runs on Python 3.10 at the latest")

import deepcave
from deepcave.runs.handler import RunHandler
from deepcave.utils.cache import Cache
from deepcave.utils.run_caches import RunCaches

from deepcave_symbolic.config import Config
from deepcave_symbolic.dashboard.allowed_runs import AllowedRuns


class Payload:
    """What a pickle can do: here, leave a file."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> Any:
        return (os.mkdir, (str(self.proof),))


@pytest.fixture
def named(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SVM, tmp_path / "runs" / "named"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SVM, tmp_path / "root" / "group" / "below")).parent.parent


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SVM, tmp_path / "elsewhere" / "outside"))


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: Path, root: Path) -> RunHandler:
    for name, value in (("RUNS", named), ("ROOTS", root), ("CACHE_DIR", tmp_path / "cache")):
        monkeypatch.setenv(f"DEEPCAVE_SYMBOLIC_{name}", str(value))
    config = Config()
    return RunHandler(config, Cache(defaults=config.META_DEFAULT), RunCaches(config))


def said() -> str:
    return str(deepcave.notification.get_latest())


def listed(handler: RunHandler, folder: Path) -> list[str]:
    handler.set_working_directory(folder)
    return [Path(path).name for path in handler.get_available_run_paths()]


def test_runs_of_the_command_line_and_below_a_root_are_opened(handler: RunHandler, named: Path, root: Path) -> None:
    assert handler.get_selected_run_paths() == [str(named)]
    assert handler.is_run(str(root / "group" / "below"))
    assert handler.add_run(str(root / "group" / "below"))
    assert handler.get_selected_run_paths() == [str(named), str(root / "group" / "below")]


def test_others_are_not(handler: RunHandler, outside: Path, root: Path, named: Path, tmp_path: Path) -> None:
    (root / "link").symlink_to(outside)
    spelt = ["", "/", str(outside), str(root / "link"), f"{root}/../elsewhere/outside", f"{root}-beside", f"{root}\0"]
    for path in [*spelt, os.path.relpath(outside), str(named.parent), str(tmp_path / "missing")]:
        assert not handler.is_run(path), path
        handler.add_run(path)
        assert "neither a run of the command line nor below one of its roots" in said(), path
        assert handler.update_run(path) is None
        handler.c.set("selected_run_paths", value=[path])  # as it comes from an older cache
        handler.update_runs()
        assert handler.get_selected_run_paths() == [] and not handler.runs, path
    assert not (tmp_path / "missing").exists()  # DeepCAVE would make it


def test_folders_are_listed_only_on_the_way(
    handler: RunHandler, root: Path, named: Path, outside: Path, tmp_path: Path
) -> None:
    assert listed(handler, root / "group") == ["below"]
    shutil.copytree(SVM, named.parent / "private")
    assert listed(handler, named.parent) == ["named"]
    assert listed(handler, tmp_path) == ["root", "runs"]
    assert said() == "None"
    for folder in (outside.parent, outside, Path("/etc"), tmp_path / "missing"):
        assert listed(handler, folder) == []
        assert f"{folder} is outside the folders of this dashboard" in said()
    assert listed(handler, named / "runhistory.json") == [] and "cannot be listed" not in said()
    assert listed(handler, root / "file") == []


def test_without_any_the_current_folder_is_the_root(monkeypatch: pytest.MonkeyPatch, root: Path, outside: Path) -> None:
    monkeypatch.chdir(root)
    for name in ("RUNS", "ROOTS"):
        monkeypatch.setenv(f"DEEPCAVE_SYMBOLIC_{name}", "")
    allowed = AllowedRuns.from_environment()
    assert allowed.allows("group/below") and allowed.start == str(root)
    assert not allowed.allows(outside) and not allowed.allows("..") and not allowed.shows(outside)


def test_a_pickle_is_opened_on_the_command_line_only(
    monkeypatch: pytest.MonkeyPatch, handler: RunHandler, root: Path, named: Path, tmp_path: Path
) -> None:
    pytest.importorskip("optuna")
    folder, proof = root / "study", tmp_path / "it ran"
    folder.mkdir()
    (folder / "study.pkl").write_bytes(pickle.dumps(Payload(proof)))
    assert not handler.is_run(str(folder))
    assert handler.add_run(str(folder)) and "holds a pickle" in said()
    assert handler.update_run(str(folder)) is None
    # Nor where another reader's file stands beside it, nor after the readers were sorted by what opened the last run.
    shutil.copy(SVM / "configspace.json", folder)
    handler.add_run(str(folder))
    handler.update_run(str(folder), class_hint=handler.available_run_classes[3])
    assert not proof.exists() and handler.get_selected_run_paths() == [str(named)]
    (folder / "configspace.json").unlink()
    # The same folder by another name than the command line's: a link may change between the check and the reading.
    monkeypatch.setenv("DEEPCAVE_SYMBOLIC_RUNS", str(folder))
    (tmp_path / "root" / "link").symlink_to(folder)
    for path in (tmp_path / "root" / "link", f"{folder}/", f"{root}/group/../study"):
        assert handler.update_run(str(path)) is None and not proof.exists()
    handler.update_run(str(folder))
    assert proof.exists()  # so the payload works
