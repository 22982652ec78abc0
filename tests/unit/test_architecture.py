"""The layering holds: one direction of flow, and importing the package loads nothing heavy."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest

import deepcave_symbolic

# Of the package that is tested, which need not be the checkout's.
PACKAGE = Path(deepcave_symbolic.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# From the leaves up; a place imports only from its own layer or an earlier one.
LAYERS = [
    ["exceptions", "__init__", "words", "numeric", "process"],
    ["records"],
    ["space"],
    ["formulas"],
    ["runs"],
    ["surrogates"],
    ["projection"],
    ["engines"],
    ["findings"],
    ["advice"],
    ["laws", "whole_run"],
    ["question"],
    ["comparing"],
    ["show"],
    ["suggestions"],
    ["explanation"],
    ["comparison", "maker"],
    ["explainer", "estimator"],
    ["study"],
    ["api", "side_by_side"],
    ["live"],
    ["dashboard"],
    ["config"],
    ["user_config"],
    ["cli"],
    ["__main__"],
]


def imported_by(path: Path) -> Iterator[tuple[str, ...]]:
    """The modules of ours that a file imports, as parts of their paths: in functions and for annotations alone, too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names = [f"{node.module}.{name}" for name in names]
        for name in names:
            package, *parts = name.split(".")
            if package != PACKAGE.name:
                continue
            while not (file := PACKAGE.joinpath(*parts, "__init__.py")).exists():
                if (file := PACKAGE.joinpath(*parts).with_suffix(".py")).exists():
                    break
                parts.pop()  # a name inside the module
            yield file.relative_to(PACKAGE).with_suffix("").parts


def arrows() -> set[tuple[str, str]]:
    """Who imports whom: always two files or folders of one folder, the ones in which both ends of an import lie."""
    found = set()
    for path in MODULES:
        source = path.relative_to(PACKAGE).with_suffix("").parts
        for target in imported_by(path):
            if source != target:
                depth = next(i for i, (a, b) in enumerate(zip(source, target, strict=False), start=1) if a != b)
                found.add(("/".join(source[:depth]), "/".join(target[:depth])))
    return found


ARROWS = arrows()


def test_every_place_has_one_layer() -> None:
    places = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}
    assert sorted(chain(*LAYERS)) == sorted(places)


def test_places_import_downwards_only() -> None:
    layer = {place: i for i, places in enumerate(LAYERS) for place in places}
    inside = {(a, b) for a, b in ARROWS if a in layer and b in layer}
    # The package's own names are loaded when they are asked for.
    assert {(a, b) for a, b in inside if layer[a] < layer[b] and a != "__init__"} == set()


def test_no_circle_in_any_folder() -> None:
    graph: dict[str, set[str]] = {}
    for source, target in ARROWS:
        graph.setdefault(source, set()).add(target)
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


# What runs inside DeepCAVE or starts it.
DASHBOARD = {"dashboard", "config.py", "user_config.py"}
CORE = [path for path in MODULES if path.relative_to(PACKAGE).parts[0] not in DASHBOARD]


def test_core_never_imports_the_dashboard() -> None:
    found = {}
    for path in CORE:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        names = {a.name.split(".")[0] for n in nodes if isinstance(n, ast.Import) for a in n.names}
        names |= {(n.module or "").split(".")[0] for n in nodes if isinstance(n, ast.ImportFrom) and n.level == 0}
        found[path] = names & {"deepcave", "dash"}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.slow
def test_no_text_is_evaluated() -> None:
    found = {}
    for path in MODULES:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        called = {n.func.id for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        called |= {n.func.attr for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}
        imported = {a.name for n in nodes if isinstance(n, ast.Import) for a in n.names}
        evaluating = called & {"eval", "exec", "sympify", "parse_expr"}
        found[path] = evaluating | imported & {"pickle", "cloudpickle", "dill", "marshal", "shelve"}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.smoke
@pytest.mark.parametrize(
    "package", ["deepcave_symbolic", *(f"deepcave_symbolic.{p}" for p in ("runs", "surrogates", "engines"))]
)
def test_public_names_exist(package: str) -> None:
    module = importlib.import_module(package)
    assert list(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None
