"""Figures draw what there is between values, and nothing between choices without an order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, Float, InCondition, Integer

from deepcave_symbolic import Explanation, Explanations, explain, explain_all
from deepcave_symbolic.exceptions import InvalidArgumentError
from known_surrogates import OfValues


@pytest.fixture(scope="module")
def space() -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    space.add(Categorical("kernel", ["rbf", "poly"]), Categorical("solver", ["adam", "sgd", "lbfgs"]))
    space.add(Integer("layers", (1, 3)))
    return space


@pytest.fixture(scope="module")
def known(space: ConfigurationSpace) -> Any:
    costs = {"rbf": 1.0, "poly": 2.0, "adam": 0.0, "sgd": 0.5, "lbfgs": 3.0}

    def mean(values: dict[str, Any]) -> Any:
        kernel, solver = (np.array([costs[choice] for choice in values[name]]) for name in ("kernel", "solver"))
        return kernel * (1 + solver) + 0.1 * values["layers"]

    return OfValues(space, mean)


def explained(space: ConfigurationSpace, known: OfValues, *names: str) -> Explanation:
    return explain(None, *names, surrogate=known, configspace=space)


def test_no_line_joins_two_categories(space: ConfigurationSpace, known: OfValues) -> None:
    figure = explained(space, known, "kernel", "solver").plot()
    assert {trace.mode for trace in figure.data} == {"markers"}
    surrogates = {trace.name: trace for trace in figure.data if trace.name.endswith("surrogate")}
    assert list(surrogates) == ["rbf: surrogate", "poly: surrogate"]
    # Beside one another around their choice's place, with what the surrogate says there.
    places = [np.array(trace.x) for trace in surrogates.values()]
    assert (np.mean(places, axis=0) == pytest.approx([0, 1, 2])) and (places[1] - places[0] > 0.3).all()
    assert surrogates["poly: surrogate"].y == pytest.approx((2.2, 3.2, 8.2), rel=0.01)
    assert all(len(trace.error_y.array) == 3 for trace in surrogates.values())


@pytest.mark.slow
@pytest.mark.parametrize("names", [("layers",), ("layers", "kernel")])
def test_a_curve_of_few_points_has_no_markers(space: ConfigurationSpace, known: OfValues, names: Any) -> None:
    # What plotly chooses by itself for fewer than 20 points.
    curves = [trace for trace in explained(space, known, *names).plot().data if len(trace.x) > 1]
    assert curves and {trace.mode for trace in curves} == {"lines"}


@pytest.mark.slow
def test_all_hyperparameters_stand_on_one_scale(space: ConfigurationSpace, known: OfValues) -> None:
    explanations = explain_all(None, surrogate=known, configspace=space)
    figure = explanations.plot()
    ranked = [e.hyperparameters[0] for e in explanations]
    assert ranked == ["solver", "kernel", "layers"]
    titles = [title.text for title in figure.layout.annotations]
    for rank, (title, e) in enumerate(zip(titles, explanations, strict=True), start=1):
        assert title.startswith(f"<b>{rank}. {e.hyperparameters[0]}</b> · range ") and "<br>" in title
    surrogates = [trace for trace in figure.data if trace.name.startswith("surrogate")]
    for trace, e in zip(surrogates, explanations, strict=True):
        assert trace.y == pytest.approx(e.projection.mean)
    low, high = figure.layout.yaxis.range
    assert all(low < value < high for trace in surrogates for value in trace.y)
    assert {axis.matches for axis in figure.select_yaxes()} == {None, "y"}
    # Every kind of trace has one entry in the legend.
    in_legend = [trace.name for trace in figure.data if trace.showlegend]
    assert len(in_legend) == len(set(in_legend)) > 0


def test_pairs_stand_in_a_matrix_of_maps(space: ConfigurationSpace, known: OfValues) -> None:
    pair = explained(space, known, "kernel", "solver")
    figure = Explanations([pair, *explain_all(None, surrogate=known, configspace=space)]).plot()
    # The surrogate below the diagonal: solver comes first, so kernel is below it.
    surrogate, formula = (trace for trace in figure.data if trace.type == "heatmap")
    assert np.array(surrogate.z) == pytest.approx(pair.projection.mean.reshape(2, 3))
    assert (surrogate.xaxis, surrogate.yaxis, formula.xaxis, formula.yaxis) == ("x3", "y3", "x2", "y2")
    mirrored = np.array(formula.z).T
    assert mirrored == pytest.approx(np.array(surrogate.z), rel=0.05)
    assert figure.layout.xaxis3.title.text == "solver" and figure.layout.yaxis3.title.text == "kernel"
    # On the diagonal the curves, on the scale of the colours.
    assert {trace.xaxis for trace in figure.data if trace.name == "surrogate"} == {"x", "x4"}
    assert list(figure.layout.yaxis4.range) == [figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax]


@pytest.mark.slow
def test_a_choice_that_a_pair_leaves_out_stays_blank() -> None:
    space = ConfigurationSpace(seed=0)
    solver, rate = Categorical("solver", ["lbfgs", "sgd", "adam"]), Float("rate", (0.0, 1.0))
    width = Float("width", (0.0, 1.0))
    space.add(solver, rate, width, InCondition(rate, solver, ["sgd", "adam"]))
    known = OfValues(
        space, lambda v: np.where(v["solver"] == "lbfgs", 5.0, 1.0 + np.nan_to_num(v["rate"])) + v["width"]
    )
    names = [("solver", "rate"), ("solver", "width"), ("solver",), ("rate",)]
    figure = Explanations([explained(space, known, *each) for each in names]).plot()
    with_rate = next(t for t in figure.data if t.type == "heatmap" and t.name is None and np.isnan(t.z).any())
    by_choice = np.array(with_rate.z) if np.shape(with_rate.z)[0] == 3 else np.array(with_rate.z).T
    assert np.isnan(by_choice[0]).all() and np.isfinite(by_choice[1:]).all()


def test_nothing_explained_is_no_figure() -> None:
    with pytest.raises(InvalidArgumentError, match="single hyperparameter"):
        Explanations([]).plot()
