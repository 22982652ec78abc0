"""What a lane stands on: the built files, fresh environments with a copy of the tests, commands that are logged."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dependencies import ROOT, declared

#: Everything that the lanes write; git ignores it.
FOLDER = ROOT / ".lanes"
PACKAGE = "deepcave_symbolic"
_LIMIT = 3600.0


class LaneError(Exception):
    """A lane that could not be run to its end; the message is for the table."""


@dataclass(frozen=True)
class Built:
    """What `python -m build` made.

    Args:
        sdist: The source distribution.
        wheel: The wheel, built from it.
        source: The source distribution, unpacked.
    """

    sdist: Path
    wheel: Path
    source: Path


@dataclass(frozen=True)
class Environment:
    """A fresh virtual environment beside a copy of what is tested, but for the package itself.

    Args:
        folder: The environment's folder, which has the virtual environment in `venv` and is where commands run.
        log: File that gets the output of every command.
    """

    folder: Path
    log: Path

    @property
    def python(self) -> Path:
        """The environment's Python."""
        return self.folder / "venv" / "bin" / "python"

    def program(self, name: str) -> str:
        """Returns the path of a program that was installed with a package."""
        return str(self.python.with_name(name))

    def run(self, *command: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a command here, or in another folder, and returns how it ended."""
        return logged([str(part) for part in command], cwd=cwd or self.folder, log=self.log)

    def install(self, *requirements: object, pip: bool = False) -> None:
        """Installs packages, with the environment's own pip or, where it is there, the faster uv.

        Raises:
            LaneError: If that fails.
        """
        by_uv = [] if pip or uv() is None else [uv(), "pip", "install", "--quiet", "--python", self.python]
        done = self.run(*(by_uv or [self.python, "-m", "pip", "install", "--quiet"]), *requirements)
        if done.returncode:
            raise LaneError(f"installing failed; see {shown(self.log)}")

    def uninstall(self, package: str) -> None:
        """Removes a package; where it is not installed, nothing happens."""
        by_uv = [] if uv() is None else [uv(), "pip", "uninstall", "--python", self.python]
        self.run(*(by_uv or [self.python, "-m", "pip", "uninstall", "--yes"]), package)

    def check_origin(self) -> None:
        """Makes sure that what is tested is what was installed.

        Raises:
            LaneError: If the package is imported from anywhere else.
        """
        origin = self.run(self.python, "-c", f"import {PACKAGE}; print({PACKAGE}.__file__)").stdout.strip()
        if not origin.startswith(str(self.folder / "venv")):
            raise LaneError(f"the package is imported from {origin or 'nowhere'}, not from the environment")


def shown(path: Path) -> str:
    """Returns a path as seen from the project's folder."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def logged(command: Sequence[str], *, cwd: Path, log: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command, appends what it prints to a log and returns how it ended.

    Raises:
        LaneError: If it is not there, or takes longer than an hour.
    """
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_LIMIT
        )
    except subprocess.TimeoutExpired:
        raise LaneError(f"{Path(command[0]).name} took longer than {_LIMIT:.0f} s") from None
    except FileNotFoundError:
        raise LaneError(f"{command[0]} is not there") from None
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}(exit code {done.returncode})\n\n")
    return done


@cache
def uv() -> str | None:
    """Returns the path of uv, which comes with the extra `dev` and installs a lane in seconds, or None."""
    return shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))


@cache
def interpreter(version: str) -> str | None:
    """Returns the path of Python `version`, or None; a pyenv shim without a Python behind it is none."""
    command = [f"python{version}", "-c", "import ensurepip, sys, venv; print(sys.executable)"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def index_answers(log: Path) -> bool:
    """Tells whether pip can download anything at all: asks for one small package that every lane needs."""
    target = FOLDER / "download"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "--dest", str(target)]
    return logged([*command, "threadpoolctl"], cwd=ROOT, log=log).returncode == 0


def build(log: Path) -> Built:
    """Builds the source distribution and the wheel from it, has twine check both, and unpacks the former.

    Raises:
        LaneError: If that fails.
    """
    # setuptools adds what an earlier build listed, even where MANIFEST.in has it no longer.
    shutil.rmtree(ROOT / f"{PACKAGE}.egg-info", ignore_errors=True)
    target = FOLDER / "dist"
    if logged([sys.executable, "-m", "build", "--outdir", str(target), str(ROOT)], cwd=ROOT, log=log).returncode:
        raise LaneError(f"the build failed; see {shown(log)}")
    sdist, wheel = next(target.glob("*.tar.gz")), next(target.glob("*.whl"))
    if logged(
        [sys.executable, "-m", "twine", "check", "--strict", str(sdist), str(wheel)], cwd=ROOT, log=log
    ).returncode:
        raise LaneError(f"twine check --strict failed; see {shown(log)}")
    with tarfile.open(sdist) as archive:
        archive.extractall(FOLDER / "unpacked", filter="data")
    return Built(sdist, wheel, next((FOLDER / "unpacked").iterdir()))


def make_environment(name: str, python: str, built: Built, log: Path, *, by_pip: bool) -> Environment:
    """Makes an empty virtual environment and copies the unpacked source distribution beside it, but for the package.

    Raises:
        LaneError: If that fails.
    """
    folder = FOLDER / name
    # The package stays out: only the installed one can be imported.
    shutil.copytree(
        built.source, folder, ignore=lambda path, names: {PACKAGE} & {*names} if path == str(built.source) else set()
    )
    environment = Environment(folder, log)
    command = [python, "-m", "venv"] if by_pip or uv() is None else [str(uv()), "venv", "--quiet", "--python", python]
    if environment.run(*command, folder / "venv").returncode:
        raise LaneError(f"no virtual environment could be made; see {shown(log)}")
    return environment


def lowest_versions() -> str:
    """Returns constraints, one a line, that hold every requirement of Python 3.10 at its lowest supported version.

    Raises:
        LaneError: If a requirement has no lower bound.
    """
    lines = []
    for requirement in declared()[0]:
        specifier, _, marker = requirement.partition(";")
        if ">=" in marker:  # for newer Pythons
            continue
        found = re.fullmatch(r"([\w.-]+)\s*(?:>=|==)\s*([\w.]+)(?:,.*)?", specifier.strip())
        if found is None:
            raise LaneError(f"{requirement!r} in setup.cfg has no lower bound")
        lines.append(f"{found[1]}=={found[2]}")
    return "\n".join(lines) + "\n"
