"""Checks with deptry that every import is declared in setup.cfg and that every requirement there is used.

    python tools/dependencies.py

deptry reads pyproject.toml and requirements files, but not setup.cfg, so it is handed the latter as such files. What is
not an import that it could see is listed in pyproject.toml, with the reason.
"""

from __future__ import annotations

import configparser
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: Extras that the package itself uses; the others are for developers.
RUNTIME_EXTRAS = ("operon", "optuna")


def declared() -> tuple[list[str], list[str]]:
    """Returns the requirements of the package with its runtime extras, and those of developers."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    runtime, developers = setup["options"]["install_requires"].splitlines(), []
    for extra, lines in setup["options.extras_require"].items():
        (runtime if extra in RUNTIME_EXTRAS else developers).extend(lines.splitlines())
    return [line for line in runtime if line.strip()], [line for line in developers if line.strip()]


def main() -> int:
    """Runs deptry on the package, then on what developers run, and returns 1 if either disagrees with setup.cfg."""
    folders = [name for name in ("tests", "examples", "benchmarks", "tools") if (ROOT / name).is_dir()]
    with tempfile.TemporaryDirectory() as scratch:
        files = [Path(scratch) / name for name in ("runtime.txt", "developers.txt")]
        for file, lines in zip(files, declared(), strict=True):
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "deptry", "--requirements-files", str(files[0])]
        command += ["--requirements-files-dev", str(files[1])]
        # In the second run the developers' packages may be imported; whether each is used, imports do not tell.
        runs = (["deepcave_symbolic"], ["--ignore", "DEP002,DEP004", "--exclude", "^$", *folders])
        return max(subprocess.run([*command, *run], cwd=ROOT, check=False).returncode for run in runs)


if __name__ == "__main__":
    sys.exit(main())
