"""The default engine: every short formula of a readable grammar. See `engine`."""

from __future__ import annotations

from deepcave_symbolic.engines.exhaustive.engine import ExhaustiveEngine

__all__ = ["ExhaustiveEngine"]
