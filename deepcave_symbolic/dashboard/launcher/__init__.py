"""What `deepcave_symbolic.dashboard.start` starts and looks after: Redis, workers and DeepCAVE's server."""

from __future__ import annotations

__all__: list[str] = []
