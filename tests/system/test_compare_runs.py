"""Laws and whole-run formulas of several runs side by side."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest

from deepcave_symbolic import Law, LawComparison, RunComparison, compare_laws, compare_runs, law
from deepcave_symbolic.cli.main import main
from deepcave_symbolic.exceptions import InvalidArgumentError, UnknownNameError

ROOT = Path(__file__).parents[2]
RUNS = ROOT / "examples" / "runs"
#: Its best learning rate moves with three others.
LAWFUL = ROOT / "benchmarks" / "data" / "laws" / "tuning" / "blood_transfusion-acc-all" / "hpo-200"


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two copies of one run, which agree in everything."""
    folder = tmp_path_factory.mktemp("twins")
    return [str(copytree(LAWFUL, folder / name)) for name in ("first", "second")]


def test_laws_of_the_same_run_agree(twins: list[str], capsys: Any) -> None:
    found = law(twins[0], "learning_rate_init")
    assert found is not None
    compared = compare_laws(twins, "learning_rate_init")
    assert compared.runs == ("first", "second")
    assert {c.name: c.values for c in compared.exponents} == {n: (e, e) for n, e in found.exponents.items()}
    assert all(c.p_value == pytest.approx(1.0) and c.mean == pytest.approx(c.values[0]) for c in compared.exponents)
    assert LawComparison.from_dict(json.loads(json.dumps(compared.to_dict()))) == compared
    first, second = compared.plot().data
    assert (first.name, second.name) == compared.runs and first.marker.symbol != second.marker.symbol
    assert list(first.x) == [c.values[0] for c in compared.exponents] == list(second.x)
    assert main(["compare", *twins, "-p", "learning_rate_init", "--law"]) == 0
    out = capsys.readouterr().out
    assert out == f"{compared}\n" and "How the best learning_rate_init moves in 2 runs" in out


def test_the_valley_of_a_law_has_its_line(twins: list[str]) -> None:
    found = law(twins[0], "learning_rate_init")
    assert found is not None and found.strongest == "batch_size"
    figure = found.plot()
    assert figure.layout.xaxis.title.text == "batch_size" and figure.layout.yaxis.title.text == "learning_rate_init"
    (line,) = [trace for trace in figure.data if str(trace.name).startswith("best learning_rate_init")]
    inside = np.isfinite(np.array(line.y, dtype=float))
    # In the middle of the domains of the rest.
    held = {"depth": 2, "width": 128}
    assert line.name.endswith("at depth 2, width 128")
    expected = found.formula.predict({"batch_size": np.array(line.x)[inside], **held})
    assert inside.any() and np.array(line.y, dtype=float)[inside] == pytest.approx(expected)
    assert found.plot("depth").layout.xaxis.title.text == "depth"
    with pytest.raises(UnknownNameError):
        found.plot("dropout")
    with pytest.raises(InvalidArgumentError, match="does not hold its run"):
        Law.from_dict(found.to_dict()).plot()


def test_a_run_without_a_law_stays_with_the_reason(twins: list[str]) -> None:
    compared = compare_laws([twins[0], str(RUNS / "mlp_hpo")], "learning_rate_init")
    reason = compared.laws[1].reason
    assert all(c.agreement == "undetermined" for c in compared.exponents)
    assert f"mlp_hpo: no law. {reason}" in " ".join(str(compared).split())
    assert LawComparison.from_dict(json.loads(json.dumps(compared.to_dict(), allow_nan=False))) == compared


def test_parts_of_whole_runs(twins: list[str], capsys: Any) -> None:
    compared = compare_runs(twins, max_complexity=12)
    first, second = compared.explained
    assert first.formula == second.formula and len(compared.parts) == len(first.parts) > 0
    for part, shared in zip(first.parts, compared.parts, strict=True):
        assert shared.shares == (part.share, part.share) and shared.shapes == (part.shape,) * 2
        assert shared.agrees and shared.n_runs == 2
    assert RunComparison.from_dict(json.loads(json.dumps(compared.to_dict()))) == compared
    assert [list(trace.x) for trace in compared.plot().data] == [[part.share for part in first.parts]] * 2
    assert main(["compare", *twins, "--max-complexity", "12", "--format", "json"]) == 0
    assert RunComparison.from_dict(json.loads(capsys.readouterr().out)) == compared
    assert "What each part accounts for in each run" in str(compared)


def test_what_cannot_be_compared(twins: list[str], capsys: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"two runs or more; found 1 usable one. .*svm_bbo is left out"):
        compare_laws([twins[0], str(RUNS / "svm_bbo")], "learning_rate_init")
    assert main(["compare", *twins, "--law"]) == 2
    assert main(["compare", *twins, "--format", "latex"]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 2
