"""Who may talk to the dashboard's server: only who has the token of the printed address.

DeepCAVE asks nobody for anything, and what it does when asked (list folders, open runs, end itself) every user of the
machine could ask for, and through the user's own browser every web page; an app of Dash's is no other. `Door` is a WSGI
application around theirs, so that pages, assets and callbacks all pass it. It checks, in this order:

- `Host`: a web page whose name was mapped to this machine (DNS rebinding) sends its own name there.
- `Origin` and `Sec-Fetch-Site`: another page, which may stand on another port of the same host.
- The size of the request.
- The token: in the address once, from then on in a cookie. The ports of a host share their cookies, and a tunnel
  changes the port, so the cookie is named after the port that the browser sees.
"""

from __future__ import annotations

import hmac
import html
import ipaddress
import re
import secrets
import socket
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

from deepcave_symbolic.dashboard.launcher.web import browser_url, is_loopback

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Door", "cookie", "entrance", "guard_deepcave", "new_token"]

#: Bytes of a request's body; the callbacks carry lists of options, a few hundred kilobytes at most.
LARGEST_REQUEST = 16 * 2**20

_PARAMETER = "token"
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
_HEADERS = [
    ("X-Frame-Options", "DENY"),
    ("Content-Security-Policy", "frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
]

_WRONG_HOST = (
    "400 Bad Request",
    "The dashboard does not answer under this name. Use localhost or an address such as 127.0.0.1; "
    "for another name of its machine, start it with --host NAME.",
)
_OTHER_PAGE = (
    "403 Forbidden",
    "Another page asked for this. Open the dashboard in a tab of its own, at the address that the terminal printed.",
)
_NO_LENGTH = ("411 Length Required", "The request does not say how long it is. Send a Content-Length.")
_TOO_LARGE = (
    "413 Payload Too Large",
    f"The request is larger than {LARGEST_REQUEST // 2**20} MiB. Select fewer things at once.",
)
_NO_TOKEN = (
    "403 Forbidden",
    "This page needs the token of the dashboard. Open the whole address that the terminal printed after '{name}:', "
    f"up to the end of ?{_PARAMETER}=...; each start has a new one.",
)


def new_token() -> str:
    """Returns a token that nobody can guess."""
    return secrets.token_urlsafe(32)


def entrance(url: str, token: str) -> str:
    """Returns the address that lets a browser in."""
    return f"{url}?{urlencode({_PARAMETER: token})}"


def cookie(port: int, token: str) -> str:
    """Returns the cookie of a browser that was let in, as it sends it."""
    return f"deepcave-symbolic-{port}={token}"


class Door:
    """The server's WSGI application, for those who have the token.

    Args:
        app: What is behind the door.
        token: The token.
        host: Where the server listens.
        name: What the terminal calls it.
    """

    def __init__(self, app: WSGIApplication, *, token: str, host: str, name: str = "DeepCAVE") -> None:
        self._app = app
        self._name = name
        self._token = token
        self._names = {"localhost", host.lower()}
        self._on_a_network = not is_loopback(host)
        if self._on_a_network:
            self._names |= {socket.gethostname().lower(), socket.getfqdn().lower()}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Passes the request on, or answers it with what is wrong and what to do."""

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, *_HEADERS], *rest)

        host = _HOST.fullmatch(environ.get("HTTP_HOST", ""))
        if host is None or not self._is_ours(host["name"].strip("[]").lower()):
            return _answer(start, *_WRONG_HOST)
        if _is_from_another_page(environ, host[0]):
            return _answer(start, *_OTHER_PAGE)
        length = environ.get("CONTENT_LENGTH") or "0"
        if "HTTP_TRANSFER_ENCODING" in environ or not re.fullmatch("[0-9]+", length):
            return _answer(start, *_NO_LENGTH)
        if len(length) > len(str(LARGEST_REQUEST)) or int(length) > LARGEST_REQUEST:
            return _answer(start, *_TOO_LARGE)
        port = int(host["port"] or 80)
        if any(map(self._is_token, _cookies(environ, port))):
            return self._app(environ, start)
        if any(self._is_token(value) for key, value in _query(environ) if key == _PARAMETER):
            return self._let_in(environ, start, port)
        status, text = _NO_TOKEN
        return _answer(start, status, text.format(name=self._name))

    def _is_ours(self, name: str) -> bool:
        """Tells whether this server is meant: a web page can have any name here, but no address."""
        if name in self._names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._on_a_network or address.is_loopback

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode())

    def _let_in(self, environ: WSGIEnvironment, start: StartResponse, port: int) -> Iterable[bytes]:
        """Sets the cookie and leads to the same page without the token in its address."""
        query = [(key, value) for key, value in _query(environ) if key != _PARAMETER]
        # Relative: a proxy in front may have cut off the beginning of the path, and no path can lead to another host.
        page = "./" + quote(environ.get("PATH_INFO", "").encode("latin-1").rpartition(b"/")[2])
        page += f"?{urlencode(query)}" if query else ""
        headers = [("Set-Cookie", f"{cookie(port, self._token)}; Path=/; HttpOnly; SameSite=Strict")]
        if environ.get("HTTP_SEC_FETCH_SITE", "none") in ("none", "same-origin"):
            return _answer(start, "302 Found", "The dashboard is there.", [*headers, ("Location", page)])
        # Out of another page or a file, as the launcher opens the browser: a redirect would count as theirs, too, and
        # come without the cookie. What this page opens is its own.
        refresh = f'<meta http-equiv="refresh" content="0; url={html.escape(page)}">'
        return _answer(
            start,
            "200 OK",
            f"<!doctype html>{refresh}<title>{html.escape(self._name)}</title>",
            headers,
            kind="text/html",
        )


def guard_deepcave(host: str, port: int) -> None:
    """Puts a door before the server that DeepCAVE's own command starts, and prints the address that leads in.

    Elsewhere, in the launcher's server too, nothing happens.

    Args:
        host: Where it will listen.
        port: The port.
    """
    import deepcave

    # Of its programs only the server has runs.
    if not hasattr(deepcave, "run_handler") or isinstance(deepcave.app.server.wsgi_app, Door):
        return
    token = new_token()
    deepcave.app.server.wsgi_app = Door(deepcave.app.server.wsgi_app, token=token, host=host)
    print(f"DeepCAVE: {entrance(browser_url(host, port), token)}", flush=True)


def _is_from_another_page(environ: WSGIEnvironment, host: str) -> bool:
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is None:  # an older browser, or none
        origin = environ.get("HTTP_ORIGIN")
        return origin is not None and origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}")
    # The browser's own word, which no page can change. It holds behind a proxy that changes the host, too, and for
    # pictures and scripts, which have no Origin. A link may lead here: its page sees nothing of what it opens.
    is_link = environ["REQUEST_METHOD"] == "GET" and environ.get("HTTP_SEC_FETCH_MODE") == "navigate"
    return site not in ("none", "same-origin") and not is_link


def _query(environ: WSGIEnvironment) -> list[tuple[str, str]]:
    return parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)


def _cookies(environ: WSGIEnvironment, port: int) -> Iterator[str]:
    """Yields the values of our cookie; what other servers of this host have set stands there as well."""
    name = cookie(port, "")
    parts = (part.strip() for part in environ.get("HTTP_COOKIE", "").split(";"))
    return (part.removeprefix(name) for part in parts if part.startswith(name))


def _answer(
    start: StartResponse, status: str, text: str, headers: Iterable[tuple[str, str]] = (), *, kind: str = "text/plain"
) -> Iterable[bytes]:
    body = f"{text}\n".encode()
    length = ("Content-Length", str(len(body)))
    start(status, [("Content-Type", f"{kind}; charset=utf-8"), length, ("Cache-Control", "no-store"), *headers])
    return [body]
