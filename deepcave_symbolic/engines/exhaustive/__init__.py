"""The default engine: every short formula of a readable grammar. See `search`."""

from __future__ import annotations

from deepcave_symbolic.engines.exhaustive.search import ExhaustiveEngine

__all__ = ["ExhaustiveEngine"]
