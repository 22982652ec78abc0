"""The panel in DeepCAVE and what starts DeepCAVE with it."""

__all__ = ["PLUGIN_GROUP"]

#: The group of entry points that lists panels.
PLUGIN_GROUP = "deepcave.plugins"
