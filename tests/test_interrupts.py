"""Signals and full disks: an end within seconds, one line, nothing half written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deepcave_symbolic.cli import main

if os.name != "posix":
    pytest.skip("signals and devices of POSIX", allow_module_level=True)

import psutil

SVM = str(Path(__file__).parents[1] / "examples" / "runs" / "svm_bbo")
WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "terminal closed"}
# Says when a stage is reached, and stays there; "swallowed" stands for C code, where no handler of Python runs.
STAGED = """
import os, sys, time
import deepcave_symbolic.cli as cli, deepcave_symbolic.output as output, deepcave_symbolic.explainer as explainer
stage, arguments = sys.argv[1], sys.argv[2:]
def here(*_, **__):
    os.write(1, b"here\\n")
    time.sleep(60)
def swallowing(*_, **__):
    os.write(1, b"here\\n")
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass
if stage == "reading":
    explainer.load_run = here
elif stage == "search":
    explainer.Explainer._search = here
elif stage == "processes":  # they are started, and this process waits for them
    import deepcave_symbolic.study.schedule as schedule
    schedule.wait = here
elif stage == "swallowed":
    explainer.Explainer._search = swallowing
elif stage == "writing":
    output.os.fsync = here
sys.argv[1:] = arguments
sys.exit(cli.main())
"""


@pytest.mark.parametrize(
    ("stage", "number", "options"),
    [
        ("reading", signal.SIGTERM, ()),
        ("search", signal.SIGINT, ("-p", "C")),
        ("processes", signal.SIGTERM, ("--jobs", "2")),
        ("processes", signal.SIGINT, ("--jobs", "2")),
        ("swallowed", signal.SIGTERM, ("-p", "C")),
        ("writing", signal.SIGINT, ("-p", "C")),
        ("writing", signal.SIGHUP, ("-p", "C")),
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
        sent = time.monotonic()
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
        assert time.monotonic() - sent < 4.0
    assert process.returncode == 128 + number
    assert err == f"deepcave-symbolic: {WORDS[number]}\n"
    assert os.listdir(tmp_path) == ["out.txt"] and target.read_text() == "old"
    assert not psutil.wait_procs(children, timeout=5)[1]


def test_what_nohup_ignores_stays_ignored(tmp_path: Path) -> None:
    command = f'trap "" HUP; exec "{sys.executable}" -m deepcave_symbolic explain "{SVM}" -p C'
    with subprocess.Popen(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        time.sleep(1.0)
        process.send_signal(signal.SIGHUP)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and out and err == b""


def test_a_caller_keeps_its_own_handlers(capsys: pytest.CaptureFixture[str]) -> None:
    before = [signal.getsignal(number) for number in WORDS]
    assert main(["explain", SVM, "-p", "C"]) == 0
    assert [signal.getsignal(number) for number in WORDS] == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has a device that is always full")
def test_full_device_and_full_standard_output() -> None:
    for redirection in ("-o /dev/full", "> /dev/full"):
        command = f'"{sys.executable}" -m deepcave_symbolic explain "{SVM}" -p C {redirection}'
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
    assert main(["explain", SVM, "-p", "C", "-o", str(target)]) == 2
    err = capsys.readouterr().err
    assert str(target) in err and "No space left on device" in err and err.count("\n") == 1
    assert os.listdir(tmp_path) == ["out.txt"] and target.read_text() == "old"


@pytest.mark.parametrize("name", ["no/where.txt", "folder", "", "x" * 300, "a\0b"])
def test_a_place_that_cannot_be_written_is_refused_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr("deepcave_symbolic.cli.explain._explain", lambda *_: pytest.fail("computed first"))
    assert main(["explain", SVM, "-o", str(tmp_path / name) if name else ""]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert os.listdir(tmp_path) == ["folder"]


def test_link_and_pipe(tmp_path: Path) -> None:
    real, link, pipe = tmp_path / "real.txt", tmp_path / "link.txt", tmp_path / "pipe"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    assert main(["explain", SVM, "-p", "C", "-o", str(link)]) == 0
    assert link.is_symlink() and "Verdict" in real.read_text(encoding="utf-8")
    assert real.stat().st_mode & 0o777 == 0o600
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        assert main(["explain", SVM, "-p", "C", "-o", str(pipe)]) == 0
        assert b"Verdict" in reader.communicate(timeout=10)[0]
