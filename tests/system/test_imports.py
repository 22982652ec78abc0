"""What a process loads and what it does not: heavy packages come when they are used, and not before."""

from __future__ import annotations

import subprocess
import sys

import pytest

from places import SVM

HEAVY = "deepcave dash smac sklearn sympy plotly gplearn pyoperon ConfigSpace pandas scipy"
EXPLAIN = "from deepcave_symbolic import explain; explain(sys.argv[1], 'C')"
READ = "from deepcave_symbolic import load_run; load_run(sys.argv[1])"


@pytest.mark.smoke
@pytest.mark.parametrize(
    ("code", "unloaded"),
    [
        ("import deepcave_symbolic; dir(deepcave_symbolic)", HEAVY),
        ("import deepcave_symbolic.engines", f"{HEAVY} numpy deepcave_symbolic.engines.gplearn"),
        ("import deepcave_symbolic.surrogates, deepcave_symbolic.runs as runs; runs.load_run", "smac sklearn"),
        (READ, "smac optuna deepcave"),
        (EXPLAIN, "dask distributed smac.facade optuna deepcave sympy plotly pandas"),
    ],
)
def test_imports_are_light(code: str, unloaded: str) -> None:
    command = [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)", str(SVM)]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "deepcave_symbolic" in loaded and not set(unloaded.split()) & set(loaded)


@pytest.mark.parametrize("module", ["deepcave_symbolic.config", "deepcave_symbolic.dashboard.panel.plugin"])
def test_without_deepcave_the_error_says_what_to_install(module: str) -> None:
    code = (
        "import sys; sys.modules['deepcave'] = None\n"
        "from deepcave_symbolic.exceptions import MissingDependencyError\n"
        f"try:\n    import {module}\nexcept MissingDependencyError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "needs the package 'deepcave'" in done.stdout, done.stderr
    assert "Python 3.10" in done.stdout


def test_the_first_figure_in_a_notebook_says_nothing() -> None:
    """Plotly imports Kaleido then, which warns where it does not suit the plotly that DeepCAVE pins."""
    code = (
        "import sys; from deepcave_symbolic import explain\n"
        "figure = explain(sys.argv[1], 'C', max_complexity=1).plot()\n"
        "figure._repr_mimebundle_(None, None)  # as a notebook asks\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(SVM)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_pandas_is_whole_for_who_uses_it_afterwards() -> None:
    code = (
        f"import sys; {EXPLAIN}; fixes = sys.modules['sklearn.utils.fixes']; import pandas\n"
        "assert sys.modules['pandas'] is pandas and fixes.pd.DataFrame is pandas.DataFrame\n"
        "from sklearn.preprocessing import StandardScaler\n"
        "frame = StandardScaler().set_output(transform='pandas').fit_transform(pandas.DataFrame({'a': [1.0, 2.0]}))\n"
        "assert isinstance(frame, pandas.DataFrame) and list(frame) == ['a']"
    )
    done = subprocess.run([sys.executable, "-c", code, str(SVM)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "used",
    [
        "import smac; smac.Scenario, smac.model.random_forest.RandomForest, smac.model.gaussian_process",
        "from smac import *; Scenario",
        "from smac.facade.random_facade import RandomFacade",
        "import smac.callback; smac.callback.Callback, smac.facade",
        "import importlib.resources as r; assert r.files('smac').joinpath('scenario.py').is_file()",
    ],
)
def test_smac_is_whole_for_who_uses_it_afterwards(used: str) -> None:
    code = f"import sys; {EXPLAIN}; assert 'smac.facade' not in sys.modules; {used}"
    done = subprocess.run([sys.executable, "-c", code, str(SVM)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


#: A space with every distribution that ConfigSpace takes from SciPy, and with none of them.
DISTRIBUTIONS = """
from ConfigSpace import Beta, ConfigurationSpace, Float, Integer, Normal
space = ConfigurationSpace(seed=1)
space.add(Float("a", (1.0, 9.0), log=True), Integer("b", (1, 9)))
"""
PUT_OFF = """
from deepcave_symbolic.process.partial_import import names_when_used
with names_when_used("scipy.stats", "scipy.stats._distn_infrastructure"):
    import ConfigSpace
"""
ASKED = """
space.add(
    Integer("c", (1, 999), log=True),
    Float("d", (0.0, 1.0), distribution=Normal(0.5, 0.1)),
    Float("e", (0.0, 1.0), distribution=Beta(2, 3)),
    Integer("f", (1, 9), distribution=Normal(5, 2)),
    Integer("g", (1, 9), distribution=Beta(2, 2)),
)
import copy, pickle
for each in (space, copy.deepcopy(space), pickle.loads(pickle.dumps(space))):
    print([dict(drawn) for drawn in each.sample_configuration(3)])
print([each.pdf_values([each.default_value]) for each in space.values()])
import scipy.stats
assert scipy.stats.norm.cdf(0) == 0.5
"""


def test_distributions_are_whole_for_who_uses_them_afterwards() -> None:
    def said(*code: str) -> str:
        done = subprocess.run([sys.executable, "-c", "".join(code)], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    unused = "import sys; assert not any(name.startswith('scipy') for name in sys.modules)"
    said(PUT_OFF, DISTRIBUTIONS, unused)
    assert said(PUT_OFF, DISTRIBUTIONS, unused, ASKED) == said(DISTRIBUTIONS, ASKED)
