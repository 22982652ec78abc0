"""Builds the documentation site for the tests that read it and for the one that opens it in a browser."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from places import ROOT
from waiting import LIMIT

#: What the site is made of, beside the package.
SOURCES = [
    "mkdocs.yml",
    "docs",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "tests/unit/test_architecture.py",
    "deepcave_symbolic/dashboard/own/help.md",
]


def build_site(folder: Path) -> tuple[Path, str]:
    """Builds strictly, in a folder with the sources but without the package, so that only the installed one is used.

    Args:
        folder: An empty folder.

    Returns:
        The folder of the site, and what mkdocs said.
    """
    for package in ("material", "mkdocstrings_handlers"):
        if importlib.util.find_spec(package) is None:
            pytest.skip("the extra docs is not installed (pip install -e .[docs])")
    for name in SOURCES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, folder / name)
    site = folder / "site"
    built = subprocess.run(
        # Not `-m mkdocs`, for which the folder, which has a file of the package, stands before the installed one.
        [Path(sys.executable).with_name("mkdocs"), "build", "--strict", "--site-dir", str(site)],
        cwd=folder,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "true"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    log = built.stdout + built.stderr
    assert built.returncode == 0, log
    return site, log
