"""The best value as a formula of features of data sets: known powers come out, chance does not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from deepcave_symbolic import DescribedOptima, compare_optima
from deepcave_symbolic.comparing import DataTable, described_optima
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.explainer import Explainer
from deepcave_symbolic.space.axis import Axis
from places import FOREST, SVM

LR = Axis("lr", 1e-5, 1.0, log=True)


def explained(best: float | None, axis: Axis = LR) -> Any:
    """What is asked of an explanation whose formula is best there."""
    optimum = None if best is None else SimpleNamespace(values=(best,))
    return SimpleNamespace(
        findings=lambda: SimpleNamespace(optimum=optimum),
        told_from_noise=True,
        projection=SimpleNamespace(axes=(axis,)),
    )


def of(bests: dict[str, float | None], meta: dict[str, dict[str, Any]], **options: Any) -> DescribedOptima:
    runs: Any = {run: explained(best) for run, best in bests.items()}
    return described_optima(DescribedOptima, runs, DataTable.of(meta), left_out={}, **options)


def data_sets(n: int) -> dict[str, dict[str, Any]]:
    rng = np.random.default_rng(0)
    return {f"d{i}": {"n_samples": 10 ** rng.uniform(2, 5), "n_features": rng.integers(4, 200)} for i in range(n)}


def test_a_power_comes_out() -> None:
    meta = data_sets(8)
    noise = dict(zip(meta, np.random.default_rng(1).normal(0.0, 0.03, 8), strict=True))
    found = of({d: 0.01 * (m["n_samples"] / 1000) ** -0.5 * 10 ** noise[d] for d, m in meta.items()}, meta)
    assert found.formula is not None and [axis.name for axis in found.formula.axes] == ["n_samples"]
    assert found.formula.predict({"n_samples": [1000.0, 10_000.0]}) == pytest.approx([0.01, 0.00316], rel=0.1)
    assert found.error < 1.15 < found.mean_error
    assert found.predicted == pytest.approx(found.optima, rel=0.25)
    assert "n_samples" in str(found) and "Off by a factor" in " ".join(str(found).split())
    assert DescribedOptima.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False))) == found
    html = found.to_html()
    assert "<h1>The best lr on 8 data sets</h1>" in html and "8 runs on 8 data sets." in html
    assert found.formula.mathml(breakable=True) in html and "Off by a factor" in html and "data-figure=" not in html


def test_chance_is_no_formula() -> None:
    claimed = 0
    for seed in range(20):
        rng, meta = np.random.default_rng(seed), data_sets(8)
        claimed += of({d: 10 ** rng.normal(-2, 0.3) for d in meta}, meta).formula is not None
    assert claimed <= 3


def test_runs_of_one_data_set_are_left_out_together() -> None:
    meta = {f"{d}{seed}": {**row, "data_set": d} for d, row in data_sets(5).items() for seed in (0, 1)}
    found = of({run: 0.01 * (m["n_samples"] / 1000) ** 0.3 for run, m in meta.items()}, meta)
    assert len(found.runs) == 10 and len(set(found.data_sets)) == 5 and found.formula is not None


def test_what_says_nothing_is_left_out_with_a_note() -> None:
    meta = {d: {**row, "kind": "table", "shift": -1.0} for d, row in data_sets(6).items()}
    bests: dict[str, float | None] = {d: 0.01 for d in meta}
    bests["d5"] = None
    found = of(bests, meta)
    assert found.runs == ("d0", "d1", "d2", "d3", "d4") and found.formula is None
    assert [note.split(" is left out")[0] for note in found.notes] == ["d5", "The column 'kind'", "The column 'shift'"]
    assert "better than the mean" in " ".join(str(found).split())


def test_bad_input(tmp_path: Path) -> None:
    meta = data_sets(6)
    with pytest.raises(InvalidArgumentError, match="expected 4 or more"):
        of({"d0": 0.1, "d1": 0.1}, meta)
    with pytest.raises(InvalidArgumentError, match="positive numbers"):
        of(dict.fromkeys(meta, 0.1), {d: {"kind": "table"} for d in meta})
    linear = Axis("momentum", -1.0, 1.0)
    runs: Any = {d: explained(0.5, linear) for d in meta}
    with pytest.raises(InvalidArgumentError, match="not positive"):
        described_optima(DescribedOptima, runs, DataTable.of(meta), left_out={})
    table = tmp_path / "data.csv"
    for content in ("", "run\na\n", "run,n\n"):
        table.write_text(content, encoding="utf-8")
        with pytest.raises(InvalidArgumentError, match="expected a heading"):
            DataTable.of(table)
    with pytest.raises(InvalidArgumentError, match="cannot be read"):
        DataTable.of(tmp_path / "none.csv")
    table.write_text("run,n,data_set\na,10,x\n\nb,20,x\n", encoding="utf-8")
    assert DataTable.of(table).rows == {"a": {"n": "10", "data_set": "x"}, "b": {"n": "20", "data_set": "x"}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("run,n\na,1\nb,abc\n", "data.csv, line 3, column 'n' is 'abc'; expected a finite number"),
        ("run,n\na,1\nb,\nc,\n", r"line 3, column 'n' is empty; expected a finite number.* \(1 more like it\)"),
        ("run,n\na,1\nb,2\nc,inf\n", "data.csv, line 4, column 'n' is 'inf'; expected a finite number"),
        ("run,n,data_set\na,1,x\nb,2,\n", "line 3, column 'data_set' is empty; expected the name of a data set"),
        ("run,n,n\na,1,1\n", "data.csv, line 1: two columns are called 'n'"),
        ("run,n\na,1\nb,2\na,3\n", "data.csv, line 4: 'a' has a row already, .*data.csv, line 2;"),
        ("run,n\na,1\nb,2,3\n", "data.csv, line 3 has 3 cells; expected 2"),
        ("run,n\na\n", "data.csv, line 2 has 1 cell; expected 2"),
    ],
)
def test_what_is_wrong_in_a_table_is_named_with_its_place(tmp_path: Path, content: str, said: str) -> None:
    table = tmp_path / "data.csv"
    table.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidArgumentError, match=said):
        DataTable.of(table)


def test_a_mapping_is_checked_as_a_file_is() -> None:
    with pytest.raises(InvalidArgumentError, match="the row of 'b', column 'n' is empty; expected a finite number"):
        DataTable.of({"a": {"n": 1}, "b": {}})
    with pytest.raises(InvalidArgumentError, match="the row of 'b', column 'n' is 'nan'"):
        DataTable.of({"a": {"n": 1}, "b": {"n": np.nan}})


def test_a_missing_row_and_too_few_data_sets_are_said_before_anything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Explainer, "explain", lambda *_: pytest.fail("computed"))
    runs = [shutil.copytree(SVM, tmp_path / f"run_{i}") for i in range(3)]
    table = tmp_path / "data.csv"
    table.write_text("run,n\nrun_0,1\nrun_1,2\n", encoding="utf-8")
    with pytest.raises(InvalidArgumentError) as caught:
        compare_optima(runs, "C", table)
    assert f"The table {table} has no row for 'run_2'; its rows are 'run_0', 'run_1'." in str(caught.value)
    with table.open("a", encoding="utf-8") as file:
        file.write("run_2,3\n")
    with pytest.raises(InvalidArgumentError, match=r"There are 3 runs on 3 data sets; .* needs 4 of them or more"):
        compare_optima(runs, "C", table)
    with pytest.raises(
        InvalidArgumentError, match=r"needs 4 of them or more\. mlp_hpo is left out: Unknown hyperparam"
    ):
        compare_optima([*runs, FOREST], "C", table)
