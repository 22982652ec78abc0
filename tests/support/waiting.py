"""Waiting for what another process does. What comes sooner ends the wait, so the limit is one for busy machines."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds for whatever a test waits for.
LIMIT = 300.0


def wait_until(condition: Callable[[], object], otherwise: Callable[[], object] = lambda: None) -> None:
    """Waits until a condition holds; fails with what `otherwise` says."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.05)
