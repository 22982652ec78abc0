"""The page on one explanation, asked by HTTP as its frame in a notebook asks; without Dash it says what to install."""

from __future__ import annotations

import json
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from deepcave_symbolic.dashboard.own.host import missing
from deepcave_symbolic.exceptions import InvalidArgumentError, MissingDependencyError
from deepcave_symbolic.explanation import Explanation, ExplanationApp
from explained import explained
from places import SVM

LACK = missing()
needs_dash = pytest.mark.skipif(bool(LACK), reason=LACK)


def explanation() -> Explanation:
    return explained(SVM, "C", max_complexity=8)


@pytest.mark.skipif(not LACK, reason="Dash 3 is installed")
def test_what_to_install_is_said() -> None:
    with pytest.raises(MissingDependencyError, match=r"explanation\.app\(\) needs .*\. Install: pip install \"dash"):
        explanation().app()


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExplanationApp]:
    kernel = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=None))
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    app = explanation().app()
    yield app
    app.close()


def asked(app: ExplanationApp, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(app.url + path, data, {"Content-Type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        return answer.read().decode()


@needs_dash
def test_the_page_answers_only_who_knows_its_address(app: ExplanationApp, capfd: pytest.CaptureFixture[str]) -> None:
    assert f'src="{app.url}"' in app._repr_html_()
    html = asked(app, "")
    assert "https://" not in html and '<html lang="en">' in html
    callbacks = json.loads(asked(app, "_dash-dependencies"))
    filters = [{"id": f"symbolic_formulas-{name}-input", "property": "value"} for name in ("pick", "longest")]

    def drawn(output: str, changed: str, *inputs: dict[str, Any]) -> Any:
        names = next(each["output"] for each in callbacks if output in each["output"] and "@" not in each["output"])
        outputs = [
            dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names.strip(".").split("...")
        ]
        body = {"output": names, "outputs": outputs, "changedPropIds": [changed], "inputs": inputs, "state": filters}
        return json.loads(asked(app, "_dash-update-component", body))["response"]

    result = {"id": "result", "property": "data", "value": {"key": "", "name": "one"}}
    form = {"id": "symbolic_formulas-form-input", "property": "value", "value": "a + b*log10(C/c)**2"}
    words = drawn("formula.children", "result.data", result, form, {"id": "wanted", "property": "data"})
    assert "<math" in json.dumps(words["formula"]) and "<math" in json.dumps(words["own"])
    assert words["drawn"]["data"]["first"] and words["figure_box"]["hidden"] is False
    seen = {"id": "painted", "property": "data", "value": words["drawn"]["data"]}
    rest = drawn("figure.figure", "painted.data", seen)
    assert rest["figure"]["figure"]["data"] and rest["whole"]["data"] == words["drawn"]["data"]
    app.url = re.sub(r"/[^/]+/$", "/", app.url)
    for path in ("", "_dash-layout", "x/_dash-layout"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            asked(app, path)
    # Nothing is written below the cell, where the address would stand.
    assert capfd.readouterr() == ("", "")


@needs_dash
def test_outside_a_notebook_the_address_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    app = explanation().app()
    assert app.url in capsys.readouterr().out
    port = int(app.url.split(":")[2].partition("/")[0])
    with pytest.raises(InvalidArgumentError, match=f"The port {port} cannot be used"):
        explanation().app(port=port)
    app.close()
    with pytest.raises(urllib.error.URLError):
        asked(app, "")
