"""Installs the built package into fresh environments of every supported Python and checks what was installed.

    python tools/lanes.py                    every lane with all of its tests
    python tools/lanes.py --quick            every lane with a few tests each, as CI runs them
    python tools/lanes.py --only py312       one lane (repeatable)

A lane is a Python, what is installed there from the built wheel or source distribution, and what is checked. The tests
come from the unpacked source distribution, and the package from the environment alone. A Python that is not here is
said and skipped. Logs: `.lanes/NAME.log`. The exit code is 1 if a lane failed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from dependencies import RUNTIME_EXTRAS
from environments import (
    FOLDER,
    Built,
    Environment,
    LaneError,
    build,
    index_answers,
    interpreter,
    lowest_versions,
    make_environment,
    shown,
)
from installed import (
    Absent,
    Result,
    commands_work,
    contents_are_right,
    dashboard_starts_and_stops,
    of_checks,
    run_tests,
    says_what_is_missing,
)

#: What needs a browser or mkdocs, or takes minutes and shows the same on every Python.
LEFT_OUT = (
    "tests/browser",
    "tests/documentation/test_docs.py",
    "tests/unit/findings/test_trust.py",
    "tests/system/test_fuzz.py",
    "tests/system/test_scale.py",
)
#: Reading, surrogates equal to SMAC's, known answers of the search, explanations, the command line, the examples.
QUICK = (
    "tests/unit/runs/test_runs.py::test_every_row_layout_gives_the_same_run",
    "tests/unit/runs/test_runs.py::test_bad_rows",
    "tests/unit/surrogates/test_surrogates.py::test_forest_equals_smacs_own[hpo]",
    "tests/unit/surrogates/test_surrogates.py::test_gaussian_process_equals_smacs_own[blackbox]",
    "tests/unit/surrogates/test_surrogates.py::test_encoder_equals_smacs_and_its_inverse_returns",
    "tests/unit/engines/test_exhaustive.py::test_constants_of_a_known_formula_come_back",
    "tests/unit/formulas/test_formula.py::test_python_computes_the_same",
    "tests/unit/formulas/test_formula.py::test_predict_takes_configurations",
    "tests/unit/formulas/test_front.py",
    "tests/unit/test_explain.py::test_two_hyperparameters_of_a_real_run",
    "tests/unit/test_explain.py::test_reported_numbers_are_those_of_the_shown_expression",
    "tests/unit/test_explain.py::test_conditional_hyperparameter_names_its_condition",
    "tests/unit/test_explain.py::test_plots_draw_the_formula",
    "tests/unit/test_explain.py::test_other_engines",
    "tests/system/test_concurrency.py::test_filters_of_warnings_can_be_built_anew_from_their_texts",
    "tests/system/test_cli.py::test_one_hyperparameter",
    "tests/system/test_cli.py::test_bad_input_is_one_line_and_exit_code_2",
    "tests/system/test_cli.py::test_installed_command_and_module",
    "tests/unit/test_architecture.py",
)
#: With DeepCAVE, the panel.
QUICK_PANEL = (
    "tests/unit/dashboard/test_config.py::test_our_panel_stands_beside_the_built_in_ones",
    "tests/unit/dashboard/test_panel.py::test_the_panel_shows_what_explain_returns",
    "tests/documentation/test_examples.py::test_the_panel_without_a_browser",
)

_API = "from deepcave_symbolic import explain; explain('examples/runs/svm_bbo', 'C', engine={!r})"
_ENGINE = ("explain", "examples/runs/svm_bbo", "-p", "C", "--engine")
#: By the name of the lane. A package that another requirement brings is taken out first.
ABSENT = {
    "without-deepcave": Absent(
        "deepcave",
        "3.11",
        ("dashboard", "--no-browser"),
        "from deepcave_symbolic.dashboard.panel import SymbolicFormulas",
        "3.10",
    ),
    "without-operon": Absent(
        "pyoperon",
        "3.12",
        (*_ENGINE, "operon"),
        _API.format("operon"),
        'pip install "deepcave-symbolic[operon]"',
    ),
    "without-optuna": Absent(
        "optuna",
        "3.12",
        ("explain", "study.db"),
        "import sqlite3; sqlite3.connect('study.db').execute('create table t (a)'); "
        "from deepcave_symbolic import load_run; load_run('study.db')",
        'pip install "deepcave-symbolic[optuna]"',
    ),
    "without-distributed": Absent(
        "distributed",
        "3.12",
        ("explain", "examples/runs/svm_bbo", "--scheduler", "tcp://127.0.0.1:8786"),
        "from deepcave_symbolic import explain_all; "
        "explain_all('examples/runs/svm_bbo', scheduler='tcp://127.0.0.1:8786')",
        'pip install "distributed"',
    ),
    "without-gplearn": Absent(
        "gplearn",
        "3.13",
        (*_ENGINE, "gplearn"),
        _API.format("gplearn"),
        "pip install deepcave-symbolic",
    ),
}


@dataclass(frozen=True)
class Lane:
    """A Python, what is installed there, and what is checked.

    Args:
        name: What `--only` takes.
        python: The version, such as "3.12".
        install: Installs the package into an empty environment.
        check: Returns the result; the flag is `--quick`.
        by_pip: Whether the environment has a pip, as a user's has.
    """

    name: str
    python: str
    install: Callable[[Environment, Built], None]
    check: Callable[[Environment, bool], Result]
    by_pip: bool = False


def _with_tests(environment: Environment, built: Built) -> None:
    environment.install(f"{built.wheel}[{','.join([*RUNTIME_EXTRAS, 'test'])}]")


def _lowest(environment: Environment, built: Built) -> None:
    constraints = environment.folder / "lowest.txt"
    constraints.write_text(lowest_versions(), encoding="utf-8")
    environment.install(f"{built.wheel}[{','.join([*RUNTIME_EXTRAS, 'test'])}]", "--constraint", constraints)


def _from_wheel(environment: Environment, built: Built) -> None:
    environment.install(built.wheel, pip=True)


def _from_sdist(environment: Environment, built: Built) -> None:
    environment.install(built.sdist, pip=True)


def _bare(environment: Environment, built: Built) -> None:
    environment.install(built.wheel)


def _test(environment: Environment, quick: bool) -> Result:
    panel = QUICK_PANEL if list((environment.folder / "venv").glob("lib/*/site-packages/deepcave")) else ()
    return run_tests(environment, [*QUICK, *panel] if quick else [f"--ignore={path}" for path in LEFT_OUT])


def _commands(environment: Environment, quick: bool) -> Result:
    return of_checks(commands_work(environment), environment.log)


def _commands_and_dashboard(environment: Environment, quick: bool) -> Result:
    def checks() -> Iterator[tuple[str, str]]:
        yield from commands_work(environment)
        yield from dashboard_starts_and_stops(environment)

    return of_checks(checks(), environment.log)


def _without(absent: Absent) -> Callable[[Environment, bool], Result]:
    def check(environment: Environment, quick: bool) -> Result:
        environment.uninstall(absent.package)
        return of_checks(says_what_is_missing(environment, absent), environment.log)

    return check


LANES = (
    Lane("py310", "3.10", _with_tests, _test),
    Lane("py311", "3.11", _with_tests, _test),
    Lane("py312", "3.12", _with_tests, _test),
    Lane("py313", "3.13", _with_tests, _test),
    Lane("lowest", "3.10", _lowest, _test),
    Lane("wheel", "3.10", _from_wheel, _commands_and_dashboard, by_pip=True),
    Lane("sdist", "3.13", _from_sdist, _commands, by_pip=True),
    *(Lane(name, absent.python, _bare, _without(absent)) for name, absent in ABSENT.items()),
)


def run_lane(lane: Lane, built: Built, quick: bool) -> Result | str:
    """Returns a lane's result, or why it was skipped. The environment is removed again if all is well."""
    log = FOLDER / f"{lane.name}.log"
    python = interpreter(lane.python)
    if python is None:
        return f"skipped: python{lane.python} is not on this machine"
    try:
        environment = make_environment(lane.name, python, built, log, by_pip=lane.by_pip)
        lane.install(environment, built)
        environment.check_origin()
        result = lane.check(environment, quick)
    except LaneError as error:
        return Result(failed=1, note=str(error))
    if not result.failed:
        shutil.rmtree(environment.folder)
    return result


def row(name: str, python: str, seconds: float, result: Result | str) -> str:
    """Returns a line of the table."""
    start = f"{name:<17} {python:<7} {seconds:6.0f} s  "
    if isinstance(result, str):
        return start + result
    counts = f"{result.passed:5d} passed {result.failed:3d} failed {result.skipped:3d} skipped"
    return start + counts + (f"  {result.note}" if result.note else "")


def prepare() -> Built:
    """Returns what was built, in an empty folder.

    Raises:
        LaneError: If there is no index to install from, or the build failed.
    """
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    log = FOLDER / "build.log"
    if (recorded := FOLDER.parent.parent / "shared").is_dir():
        (FOLDER / "shared").symlink_to(recorded)  # the recorded runs, where the tests look for them
    if not index_answers(log):
        raise LaneError(f"pip cannot download anything here, and every lane installs packages; see {shown(log)}")
    return build(log)


def main() -> int:
    """Runs the lanes that the command line asks for, and returns the exit code."""
    parser = argparse.ArgumentParser(
        description="Tests the built package on every supported Python.", allow_abbrev=False
    )
    parser.add_argument("--only", action="append", choices=[lane.name for lane in LANES], help="run this lane only")
    parser.add_argument("--quick", action="store_true", help="a few tests in each lane")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="lanes at a time (default: the cores)")
    arguments = parser.parse_args()
    lanes = [lane for lane in LANES if arguments.only is None or lane.name in arguments.only]
    rows, failed = [], False
    started = time.monotonic()

    def finished(name: str, python: str, since: float, result: Result | str) -> None:
        nonlocal failed
        failed = failed or (isinstance(result, Result) and result.failed > 0)
        rows.append(row(name, python, time.monotonic() - since, result))
        print(rows[-1], flush=True)

    def timed(lane: Lane) -> None:
        since = time.monotonic()
        finished(lane.name, lane.python, since, run_lane(lane, built, arguments.quick))

    try:
        built = prepare()
    except LaneError as error:
        print(f"lanes: {error}", file=sys.stderr)
        return 1
    finished("build", "", started, of_checks(contents_are_right(built), FOLDER / "build.log"))
    with ThreadPoolExecutor(arguments.jobs) as pool:
        list(pool.map(timed, lanes))
    used = os.times()
    computing = used.children_user + used.children_system
    print(f"\n{chr(10).join(rows)}\nall lanes: {time.monotonic() - started:.0f} s, of computing {computing:.0f} s")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
