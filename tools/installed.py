"""Checks of an installed package: its tests, its commands, what it says without an optional package, its contents."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dependencies import ROOT
from environments import PACKAGE, Built, Environment

#: What is tracked, but not part of a source distribution.
_NOT_IN_SDIST = (".ci/", ".github/", ".gitignore")
_RUN = "examples/runs/svm_bbo"
_START_LIMIT = 120.0


@dataclass(frozen=True)
class Result:
    """How many checks passed, failed and were skipped, and what is to be said about it."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    note: str = ""


def of_checks(checks: Iterator[tuple[str, str]], log: Path) -> Result:
    """Returns the result of checks that say what they look at, and what is wrong (nothing where all is well)."""
    passed, problems = 0, []
    for name, problem in checks:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"check: {name}: {problem or 'passed'}\n\n")
        passed += not problem
        problems += [f"{name}: {problem}"] * bool(problem)
    return Result(passed, len(problems), note="; ".join(problems))


def run_tests(environment: Environment, tests: Sequence[str]) -> Result:
    """Returns the result of pytest on files or tests, in the environment."""
    done = environment.run(environment.program("pytest"), "-q", "-p", "no:cacheprovider", "--durations=15", *tests)
    last = (done.stdout.strip().splitlines() or [""])[-1]
    counts = {word.removesuffix("s"): int(number) for number, word in re.findall(r"(\d+) (\w+)", last)}
    failed = counts.get("failed", 0) + counts.get("error", 0)
    note = " ".join(re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)[:5])
    if done.returncode and not failed:
        missing = " ".join(re.findall(r"^ERROR: (.+)", done.stdout + done.stderr, re.MULTILINE))
        return Result(failed=1, note=f"pytest ended with exit code {done.returncode}: {missing or last}")
    return Result(counts.get("passed", 0), failed, counts.get("skipped", 0), note)


def commands_work(environment: Environment) -> Iterator[tuple[str, str]]:
    """Checks pip's view of the environment and the commands, from a folder that has nothing of the project."""
    elsewhere = environment.folder / "elsewhere"
    elsewhere.mkdir()
    program = environment.program("deepcave-symbolic")
    for command, word in (
        ([environment.python, "-m", "pip", "check"], "No broken requirements"),
        ([program, "--version"], "deepcave-symbolic "),
        ([program, "demo"], "gamma"),
        ([program, "explain", environment.folder / _RUN, "-p", "gamma"], "rmse ≈"),
    ):
        done = environment.run(*command, cwd=elsewhere)
        right = done.returncode == 0 and word in done.stdout
        yield " ".join(map(str, command[1:])), "" if right else f"exit code {done.returncode}, {word!r} expected"


def dashboard_starts_and_stops(environment: Environment) -> Iterator[tuple[str, str]]:
    """Starts the dashboard, waits until its port answers, stops it with Ctrl-C and looks for what is left of it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [environment.program("deepcave-symbolic"), "dashboard", _RUN, "--no-browser", "--port", str(port)]
    with environment.log.open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(command)}\n")
        log.flush()
        process = subprocess.Popen(command, cwd=environment.folder, stdout=log, stderr=log, start_new_session=True)
        try:
            answered = _answers(f"http://127.0.0.1:{port}/", process)
            children = _descendants(process.pid)
            process.send_signal(signal.SIGINT)
            code: int | str = process.wait(30)
        except subprocess.TimeoutExpired:
            code = "none within 30 s"
        finally:
            process.kill()
            process.wait()
    left = [pid for pid in children if _alive(pid)]
    yield "dashboard answers", "" if answered else f"no answer on its port within {_START_LIMIT:.0f} s"
    yield "dashboard stops on Ctrl-C", "" if code == 0 else f"exit code {code}"
    yield (
        "dashboard leaves no process",
        "" if answered and len(children) >= 3 and not left else f"{children}, left {left}",
    )


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + _START_LIMIT
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    return False


def _descendants(pid: int) -> list[int]:
    lines = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout.splitlines()
    children: dict[int, list[int]] = {}
    for child, parent in (map(int, line.split()) for line in lines):
        children.setdefault(parent, []).append(child)
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return found[1:]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@dataclass(frozen=True)
class Absent:
    """An optional package that is not installed.

    Args:
        package: Name that it is installed and imported by.
        python: The Python whose lane is without it.
        arguments: Arguments of the command line that need it.
        call: Python that needs it.
        hint: Words of the message: how to get it.
    """

    package: str
    python: str
    arguments: tuple[str, ...]
    call: str
    hint: str


def says_what_is_missing(environment: Environment, absent: Absent) -> Iterator[tuple[str, str]]:
    """Checks that the package is absent, and that the API and the command line say in one line how to get it."""
    done = environment.run(environment.python, "-c", f"import {absent.package}")
    yield f"{absent.package} is absent", "" if done.returncode else "it can be imported"

    code = "from deepcave_symbolic.exceptions import MissingDependencyError\ntry:\n    {}\n"
    code += "except MissingDependencyError as error:\n    print(error)"
    done = environment.run(environment.python, "-c", code.format(absent.call))
    yield "API", "" if done.returncode == 0 and absent.hint in done.stdout else f"{absent.hint!r} expected"

    done = environment.run(environment.program("deepcave-symbolic"), *absent.arguments)
    one_line = done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1
    right = one_line and absent.hint in done.stderr
    yield (
        "command line",
        "" if right else f"exit code 2 and one line with {absent.hint!r} expected: {done.stderr[-300:]!r}",
    )

    done = environment.run(environment.program("deepcave-symbolic"), "explain", _RUN, "-p", "C")
    yield "the rest works", "" if done.returncode == 0 and "rmse ≈" in done.stdout else f"exit code {done.returncode}"


def contents_are_right(built: Built) -> Iterator[tuple[str, str]]:
    """Checks that wheel and source distribution hold what they should and nothing else."""
    with zipfile.ZipFile(built.wheel) as archive:
        inside = {name for name in archive.namelist() if not name.endswith("/")}
    package = {
        str(path.relative_to(ROOT)) for path in (ROOT / PACKAGE).rglob("*") if path.is_file() and path.suffix != ".pyc"
    }
    extra = {
        name for name in inside - package if not re.match(rf"{PACKAGE}-[^/]+\.(dist-info/|data/data/share/)", name)
    }
    yield "the wheel has the package and no more", _difference(package - inside, extra)
    licensed = any(name.endswith(".dist-info/licenses/LICENSE") for name in inside)
    yield "the wheel has the licence", "" if licensed else "no LICENSE"

    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if tracked.returncode:
        return  # an unpacked source distribution
    expected = {name for name in tracked.stdout.splitlines() if (ROOT / name).is_file()}
    expected = {name for name in expected if not name.startswith(_NOT_IN_SDIST)}
    with tarfile.open(built.sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames() if archive.getmember(name).isfile()}
    made = {name for name in packed if name == "PKG-INFO" or name.startswith(f"{PACKAGE}.egg-info/")}
    yield "the sdist has what is tracked and no more", _difference(expected - packed, packed - expected - made)


def _difference(missing: set[str], extra: set[str]) -> str:
    words = [
        f"{word}: {', '.join(sorted(names)[:5])}" for word, names in (("missing", missing), ("extra", extra)) if names
    ]
    return "; ".join(words)
