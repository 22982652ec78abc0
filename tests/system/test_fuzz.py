"""Broken and hostile run folders: every case ends in a run or in a typed error, in time, and changes nothing.

`DEEPCAVE_SYMBOLIC_FUZZ=60` (make fuzz) goes on for 60 minutes with cases that no other run of the tests has, and sends
all that load through everything; `DEEPCAVE_SYMBOLIC_FUZZ_FROM` is the number of the first one.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcave_symbolic import explain, load_run
from deepcave_symbolic.cli import main
from deepcave_symbolic.exceptions import DeepcaveSymbolicError, RunFormatError, RunNotFoundError
from deepcave_symbolic.runs import Run, files
from deepcave_symbolic.runs.trial_selection import budgets_of
from places import EXAMPLE_RUNS, ROOT
from run_folders import fingerprint
from waiting import LIMIT

NAMES = ("svm_bbo", "mlp_hpo", "boosting_mf")
FILES = ("runhistory.json", "scenario.json", "configspace.json")
MINUTES = float(os.environ.get("DEEPCAVE_SYMBOLIC_FUZZ", "0"))
FIRST_CASE = int(os.environ.get("DEEPCAVE_SYMBOLIC_FUZZ_FROM", "10000"))
CASES, EXPLAINED, ON_COMMAND_LINE = 2_000, 18, 6
#: Seconds for a case; a hang, not a slow machine, is what they are for.
LOAD_LIMIT, EXPLAIN_LIMIT = 10.0, 60.0
#: How many times longer the clock on the wall may take, beside other work.
PATIENCE = 10.0

VALUES: list[Any] = [
    None, True, False, 0, -1, 2**70, -0.0, 1e308, 1e-300, math.nan, math.inf, -math.inf, "", "text", "1", "nan",
    "__import__('os').system('touch pwned')", "<script>", "\u202e", "\ud800", "x" * 5000, [], {}, [[]], [1, 2],
    {"a": 1}, [0.5], 10**4000,
]  # fmt: skip


class TookTooLongError(BaseException):
    """Not an `Exception`, so that no handler on the way swallows it."""


@contextlib.contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Ends the block after so many seconds of the processor, or a multiple of them on the wall."""

    def ring(signum: int, frame: Any) -> None:
        raise TookTooLongError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE * seconds)
    start = time.process_time()
    try:
        yield
        if time.process_time() - start > seconds * (os.cpu_count() or 1):
            raise TookTooLongError
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def small(name: str) -> dict[str, Any]:
    """The files of a real run with its first dozen trials."""
    data = {file: json.loads((EXAMPLE_RUNS / name / file).read_text(encoding="utf-8")) for file in FILES}
    history = data["runhistory.json"]
    history["data"] = history["data"][:12]
    kept = {str(row["config_id"]) if isinstance(row, dict) else str(row[0]) for row in history["data"]}
    for section in ("configs", "config_origins"):
        if section in history:
            history[section] = {key: value for key, value in history[section].items() if key in kept}
    return data


def places(item: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yields the way to every value."""
    yield path
    children = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def mutated(data: Any, rng: random.Random) -> bytes:
    """The text of a file after one to three mutations of its values or bytes."""
    data = copy.deepcopy(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        ways = [way for way in places(data) if way]
        if not ways:
            break
        *parents, last = rng.choice(ways)
        parent = data
        for key in parents:
            parent = parent[key]
        action = rng.random()
        if action < 0.2:
            del parent[last]
        elif action < 0.3 and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[last]))
        elif action < 0.4 and isinstance(parent, dict):
            parent[str(rng.choice(VALUES))[:100]] = parent.pop(last)
        else:
            parent[last] = copy.deepcopy(rng.choice(VALUES))
    raw = json.dumps(data).encode("utf-8", "surrogatepass")
    action = rng.random()
    if action < 0.05:
        raw = raw[: rng.randrange(len(raw) + 1)]
    elif action < 0.15:
        flipped = bytearray(raw)
        for _ in range(rng.choice((1, 1, 5))):
            flipped[rng.randrange(len(flipped))] = rng.randrange(256)
        raw = bytes(flipped)
    elif action < 0.17:
        raw = raw.replace(b": ", b": " + b"[" * 10_000, 1)
    elif action < 0.19:
        raw = raw.replace(b"{", b'{"same": 1, "same": 2, ', 1)
    return raw


def write(folder: Path, data: dict[str, Any]) -> None:
    folder.mkdir(exist_ok=True)
    for file, content in data.items():
        (folder / file).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())


def outcome(function: Callable[[], Any], seconds: float) -> tuple[Any, str | None]:
    """Returns a result or None, and what is wrong with how it ended."""
    try:
        with limit(seconds), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(), None
    except DeepcaveSymbolicError as error:
        text = str(error)
        return None, None if len(text) > 20 and len(text) < 20_000 else f"says {text[:100]!r}"
    except TookTooLongError:
        return None, "took too long"
    except Exception as error:
        return None, f"{type(error).__name__}: {str(error)[:200]}"


def names_of(run: Run, case: int) -> list[str]:
    """One hyperparameter, or two, another with every case."""
    names = list(run.configspace)
    return [names[(case + i) % len(names)] for i in range(min(len(names), 1 + (case % 3 == 0)))]


def explained(folder: Path, case: int) -> None:
    run = load_run(folder)
    budget = "all" if case % 4 == 0 and len(budgets_of(run)) > 1 else None
    explanation = explain(run, *names_of(run, case), budget=budget, max_complexity=7 + case % 5)
    json.dumps(explanation.to_dict(), allow_nan=False)
    assert all(math.isfinite(f.r2) for f in explanation.formulas)
    assert str(explanation) and explanation._repr_html_()
    assert explanation.projection is not None
    grid = explanation.projection.grid[explanation.projection.valid]
    for formula in explanation.formulas:
        columns = {
            axis.name: [(axis.labels or ())[int(v)] for v in column] if axis.categorical else column
            for axis, column in zip(explanation.projection.axes, grid.T, strict=True)
        }
        assert np.isfinite(formula.predict(columns)).all(), str(formula)


def problems_of(folder: Path, case: int, what: str, capsys: pytest.CaptureFixture[str] | None) -> list[str]:
    """What is wrong with how the explanation (and, given capsys, the command line) of a folder that loads ended."""
    before = fingerprint(folder)
    _, problem = outcome(lambda: explained(folder, case), EXPLAIN_LIMIT)
    found = [f"case {case} ({what}): {problem}"] if problem else []
    if capsys is not None:
        found += on_the_command_line(folder, case, capsys)
    if fingerprint(folder) != before:
        found.append(f"case {case} ({what}): the folder has changed")
    return found


class Cases:
    """Broken folders by number: the same number, the same folder."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.originals = {name: small(name) for name in NAMES}
        for name, data in self.originals.items():
            write(base / name, data)
            assert load_run(base / name).trials

    def load(self, case: int) -> tuple[str, str, bytes, bool, list[str]]:
        """Name, file and its content; whether it loads; what is wrong with how that ended."""
        rng = random.Random(case)
        name, file = rng.choice(NAMES), rng.choice(FILES)
        content = mutated(self.originals[name][file], rng)
        target = self.base / name / file
        target.write_bytes(content)
        # An old file is not one that SMAC is writing just now, which would be read again.
        os.utime(target, (1e9, 1e9))
        run, problem = outcome(lambda: load_run(self.base / name), LOAD_LIMIT)
        target.write_bytes(json.dumps(self.originals[name][file]).encode())
        problems = [f"case {case} ({name}/{file}): {problem}"] if problem else []
        return name, file, content, run is not None, problems

    @contextlib.contextmanager
    def folder(self, case: int, name: str, file: str, content: bytes) -> Iterator[Path]:
        folder = self.base / f"case{case}"
        write(folder, {**self.originals[name], file: content})
        yield folder
        shutil.rmtree(folder)


@pytest.mark.long
def test_thousands_of_broken_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    cases = Cases(tmp_path)
    failures: list[str] = []
    loaded: list[tuple[int, str, str, bytes]] = []
    for case in range(CASES):
        name, file, content, loads, problems = cases.load(case)
        failures += problems
        loaded += [(case, name, file, content)] if loads else []
    assert not failures, "\n".join(failures[:20])
    assert len(loaded) > CASES // 20
    random.Random(0).shuffle(loaded)
    for i, (case, name, file, content) in enumerate(loaded[:EXPLAINED]):
        with cases.folder(case, name, file, content) as folder:
            failures += problems_of(folder, case, f"{name}/{file}", capsys if i < ON_COMMAND_LINE else None)
    assert not failures, "\n".join(failures[:20])
    assert not list(tmp_path.rglob("pwned*"))


@pytest.mark.skipif(not MINUTES, reason="make fuzz: DEEPCAVE_SYMBOLIC_FUZZ gives the minutes")
def test_many_more_broken_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    cases = Cases(tmp_path)
    failures: list[str] = []
    case = explained_cases = 0
    end = time.monotonic() + 60 * MINUTES
    for case in itertools.count(FIRST_CASE):
        if time.monotonic() > end:
            break
        name, file, content, loads, problems = cases.load(case)
        if loads:
            explained_cases += 1
            with cases.folder(case, name, file, content) as folder:
                problems += problems_of(folder, case, f"{name}/{file}", capsys)
        failures += problems
        with capsys.disabled():
            for problem in problems:
                print(problem, flush=True)
    with capsys.disabled():
        print(f"cases {FIRST_CASE} to {case - 1}; {explained_cases} loaded and went through everything", flush=True)
    assert not failures, "\n".join(failures[:20])
    assert not list(tmp_path.rglob("pwned*"))


def on_the_command_line(folder: Path, case: int, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    names = [part for name in names_of(load_run(folder), case) for part in ("-p", name)]
    try:
        with limit(EXPLAIN_LIMIT), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = main(["explain", str(folder), *names, "--max-complexity", "8"])
    except TookTooLongError:
        return [f"case {case}: the command line took too long"]
    error = capsys.readouterr().err
    if code not in (0, 2) or "Traceback" in error or (code == 2 and error.count("\n") != 1):
        return [f"case {case}: exit code {code}, {error[:200]!r}"]
    return []


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


@pytest.mark.parametrize("file", FILES)
@settings(max_examples=40)
@given(content=anything)
def test_any_json_in_place_of_a_file(tmp_path_factory: pytest.TempPathFactory, file: str, content: Any) -> None:
    folder = tmp_path_factory.mktemp("any")
    write(folder, {**small("svm_bbo"), file: json.dumps(content).encode("utf-8", "surrogatepass")})
    os.utime(folder / file, (1e9, 1e9))
    _, problem = outcome(lambda: load_run(folder), LOAD_LIMIT)
    assert problem is None
    shutil.rmtree(folder)


# --- files that are none ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("kind", ["missing", "folder", "fifo", "link", "dangling", "empty", "huge", "utf-16"])
def test_files_that_are_none(tmp_path: Path, file: str, kind: str) -> None:
    folder = tmp_path / "run"
    write(folder, small("svm_bbo"))
    outside = tmp_path / "secret.json"
    outside.write_bytes((folder / file).read_bytes())
    target = folder / file
    target.unlink()
    if kind == "folder":
        target.mkdir()
    elif kind == "fifo":
        os.mkfifo(target)
    elif kind in ("link", "dangling"):
        target.symlink_to(outside if kind == "link" else tmp_path / "nothing")
    elif kind == "empty":
        target.touch()
        os.utime(target, (1e9, 1e9))
    elif kind == "huge":
        with target.open("wb") as handle:
            handle.truncate(2**31)  # sparse
    elif kind == "utf-16":
        target.write_bytes(outside.read_text(encoding="utf-8").encode("utf-16"))
    with limit(LOAD_LIMIT), pytest.raises((RunFormatError, RunNotFoundError), match=file.split(".")[0]):
        load_run(folder)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("kind", ["fifo", "link", "folder"])
def test_a_file_that_is_swapped_between_a_look_and_its_opening(
    tmp_path: Path, monkeypatch: Any, file: str, kind: str
) -> None:
    folder = tmp_path / "run"
    write(folder, small("svm_bbo"))
    secret = tmp_path / "secret.json"
    secret.write_bytes((folder / file).read_bytes())
    look, opening = Path.is_symlink, os.open

    def swapped(path: Any, *args: Any, **kwargs: Any) -> Any:
        target = folder / file
        if Path(path) == target and target.is_file() and not look(target):
            target.unlink()
            if kind == "fifo":
                os.mkfifo(target)
            elif kind == "link":
                target.symlink_to(secret)
            else:
                target.mkdir()
        return opening(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", swapped)
    with limit(LOAD_LIMIT), pytest.raises(RunFormatError, match=r"is no regular file|cannot be read"):
        load_run(folder)


def test_a_file_that_grows_without_end_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    write(tmp_path, small("svm_bbo"))
    monkeypatch.setattr(os, "read", lambda descriptor, n: b" " * n)
    with limit(EXPLAIN_LIMIT), pytest.raises(RunFormatError, match="more than 1 GiB is not read"):
        load_run(tmp_path)


AS_NOBODY = """
import os, sys
from deepcave_symbolic import load_run
from deepcave_symbolic.exceptions import DeepcaveSymbolicError
readable, *others = sys.argv[1:]
load_run(readable)  # imports all that is needed, which nobody may be unable to read
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for folder in others:
    try:
        load_run(folder)
    except DeepcaveSymbolicError as error:
        print(type(error).__name__, error)
    else:
        print("read")
"""


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="permissions of POSIX")
def test_unreadable_files_and_folders() -> None:
    # Not below pytest's folder, into which nobody but its owner may look.
    base = Path(tempfile.mkdtemp(prefix="unreadable-"))
    try:
        base.chmod(0o755)
        names = ["readable", "again", *FILES, "closed", "unlisted"]
        for name in names:
            write(base / name, small("svm_bbo"))
            (base / name).chmod(0o755)
        for file in FILES:
            (base / file / file).chmod(0)
        (base / "closed").chmod(0)
        (base / "unlisted").chmod(0o711)  # its files can be read by name
        told = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, *(str(base / name) for name in names)],
            capture_output=True,
            text=True,
            timeout=LIMIT,
            cwd=ROOT,
            check=True,
        )
        again, *lines = told.stdout.splitlines()
        assert again == lines.pop() == "read"
        for file, line in zip(FILES, lines, strict=False):
            assert line == f"RunFormatError {base / file / file} cannot be read: Permission denied."
        assert lines[3].startswith(f"RunNotFoundError {base / 'closed'} cannot be looked into: Permission denied.")
    finally:
        for path in base.iterdir():
            path.chmod(0o755)
        shutil.rmtree(base)


def test_a_link_within_the_folder_and_a_linked_run_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    write(folder, small("svm_bbo"))
    (folder / "history").write_bytes((folder / "runhistory.json").read_bytes())
    (folder / "runhistory.json").unlink()
    (folder / "runhistory.json").symlink_to(folder / "history")
    (tmp_path / "link").symlink_to(folder)
    assert load_run(tmp_path / "link").trials


def test_a_file_that_is_being_written_is_read_again(tmp_path: Path) -> None:
    write(tmp_path, small("svm_bbo"))
    file = tmp_path / "runhistory.json"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    writer = threading.Timer(0.3, lambda: file.write_bytes(whole))
    writer.start()
    assert load_run(tmp_path).trials
    writer.join()


def test_a_file_that_stays_truncated_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, small("svm_bbo"))
    file = tmp_path / "runhistory.json"
    file.write_bytes(file.read_bytes()[:-50])
    pauses: list[float] = []
    just_written = SimpleNamespace(time=lambda: file.stat().st_mtime, sleep=pauses.append)
    monkeypatch.setattr(files, "time", just_written)
    with pytest.raises(RunFormatError, match=r"runhistory\.json is truncated"):
        load_run(tmp_path)
    assert 0.5 < sum(pauses) < 2.0
