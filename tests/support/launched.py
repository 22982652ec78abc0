"""The dashboard in DeepCAVE in a process of its own, with its Redis.

Importing this skips where it cannot run.
"""

from __future__ import annotations

import os

import pytest

from deepcave_symbolic.exceptions import MissingDependencyError

pytest.importorskip("deepcave", reason="DeepCAVE 1.4.1 runs on Python 3.10 at the latest")
if os.name != "posix":
    pytest.skip("the dashboard needs Linux or macOS", allow_module_level=True)

import redis

from deepcave_symbolic.dashboard.launcher.redis_server import RedisAddress, find_redis_server
from started import READY, Started

__all__ = ["READY", "REDIS_SERVER", "Launched"]

try:
    REDIS_SERVER = find_redis_server()
except MissingDependencyError as missing:
    pytest.skip(str(missing), allow_module_level=True)


class Launched(Started):
    """`deepcave-symbolic dashboard ...` with DeepCAVE."""

    @property
    def redis(self) -> redis.Redis:
        environment = self.environment
        return RedisAddress(
            environment["DEEPCAVE_SYMBOLIC_REDIS_ADDRESS"], int(environment["DEEPCAVE_SYMBOLIC_REDIS_PORT"])
        ).connect()
