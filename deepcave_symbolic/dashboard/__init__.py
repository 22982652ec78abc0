"""The panel in DeepCAVE and what starts DeepCAVE with it."""
