"""What a dashboard is asked to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["HOST_APPS", "DashboardOptions"]

#: The apps that show the panel: DeepCAVE, and one of our own.
HOST_APPS = ("deepcave", "own")


@dataclass(frozen=True)
class DashboardOptions:
    """What to start.

    Args:
        runs: Run folders that are selected at the start, or folders above them.
        roots: Folders below which the page may open more runs; the current one where neither they nor runs are given.
        host: Where the server listens.
        port: The server's port, or None for a free one.
        host_app: Which app shows the panel, one of `HOST_APPS`; None for DeepCAVE where it is installed.
        base_path: What a proxy in front cuts off from the beginning of every path; None for nothing.
        workers: Processes that compute: DeepCAVE's workers here, None for one; questions that our own app answers at
            once, None for as many as there are processors, at least two.
        redis: URL of a Redis to share, or None to start one.
        user_config: File with the user's own DeepCAVE Config.
        browser: Whether to open the browser.
        worker_only: Whether to start workers only, for a dashboard elsewhere on the same Redis.
    """

    runs: Sequence[str] = ()
    roots: Sequence[str] = ()
    host: str = "127.0.0.1"
    port: int | None = None
    host_app: str | None = None
    base_path: str | None = None
    workers: int | None = None
    redis: str | None = None
    user_config: str | None = None
    browser: bool = True
    worker_only: bool = False
