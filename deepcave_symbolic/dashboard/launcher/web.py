"""The dashboard's address: a listening socket, and waiting until the server behind it answers."""

from __future__ import annotations

import contextlib
import errno
import html
import http
import http.client
import ipaddress
import os
import select
import socket
import threading
import time
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from deepcave_symbolic.dashboard.launcher.processes import Child, ChildError, Children
from deepcave_symbolic.exceptions import InvalidArgumentError

__all__ = ["Listener", "browser_url", "is_loopback", "listen", "open_browser", "wait_for_page"]

#: DeepCAVE's own port, taken where it is free, so that a bookmark keeps working.
PREFERRED_PORT = 8050
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@dataclass(frozen=True)
class Listener:
    """A socket that listens already, so that nobody can take its port before the server runs.

    Args:
        socket: The socket.
        host: Host it was asked to listen on.
        port: The port it got.
    """

    socket: socket.socket
    host: str
    port: int

    @property
    def reachable_host(self) -> str:
        """A host that a browser on this machine can use: not the one that stands for all interfaces."""
        return _ANY.get(self.host, self.host)

    @property
    def url(self) -> str:
        """The start page, for a browser on this machine."""
        return browser_url(self.host, self.port)


def browser_url(host: str, port: int) -> str:
    """Returns the start page of a server, for a browser on its machine."""
    host = _ANY.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def listen(host: str, port: int | None) -> Listener:
    """Returns a listening socket.

    Args:
        host: Name or address to listen on.
        port: The port, or None for DeepCAVE's if it is free and any other if not.

    Raises:
        InvalidArgumentError: If the port is in use or the host is not one of this machine's.
    """
    if port is not None and not 0 < port < 65536:
        raise InvalidArgumentError(f"--port {port} is no port; expected 1 to 65535.")
    if not host:
        raise InvalidArgumentError("--host is empty; give 127.0.0.1 (this machine only) or 0.0.0.0 (every network).")
    try:
        return _listener(host, port or PREFERRED_PORT)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise InvalidArgumentError(f"Cannot listen on {host}: {error.strerror}.") from error
        if port is None:
            return _listener(host, 0)
        raise InvalidArgumentError(
            f"Port {port} of {host} is in use. Give another --port, or none to take a free one."
        ) from error


def _listener(host: str, port: int) -> Listener:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    every = host == "::" and socket.has_dualstack_ipv6()
    found = socket.create_server((host, port), family=family, dualstack_ipv6=every)
    return Listener(found, host, int(found.getsockname()[1]))


def is_loopback(host: str) -> bool:
    """Tells whether a host is this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def wait_for_page(listener: Listener, server: Child, children: Children, *, cookie: str, limit: float) -> None:
    """Waits until the server answers with its start page.

    Args:
        listener: Where the server will answer.
        server: The server.
        children: All processes, which are checked meanwhile.
        cookie: What lets a browser in.
        limit: Seconds to wait.

    Raises:
        ChildError: If it answers with an error, ends or takes too long.
        Stopped: If somebody asked to end.
    """
    # Proxies from the environment are not for this: http.client uses none.
    connection = http.client.HTTPConnection(listener.reachable_host, listener.port, timeout=limit)
    with contextlib.closing(connection):
        try:
            # It waits in the socket's queue until the server accepts it.
            connection.request("GET", "/", headers={"Cookie": cookie})
            children.wait_until(
                lambda: bool(select.select([connection.sock], [], [], 0)[0]),
                limit=limit,
                child=server,
                what="The server did not answer",
            )
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            time.sleep(0.5)  # a moment to end: `check` says more then
            children.check()
            raise ChildError(f"The server did not answer: {error}.", child=server) from error
    if status != http.HTTPStatus.OK:
        raise ChildError(f"The server answered with HTTP status {status}.", child=server)


def open_browser(url: str, folder: Path) -> None:
    """Opens the address in the user's browser, if there is one that does not take over the terminal.

    Args:
        url: An address that only this user may know. Every user of the machine can read the browser's command line,
            so that has the name of a file, and the file leads to the address.
        folder: A folder that only this user can read, for the file.
    """
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return
    # What webbrowser knows only by name is lynx or w3m, unless the user chose it.
    if type(browser) is webbrowser.GenericBrowser and not os.environ.get("BROWSER"):
        return
    page = folder / "open.html"
    page.write_text(
        f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={html.escape(url)}">'
        f'<title>DeepCAVE</title><a href="{html.escape(url)}">Open the dashboard</a>\n',
        encoding="utf-8",
    )
    # A command in BROWSER may block until its window is closed.
    threading.Thread(target=browser.open, args=(page.as_uri(),), daemon=True).start()
