"""The contract of every engine, and what is particular to one."""

from __future__ import annotations

import argparse
import sys
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest

from deepcave_symbolic import explain
from deepcave_symbolic.cli.search_options import add_search_options
from deepcave_symbolic.engines import (
    DEFAULT_FUNCTIONS,
    ENGINES,
    KNOWN_FUNCTIONS,
    EngineEntry,
    EngineName,
    SearchProblem,
    SymbolicRegressionEngine,
    engine_choices,
    engines_of,
    get_engine,
)
from deepcave_symbolic.engines._candidates import functions_used
from deepcave_symbolic.engines.gplearn import GPLearnEngine, program_to_node
from deepcave_symbolic.engines.operon import OperonEngine, tree_to_node
from deepcave_symbolic.exceptions import InvalidArgumentError, MissingDependencyError, UnknownNameError
from deepcave_symbolic.formulas.expression import Node, complexity, constant, evaluate, walk
from deepcave_symbolic.numeric.arrays import Array, columns_of
from deepcave_symbolic.process import optional as _optional
from places import SVM
from problems import problem_of

# An effort that a test can wait for, where an engine's own is more; every engine of the table is tested.
QUICK: dict[str, SymbolicRegressionEngine] = {
    "operon": OperonEngine(max_evaluations=10_000),
    "gplearn": GPLearnEngine(population_size=100, generations=4, standardize=True),
}

# gplearn needs more of it, and a penalty that fits targets of this size, to find even a straight line.
LINE = {**QUICK, "gplearn": GPLearnEngine(population_size=300, generations=4, parsimony=1e-2, standardize=True)}
PLANE = {**QUICK, "gplearn": GPLearnEngine(population_size=500, generations=6, parsimony=1e-2)}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> SymbolicRegressionEngine:
    if request.param == "operon":
        pytest.importorskip("pyoperon")
    return QUICK.get(request.param) or get_engine(request.param)


def search(engine: SymbolicRegressionEngine, u: Array, y: Array, **options: Any) -> list[Node]:
    return engine.search(problem_of(u, y, **{"max_complexity": 12, **options}))


def r_squared(node: Node, X: Array, y: Array, weights: Array | None = None) -> float:
    residual = np.average((evaluate(node, columns_of(X)) - y) ** 2, weights=weights)
    return float(1.0 - residual / np.average((y - np.average(y, weights=weights)) ** 2, weights=weights))


def best_r_squared(nodes: list[Node], X: Array, y: Array, weights: Array | None = None) -> float:
    return max(r_squared(node, X, y, weights) for node in nodes)


def line(n: int = 30) -> tuple[Array, Array]:
    X = np.linspace(-4.0, -1.0, n)[:, None]
    return X, 2.0 + 3.0 * X[:, 0]


def valley(n: int = 30) -> tuple[Array, Array]:
    X = np.linspace(-4.0, 0.0, n)[:, None]
    return X, 0.12 + 0.08 * (X[:, 0] + 2.1) ** 2


class Level:
    """Proposes the mean."""

    name = "level"

    def search(self, problem: SearchProblem) -> list[Node]:
        return [constant(float(problem.y.mean()))]


def explain_help() -> str:
    parser = argparse.ArgumentParser()
    add_search_options(parser)
    return " ".join(parser.format_help().split())


class TestEveryEngine:
    def test_follows_the_protocol(self, engine: SymbolicRegressionEngine) -> None:
        assert isinstance(engine, SymbolicRegressionEngine)
        assert engine.name in ENGINES

    def test_proposes_finite_expressions_of_the_length_asked_for(self, engine: SymbolicRegressionEngine) -> None:
        X, y = valley()
        nodes = search(engine, X, y)
        assert nodes
        for node in nodes:
            assert isinstance(node, Node)
            assert np.isfinite(evaluate(node, columns_of(X))).all()
            # exp(k·u) of the search coordinates has a node more than exp(-u/w).
            assert complexity(node) <= 12 + 1

    def test_proposes_more_than_one_length(self, engine: SymbolicRegressionEngine) -> None:
        assert len({complexity(node) for node in search(engine, *valley())}) >= 3

    def test_finds_a_line(self, engine: SymbolicRegressionEngine) -> None:
        u = np.linspace(-1.0, 1.0, 30)[:, None]
        y = 2.0 + 3.0 * u[:, 0]
        short = [node for node in search(LINE.get(engine.name, engine), u, y) if complexity(node) <= 9]
        assert best_r_squared(short, u, y) > 0.999

    def test_finds_a_plane(self, engine: SymbolicRegressionEngine) -> None:
        u, v = np.meshgrid(np.linspace(-1.0, 1.0, 8), np.linspace(-2.0, 0.0, 8))
        X = np.column_stack([u.ravel(), v.ravel()])
        y = X[:, 0] - X[:, 1]
        assert best_r_squared(search(PLANE.get(engine.name, engine), X, y), X, y) > 0.999

    def test_same_seed_same_candidates(self, engine: SymbolicRegressionEngine) -> None:
        X, y = valley()
        assert search(engine, X, y, seed=3) == search(engine, X, y, seed=3)

    def test_leaves_the_global_random_state_alone(self, engine: SymbolicRegressionEngine) -> None:
        np.random.seed(1)
        expected = np.random.RandomState(1).rand()
        search(engine, *line(10))
        assert np.random.rand() == expected

    def test_leaves_its_input_alone(self, engine: SymbolicRegressionEngine) -> None:
        X, y = valley()
        X_before, y_before = X.copy(), y.copy()
        search(engine, X, y)
        np.testing.assert_array_equal(X, X_before)
        np.testing.assert_array_equal(y, y_before)

    @pytest.mark.parametrize("level", [0.0, 0.3, -250.0])
    def test_constant_targets_give_the_constant(self, engine: SymbolicRegressionEngine, level: float) -> None:
        X, _ = valley(20)
        nodes = search(engine, X, np.full(20, level))
        errors = [np.abs(evaluate(node, columns_of(X)) - level).max() for node in nodes]
        assert min(errors) <= 1e-9 * max(1.0, abs(level))

    @pytest.mark.parametrize("n", [1, 2, 3, 5])
    def test_few_points(self, engine: SymbolicRegressionEngine, n: int) -> None:
        X, y = valley(30)
        nodes = search(engine, X[:n], y[:n])
        assert nodes
        for node in nodes:
            assert np.isfinite(evaluate(node, columns_of(X[:n]))).all()

    def test_weights_choose_what_is_fitted(self, engine: SymbolicRegressionEngine) -> None:
        # Two halves that contradict each other; the weights say which one to believe.
        X = np.tile(np.linspace(-1.0, 1.0, 20), 2)[:, None]
        y = np.where(np.arange(40) < 20, X[:, 0], -X[:, 0])
        weights = np.where(np.arange(40) < 20, 1.0, 1e-6)
        assert best_r_squared(search(engine, X, y, weights=weights), X, y, weights) > 0.95
        assert best_r_squared(search(engine, X, y, weights=weights[::-1].copy()), X, y, weights[::-1]) > 0.95

    @pytest.mark.parametrize("functions", [(), ("square",), ("exp", "sqrt")])
    def test_uses_only_the_functions_allowed(
        self, engine: SymbolicRegressionEngine, functions: tuple[str, ...]
    ) -> None:
        for node in search(engine, *valley(), functions=functions):
            assert functions_used(node) <= set(functions)


class TestTable:
    def test_names_give_engines(self) -> None:
        for name in ENGINES:
            assert get_engine(name).name == name
        assert get_args(EngineName) == ("auto", *ENGINES)

    def test_an_instance_comes_back(self) -> None:
        engine = GPLearnEngine(parsimony=1e-3)
        assert get_engine(engine) is engine

    def test_an_unknown_name_is_answered_with_the_nearest(self) -> None:
        with pytest.raises(UnknownNameError, match="Did you mean 'exhaustive'") as error:
            get_engine("exhaustiv")
        assert error.value.valid == tuple(ENGINES)

    @pytest.mark.parametrize("wrong", [None, 3, GPLearnEngine, SimpleNamespace(name="mine", search=3)])
    def test_anything_else_is_refused(self, wrong: Any) -> None:
        with pytest.raises(InvalidArgumentError, match="expected one of exhaustive, operon, gplearn"):
            get_engine(wrong)

    def test_an_engine_of_the_old_protocol_is_told_the_new_one(self) -> None:
        def search(X: Array, y: Array, *, weights: Any, max_complexity: int, functions: Any, seed: int) -> list[Node]:
            return []

        with pytest.raises(InvalidArgumentError, match=r"'mine' has the method search\(X.*expected search\(problem\)"):
            explain(SVM, "C", engine=SimpleNamespace(name="mine", search=search))

    def test_auto_asks_operon_for_longer_formulas(self) -> None:
        assert [one.name for one in engines_of("auto", 25)] == ["exhaustive"]
        assert [one.name for one in engines_of("auto", 26)] == ["exhaustive", "operon"]
        assert [one.name for one in engines_of("gplearn", 26)] == ["gplearn"]

    @pytest.mark.slow
    def test_auto_goes_without_an_engine_that_is_not_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pyoperon", None)
        monkeypatch.delitem(sys.modules, "pyoperon.sklearn", raising=False)
        run = SVM
        assert {f.engine for f in explain(run, "C", max_complexity=26).formulas} == {"constant", "exhaustive"}
        with pytest.raises(MissingDependencyError):
            explain(run, "C", engine="operon")

    @pytest.mark.slow
    def test_functions_are_the_users_then_the_engines_then_the_readable_ones(self) -> None:
        asked: list[tuple[str, ...]] = []

        class Plain(Level):
            def search(self, problem: SearchProblem) -> list[Node]:
                asked.append(problem.functions)
                return super().search(problem)

        class Own(Plain):
            default_functions = ("sin",)

        for one, functions in ((Own(), ("exp",)), (Own(), None), (Plain(), None)):
            explain(SVM, "C", engine=one, functions=functions, source="trials")
        assert asked == [("exp",), ("sin",), DEFAULT_FUNCTIONS]

    def test_a_new_engine_is_found_by_its_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        entry = EngineEntry(module=__name__, class_name="Level", title="Level", remark="a constant", extra="levels")
        monkeypatch.setitem(ENGINES, "level", entry)
        assert engine_choices()["level"] == "Level (a constant; needs the extra 'levels')"
        explanation = explain(SVM, "C", engine="level")
        assert [(f.engine, f.complexity) for f in explanation.formulas] == [("constant", 1)]
        assert "{auto,exhaustive,operon,gplearn,level}" in explain_help()

    def test_a_missing_package_names_the_command(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pyoperon", None)
        monkeypatch.delitem(sys.modules, "pyoperon.sklearn", raising=False)
        with pytest.raises(MissingDependencyError, match=r'pip install "deepcave-symbolic\[operon\]"'):
            search(OperonEngine(), *line())

    def test_a_package_that_breaks_says_how(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(name: str) -> Any:
            raise ImportError("libfoo.so: cannot open shared object file")

        monkeypatch.setattr(_optional.importlib, "import_module", broken)
        with pytest.raises(MissingDependencyError, match=r"cannot be imported \(libfoo.so"):
            _optional.import_optional("pyoperon.sklearn", purpose="The engine 'operon'")


class TestOperon:
    def test_a_tree_equals_operons_prediction(self) -> None:
        sklearn_api = pytest.importorskip("pyoperon.sklearn")
        rng = np.random.default_rng(0)
        for d in (1, 2):
            X = rng.uniform(-3.0, 2.0, (60, d))
            y = np.tanh(2.0 * (X[:, 0] + 1.0)) + 0.1 * X[:, -1] ** 2
            regressor = sklearn_api.SymbolicRegressor(
                allowed_symbols="add,sub,mul,div,exp,log,sqrt,square,abs,tanh,sin,cos,constant,variable",
                objectives=["r2", "length"],
                population_size=200,
                max_evaluations=10_000,
                max_length=20,
                max_depth=8,
                optimizer_iterations=5,
                random_state=d,
            ).fit(X, (y - y.mean()) / y.std())
            assert len(regressor.pareto_front_) >= 4
            for solution in regressor.pareto_front_:
                node = tree_to_node(solution["tree"], list(regressor.variables_))
                ours, theirs = evaluate(node, columns_of(X)), regressor.evaluate_model(solution["tree"], X)
                # Operon computes in single precision: a few units in the last place of its largest constant.
                size = max(1.0, *(abs(item.value) for item in walk(node) if item.is_constant))
                assert np.abs(ours - theirs).max() <= 1e-6 * size

    def test_units_of_the_target_do_not_matter(self) -> None:
        pytest.importorskip("pyoperon")
        engine = OperonEngine(max_evaluations=10_000, n_seeds=1)
        X, y = valley()
        small, large = search(engine, X, y), search(engine, X, 1000.0 * y - 7.0)
        assert [complexity(node) for node in small] == [complexity(node) for node in large]
        assert best_r_squared(large, X, 1000.0 * y - 7.0) == pytest.approx(best_r_squared(small, X, y), abs=1e-6)


class TestGPLearn:
    points = np.linspace(-1.0, 1.0, 2001)[:, None]

    def convert(self, *program: Any, points: Array | None = None, functions: tuple[str, ...] = KNOWN_FUNCTIONS) -> Any:
        from gplearn.functions import _function_map

        items = [_function_map[item] if isinstance(item, str) else item for item in program]
        return program_to_node(items, self.points if points is None else points, functions)

    def test_a_division_by_something_that_vanishes_is_refused(self) -> None:
        assert self.convert("div", 1.0, 0) is None
        assert self.convert("div", 1.0, "add", 0, 1.5) is not None

    def test_a_logarithm_loses_its_bars_where_the_sign_is_fixed(self) -> None:
        above, below = self.points + 2.0, self.points - 2.0
        assert self.convert("log", 0) is None
        assert self.convert("log", 0, points=above).args[0].op == "var"
        assert self.convert("log", 0, points=below).args[0].op == "neg"

    def test_a_square_root_keeps_its_bars_where_the_sign_changes(self) -> None:
        node = self.convert("sqrt", 0)
        np.testing.assert_array_equal(evaluate(node, [self.points[:, 0]]), np.sqrt(np.abs(self.points[:, 0])))
        assert self.convert("sqrt", 0, functions=("sqrt",)) is None
        assert functions_used(self.convert("sqrt", 0, points=self.points + 1.0)) == {"sqrt"}

    def test_protected_operators_on_numbers_are_numbers(self) -> None:
        assert self.convert("add", 0, "div", 3.0, 0.0).args[1].value == 1.0

    def test_a_program_equals_its_formula(self) -> None:
        genetic = pytest.importorskip("gplearn.genetic")
        X, y = valley()
        regressor = genetic.SymbolicRegressor(
            population_size=200,
            generations=3,
            function_set=["add", "sub", "mul", "div", "sqrt", "log", "sin", "cos", "abs"],
            random_state=0,
        )
        regressor.fit(X, y)
        converted = 0
        for program in regressor._programs[-1]:
            node = program_to_node(program.program, X, KNOWN_FUNCTIONS)
            if node is not None:
                converted += 1
                np.testing.assert_allclose(evaluate(node, columns_of(X)), program.execute(X), rtol=1e-9, atol=1e-12)
        assert converted > 100

    def test_the_defaults_are_the_papers(self) -> None:
        engine = GPLearnEngine()
        assert (engine.population_size, engine.generations, engine.parsimony) == (5000, 20, 1e-4)
        assert (engine.metric, engine.standardize) == ("rmse", False)

    @pytest.mark.slow
    def test_a_heavy_penalty_gives_short_programs(self) -> None:
        X, y = valley()
        options = {"max_complexity": 60, "functions": GPLearnEngine.default_functions}
        free = GPLearnEngine(parsimony=0.0, population_size=300, generations=3)
        strict = GPLearnEngine(parsimony=1.0, population_size=300, generations=3)
        longest = [max(complexity(node) for node in search(engine, X, y, **options)) for engine in (free, strict)]
        assert longest[1] < longest[0]
