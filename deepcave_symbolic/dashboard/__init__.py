"""The panel, and what starts a dashboard with it: DeepCAVE, or an app of our own."""

from __future__ import annotations

__all__ = ["AGAIN_KEY", "ENVIRONMENT", "PLUGIN_GROUP"]

#: The group of entry points that lists panels.
PLUGIN_GROUP = "deepcave.plugins"

#: How the environment variables begin that pass settings to our Config; `config.py` lists them.
ENVIRONMENT = "DEEPCAVE_SYMBOLIC_"

#: Marks a job that is done for the second time, and its result.
AGAIN_KEY = "again"
