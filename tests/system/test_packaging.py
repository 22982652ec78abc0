"""What a release stands on: one version, requirements with tested bounds, files that say how to cite and to report."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys

import pytest

from deepcave_symbolic.process import optional as _optional
from places import ROOT

TOOLS = ROOT / "tools"


@pytest.fixture(scope="module")
def setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def tool(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=TOOLS, capture_output=True, text=True, check=True)
    return done.stdout


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


def test_every_requirement_has_a_lower_bound_that_the_lane_takes(setup: configparser.ConfigParser) -> None:
    pins = dict(line.split("==") for line in tool("import environments as e; print(e.lowest_versions())").split())
    assert pins["numpy"] == re.search(r"^numpy >=(\S+)$", setup["options"]["install_requires"], re.MULTILINE)[1]  # type: ignore[index]
    assert {"smac", "ConfigSpace", "deepcave", "scikit-learn", "pyoperon", "redis"} <= set(pins)


def test_every_optional_package_has_a_lane() -> None:
    lanes = tool("import lanes; print(*(absent.package for absent in lanes.ABSENT.values()))").split()
    assert set(lanes) == set(_optional.INSTALL_COMMANDS)


def test_the_quick_tests_of_the_lanes_exist() -> None:
    for name in tool("import lanes; print(*lanes.QUICK, *lanes.QUICK_PANEL)").split():
        file, _, test = name.partition("::")
        defined = (ROOT / file).read_text(encoding="utf-8")
        assert f"def {test.partition('[')[0]}" in defined, f"tools/lanes.py runs {name}, which is not there"


def test_the_pythons_are_the_same_everywhere(setup: configparser.ConfigParser) -> None:
    prefix = "Programming Language :: Python :: "
    named = {line[len(prefix) :] for line in setup["metadata"]["classifiers"].splitlines() if line.startswith(prefix)}
    lanes = tool("import lanes; print(*(lane.python for lane in lanes.LANES if lane.name.startswith('py')))").split()
    assert named - {"3"} == set(lanes) == set((ROOT / ".python-version").read_text(encoding="utf-8").split())


def test_the_constraints_have_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"#.*|[\w.-]+==[\w.]+", line) for line in lines)
