"""The laws beside the formula of a run: the same words wherever people look, with the picture of the valley."""

from __future__ import annotations

import functools
import html
import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, Float, Integer

from deepcave_symbolic import RunExplanation, explain_run
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.laws import NoLaw, of_run
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.show.blocks import Valley
from deepcave_symbolic.show.html import report_page
from deepcave_symbolic.show.markdown import literal, write_markdown
from deepcave_symbolic.show.whole_run import whole_run_document
from deepcave_symbolic.suggestions import Law
from known_surrogates import OfValues
from places import FIDELITY

pytestmark = pytest.mark.slow


def valley(v: dict[str, Any]) -> Array:
    """The best learning rate is 0.01·(batch/64)^0.5; the dropout has an effect of its own."""
    off = np.log10(v["lr"]) + 2.0 - 0.5 * np.log10(v["batch"] / 64.0)
    return np.asarray(off**2 + v["dropout"] + 0.1 * np.log10(v["batch"]))


def asked(**options: Any) -> RunExplanation:
    space = ConfigurationSpace()
    space.add(Float("lr", (1e-4, 1.0), log=True), Integer("batch", (8, 512), log=True), Float("dropout", (0.0, 0.8)))
    options = {"max_complexity": 20, **options}
    return explain_run(None, surrogate=OfValues(space, valley), configspace=space, objective="cost", **options)


@functools.cache
def found() -> RunExplanation:
    return asked()


def of_the_rate(explained: RunExplanation) -> Law:
    return next(law for law in explained.laws if isinstance(law, Law) and law.hyperparameter == "lr")


def test_those_that_account_for_most_are_asked_about() -> None:
    # The dropout has no positive bounds.
    names = [name for name in found().ranking if name != "dropout"]
    assert [law.hyperparameter for law in found().laws] == names and set(names) == {"lr", "batch"}
    assert of_the_rate(found()).exponents == {"batch": pytest.approx(0.5, abs=0.02)}
    assert [law.hyperparameter for law in asked(laws=1).laws] == names[:1]
    assert asked(laws=0).laws == ()
    with pytest.raises(InvalidArgumentError, match="whole number from 0"):
        asked(laws=-1)


def words_of_html(page: str) -> str:
    return html.unescape(re.sub("<[^>]*>", " ", page))


def test_the_same_words_everywhere() -> None:
    none = NoLaw("lr", "Several places of lr are nearly as good as the best.", "cost", "run", None)
    law = of_the_rate(found())
    record = replace(found(), laws=(law, none))
    rows = [" ".join((f"{law.formula}.", *law.sentences)), "No law. Several places of lr are nearly as good"]
    pages = [str(record), words_of_html(record._repr_html_()), words_of_html(report_page([], whole=record))]
    for page in pages:
        for row in rows:
            assert " ".join(row.split()) in " ".join(page.split())
    for row in rows:
        assert literal(row) in write_markdown(whole_run_document(record))


def test_valleys_are_drawn_without_the_run() -> None:
    copy = RunExplanation.from_dict(json.loads(json.dumps(found().to_dict())))
    assert copy == found()
    pictures = [block for block in whole_run_document(copy) if isinstance(block, Valley)]
    assert [block.law for block in pictures] == [law for law in copy.laws if isinstance(law, Law)]
    figure = of_the_rate(copy).plot()
    line = next(trace for trace in figure.data if (trace.name or "").startswith("best lr"))
    assert np.nanmax(np.abs(np.log10(line.y / (0.01 * np.sqrt(line.x / 64.0))))) < 0.1
    assert figure.layout.height


def test_a_large_run_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_run, "_QUICK", 100)
    large = asked()
    assert large.laws == () and len(asked(laws=1).laws) == 1
    assert "deepcave-symbolic law RUN -p NAME" in str(large)


def test_all_budgets_at_once_have_no_laws() -> None:
    several = explain_run(FIDELITY, budget="all", max_complexity=10)
    assert several.laws == () and "all budgets at once" in str(several)
