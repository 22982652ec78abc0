"""What developers and CI run: `nox -l` lists it, the Makefile has the usual calls.

The lanes install what `build` has made into fresh environments and test that, never the checkout: they run in the
unpacked source distribution, which has lost the package's folder.

    nox -t lanes                            every lane with all of its tests
    nox -s lanes-ci                         four lanes with a few tests each, as in CI
    nox -s lane-3.12 -- tests/unit/runs     one lane, these tests
"""

from __future__ import annotations

import configparser
import os
import shutil
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nox

nox.options.sessions = ["lint", "test"]
nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
# A Python that is not on this machine is named and skipped, on CI too.
nox.options.error_on_missing_interpreters = False
# Hundreds of processes import the same packages: each module is compiled at its first import and no later one.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

PYTHONS = Path(".python-version").read_text(encoding="utf-8").split()
#: The oldest and the newest of what may be installed, and the least; the one that takes longest first.
LANES_OF_CI = ["wheel", "lowest", f"lane-{PYTHONS[-1]}", "without"]
#: Extras that the package itself uses, and those of developers.
RUNTIME, DEVELOPERS = ["operon", "optuna"], ["bench", "dev", "docs", "test"]
TESTED = f"[{','.join([*RUNTIME, 'test'])}]"
DIST = Path(".nox", "dist").absolute()
#: By default pip, unlike uv, compiles every module; those that nobody imports take a minute.
IMPORTED_ONLY = "--no-compile"
#: What needs a browser or mkdocs, or takes minutes and shows the same on every Python.
LEFT_OUT = [
    "tests/browser",
    "tests/documentation/test_docs.py",
    "tests/system/test_fuzz.py",
    "tests/system/test_scale.py",
    "tests/unit/findings/test_trust.py",
]


#: A file's tests share fixtures, so they stay on one worker; the folders' order has the longest files first.
PARALLEL = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]


#: What tests and quoted outputs do without: by these instructions exp, log and powers of NumPy round otherwise, and
#: where two formulas (or two splits of a tree) are as good, the last bit decides.
SAME_EVERYWHERE = {
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_KNL AVX512_KNM AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL"
}


def here(session: nox.Session, *arguments: str | Path) -> None:
    """Runs a module in the environment that nox itself is in, with the same numbers on every processor."""
    session.run(sys.executable, "-m", *arguments, external=True, env=SAME_EVERYWHERE)


@nox.session(python=False)
def lint(session: nox.Session) -> None:
    """Check style, format, types, declared requirements, style sheets and scripts."""
    here(session, "ruff", "check", ".")
    here(session, "ruff", "format", "--check", ".")
    here(session, "mypy")
    # deptry does not read setup.cfg.
    setup = configparser.ConfigParser()
    setup.read("setup.cfg", encoding="utf-8")
    extras = setup["options.extras_require"]
    runtime, developers = (Path(session.create_tmp(), name) for name in ("runtime.txt", "developers.txt"))
    runtime.write_text("\n".join([setup["options"]["install_requires"], *map(extras.get, RUNTIME)]), encoding="utf-8")
    developers.write_text("\n".join(map(extras.get, DEVELOPERS)), encoding="utf-8")
    deptry = ["deptry", "--requirements-files", runtime, "--requirements-files-dev", developers]
    here(session, *deptry, "deepcave_symbolic")
    # Developers' packages may be imported here; whether each is used, imports do not tell.
    folders = ["tests/support", "tests", "examples", "benchmarks", "tools"]  # the first one's modules are our own, too
    here(session, *deptry, "--ignore", "DEP002,DEP004", "--exclude", "^$", *folders)
    session.run(sys.executable, "tools/page_assets.py")


@nox.session(python=False)
def test(session: nox.Session) -> None:
    """Run every test, or those that follow --."""
    here(session, "pytest", *PARALLEL, *session.posargs)


@nox.session(python=False, name="test-quick")
def test_quick(session: nox.Session) -> None:
    """Run the unit tests but for the slow ones."""
    here(session, "pytest", *PARALLEL, "-m", "not slow", "tests/unit", *session.posargs)


@nox.session(python=False)
def quotes(session: nox.Session) -> None:
    """Run what the documentation quotes and write what it prints now."""
    session.run(sys.executable, "tests/support/quoted.py", *session.posargs, external=True, env=SAME_EVERYWHERE)


@nox.session(python=False)
def build(session: nox.Session) -> None:
    """Build the source distribution and the wheel from it, and check what they hold."""
    shutil.rmtree(DIST, ignore_errors=True)
    # setuptools adds what an earlier build listed, even where MANIFEST.in has it no longer.
    shutil.rmtree("deepcave_symbolic.egg-info", ignore_errors=True)
    here(session, "build", "--quiet", "--installer", "uv", "--outdir", DIST)
    sdist, wheel = *DIST.glob("*.tar.gz"), *DIST.glob("*.whl")
    here(session, "twine", "check", "--strict", sdist, wheel)
    here(session, "check_wheel_contents", wheel)
    if Path(".git").exists():
        here(session, "check_manifest")
    with tarfile.open(sdist) as archive:
        archive.extractall(DIST, filter="data")
    for folder in unpacked().glob("deepcave_symbolic*"):
        shutil.rmtree(folder)


def unpacked() -> Path:
    """Returns the folder of the source distribution."""
    return next(DIST.glob("*/noxfile.py")).parent


def install(session: nox.Session, kind: str, extras: str, *options: str) -> None:
    """Installs the built wheel or source distribution and goes where the package can be imported from nowhere else."""
    (built,) = DIST.glob(kind)
    session.install(f"{built}{extras}", *options)
    session.chdir(unpacked())


def run_tests(session: nox.Session) -> None:
    """Runs the tests that follow --, or all that concern a Python."""
    # Of a few tests, each process would spend the most on imports.
    workers = [] if session.posargs else PARALLEL
    session.run("pytest", *workers, *(f"--ignore={path}" for path in LEFT_OUT), *session.posargs)


@nox.session(python=False, name="lanes-ci", requires=["build"])
def lanes_ci(session: nox.Session) -> None:
    """Run CI's lanes with a few tests each, two lanes at a time: each is a single process for most of its time."""
    again = [sys.executable, "-m", "nox", "--no-dependencies"]

    def run_lane(name: str) -> None:
        print(session.run(*again, "--sessions", name, "--", "-m", "smoke", silent=True), flush=True)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run_lane, LANES_OF_CI))


@nox.session(python=PYTHONS, tags=["lanes"], requires=["build"])
def lane(session: nox.Session) -> None:
    """Test the wheel with all that it can use."""
    install(session, "*.whl", TESTED)
    run_tests(session)


@nox.session(python=PYTHONS[0], tags=["lanes"], requires=["build"])
def lowest(session: nox.Session) -> None:
    """Test the wheel with every requirement at its lower bound."""
    pins = str(Path(session.create_tmp(), "lowest.txt").absolute())
    options = [*(f"--extra={extra}" for extra in RUNTIME), "--no-deps", "--resolution=lowest-direct", "--quiet"]
    session.run("uv", "pip", "compile", "setup.cfg", *options, "--output-file", pins)
    install(session, "*.whl", TESTED, "--constraint", pins)
    run_tests(session)


@nox.session(python=PYTHONS[0], venv_backend="venv", tags=["lanes"], requires=["build"])
def wheel(session: nox.Session) -> None:
    """Use the wheel as someone who has pip and nothing else does: commands, then the dashboard."""
    install(session, "*.whl", "", IMPORTED_ONLY)
    use(session)
    # What only the tests need, in the quick way.
    (built,) = DIST.glob("*.whl")
    here(session, "uv", "pip", "install", "--python", session.virtualenv.location, f"{built}[test]")
    session.run("pytest", "tests/system/test_dashboard.py", "-m", "smoke")


@nox.session(python=PYTHONS[-1], venv_backend="venv", tags=["lanes"], requires=["build"])
def sdist(session: nox.Session) -> None:
    """Use the source distribution as someone who has pip and nothing else does."""
    install(session, "*.tar.gz", "", IMPORTED_ONLY)
    use(session)


def use(session: nox.Session) -> None:
    """Checks the requirements and runs commands, in a folder that has nothing of the project."""
    run = unpacked() / "examples" / "runs" / "svm_bbo"
    with session.chdir(session.create_tmp()):
        session.run("pip", "check")
        for arguments in (["--version"], ["demo"], ["explain", run, "-p", "gamma"]):
            session.run("deepcave-symbolic", *arguments)


@nox.session(python=PYTHONS[-2], tags=["lanes"], requires=["build"])
def without(session: nox.Session) -> None:
    """Test what the wheel says without its optional packages, and that the rest works."""
    install(session, "*.whl", "[test]")
    session.run("uv", "pip", "uninstall", "gplearn")
    session.run("pytest", "tests/system/test_missing_packages.py")
    session.run("deepcave-symbolic", "explain", "examples/runs/svm_bbo", "-p", "C")
