"""Every encoder of SMAC 2.4.1 and every kind of model a folder can name, from a live run to a formula or a sentence."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepcave_symbolic import explain
from deepcave_symbolic.cli import main
from deepcave_symbolic.runs import Run, load_run
from deepcave_symbolic.runs.trial_selection import component_meta
from deepcave_symbolic.surrogates import SurrogateRecord, build_surrogate
from deepcave_symbolic.surrogates.data import TrainingData, collect
from deepcave_symbolic.surrogates.encoders import EIPS, ENCODERS, LinkEncoder, UnsuitableCostsError, fit_encoder
from deepcave_symbolic.surrogates.rank_encoders import RANK_ENCODERS, InterpolatedEncoder
from deepcave_symbolic.surrogates.rivals import STAND_IN
from live_runs import LiveRun, floats, live, mixed, plain, sample
from run_folders import edit_json

MODULES = {
    "RunHistoryInverseScaledEncoder": "inverse_scaled_encoder",
    "RunHistorySqrtScaledEncoder": "sqrt_scaled_encoder",
    "RunHistoryGaussianCopulaEncoder": "gaussian_copula_encoder",
    "RunHistoryPercentileEncoder": "percentile_encoder",
    "RunHistoryPowerTransformEncoder": "power_transform_encoder",
    "RunHistoryEIPSEncoder": "eips_encoder",
}
NEW = tuple(MODULES)
SINGLE = tuple(name for name in NEW if name != EIPS)


def encoder_class(name: str) -> Any:
    import importlib

    return getattr(importlib.import_module(f"smac.runhistory.encoder.{MODULES[name]}"), name)


_CACHE: dict[tuple[str, str], LiveRun] = {}


def encoded_run(name: str, base: Path, facade: str = "HyperparameterOptimizationFacade") -> LiveRun:
    """A live run with one of SMAC's encoders; EIPS with the two-output model that it needs."""
    if (name, facade) not in _CACHE:
        with contextlib.redirect_stdout(io.StringIO()):
            _CACHE[name, facade] = _make(name, base, facade)
    return _CACHE[name, facade]


def _make(name: str, base: Path, facade_name: str) -> LiveRun:
    import smac
    from smac.acquisition import function as acquisition
    from smac.model.multi_objective_model import MultiObjectiveModel

    facade = getattr(smac, facade_name)
    space = floats() if facade_name == "BlackBoxFacade" else mixed()
    scenario = smac.Scenario(
        space, deterministic=True, seed=3, n_trials=16, name=f"{name}-{facade_name}", output_directory=base / "smac"
    )
    arguments: dict[str, Any] = {
        "config_selector": facade.get_config_selector(scenario, retrain_after=50),
        "acquisition_maximizer": facade.get_acquisition_maximizer(scenario, challengers=20, local_search_iterations=1),
        "runhistory_encoder": encoder_class(name)(scenario),
    }
    if name == EIPS:
        models = [facade.get_model(scenario), facade.get_model(scenario)]
        arguments["model"] = MultiObjectiveModel(models, objectives=["cost", "time"])
        arguments["acquisition_function"] = acquisition.EIPS()
    optimizer = facade(scenario, plain, logging_level=False, overwrite=True, **arguments)
    optimizer.optimize()
    return LiveRun(optimizer, Path(scenario.output_directory))


def own_data(run: Run) -> TrainingData:
    return collect(run, objective=0, budget=None, encoder_name=component_meta(run, "runhistory_encoder")["name"])


def with_costs(run: Run, costs: Any) -> Run:
    trials = tuple(replace(t, costs=(float(c),)) for t, c in zip(run.trials, costs, strict=True))
    return replace(run, trials=trials)


@pytest.mark.slow
@pytest.mark.parametrize("name", NEW)
def test_rows_equal_smacs_encoder(name: str, base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = encoded_run(name, base)
    X, Y, _ = run.facade._config_selector._collect_data()
    capsys.readouterr()
    data = own_data(load_run(run.folder))
    assert capsys.readouterr().out == ""
    np.testing.assert_allclose(data.rows, X, rtol=0, atol=1e-10)
    np.testing.assert_allclose(data.z, Y[:, 0], rtol=1e-12, atol=1e-12)
    if name == EIPS:
        np.testing.assert_array_equal(Y.shape, (16, 2))


@pytest.mark.parametrize("name", NEW)
@pytest.mark.slow
def test_rows_with_timeouts_and_crashes_equal_smacs_encoder(name: str, base: Path, tmp_path: Path) -> None:
    from smac.runhistory import RunHistory
    from smac.scenario import Scenario

    folder = encoded_run("RunHistorySqrtScaledEncoder", base).copied(tmp_path)

    def change(data: dict[str, Any]) -> None:
        for i, status in ((1, 3), (4, 2), (7, 3), (9, 4)):
            data["data"][i].update(status=status, cost=5.0 + i)
        if name in RANK_ENCODERS:
            data["data"][2]["cost"] = data["data"][3]["cost"] = -1.0

    edit_json(folder / "runhistory.json", change)
    edit_json(folder / "scenario.json", lambda s: s["_meta"]["runhistory_encoder"].update(name=name))
    run = load_run(folder)
    history = RunHistory()
    history.load(folder / "runhistory.json", run.configspace)
    encoder = encoder_class(name)(Scenario.load(folder))
    encoder.runhistory = history
    with contextlib.redirect_stdout(io.StringIO()):
        X, Y = encoder.transform(budget_subset=[None])
    data = own_data(run)
    np.testing.assert_array_equal(data.rows, X)
    np.testing.assert_allclose(data.z, Y[:, 0], rtol=1e-13, atol=1e-13)
    clips = name in ("RunHistoryGaussianCopulaEncoder", "RunHistoryPercentileEncoder")
    assert (data.n_clipped, data.n_timeouts) == (2 if clips else 0, 2)
    if name == EIPS:
        return
    warnings = build_surrogate(run, objective=0, budget=None).record.warnings
    assert any("encodes the 2 timeouts" in w for w in warnings) == (name in RANK_ENCODERS)


@pytest.mark.parametrize("name", ENCODERS)
def test_the_inverse_returns_the_costs(name: str) -> None:
    y = np.random.default_rng(0).lognormal(size=15)
    encoder = fit_encoder(name, y)
    z = encoder.encode(y)
    assert np.all(np.diff(z[np.argsort(y)]) >= 0)
    np.testing.assert_allclose(encoder.decode(z), y, rtol=1e-8)
    # Equal costs come back, too; far predictions stay finite.
    tied = np.repeat(y, 2)
    encoder = fit_encoder(name, tied)
    inside = np.argsort(tied)[2:-2]  # the copula's outermost quantiles share a value
    np.testing.assert_allclose(encoder.decode(encoder.encode(tied))[inside], tied[inside], rtol=1e-8)
    far = encoder.decode(np.array([-1e6, -5.0, 5.0, 1e6]))
    assert np.isfinite(far).all()


def test_costs_beyond_the_outermost_quantile_are_their_mean() -> None:
    y = np.arange(1.0, 201.0)
    encoder = fit_encoder("RunHistoryGaussianCopulaEncoder", y)
    z = encoder.encode(y)
    shared = z == z.min()
    assert 1 < shared.sum() < 30
    np.testing.assert_allclose(encoder.decode(z)[shared], y[shared].mean())
    assert encoder.encode(np.empty(0)).shape == (0,)


Y15 = np.random.default_rng(1).lognormal(size=15)


@pytest.mark.parametrize("name", ["RunHistorySqrtScaledEncoder", *RANK_ENCODERS])
def test_moments_agree_with_monte_carlo(name: str) -> None:
    encoder = fit_encoder(name, Y15)
    mean, var = np.array([-0.4, 0.3, 0.8]), np.array([0.04, 0.25, 1.0])
    y = encoder.decode(np.random.default_rng(0).normal(mean, np.sqrt(var), size=(400_000, 3)))
    got_mean, got_std = encoder.decode_moments(mean, var)
    np.testing.assert_allclose(got_mean, y.mean(axis=0), rtol=0.01)
    np.testing.assert_allclose(got_std, y.std(axis=0), rtol=0.02)
    certain = encoder.decode_moments(mean, np.zeros(3))
    np.testing.assert_allclose(certain[0], encoder.decode(mean), rtol=1e-9)
    np.testing.assert_allclose(certain[1], 0, atol=1e-9)


def test_inverse_scaled_is_median_and_central_interval() -> None:
    encoder = fit_encoder("RunHistoryInverseScaledEncoder", Y15)
    mean, var = np.array([-3.0, -1.0, -0.5]), np.array([0.25, 0.04, 0.01])
    y = encoder.decode(np.random.default_rng(0).normal(mean, np.sqrt(var), size=(400_000, 3)))
    got_median, got_half = encoder.decode_moments(mean, var)
    low, median, high = np.quantile(y, [0.158655, 0.5, 0.841345], axis=0)
    np.testing.assert_allclose(got_median, median, rtol=0.005)
    np.testing.assert_allclose(got_half, (high - low) / 2, rtol=0.02)
    # The pole at z = 1, and what lies beyond it, is the highest cost of the run.
    np.testing.assert_array_equal(encoder.decode(np.array([0.5, 1.0, 1.5, 1e300])), np.full(4, Y15.max()))
    assert fit_encoder("RunHistoryInverseScaledEncoder", Y15, highest=99.0).decode(np.array([1.0]))[0] == 99.0


@pytest.mark.slow
@pytest.mark.parametrize("name", SINGLE)
def test_forest_with_every_encoder(name: str, base: Path) -> None:
    run = encoded_run(name, base)
    with contextlib.redirect_stdout(io.StringIO()):
        X, Y, _ = run.facade._config_selector._collect_data()
    model = type(run.facade).get_model(run.facade.scenario)
    model.train(X, Y)
    points = sample(run.facade.scenario.configspace, 100)
    ours = build_surrogate(load_run(run.folder), objective=0, budget=None)
    got_mean, got_var = ours.model.predict_encoded(points)  # type: ignore[attr-defined]
    mean, var = model.predict(points)
    np.testing.assert_allclose(got_mean, mean.ravel(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(got_var, var.ravel(), rtol=1e-9, atol=1e-9)
    assert ours.record.exact
    predicted, std = ours.model.predict(points)
    assert ours.y.min() - 1e-9 <= predicted.min() and predicted.max() <= ours.y.max() + 1e-9
    assert np.isfinite(std).all()
    assert any("Approximate inverse" in w for w in ours.record.warnings) == (name in RANK_ENCODERS)
    assert SurrogateRecord.from_dict(ours.record.to_dict()) == ours.record


@pytest.mark.slow
@pytest.mark.parametrize("name", SINGLE)
def test_gaussian_process_with_every_encoder(name: str, base: Path, tmp_path: Path) -> None:
    folder = encoded_run("RunHistorySqrtScaledEncoder", base, "BlackBoxFacade").copied(tmp_path)
    edit_json(folder / "scenario.json", lambda s: s["_meta"]["runhistory_encoder"].update(name=name))
    ours = build_surrogate(load_run(folder), objective=0, budget=None)
    assert (ours.record.name, ours.record.exact) == ("GaussianProcess", True)
    mean, std = ours.model.predict(ours.X)
    assert np.all(np.abs(mean - ours.y) <= 3 * std + 0.1 * np.ptp(ours.y))
    remark = "Approximate inverse" if name in RANK_ENCODERS else "its median and half the central 68 % interval"
    assert any(remark in w for w in ours.record.warnings) == (name != "RunHistorySqrtScaledEncoder")


@pytest.mark.slow
def test_mcmc_process_makes_a_formula(base: Path) -> None:
    explanation = explain(live("mcmc", base).folder, "x", max_complexity=6)
    assert explanation.surrogate.name == "MCMCGaussianProcess"
    assert explanation.surrogate.exact
    assert explanation.formulas


@pytest.mark.slow
def test_eips_explains_the_cost_and_says_so(base: Path, tmp_path: Path) -> None:
    run = encoded_run(EIPS, base)
    record = build_surrogate(load_run(run.folder), objective=0, budget=None).record
    (sentence,) = [w for w in record.warnings if "stands in" in w]
    assert "used a MultiObjectiveModel, of whose parts scenario.json keeps nothing" in sentence
    assert "log(1 + run time), the second output of the run's RunHistoryEIPSEncoder, is not the objective" in sentence
    assert "objective='Time' explains the run time" in sentence
    assert not record.exact
    time = explain(run.folder, "C", objective="Time", max_complexity=6)
    assert time.objective == "Time" and time.formulas
    # A folder that records a single forest beside the encoder: SMAC 2.4.1 fails at its training.
    folder = encoded_run("RunHistorySqrtScaledEncoder", base).copied(tmp_path)
    edit_json(folder / "scenario.json", lambda s: s["_meta"]["runhistory_encoder"].update(name=EIPS))
    own = build_surrogate(load_run(folder), objective=0, budget=None).record
    assert (own.name, own.exact) == ("RandomForest", False)
    assert "the run time is not the objective" in own.differences[0]


STAND_INS: list[tuple[dict[str, Any], str]] = [
    (
        {"model": {"name": "RandomModel"}},
        f"used no surrogate (random search); {STAND_IN} stands in for it.",
    ),
    ({"model": {"name": "MyNet"}}, "used the model 'MyNet', no class of SMAC's, of which"),
    ({"model": {"name": ["<b>"]}}, "used the model ['<b>'], no class"),
    ({"model": {"name": "x" * 10_000}}, "no class of SMAC's"),
    ({"model": None}, "does not record which surrogate it used"),
    ({"runhistory_encoder": None}, "does not record how it encoded the costs"),
    ({"runhistory_encoder": {"name": "MyEncoder"}}, "encoded the costs for its surrogate by 'MyEncoder', no class"),
    ({"runhistory_encoder": {"name": {"a": 1}}}, "no class of SMAC's"),
    ({"runhistory_encoder": {"name": "RunHistoryRawScaledEncoder"}}, "names BOinG's encoder"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("meta", "words"), STAND_INS, ids=range(len(STAND_INS)))
def test_a_consensus_stands_in_for_what_the_folder_does_not_tell(
    meta: dict[str, Any], words: str, base: Path, tmp_path: Path
) -> None:
    folder = live("hpo", base).copied(tmp_path)
    edit_json(folder / "scenario.json", lambda s: s["_meta"].update(meta))
    run = load_run(folder)
    for kind in ("run", "best"):
        record = build_surrogate(run, objective=0, budget=None, kind=kind).record
        (sentence,) = [w for w in record.warnings if "stands in for it" in w]
        assert words in sentence
        assert len(sentence) < 300
        assert not record.exact
    assert not any("stands" in w for w in build_surrogate(run, objective=0, budget=None, kind="forest").record.warnings)


def test_random_search_on_the_command_line(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(live("random", base).folder), "-p", "C", "--max-complexity", "6"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert f"used no surrogate (random search); {STAND_IN} stands in for it." in text


RAMP = np.linspace(1.0, 2.0, 24)
TRAPS = {
    "huge": RAMP * 1e300,
    "tiny": RAMP * 1e-300,
    "constant": np.full(24, 3.0),
    "large constant": np.full(24, 1e12),
    "negative": RAMP - 5,
    "both signs": (RAMP - 1.5) * 3e302,
    "close": 1e12 + RAMP * 1e-3,
}


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("name", ENCODERS)
def test_numeric_traps_of_the_encoders(name: str, trap: str) -> None:
    y = TRAPS[trap]
    try:
        encoder = fit_encoder(name, y)
    except UnsuitableCostsError as error:
        assert "cannot scale these costs" in str(error)
        assert trap == "large constant"
        return
    z = encoder.encode(y)
    kept = np.isfinite(z)
    back = encoder.decode(z[kept])
    assert np.isfinite(back).all()
    expected = np.full(24, 1e-5) if encoder.n_clipped(y) == 24 else y
    if encoder.n_clipped(y) in (0, 24) and isinstance(encoder, LinkEncoder):
        np.testing.assert_allclose(back, expected[kept], rtol=1e-9, atol=1e-12 if encoder.offset else 0)
    if isinstance(encoder, InterpolatedEncoder) and kept.any():
        raised = np.maximum(y, 1e-5) if encoder.n_clipped(y) else y
        slack = 1e-12 * np.abs(raised).max()
        assert back.min() >= raised.min() - slack and back.max() <= raised.max() + slack


@pytest.mark.slow
@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("kind", ["hpo", "scaled", "blackbox"])
def test_numeric_traps_end_in_a_finite_surrogate(kind: str, trap: str, base: Path) -> None:
    run = load_run(live(kind, base).folder)
    run = with_costs(run, TRAPS[trap])
    surrogate = build_surrogate(run, objective=0, budget=None)
    mean, std = surrogate.model.predict(surrogate.X)
    assert np.isfinite(mean).all() and np.isfinite(std).all() and (std >= 0).all()
    if np.ptp(surrogate.y) == 0:
        np.testing.assert_allclose(mean, surrogate.y, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("factor", [1e300, 1e-300])
@pytest.mark.parametrize("kind", ["hpo", "blackbox"])
def test_a_signal_survives_costs_of_any_size(kind: str, factor: float, base: Path) -> None:
    run = load_run(live(kind, base).folder)
    costs = np.array([trial.costs[0] for trial in run.trials])
    scaled = with_costs(run, costs * factor)
    explanation = explain(scaled, "C" if kind == "hpo" else "x", max_complexity=10)
    assert explanation.best.complexity > 0
    assert explanation.best.r2 is not None and explanation.best.r2 > 0.5
    assert (explanation.surrogate.cv_r2 or 0) > 0.2
    middle = explanation.best.predict({explanation.hyperparameters[0]: np.array([0.1])})
    assert costs.min() * factor / 3 < middle[0] < costs.max() * factor
    stood_in = any("on scaled costs stands in" in w for w in explanation.warnings)
    assert stood_in == (kind == "blackbox" or factor < 1)


@pytest.mark.slow
def test_the_largest_float_counts_as_a_crash(base: Path) -> None:
    run = load_run(live("hpo", base).folder)
    costs = np.array([trial.costs[0] for trial in run.trials])
    costs[[2, 5]] = np.finfo(np.float64).max, -np.finfo(np.float64).max
    record = build_surrogate(with_costs(run, costs), objective=0, budget=None).record
    assert (record.n_trials, record.exact) == (22, False)
    assert "Left out: 2 trials whose cost is infinite, missing or too large." in record.warnings


def test_random_search_in_the_panel(base: Path) -> None:
    pytest.importorskip("deepcave", reason="DeepCAVE 1.4.1 runs on Python 3.10 at the latest")
    from deepcave.runs.converters.smac3v2 import SMAC3v2Run

    from deepcave_symbolic.dashboard.panel import SymbolicFormulas

    panel = SymbolicFormulas()
    run = SMAC3v2Run.from_path(live("random", base).folder)
    result = panel.generate_outputs(run, panel.generate_inputs(hyperparameter_name_1="C", max_complexity=6))
    assert f"used no surrogate (random search); {STAND_IN} stands in for it." in str(result)
