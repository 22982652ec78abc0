"""Signals and full disks: an end within seconds, one line, nothing half written."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import places
from deepcave_symbolic import explain
from deepcave_symbolic.cli import explain as explain_command
from deepcave_symbolic.cli import main
from deepcave_symbolic.cli.progress import training_shown
from deepcave_symbolic.process.interrupts import ends_by_itself, handle_signals
from deepcave_symbolic.surrogates import cost
from waiting import LIMIT, wait_until

if os.name != "posix":
    pytest.skip("signals and devices of POSIX", allow_module_level=True)

import fcntl
import termios

import psutil

SVM = str(places.SVM)
WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "terminal closed"}
# Says when a stage is reached, and stays there; "swallowed" stands for C code, where no handler of Python runs.
STAGED = (
    f"LIMIT = {LIMIT}"
    + """
import os, sys, time
import deepcave_symbolic.cli as cli
stage, arguments = sys.argv[1], sys.argv[2:]
def here(*_, **__):
    os.write(1, b"here\\n")
    time.sleep(LIMIT)
def polling(*_, **__):  # as the command does: a signal just before a call of C code is not noticed during it
    os.write(1, b"here\\n")
    for _ in range(int(10 * LIMIT)):
        time.sleep(0.1)
def swallowing(*_, **__):
    os.write(1, b"here\\n")
    while True:
        try:
            time.sleep(LIMIT)
        except BaseException:
            pass
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            here()
def replacing(*_, **__):
    try:
        here()
    except BaseException:
        raise ImportError("Error importing numpy")
class Dying:
    def __del__(self):  # Python prints what is raised here, and goes on
        here()
def dying(*_, **__):
    Dying()
    time.sleep(LIMIT)
if stage == "importing":
    sys.meta_path.insert(0, Finder())
else:
    import deepcave_symbolic.process.output as output, deepcave_symbolic.explainer as explainer
    import deepcave_symbolic.maker as maker
if stage == "reading":
    explainer.load_run = here
elif stage == "replaced":
    explainer.load_run = replacing
elif stage == "destructor":
    explainer.load_run = dying
elif stage == "search":
    maker.Maker._search = here
elif stage == "processes":  # they are started, and this process waits for them
    import deepcave_symbolic.study.schedule as schedule
    schedule.wait = polling
elif stage == "slow processes":  # and take longer to end than a signal gives
    import deepcave_symbolic.study.schedule as schedule
    from joblib.externals.loky import ProcessPoolExecutor
    schedule.wait, shutdown = polling, ProcessPoolExecutor.shutdown
    ProcessPoolExecutor.shutdown = lambda *args, **kwargs: (time.sleep(0.8), shutdown(*args, **kwargs))
elif stage == "swallowed":
    maker.Maker._search = swallowing
elif stage == "training":
    from deepcave_symbolic.surrogates import cost, smac
    cost.MANY_ROWS = 5
    smac.train = swallowing
elif stage == "writing":
    output.os.fsync = here
sys.argv[1:] = arguments
sys.exit(cli.main())
"""
)


@pytest.mark.parametrize(
    ("stage", "number", "options"),
    [
        ("importing", signal.SIGINT, ()),
        ("importing", signal.SIGTERM, ()),
        ("reading", signal.SIGTERM, ()),
        ("destructor", signal.SIGINT, ()),
        ("replaced", signal.SIGTERM, ()),
        ("search", signal.SIGINT, ("-p", "C")),
        ("processes", signal.SIGTERM, ("--jobs", "2")),
        ("processes", signal.SIGINT, ("--jobs", "2")),
        ("slow processes", signal.SIGTERM, ("--jobs", "2")),
        ("swallowed", signal.SIGTERM, ("-p", "C")),
        ("writing", signal.SIGINT, ("-p", "C", "--max-complexity", "6")),
        ("writing", signal.SIGHUP, ("-p", "C", "--max-complexity", "6")),
    ],
)
def test_a_signal_ends_it_and_leaves_nothing(
    tmp_path: Path, stage: str, number: signal.Signals, options: tuple[str, ...]
) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    command = [sys.executable, "-c", STAGED, stage, "explain", SVM, *options, "-o", str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "here\n"
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        process.send_signal(number)  # impatience changes nothing
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 128 + number
    assert err == f"deepcave-symbolic: {WORDS[number]}\n"
    assert os.listdir(tmp_path) == ["out.txt"] and target.read_text() == "old"
    assert not psutil.wait_procs(children, timeout=LIMIT)[1]


def test_what_nohup_ignores_stays_ignored(tmp_path: Path) -> None:
    command = f'trap "" HUP; echo here; exec "{sys.executable}" -m deepcave_symbolic explain "{SVM}" -p C'
    with subprocess.Popen(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"here\n"

        def hung_up() -> bool:  # again and again, from the shell to the formula
            process.send_signal(signal.SIGHUP)
            return process.poll() is not None

        wait_until(hung_up)
        out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0 and out and err == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_signal_itself_ends_the_training_of_a_large_process(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", STAGED, "training", "explain", SVM, "-p", "C", "-o", str(tmp_path / "out.txt")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "here\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == -number  # 130 and 143 in a shell
    assert err.startswith("deepcave-symbolic: Training a Gaussian process on 40 trials") and err.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_handlers_are_back_after_the_training() -> None:
    number = signal.SIGTERM
    before = signal.getsignal(number)
    with ends_by_itself():  # a program's own handlers are its own
        assert signal.getsignal(number) is before
    handlers = {n: signal.getsignal(n) for n in WORDS}
    try:
        handle_signals()
        ours = signal.getsignal(number)
        with training_shown():
            with cost.announced(Model(), 10**4) as evaluated:
                assert signal.getsignal(number) is signal.SIG_DFL
                evaluated()
            assert signal.getsignal(number) is ours
    finally:
        for n, handler in handlers.items():
            signal.signal(n, handler)


class Model:
    """What `cost_of` asks a Gaussian process for."""

    class _kernel:  # noqa: N801 - SMAC's name
        theta = (0.0,)

    _n_restarts = 0


def test_a_closed_terminal_ends_it(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    command = [sys.executable, "-c", STAGED, "search", "explain", SVM, "-p", "C", "-o", str(target)]
    ours, theirs = os.openpty()
    with subprocess.Popen(
        command,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    ) as process:
        os.close(theirs)
        assert process.stdout is not None and process.stdout.readline() == b"here\n"
        os.close(ours)
        assert process.wait(timeout=LIMIT) == 128 + signal.SIGHUP
    assert os.listdir(tmp_path) == ["out.txt"] and target.read_text() == "old"


def test_a_caller_keeps_its_own_handlers(capsys: pytest.CaptureFixture[str]) -> None:
    def mine(number: int, frame: object) -> None:
        pass

    def state() -> list[object]:
        wakeup = signal.set_wakeup_fd(-1)
        return [wakeup, sys.unraisablehook, *(signal.getsignal(number) for number in numbers)]

    def in_a_thread() -> str:
        return str(explain(SVM, "C", max_complexity=6).best)

    numbers = [*WORDS, signal.SIGALRM, signal.SIGCHLD]
    previous = [signal.signal(number, mine) for number in numbers]
    try:
        before = state()
        assert main(["explain", "--max-complexity", "6", SVM, "-p", "C"]) == 0
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(in_a_thread).result() in capsys.readouterr().out
        assert state() == before
    finally:
        for number, handler in zip(numbers, previous, strict=True):
            signal.signal(number, handler)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has a device that is always full")
def test_full_device_and_full_standard_output() -> None:
    for redirection in ("-o /dev/full", "> /dev/full"):
        command = f'"{sys.executable}" -m deepcave_symbolic explain "{SVM}" -p C --max-complexity 6 {redirection}'
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
        assert done.returncode == 2 and "No space left on device" in done.stderr
        assert done.stderr.count("\n") == 1 and "Exception ignored" not in done.stderr


def test_full_disk_leaves_the_old_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    target = tmp_path / "out.txt"
    target.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    assert main(["explain", "--max-complexity", "6", SVM, "-p", "C", "-o", str(target)]) == 2
    err = capsys.readouterr().err
    assert str(target) in err and "No space left on device" in err and err.count("\n") == 1
    assert os.listdir(tmp_path) == ["out.txt"] and target.read_text() == "old"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if not sys.platform.startswith("linux") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a file system needs root on Linux")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_runs_full_leaves_the_old_file(small_disk: Path) -> None:
    target = small_disk / "out.json"
    target.write_text("old")
    with contextlib.suppress(OSError), (small_disk / "other").open("wb") as file:
        file.write(bytes(60_000))
    command = [sys.executable, "-m", "deepcave_symbolic", "explain", "--max-complexity", "6", SVM, "-p", "C"]
    command += ["--format", "json"]
    done = subprocess.run([*command, "-o", str(target)], capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1
    assert f"Cannot write to {target}: No space left on device" in done.stderr
    assert sorted(os.listdir(small_disk)) == ["other", "out.json"] and target.read_text() == "old"
    (small_disk / "other").unlink()
    assert main(["explain", "--max-complexity", "6", SVM, "-p", "C", "-o", str(target)]) == 0  # what there is room for
    assert "Verdict" in target.read_text(encoding="utf-8")


def test_a_folder_that_disappears_meanwhile_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    compute = explain_command._explain

    def explained(args: object) -> object:
        (tmp_path / "folder").rmdir()
        return compute(args)  # type: ignore[arg-type]

    monkeypatch.setattr(explain_command, "_explain", explained)
    assert main(["explain", "--max-complexity", "6", SVM, "-p", "C", "-o", str(tmp_path / "folder" / "out.txt")]) == 2
    err = capsys.readouterr().err
    assert "there is no folder" in err and err.count("\n") == err.count("Cannot write") == 1


@pytest.mark.parametrize("name", ["no/where.txt", "folder", "", "x" * 300, "a\0b"])
def test_a_place_that_cannot_be_written_is_refused_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr("deepcave_symbolic.cli.explain._explain", lambda *_: pytest.fail("computed first"))
    assert main(["explain", "--max-complexity", "6", SVM, "-o", str(tmp_path / name) if name else ""]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert os.listdir(tmp_path) == ["folder"]


@pytest.mark.parametrize("protected", ["folder", "folder/out.txt"])
def test_what_is_protected_is_not_replaced(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, protected: str
) -> None:
    target = tmp_path / "folder" / "out.txt"
    target.parent.mkdir()
    target.write_text("old")
    access = os.access  # root may write everywhere
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path / protected and access(path, mode))
    assert main(["explain", "--max-complexity", "6", SVM, "-p", "C", "-o", str(target)]) == 2
    assert f"{tmp_path / protected} may not be written to by you" in capsys.readouterr().err
    assert target.read_text() == "old"


def test_link_and_pipe(tmp_path: Path) -> None:
    real, link, pipe = tmp_path / "real.txt", tmp_path / "link.txt", tmp_path / "pipe"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    assert main(["explain", "--max-complexity", "6", SVM, "-p", "C", "-o", str(link)]) == 0
    assert link.is_symlink() and "Verdict" in real.read_text(encoding="utf-8")
    assert real.stat().st_mode & 0o777 == 0o600
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        assert main(["explain", "--max-complexity", "6", SVM, "-p", "C", "-o", str(pipe)]) == 0
        assert b"Verdict" in reader.communicate(timeout=LIMIT)[0]
