"""Surrogates against SMAC itself: same rows, same model, same predictions, and their way back to objective units.

The reference is what DESIGN.md calls the run's own surrogate: the live run's model trained once more, fresh, on
`_collect_data()` of the finished run.
"""

from __future__ import annotations

import json
import logging
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepcave_symbolic.exceptions import InvalidArgumentError, NoTrialsError, SurrogateError, UnknownNameError
from deepcave_symbolic.runs import Run, load_run
from deepcave_symbolic.runs.trial_selection import component_meta, smacs_budget
from deepcave_symbolic.surrogates import FittedSurrogate, Surrogate, build_surrogate, cost
from deepcave_symbolic.surrogates.consensus import CONSENSUS_NAME
from deepcave_symbolic.surrogates.data import collect
from deepcave_symbolic.surrogates.encoders import LinkEncoder, fit_encoder
from deepcave_symbolic.surrogates.forest import inactive_values
from deepcave_symbolic.surrogates.limits import check_forest_size
from deepcave_symbolic.surrogates.rebuild import rebuild_model
from deepcave_symbolic.surrogates.smac import _as_json
from deepcave_symbolic.words.surrogate_names import SURROGATES
from live_runs import INSTANCES, OWN_MODEL, LiveRun, fresh_model, live, sample
from places import OLD_RUNS, SVM, short_name
from run_folders import edit_json, fingerprint

SINGLE = tuple(kind for kind in OWN_MODEL if kind != "two")
FORESTS = ("hpo", "plain", "log", "scaled", "mf")
PROCESSES = ("blackbox", "mcmc")


_FITTED: dict[str, FittedSurrogate] = {}


def fitted(run: LiveRun, kind: str) -> FittedSurrogate:
    if kind not in _FITTED:
        _FITTED[kind] = build_surrogate(load_run(run.folder), objective=0, budget=None)
    return _FITTED[kind]


def own_data(run: Run) -> Any:
    encoder = component_meta(run, "runhistory_encoder")
    budget = smacs_budget(run)
    return collect(run, objective=0, budget=budget, encoder_name=encoder["name"])


def rank_correlation(a: Any, b: Any) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(a, b)[0])


@pytest.mark.slow
@pytest.mark.parametrize("kind", SINGLE)
def test_rows_equal_smacs_encoder(kind: str, base: Path) -> None:
    run = live(kind, base)
    X, Y, _ = run.facade._config_selector._collect_data()
    data = own_data(load_run(run.folder))
    # The file holds the values that ConfigSpace rounded to 13 decimals, the live run the unrounded vectors.
    np.testing.assert_allclose(data.rows, X, rtol=0, atol=1e-10)
    np.testing.assert_allclose(data.z, Y.ravel(), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("kind", ["hpo", "log", "mf"])
@pytest.mark.slow
def test_rows_with_timeouts_and_crashes_equal_smacs_encoder(kind: str, base: Path, tmp_path: Path) -> None:
    from smac.runhistory import RunHistory
    from smac.runhistory import encoder as encoders
    from smac.scenario import Scenario

    folder = live(kind, base).copied(tmp_path)

    def change(data: dict[str, Any]) -> None:
        for i, status in ((1, 3), (4, 2), (7, 3), (9, 4), (11, 0)):
            data["data"][i].update(status=status, cost=5.0 + i)

    edit_json(folder / "runhistory.json", change)
    run = load_run(folder)
    history = RunHistory()
    history.load(folder / "runhistory.json", run.configspace)
    encoder = getattr(encoders, component_meta(run, "runhistory_encoder")["name"])(Scenario.load(folder))
    encoder.runhistory = history
    X, Y = encoder.transform(budget_subset=[smacs_budget(run)])
    data = own_data(run)
    np.testing.assert_array_equal(data.rows, X)
    np.testing.assert_array_equal(data.z, Y.ravel())


@pytest.mark.parametrize("kind", SINGLE)
@pytest.mark.slow
def test_rebuilt_meta_is_the_recorded_one(kind: str, base: Path) -> None:
    run = load_run(live(kind, base).folder)
    assert _as_json(rebuild_model(run).meta) == _as_json(component_meta(run, "model"))


@pytest.mark.parametrize("ratio", [0.01, 0.3, 5 / 6, 1.0, 1.5])
def test_ratio_of_features_comes_back(ratio: float, base: Path, tmp_path: Path) -> None:
    from smac.model.random_forest import RandomForest

    folder = live("hpo", base).copied(tmp_path)
    run = load_run(folder)
    recorded = RandomForest(run.configspace, ratio_features=ratio).meta
    edit_json(folder / "scenario.json", lambda s: s["_meta"].update(model=json.loads(_as_json(recorded))))
    assert rebuild_model(load_run(folder)).meta["max_features"] == recorded["max_features"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [pytest.param("hpo", marks=pytest.mark.smoke), *FORESTS[1:], "ac"])
def test_forest_equals_smacs_own(kind: str, base: Path) -> None:
    run = live(kind, base)
    X, Y, _ = run.facade._config_selector._collect_data()
    model = fresh_model(run, kind)
    model.train(X, Y)
    points = sample(run.facade.scenario.configspace)
    mean, var = model.predict_marginalized(points) if kind == "ac" else model.predict(points)
    ours = fitted(run, kind)
    got_mean, got_var = ours.model.predict_encoded(points)  # type: ignore[attr-defined]
    np.testing.assert_allclose(got_mean, mean.ravel(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(got_var, var.ravel(), rtol=1e-12, atol=1e-9 if kind == "ac" else 1e-12)
    assert ours.record.exact
    assert ours.record.differences == ()


@pytest.mark.slow
@pytest.mark.parametrize("kind", PROCESSES)
def test_gaussian_process_equals_smacs_own(kind: str, base: Path) -> None:
    run = live(kind, base)
    X, Y, _ = run.facade._config_selector._collect_data()
    model = fresh_model(run, kind)
    model.train(X, Y)
    points = sample(run.facade.scenario.configspace)
    mean, var = model.predict(points)
    got_mean, got_var = fitted(run, kind).model.predict_encoded(points)  # type: ignore[attr-defined]
    assert np.max(np.abs(got_mean - mean.ravel())) < 1e-3 * np.std(mean)
    assert np.max(np.abs(np.sqrt(got_var) - np.sqrt(var.ravel()))) < 1e-3 * np.std(mean)
    assert fitted(run, kind).record.exact


def test_smacs_untouched_model_on_the_trials_it_had_seen(base: Path) -> None:
    from dataclasses import replace

    run = live("hpo", base)
    model = run.facade._model  # trained once, after the initial design
    read = load_run(run.folder)
    n_seen = len(model._rf.trainX)
    seen = replace(read, trials=read.trials[:n_seen])
    points = sample(read.configspace)
    got = build_surrogate(seen, objective=0, budget=None).model.predict_encoded(points)[0]  # type: ignore[attr-defined]
    np.testing.assert_allclose(got, model.predict(points)[0].ravel(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", SINGLE)
@pytest.mark.slow
def test_training_points_come_back_in_objective_units(kind: str, base: Path) -> None:
    ours = fitted(live(kind, base), kind)
    mean, std = ours.model.predict(ours.X)
    assert mean.shape == std.shape == ours.y.shape
    assert np.isfinite(mean).all()
    assert (std >= 0).all()
    if kind in PROCESSES:
        assert np.all(np.abs(mean - ours.y) <= 3 * std + 0.02 * np.ptp(ours.y))
    elif kind in FORESTS:
        assert rank_correlation(mean, ours.y) > 0.9
        assert ours.y.min() - 1e-9 <= mean.min()
        assert mean.max() <= ours.y.max() + 1e-9
    else:  # averaged over the instances
        spread = [1 + values[0] for values in INSTANCES.values()]
        assert rank_correlation(mean, ours.y) > 0.5
        assert ours.y.min() / max(spread) <= mean.min()


@pytest.mark.slow
def test_instances_are_averaged(base: Path) -> None:
    run = live("ac", base)
    X, Y, _ = run.facade._config_selector._collect_data()
    model = fresh_model(run, "ac")
    model.train(X, Y)
    points = sample(run.facade.scenario.configspace, 40)
    rows = [np.hstack([points, np.tile(f, (len(points), 1))]) for f in INSTANCES.values()]
    by_hand = np.mean([model._rf.all_trees_pred(model._impute_inactive(r)) for r in rows], axis=0)
    mean, std = fitted(run, "ac").model.predict(points)
    np.testing.assert_allclose(mean, by_hand.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(std, by_hand.std(axis=1), rtol=1e-9)


@pytest.mark.slow
def test_many_features_go_through_the_models_pca(base: Path, tmp_path: Path) -> None:
    # SMAC 2.4.1 cannot finish such a run itself (predict_marginalized skips the PCA), but earlier ones could.
    folder = live("ac", base).copied(tmp_path)
    wide = {name: [*values, *values[::-1]] for name, values in INSTANCES.items()}

    def change(scenario: dict[str, Any]) -> None:
        scenario["instance_features"] = wide
        scenario["_meta"]["model"]["types"] += [0, 0, 0]
        scenario["_meta"]["model"]["max_features"] = 8

    edit_json(folder / "scenario.json", change)
    run = load_run(folder)
    data = own_data(run)
    model = rebuild_model(run)
    model.train(data.rows, data.z[:, None])
    assert model._apply_pca
    points = sample(run.configspace, 20)
    by_hand = [model.predict(np.hstack([points, np.tile(f, (20, 1))]))[0].ravel() for f in wide.values()]
    got = build_surrogate(run, objective=0, budget=None).model.predict(points)[0]
    np.testing.assert_allclose(got, np.mean(by_hand, axis=0), rtol=1e-12)


def test_reading_and_rebuilding_leave_the_folder_and_the_process_alone(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = live("log", base)
    before = fingerprint(run.folder.parent.parent)
    loggers = (logging.getLogger().level, list(logging.getLogger().handlers), np.random.get_state()[1].tolist())
    build_surrogate(load_run(run.folder), objective=0, budget=None, kind="best")
    assert fingerprint(run.folder.parent.parent) == before
    assert capsys.readouterr().out == ""
    after = (logging.getLogger().level, list(logging.getLogger().handlers), np.random.get_state()[1].tolist())
    assert after == loggers


# The others are in test_models.py.
FOUR = ("RunHistoryEncoder", "RunHistoryLogEncoder", "RunHistoryScaledEncoder", "RunHistoryLogScaledEncoder")


@pytest.mark.smoke
@pytest.mark.parametrize("name", FOUR)
def test_encoder_equals_smacs_and_its_inverse_returns(name: str) -> None:
    from smac.runhistory import encoder as encoders

    rng = np.random.default_rng(0)
    y = rng.lognormal(size=40)
    theirs = object.__new__(getattr(encoders, name))
    theirs._min_y, theirs._max_y = y[:, None].min(axis=0), y[:, None].max(axis=0)
    theirs._percentile = np.percentile(y[:, None], 5, axis=0)
    encoder = fit_encoder(name, y)
    z = encoder.encode(y)
    np.testing.assert_array_equal(z, theirs.transform_response_values(y[:, None].copy()).ravel())
    np.testing.assert_allclose(encoder.decode(z), y, rtol=1e-9)


@pytest.mark.parametrize(
    "encoder",
    [LinkEncoder("p"), LinkEncoder("s", 2.0, 3.0), LinkEncoder("l", 0, 1, "log"), LinkEncoder("ls", -1.0, 4.0, "log")],
)
def test_moments_agree_with_monte_carlo(encoder: LinkEncoder) -> None:
    mean, var = np.array([-1.0, 0.3]), np.array([0.04, 0.25])
    draws = np.random.default_rng(0).normal(mean, np.sqrt(var), size=(400_000, 2))
    y = encoder.decode(draws)
    got_mean, got_std = encoder.decode_moments(mean, var)
    np.testing.assert_allclose(got_mean, y.mean(axis=0), rtol=5e-3, atol=2e-3)
    np.testing.assert_allclose(got_std, y.std(axis=0), rtol=1e-2)


def test_moments_stay_finite() -> None:
    encoder = LinkEncoder("log", link="log")
    values = encoder.decode_moments(np.array([0.0, 900.0, -900.0]), np.array([0.0, 1e4, 1e-300]))
    assert all(np.isfinite(v).all() for v in values)
    assert encoder.decode_moments(np.array([0.0]), np.array([0.0]))[1][0] < 1e-100


def test_small_costs_are_clipped_as_in_smac_and_named(base: Path, tmp_path: Path) -> None:
    folder = live("log", base).copied(tmp_path)
    edit_json(
        folder / "runhistory.json", lambda d: [d["data"][i].update(cost=c) for i, c in ((0, -1.0), (3, 0.0))] and d
    )
    surrogate = build_surrogate(load_run(folder), objective=0, budget=None)
    assert any("2 trials were below 0.00001" in sentence for sentence in surrogate.record.warnings)


def test_infinite_costs_are_left_out_and_named(base: Path, tmp_path: Path) -> None:
    folder = live("hpo", base).copied(tmp_path)
    edit_json(folder / "runhistory.json", lambda d: d["data"][2].update(cost=math.inf, status=2))
    surrogate = build_surrogate(load_run(folder), objective=0, budget=None)
    assert not surrogate.record.exact
    assert "left out: 1 trial whose cost is infinite" in surrogate.record.differences[0]
    assert surrogate.record.n_trials == len(surrogate.y) == 23
    assert np.isfinite(surrogate.model.predict(sample(load_run(folder).configspace))).all()


def test_another_version_and_pyrfr_are_named(base: Path, tmp_path: Path) -> None:
    folder = live("hpo", base).copied(tmp_path)
    edit_json(folder / "scenario.json", lambda s: s["_meta"].update(version="2.4.0"))
    assert build_surrogate(load_run(folder), objective=0, budget=None).record.differences == (
        "recorded by SMAC 2.4.0, rebuilt with SMAC 2.4.1",
    )
    pyrfr = {
        "name": "RandomForest",
        "n_trees": 10,
        "n_points_per_tree": -1,
        "ratio_features": 1.0,
        "max_nodes": 1048576,
    }
    pyrfr.update(min_samples_split=2, min_samples_leaf=1, max_depth=1048576, eps_purity=1e-8, bootstrapping=True)
    edit_json(folder / "scenario.json", lambda s: s["_meta"].update(version="2.3.1", model=pyrfr))
    record = build_surrogate(load_run(folder), objective=0, budget=None).record
    assert not record.exact
    assert record.differences == (
        "recorded by SMAC 2.3.1 whose forest was pyrfr; rebuilt with the scikit-learn forest of SMAC 2.4.1",
    )
    assert record.options["log_y"] is True


@pytest.mark.slow
def test_several_objectives_one_at_a_time(base: Path) -> None:
    run = load_run(live("two", base).folder)
    for objective, name in enumerate(("error", "size")):
        surrogate = build_surrogate(run, objective=objective, budget=None)
        assert run.objectives[objective] == name
        assert "scalarized" in surrogate.record.differences[0]
        # Which trials the run has, and so how well 24 of them are fitted, differs between versions of the libraries.
        assert rank_correlation(surrogate.model.predict(surrogate.X)[0], surrogate.y) > 0.8
    with pytest.raises(InvalidArgumentError):
        build_surrogate(run, objective=2, budget=None)


def test_budgets(base: Path, tmp_path: Path) -> None:
    run = live("mf", base)
    read = load_run(run.folder)
    lowest = build_surrogate(read, objective=0, budget=1.0)
    assert lowest.budget == 1.0
    assert lowest.record.n_trials == sum(t.budget == 1.0 for t in read.trials)
    assert "trained on budget 1; SMAC's own model would use budget 9" in lowest.record.differences
    folder = run.copied(tmp_path)
    edit_json(folder / "runhistory.json", lambda d: d["data"][0].update(budget=27.0))
    short = build_surrogate(load_run(folder), objective=0, budget=None)
    assert short.budget == 1.0
    assert any("SMAC's own model would use budget 27, where too few" in w for w in short.record.warnings)
    assert not short.record.exact
    with pytest.raises(NoTrialsError, match="Choose budget"):
        build_surrogate(load_run(folder), objective=0, budget=27.0)


def sums(depth: int) -> dict[str, Any]:
    kernel: dict[str, Any] = {"name": "WhiteKernel"}
    for _ in range(depth):
        kernel = {"name": "SumKernel", "k1": kernel, "k2": {"name": "WhiteKernel"}}
    return kernel


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"model": {"name": "GaussianProcess", "kernel": {"name": "Exotic"}}}, "kernel 'Exotic'"),
    ({"model": {"name": "GaussianProcess"}}, "kernel None"),
    ({"model": {"name": "RandomForest", "n_estimators": 10**9}}, "n_estimators"),
    ({"model": {"name": "RandomForest", "n_estimators": 1001}}, "n_estimators is 1001, expected an integer from 0 to"),
    ({"model": {"name": "GaussianProcess", "n_restarts": 1000}}, "n_restarts is 1000, expected an integer from 0 to"),
    (
        {"model": {"name": "MCMCGaussianProcess", "n_mcmc_walkers": 300, "chain_length": 300, "burning_steps": 300}},
        "burning_steps 300: 180000 evaluations, expected at most 100000",
    ),
    ({"model": {"name": "GaussianProcess", "kernel": sums(200)}}, "the kernel has 401 parts, expected at most 30"),
    ({"model": {"name": "RandomForest", "n_estimators": 10}}, "max_features"),
    ({"model": {"name": "RandomForest", "n_trees": 10, "ratio_features": "x"}}, "cannot be rebuilt: SMAC,"),
    ({"runhistory_encoder": {"name": "RunHistoryEncoder", "scale_percentage": "x"}}, "scale_percentage"),
]


@pytest.mark.parametrize(("meta", "message"), REFUSALS)
def test_what_cannot_be_rebuilt_names_the_forest(
    meta: dict[str, Any], message: str, base: Path, tmp_path: Path
) -> None:
    folder = live("hpo", base).copied(tmp_path)
    edit_json(folder / "scenario.json", lambda s: s["_meta"].update(meta))
    run = load_run(folder)
    with pytest.raises(SurrogateError, match=message) as caught:
        build_surrogate(run, objective=0, budget=None)
    assert 'surrogate="forest"' in str(caught.value)
    assert build_surrogate(run, objective=0, budget=None, kind="forest").record.n_trials == 24
    assert any(
        "own surrogate could not be trained" in w
        for w in build_surrogate(run, objective=0, budget=None, kind="best").record.warnings
    )


def test_runs_without_a_model_have_the_consensus(base: Path) -> None:
    for search in ("random", "hyperband"):
        run = load_run(live(search, base).folder)
        stand_in = build_surrogate(run, objective=0, budget=None)
        assert any("used no surrogate (random search); a consensus" in w for w in stand_in.record.warnings)
        assert stand_in.record.name == CONSENSUS_NAME
        for kind in ("forest", "consensus"):
            asked = build_surrogate(run, objective=0, budget=None, kind=kind)
            assert not any("stands in" in w for w in asked.record.warnings)
            assert "by deepcave-symbolic" in asked.record.name
            assert not asked.record.exact
            assert isinstance(asked.model, Surrogate)


@pytest.mark.slow
def test_best_says_what_lost(base: Path) -> None:
    run = load_run(live("blackbox", base).folder)
    own = build_surrogate(run, objective=0, budget=None)
    best = build_surrogate(run, objective=0, budget=None, kind="best")
    forest = build_surrogate(run, objective=0, budget=None, kind="forest")
    consensus = build_surrogate(run, objective=0, budget=None, kind="consensus")
    known = [s.record.cv_r2 or -9.0 for s in (own, forest, consensus)]
    assert best.record.cv_r2 in known and best.record.cv_r2 >= max(known) - 0.03
    assert any("Chosen by cross-validated R²" in sentence for sentence in best.record.warnings)
    with pytest.raises(UnknownNameError, match="Did you mean 'forest'"):
        build_surrogate(run, objective=0, budget=None, kind="forrest")


@pytest.mark.slow
def test_cross_validation_tells_signal_from_noise(base: Path) -> None:
    from dataclasses import replace

    run = load_run(live("blackbox", base).folder)
    assert (build_surrogate(run, objective=0, budget=None).record.cv_r2 or 0) > 0.8
    scores = []
    for seed in range(5):  # one draw of noise may look like a signal to 24 trials
        noise = np.random.default_rng(seed).normal(size=len(run.trials))
        trials = tuple(replace(t, costs=(float(c),)) for t, c in zip(run.trials, noise, strict=True))
        scores.append(build_surrogate(replace(run, trials=trials), objective=0, budget=None).record.cv_r2)
    assert np.median([score for score in scores if score is not None]) < 0.2
    few = replace(run, trials=run.trials[:8])
    record = build_surrogate(few, objective=0, budget=None).record
    assert (record.cv_r2, record.cv_rank_correlation) == (None, None)
    assert any("Too few" in sentence for sentence in record.warnings)
    with pytest.raises(NoTrialsError, match="2 usable trials"):
        build_surrogate(replace(run, trials=run.trials[:2]), objective=0, budget=None)


@pytest.mark.parametrize("kind", SURROGATES)
def test_same_call_same_numbers_and_a_json_record(kind: str, base: Path) -> None:
    run = load_run(live("hpo", base).folder)
    points = sample(run.configspace, 50)
    first, second = (build_surrogate(run, objective=0, budget=None, kind=kind, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.model.predict(points), second.model.predict(points))
    text = json.dumps(first.record.to_dict(), allow_nan=False)
    assert text == json.dumps(second.record.to_dict(), allow_nan=False)


def test_bad_vectors_are_refused(base: Path) -> None:
    for kind in ("hpo", "blackbox"):
        model = fitted(live(kind, base), kind).model
        d = fitted(live(kind, base), kind).X.shape[1]
        for X in (np.zeros((3, d + 1)), np.zeros(d), np.full((2, d), np.nan), np.full((2, d), np.inf)):
            with pytest.raises(InvalidArgumentError):
                model.predict(X)
        assert model.predict(np.empty((0, d)))[0].shape == (0,)


def test_inactive_values_are_smacs(base: Path) -> None:
    run = live("hpo", base)
    X = sample(run.facade.scenario.configspace)
    values = inactive_values(run.facade.scenario.configspace)
    expected = run.facade._model._impute_inactive(X)
    np.testing.assert_array_equal(np.where(np.isnan(X), values, X), expected)


@pytest.mark.slow
@pytest.mark.parametrize("path", OLD_RUNS, ids=short_name)
def test_recorded_runs(path: Path) -> None:
    run = load_run(path)
    for objective in range(len(run.objectives)):
        surrogate = build_surrogate(run, objective=objective, budget=None)
        assert not surrogate.record.exact
        mean, std = surrogate.model.predict(surrogate.X)
        assert np.isfinite(mean).all() and np.isfinite(std).all()
        assert rank_correlation(mean, surrogate.y) > 0.6


def test_too_many_trees_for_the_trials() -> None:
    check_forest_size(1000, 1000)
    with pytest.raises(SurrogateError, match=r"the forest has 1000 trees; on 10000 trials at most 100 are grown\. Use"):
        check_forest_size(1000, 10_000)


def test_how_to_compute_is_not_the_folders_to_say(
    base: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = live("hpo", base)
    expected = build_surrogate(load_run(run.folder), objective=0, budget=None)
    options = {"n_jobs": 100_000, "verbose": 3, "oob_score": True, "warm_start": True}
    folder = run.copied(tmp_path)
    edit_json(folder / "scenario.json", lambda s: s["_meta"]["model"].update(options))
    found = build_surrogate(load_run(folder), objective=0, budget=None)
    np.testing.assert_array_equal(found.model.predict(found.X), expected.model.predict(expected.X))
    assert capfd.readouterr() == ("", "")


def test_ctrl_c_ends_sampling_without_words(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(SVM, tmp_path / "run"))
    options = {"name": "MCMCGaussianProcess", "n_mcmc_walkers": 10, "chain_length": 5, "burning_steps": 5}
    edit_json(folder / "scenario.json", lambda s: s["_meta"]["model"].update(mcmc_sampler="emcee", **options))
    monkeypatch.setattr(cost, "MANY_ROWS", 5)

    def interrupt(sentence: str, done: int, expected: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with cost.watching(interrupt), pytest.raises(KeyboardInterrupt):
        build_surrogate(load_run(folder), objective=0, budget=None)
    assert capfd.readouterr() == ("", "")
