"""What another user of the machine, or a page in the user's browser, can try on a real dashboard."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from browser_harness import free_port
from places import SVM
from waiting import LIMIT, wait_until

pytest.importorskip("deepcave", reason="DeepCAVE 1.4.1 runs on Python 3.10 at the latest")

from deepcave_symbolic.dashboard.launcher.door import LARGEST_REQUEST, cookie
from launched import Launched

PAGES = ["", "plugins/pdp", "_dash-layout", "_dash-dependencies", "_favicon.ico", "_reload-hash", "nothing/here"]


class Payload:
    """What a pickle can do: here, leave a folder."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> Any:
        return (os.mkdir, (str(self.proof),))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `root` may be opened and `elsewhere` may not; both have a run and a study with a payload."""
    folder = tmp_path_factory.mktemp("runs")
    for place in ("root", "elsewhere"):
        shutil.copytree(SVM, folder / place / "run")
        study = folder / place / "study"
        study.mkdir()
        (study / "study.pkl").write_bytes(pickle.dumps(Payload(folder / f"{place} ran")))
    return folder


@pytest.fixture(scope="module")
def dashboard(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    launched = Launched(tmp_path_factory.mktemp("cache"), str(SVM), "--root", str(folder / "root"))
    try:
        yield launched.ready()
        assert launched.end(signal.SIGTERM) == 0
    finally:
        launched.abandon()


def send(url: str, page: str, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[int, str]:
    """Sends a request as it is given, without a browser's care; returns status and body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=LIMIT)
    try:
        connection.putrequest(method, f"/{page}", skip_host="Host" in headers)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


def let_in(dashboard: Launched) -> dict[str, str]:
    return {"Cookie": cookie(int(urlsplit(dashboard.url).port or 0), dashboard.token)}


def add_run(dashboard: Launched, path: Path) -> list[str]:
    """Clicks on "+" beside a path of the sender's choice; returns what is selected then."""
    kinds = ("general-dynamic-add-run", "general-dynamic-remove-run")
    button, data = ({"index": 0, "type": kind} for kind in (kinds[0], "general-dynamic-available-run-path"))
    click = {"id": button, "property": "n_clicks"}
    outputs = [f'{{"index":["ALL"],"type":"{kind}"}}.n_clicks' for kind in kinds]
    answer = dashboard.post(
        "_dash-update-component",
        {
            "output": f"..{'...'.join([*outputs, 'general-selected-runs.data'])}..",
            "outputs": [[click], [], {"id": "general-selected-runs", "property": "data"}],
            "inputs": [[{**click, "value": 1}], []],
            "state": [[{"id": data, "property": "data", "value": str(path)}], []],
            "changedPropIds": [f"{json.dumps(button, separators=(',', ':'))}.n_clicks"],
        },
    )
    selected: list[str] = answer["response"]["general-selected-runs"]["data"]
    return selected


def list_folder(dashboard: Launched, path: Path) -> dict[str, str]:
    """Types a folder into the page that adds runs; returns what it lists."""
    outputs = [
        "general-working-directory-input.value",
        "general-converter-label.children",
        "general-available-runs.data",
    ]
    answer = dashboard.post(
        "_dash-update-component",
        {
            "output": f"..{'...'.join(outputs)}..",
            "outputs": [dict(zip(("id", "property"), output.split("."), strict=True)) for output in outputs],
            "inputs": [
                {"id": "on-page-load", "property": "href", "value": dashboard.url},
                {"id": "general-working-directory-input", "property": "value", "value": str(path)},
                [],
            ],
            "state": [[]],
            "changedPropIds": ["general-working-directory-input.value"],
        },
    )
    found: dict[str, str] = answer["response"]["general-available-runs"]["data"]
    return found


def test_nothing_without_the_cookie(dashboard: Launched) -> None:
    assets = re.findall(r'(?:src|href)="/([^"]+)"', dashboard.get()[1])
    assert any("custom.css" in asset for asset in assets) and any("dash_renderer" in asset for asset in assets)
    for page in [*PAGES, *assets]:
        assert send(dashboard.url, page, **let_in(dashboard))[0] in (200, 304), page
        for given in ({}, {"Cookie": cookie(int(urlsplit(dashboard.url).port or 0), "guess")}):
            status, body = send(dashboard.url, page, **given)
            assert status == 403 and "the whole address that the terminal printed" in body, page
    assert send(dashboard.url, "?token=guess")[0] == 403
    for page in ("_dash-update-component", "shutdown"):
        assert send(dashboard.url, page, "POST", b"{}", Content_Type="application/json")[0] == 403


def test_foreign_host_and_origin(dashboard: Launched) -> None:
    inside = let_in(dashboard)
    for page in PAGES:
        assert send(dashboard.url, page, Host="evil.example", **inside)[0] == 400
        assert send(dashboard.url, page, Origin="http://evil.example", **inside)[0] == 403
    tunnel = {"Host": "localhost:4711", "Cookie": cookie(4711, dashboard.token)}
    assert send(dashboard.url, "", Origin="http://localhost:4711", **tunnel)[0] == 200
    with pytest.raises(Exception, match="403"):
        dashboard.post("_dash-update-component", {}, {"Origin": "http://localhost:4711"})


def test_oversized_requests(dashboard: Launched) -> None:
    inside = let_in(dashboard)
    assert send(dashboard.url, "", "POST", Content_Length=str(LARGEST_REQUEST + 1), **inside)[0] == 413
    assert send(dashboard.url, "", "POST", b"0\r\n\r\n", Transfer_Encoding="chunked", **inside)[0] == 411


def test_paths_through_deepcaves_callbacks(dashboard: Launched, folder: Path) -> None:
    assert add_run(dashboard, folder / "root" / "run") == [str(SVM), str(folder / "root" / "run")]
    assert sorted(list_folder(dashboard, folder / "root").values()) == ["run", "study"]
    for path in (folder / "elsewhere" / "run", folder / "root" / ".." / "elsewhere" / "run", folder / "new"):
        assert str(path) not in add_run(dashboard, path)
    assert not (folder / "new").exists()
    assert list_folder(dashboard, folder / "elsewhere") == list_folder(dashboard, Path("/etc")) == {}
    assert list(list_folder(dashboard, folder).values()) == ["root"]


def test_pickles_through_deepcaves_callbacks(dashboard: Launched, folder: Path) -> None:
    pytest.importorskip("optuna")
    for place in ("root", "elsewhere"):
        assert str(folder / place / "study") not in add_run(dashboard, folder / place / "study")
        assert not (folder / f"{place} ran").exists()


def test_the_token_is_not_shown(dashboard: Launched) -> None:
    import psutil

    shown = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
    assert not any(dashboard.token in command for command in shown)
    assert dashboard.token not in json.dumps(dashboard.environment)
    answer = dashboard.open()
    assert "token" not in answer.url and dashboard.token not in answer.read().decode()


def test_another_user_cannot_reach_redis(dashboard: Launched) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    socket = dashboard.environment["DEEPCAVE_SYMBOLIC_REDIS_ADDRESS"].partition("@")[2] + ":6379"
    code = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
    tried = subprocess.run([python, "-c", code, socket], user=65534, capture_output=True, text=True, check=False)
    assert "PermissionError" in tried.stderr
    assert subprocess.run([python, "-c", code, socket], capture_output=True, check=False).returncode == 0


def test_deepcaves_own_command_with_our_config(tmp_path: Path, folder: Path) -> None:
    port, cache = free_port(), tmp_path / "cache"
    environment = {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "DEEPCAVE_SYMBOLIC_CACHE_DIR": str(cache),
        "DEEPCAVE_SYMBOLIC_DASH_PORT": str(port),
        "DEEPCAVE_SYMBOLIC_ROOTS": str(folder / "root"),
        "DEEPCAVE_SYMBOLIC_REDIS_PORT": str(free_port()),
    }
    import deepcave

    # The server alone; its Redis is needed when a panel is opened.
    command = [sys.executable, str(Path(deepcave.__file__).parent / "server.py")]
    log = tmp_path / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "--config", "deepcave_symbolic/config.py"],
            stdout=output,
            stderr=output,
            env=environment,
            cwd=tmp_path,
        )
    try:

        def answers() -> bool:
            with contextlib.suppress(ConnectionError):
                return send(f"http://127.0.0.1:{port}", "")[0] == 403
            return server.poll() is not None

        wait_until(answers, log.read_text)
        printed = re.findall(r"^DeepCAVE: (\S+)$", log.read_text(), re.MULTILINE)
        assert len(printed) == 1
        url, _, token = printed[0].partition("?token=")
        assert url == f"http://127.0.0.1:{port}/"
        assert send(url, "_dash-layout")[0] == 403
        assert send(url, f"?token={token}")[0] == 302
        inside = {"Cookie": cookie(port, token)}
        assert send(url, "_dash-layout", **inside)[0] == 200
        assert send(url, "_dash-layout", Host="evil.example", **inside)[0] == 400
    finally:
        server.terminate()
        server.wait(LIMIT)
