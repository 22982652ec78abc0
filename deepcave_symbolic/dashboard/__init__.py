"""The panel in DeepCAVE and what starts DeepCAVE with it."""

from __future__ import annotations

__all__ = ["ENVIRONMENT", "PLUGIN_GROUP"]

#: The group of entry points that lists panels.
PLUGIN_GROUP = "deepcave.plugins"

#: How the environment variables begin that pass settings to our Config; `config.py` lists them.
ENVIRONMENT = "DEEPCAVE_SYMBOLIC_"
