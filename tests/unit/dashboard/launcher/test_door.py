"""Who gets past the door before DeepCAVE's server, and what the others read."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterable
from typing import Any

import pytest

from deepcave_symbolic.dashboard.launcher.door import LARGEST_REQUEST, Door, cookie, entrance, new_token

#: As long as a real one, and the same wherever the tests are collected.
TOKEN = "0123456789abcdefghijklmnopqrstuvwxyzABCDE-_"
INSIDE = b"what is inside"


def inside(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/html")])
    return [INSIDE]


def ask(
    path: str = "/", *, query: str = "", method: str = "GET", listening: str = "127.0.0.1", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Returns status, headers and body; headers are given in WSGI's spelling, `HTTP_HOST` and so on."""
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "wsgi.input": io.BytesIO()}
    answer: list[Any] = []
    door = Door(inside, token=TOKEN, host=listening)
    body = door({"HTTP_HOST": "localhost:8050", **environ, **headers}, lambda *sent: answer.extend(sent))
    return int(answer[0].split()[0]), dict(answer[1]), b"".join(body)


def ask_inside(host: str = "localhost:8050", **options: str) -> int:
    """Returns the status for a browser that was let in before."""
    port = int(host.rpartition(":")[2]) if host[-1].isdigit() and ":" in host.strip("[]") else 80
    return ask(HTTP_HOST=host, HTTP_COOKIE=f"other=a; {cookie(port, TOKEN)}; \xff", **options)[0]


def test_without_the_token_nothing_is_shown() -> None:
    other = new_token()
    wrong = [("", ""), ("token=", ""), (f"token={other}", ""), ("", cookie(8050, other)), ("", f"token={TOKEN}")]
    for query, given in wrong:
        for path in ("/", "/_dash-layout", "/assets/custom.css", "/_dash-update-component"):
            status, headers, body = ask(path, query=query, HTTP_COOKIE=given)
            assert status == 403 and INSIDE not in body and "Set-Cookie" not in headers
            assert b"Open the whole address that the terminal printed" in body
            assert headers["Content-Type"] == "text/plain; charset=utf-8"


def test_the_token_becomes_a_cookie_and_leaves_the_address() -> None:
    assert entrance("http://localhost:8050/", TOKEN) == f"http://localhost:8050/?token={TOKEN}"
    status, headers, _ = ask(query=f"token={TOKEN}")
    assert (status, headers["Location"]) == (302, "./")
    assert headers["Set-Cookie"] == f"deepcave-symbolic-8050={TOKEN}; Path=/; HttpOnly; SameSite=Strict"
    assert ask_inside() == 200


@pytest.mark.parametrize(
    ("path", "query", "location"),
    [
        ("/plugins/pdp/", f"inputs=%7B%22a%22%7D&token={TOKEN}", "./?inputs=%7B%22a%22%7D"),
        ("/plugins/pdp", f"token={TOKEN}", "./pdp"),
        ("//evil.example", f"token={TOKEN}", "./evil.example"),
        ("/\\evil.example", f"token={TOKEN}", "./%5Cevil.example"),
        ("/a\r\nb", f"token={TOKEN}", "./a%0D%0Ab"),
        ("/javascript:a", f"token={TOKEN}", "./javascript%3Aa"),
    ],
)
def test_the_redirect_stays_here(path: str, query: str, location: str) -> None:
    assert ask(path, query=query)[1]["Location"] == location


def test_from_a_file_a_page_leads_in() -> None:
    status, headers, body = ask(
        '/"><b>', query=f"token={TOKEN}", HTTP_SEC_FETCH_SITE="cross-site", HTTP_SEC_FETCH_MODE="navigate"
    )
    assert status == 200 and "Set-Cookie" in headers and "Location" not in headers
    assert b'content="0; url=./%22%3E%3Cb%3E">' in body and INSIDE not in body


def test_a_cookie_is_of_one_port() -> None:
    assert ask_inside("localhost:9000") == 200  # a tunnel: another port, the same server
    assert ask(HTTP_HOST="localhost:9000", HTTP_COOKIE=cookie(8050, TOKEN))[0] == 403
    assert ask(HTTP_HOST="localhost:9000", query=f"token={TOKEN}")[1]["Set-Cookie"].startswith(
        "deepcave-symbolic-9000="
    )


@pytest.mark.parametrize(
    ("host", "listening", "status"),
    [
        ("localhost:8050", "127.0.0.1", 200),
        ("LOCALHOST:9", "127.0.0.1", 200),
        ("localhost", "127.0.0.1", 200),
        ("127.0.0.1:8050", "127.0.0.1", 200),
        ("[::1]:8050", "::1", 200),
        ("evil.example:8050", "127.0.0.1", 400),
        ("localhost.evil.example:8050", "127.0.0.1", 400),
        ("10.1.2.3:8050", "127.0.0.1", 400),
        ("10.1.2.3:8050", "0.0.0.0", 200),
        ("[fe80::1]:8050", "::", 200),
        (f"{socket.gethostname()}:8050", "0.0.0.0", 200),
        ("evil.example:8050", "0.0.0.0", 400),
        ("node.example:8050", "node.example", 200),
        ("", "127.0.0.1", 400),
        ("user@localhost:8050", "127.0.0.1", 400),
        ("localhost:8050,evil.example", "127.0.0.1", 400),
        ("localhost/evil:8050", "127.0.0.1", 400),
    ],
)
def test_hosts(host: str, listening: str, status: int) -> None:
    port = host.rpartition(":")[2]
    given = cookie(int(port) if port.isdigit() else 80, TOKEN)
    found, _, body = ask(HTTP_HOST=host, HTTP_COOKIE=given, listening=listening)
    assert found == status
    assert status == 200 or b"start it with --host NAME" in body


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"HTTP_ORIGIN": "http://localhost:8050"}, 200),
        ({"HTTP_ORIGIN": "https://localhost:8050"}, 200),
        ({"HTTP_ORIGIN": "http://evil.example"}, 403),
        ({"HTTP_ORIGIN": "http://localhost:9999"}, 403),
        ({"HTTP_ORIGIN": "http://localhost"}, 403),
        ({"HTTP_ORIGIN": "null"}, 403),
        ({"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_ORIGIN": "https://proxy.example"}, 200),
        ({"HTTP_SEC_FETCH_SITE": "none", "HTTP_SEC_FETCH_MODE": "navigate"}, 200),
        ({"HTTP_SEC_FETCH_SITE": "cross-site", "HTTP_SEC_FETCH_MODE": "navigate"}, 200),
        ({"HTTP_SEC_FETCH_SITE": "cross-site", "HTTP_SEC_FETCH_MODE": "no-cors"}, 403),
        ({"HTTP_SEC_FETCH_SITE": "same-site", "HTTP_SEC_FETCH_MODE": "cors"}, 403),
        ({"HTTP_SEC_FETCH_SITE": "same-site", "HTTP_SEC_FETCH_MODE": "navigate", "method": "POST"}, 403),
    ],
)
def test_other_pages(headers: dict[str, str], status: int) -> None:
    assert ask_inside(**headers) == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"CONTENT_LENGTH": ""}, 200),
        ({"CONTENT_LENGTH": str(LARGEST_REQUEST)}, 200),
        ({"CONTENT_LENGTH": str(LARGEST_REQUEST + 1)}, 413),
        ({"CONTENT_LENGTH": "9" * 60_000}, 413),
        ({"CONTENT_LENGTH": "-1"}, 411),
        ({"CONTENT_LENGTH": "\u0663"}, 411),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 411),
    ],
)
def test_sizes(headers: dict[str, str], status: int) -> None:
    assert ask_inside(method="POST", **headers) == status


@pytest.mark.parametrize("query", ["", f"token={TOKEN}"])
@pytest.mark.parametrize("given", ["", cookie(8050, TOKEN)])
def test_no_answer_can_be_framed_or_mistaken(query: str, given: str) -> None:
    headers = ask(query=query, HTTP_COOKIE=given)[1]
    assert headers["X-Frame-Options"] == "DENY" and headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert headers["Referrer-Policy"] == "same-origin"
