"""The surrogates by name, for whoever only offers them: the models themselves take long to import."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["SURROGATES", "SurrogateName"]

SurrogateName = Literal["run", "forest", "consensus", "best"]
#: The surrogates that have a name; the run's own first.
SURROGATES: tuple[SurrogateName, ...] = get_args(SurrogateName)
