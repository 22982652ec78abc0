"""Pairs as a table and a heat map: the figures are the records' own, names show up literally."""

from __future__ import annotations

import html
import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepcave_symbolic import Explanation, explain_all, pair_table, plot_pairs
from deepcave_symbolic.cli import main
from deepcave_symbolic.exceptions import InvalidArgumentError, UnknownNameError
from deepcave_symbolic.show.latex import write_latex
from deepcave_symbolic.show.markdown import write_markdown
from deepcave_symbolic.show.overview import overview
from deepcave_symbolic.show.text import write_text
from live_runs import LiveRun, live
from places import SVM


@pytest.fixture(scope="module")
def run(base: Path) -> LiveRun:
    return live("hpo", base)


@pytest.fixture(scope="module")
def explanations(run: LiveRun) -> list[Explanation]:
    return [e for pairs in (True, False) for e in explain_all(run.folder, pairs=pairs, max_complexity=6)]


@pytest.mark.slow
def test_the_table_has_the_records_figures(explanations: list[Explanation]) -> None:
    table = pair_table(explanations)
    assert list(table["hyperparameters"]) == [e.hyperparameters for e in explanations]
    for row, e in zip(table.itertuples(), explanations, strict=True):
        if not e.formulas:  # kernel is poly wherever degree is active
            assert set(row.hyperparameters) == {"kernel", "degree"} and np.isnan(row.r2) and pd.isna(row.formula)
            continue
        assert (row.r2, row.range, row.complexity, row.formula) == (e.best.r2, e.range, e.best.complexity, str(e.best))
        interaction = e.interaction()
        assert np.isnan(row.interaction) if interaction is None else row.interaction == interaction.interaction
    ranges = [e.range for e in explanations if len(e.hyperparameters) == 2]
    assert ranges == sorted(ranges, reverse=True)


@pytest.mark.slow
def test_the_heat_map_is_symmetric_and_complete(explanations: list[Explanation]) -> None:
    figure = plot_pairs(explanations, "interaction")
    assert [trace.visible for trace in figure.data] == [False, True, False]
    names = list(figure.layout.xaxis.ticktext)
    assert names == list(figure.layout.yaxis.ticktext) and set(names) == {"C", "n", "kernel", "degree"}
    for trace, key in zip(figure.data, ("range", "interaction", "r2"), strict=True):
        z = np.array(trace.z, dtype=float)
        assert np.array_equal(z, z.T, equal_nan=True)
        for row in pair_table(explanations).itertuples():
            i, j = names.index(row.hyperparameters[0]), names.index(row.hyperparameters[-1])
            expected = getattr(row, key) if row.formula is not None else np.nan
            assert np.array_equal(z[i, j], expected, equal_nan=True)
    assert [b.label for b in figure.layout.updatemenus[0].buttons] == ["range", "interaction", "R²"]


@pytest.mark.slow
def test_what_is_no_heat_map_is_said(explanations: list[Explanation]) -> None:
    with pytest.raises(UnknownNameError, match="rsq"):
        plot_pairs(explanations, "rsq")
    with pytest.raises(InvalidArgumentError, match="is there twice"):
        plot_pairs([*explanations, explanations[0]])
    with pytest.raises(InvalidArgumentError, match="no pair"):
        plot_pairs([e for e in explanations if len(e.hyperparameters) == 1])


@pytest.mark.slow
def test_hostile_names(explanations: list[Explanation]) -> None:
    names = ("<b>x</b>\u202e", "a & $b_{c}$ | " + "long" * 20)
    hostile = replace(explanations[0], hyperparameters=names)
    labels = plot_pairs([hostile]).layout.xaxis.ticktext
    assert {"&lt;b&gt;x&lt;/b&gt;\\u202e"} < set(labels) and max(map(len, map(html.unescape, labels))) < 40
    page = overview([hostile])
    markdown, latex = write_markdown(page), write_latex(page)
    assert "<b>" not in markdown.replace("\\<b\\>", "") and "\u202e" not in markdown + latex + write_text(page)
    row = next(line for line in markdown.splitlines() if "long" in line)
    assert row.replace("\\|", "").count("|") == 9
    line = next(line for line in latex.splitlines() if "long" in line)
    assert line.partition("\\displaystyle")[0].count(" & ") == 7


@pytest.mark.slow
def test_on_the_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "map.html"
    arguments = ["explain", str(SVM), "--all-pairs", "--max-complexity", "6"]
    assert main([*arguments, "--heat-map", str(page)]) == 0
    out = capsys.readouterr().out
    assert "interaction" in out.splitlines()[0] and out.splitlines()[1].startswith("C, gamma")
    text = page.read_text(encoding="utf-8")
    assert text.count("plotly-graph-div") >= 1 and "src=" not in text.replace("imgsrc=", "")[:2000]
    assert main([*arguments, "--format", "latex"]) == 0
    assert "Interaction & $R^2$" in capsys.readouterr().out
    assert main(["explain", str(SVM), "--heat-map", str(page)]) == 2
    assert "--all-pairs" in capsys.readouterr().err


def test_a_run_without_pairs_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("deepcave_symbolic.space.explainable")
    monkeypatch.setattr(module, "explainable", lambda space: ["C"])
    assert main(["explain", str(SVM), "--all-pairs"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "leave out --all-pairs" in err
