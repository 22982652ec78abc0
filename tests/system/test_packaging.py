"""What a release stands on: one version, requirements with tested bounds, files that say how to cite and to report."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys

import pytest

from places import EXAMPLE_RUNS, ROOT


@pytest.fixture(scope="module")
def setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def test_the_version_is_in_one_place(setup: configparser.ConfigParser) -> None:
    version = setup["metadata"]["version"]
    done = subprocess.run([sys.executable, "-m", "deepcave_symbolic", "--version"], capture_output=True, text=True)
    assert done.stdout == f"deepcave-symbolic {version}\n"
    repeated = re.compile(rf"^\W*(__)?version(__)?\W+{re.escape(version)}\b", re.MULTILINE)
    files = [
        *ROOT.glob("*.toml"),
        *ROOT.glob("*.cff"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("deepcave_symbolic/**/*.py"),
    ]
    assert [str(file) for file in files if repeated.search(file.read_text(encoding="utf-8"))] == []


def test_every_requirement_of_users_has_a_lower_bound(setup: configparser.ConfigParser) -> None:
    lines = setup["options"]["install_requires"].splitlines()
    for extra in ("operon", "optuna"):
        lines += setup["options.extras_require"][extra].splitlines()
    assert [line for line in lines if line and not re.match(r"[\w.-]+(\[\w+\])? (>=|==)\d", line)] == []


def test_the_pythons_are_the_same_everywhere(setup: configparser.ConfigParser) -> None:
    prefix = "Programming Language :: Python :: "
    named = {line[len(prefix) :] for line in setup["metadata"]["classifiers"].splitlines() if line.startswith(prefix)}
    assert named - {"3"} == set((ROOT / ".python-version").read_text(encoding="utf-8").split())


def test_every_example_run_is_installed(setup: configparser.ConfigParser) -> None:
    installed = dict(setup["options.data_files"])
    names = [folder.name for folder in EXAMPLE_RUNS.iterdir()]
    expected = {f"share/deepcave-symbolic/runs/{name}": f"examples/runs/{name}/*.json" for name in names}
    assert len(names) == 4 and installed == expected


def test_the_constraints_have_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"#.*|[\w.-]+==[\w.]+", line) for line in lines)
