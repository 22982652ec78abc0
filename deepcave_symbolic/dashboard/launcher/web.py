"""The dashboard's address: a listening socket, and waiting until the server behind it answers."""

from __future__ import annotations

import errno
import http.client
import ipaddress
import os
import select
import socket
import threading
import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass

from deepcave_symbolic.exceptions import InvalidArgumentError

__all__ = ["Listener", "free_port", "is_loopback", "listen", "open_browser", "wait_for_answer"]

#: DeepCAVE's own port, taken where it is free, so that a bookmark keeps working.
PREFERRED_PORT = 8050
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_BACKLOG = 128


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
        """The address to open."""
        host = self.reachable_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"


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
        return _listener(host, PREFERRED_PORT if port is None else port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            if port is None:
                return _listener(host, 0)
            raise InvalidArgumentError(
                f"Port {port} of {host} is in use. Give another --port, or none to take a free one."
            ) from error
        raise InvalidArgumentError(f"Cannot listen on {host}, port {port or PREFERRED_PORT}: {error}.") from error


def _listener(host: str, port: int) -> Listener:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        # On POSIX this only lets a port be used again right after its last user stopped.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return Listener(listener, host, int(listener.getsockname()[1]))


def is_loopback(host: str) -> bool:
    """Tells whether a host is this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def free_port() -> int:
    """Returns a port of 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_answer(listener: Listener, *, limit: float, check: Callable[[], None]) -> int | None:
    """Returns the HTTP status of the start page, or None after the time limit.

    Args:
        listener: Where the server will answer.
        limit: Seconds to wait.
        check: Called several times a second; ends the waiting by raising.
    """
    deadline = time.monotonic() + limit
    # Proxies from the environment are not for this: http.client uses none.
    connection = http.client.HTTPConnection(listener.reachable_host, listener.port, timeout=limit)
    try:
        connection.request("GET", "/")  # waits in the socket's queue until the server accepts it
        while time.monotonic() < deadline:
            check()
            if select.select([connection.sock], [], [], 0.1)[0]:
                return connection.getresponse().status
        return None
    except (OSError, http.client.HTTPException):
        # The server went away; if it ended, check says so better than a refused connection does.
        time.sleep(0.5)
        check()
        return None
    finally:
        connection.close()


def open_browser(url: str) -> None:
    """Opens the address in the user's browser, if there is one that does not take over the terminal."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return
    # What webbrowser knows only by name is lynx or w3m, unless the user chose it.
    if type(browser) is webbrowser.GenericBrowser and not os.environ.get("BROWSER"):
        return
    # A command in BROWSER may block until its window is closed.
    threading.Thread(target=browser.open, args=(url,), daemon=True).start()
