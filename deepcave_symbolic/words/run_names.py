"""Names of runs: as much of their paths as says which run it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

__all__ = ["run_name", "run_names"]


def run_name(place: str) -> str:
    """Returns a run's name for people: the folder's, with the one above it where SMAC named the folder by the seed.

    Args:
        place: Path of the run, or whatever else it is called.
    """
    return run_names([place])[0] if place else ""


def run_names(places: Sequence[str]) -> list[str]:
    """Returns a different name for every run: as much of the ends of their paths as makes them different."""
    parts = [PurePath(place).parts for place in places]
    longest = max(map(len, parts), default=1)
    for n in range(1, longest + 1):
        names = [str(PurePath(*part[-n:])) for part in parts]
        # SMAC calls its folders by the seed, which alone tells nobody which run it is.
        if len(set(names)) == len(names) and (n == longest or not any(name.isdigit() for name in names)):
            return names
    return [f"{place} ({i + 1})" for i, place in enumerate(places)]
