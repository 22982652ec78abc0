"""The layering holds: one direction of flow, and importing the package loads nothing heavy."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import deepcave_symbolic

# Of the package that is tested, which need not be the checkout's.
PACKAGE = Path(deepcave_symbolic.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# From the leaves up; a place imports only from its own or one before it.
LAYERS = [
    ["exceptions", "__init__", "words", "numeric", "process"],
    ["space"],
    ["formulas"],
    ["runs"],
    ["surrogates"],
    ["projection"],
    ["engines"],
    ["findings"],
    ["question"],
    ["explanation", "explanations"],
    ["show"],
    ["comparing"],
    ["explainer", "estimator"],
    ["study"],
    ["api", "run_report"],
    ["live"],
    ["dashboard", "config", "user_config"],
    ["cli"],
    ["__main__"],
]
# Drawing belongs to the record's public methods; the import happens inside them.
LAZY_UPWARD = {("explanation", "show"), ("explanations", "show"), ("engines", "question")}
HEAVY = {
    "deepcave",
    "dash",
    "smac",
    "sklearn",
    "sympy",
    "plotly",
    "gplearn",
    "pyoperon",
    "ConfigSpace",
    "pandas",
    "scipy",
}


def layer_of(module: str) -> int:
    for i, names in enumerate(LAYERS):
        if module in names:
            return i
    pytest.fail(f"{module} has no layer; add it to LAYERS")


def own_imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("deepcave_symbolic"):
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_modules_import_downwards_only(path: Path) -> None:
    relative = path.relative_to(PACKAGE)
    if relative == Path("__init__.py"):
        return
    module = relative.parts[0].removesuffix(".py")
    for imported in own_imports(path):
        if (module, imported) in LAZY_UPWARD or (
            not (PACKAGE / imported).with_suffix(".py").exists() and not (PACKAGE / imported).is_dir()
        ):
            continue
        assert layer_of(imported) <= layer_of(module), f"{relative} imports {imported}"


# What runs inside DeepCAVE or starts it.
DASHBOARD = {"dashboard", "config.py", "user_config.py"}
CORE = [path for path in MODULES if path.relative_to(PACKAGE).parts[0] not in DASHBOARD]


@pytest.mark.parametrize("path", CORE, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_core_never_imports_the_dashboard(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level == 0}
    assert not names & {"deepcave", "dash"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_text_is_evaluated(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    called |= {n.func.attr for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}
    assert not called & {"eval", "exec", "sympify", "parse_expr"}
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert not imported & {"pickle", "cloudpickle", "dill", "marshal", "shelve"}


def test_import_is_light() -> None:
    code = "import sys, deepcave_symbolic; print(' '.join(sorted(m.split('.')[0] for m in sys.modules)))"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & HEAVY


@pytest.mark.parametrize(
    "package", ["deepcave_symbolic", *(f"deepcave_symbolic.{p}" for p in ("runs", "surrogates", "engines"))]
)
def test_public_names_exist(package: str) -> None:
    module = importlib.import_module(package)
    assert list(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None
