"""The runs that the page offers: those of the command line, and what was added from below its roots."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from typing import Any

from deepcave_symbolic.dashboard.allowed_runs import AllowedRuns
from deepcave_symbolic.dashboard.own.offer import Offer
from deepcave_symbolic.dashboard.panel.choices import choices
from deepcave_symbolic.dashboard.panel.recorded_run import RecordedRun
from deepcave_symbolic.exceptions import DeepcaveSymbolicError, InvalidArgumentError
from deepcave_symbolic.runs.load import load_run, runs_at, spelt
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.words.run_names import run_name, run_names

__all__ = ["OpenedRuns"]

#: So many runs are looked through in a list; a path names any.
_MOST_LISTED = 500


class OpenedRuns:
    """The runs of one dashboard, the same for all of its tabs.

    Args:
        allowed: What the command line names.
        offers: What is known of runs already.
        ready: Returns as soon as runs can be read.
    """

    def __init__(
        self, allowed: AllowedRuns, offers: Iterable[Offer] = (), *, ready: Callable[[], None] = lambda: None
    ) -> None:
        self._allowed = allowed
        self._places = list(allowed.runs)
        self._offers = {offer.place: offer for offer in offers}
        self._ready = ready
        self._lock = threading.Lock()

    @property
    def places(self) -> tuple[str, ...]:
        """Where they are, in the order in which they were opened."""
        return tuple(self._places)

    def options(self) -> list[dict[str, Any]]:
        """Returns the choices of a run."""
        return choices(run_names(self.places), self.places)

    def name(self, place: str) -> str:
        """Returns what the choices call a run."""
        return dict(zip(self.places, run_names(self.places), strict=True)).get(place) or run_name(place)

    def run(self, place: Any) -> RecordedRun:
        """Returns one of the runs, read anew when something of it is asked, since it may have grown.

        Raises:
            DeepcaveSymbolicError: If it could not be added either, as only a page that is not ours would ask.
        """
        if place not in self._places:  # as of one that was added before the server was started once more
            place = self.add(str(place))
        return RecordedRun(str(place), self._load)

    def offer(self, place: Any) -> Offer:
        """Returns what one of the runs offers, which is read again only when its files have changed.

        Raises:
            DeepcaveSymbolicError: If it cannot be read, or is none that `run` returns.
        """
        known = self._offers.get(str(place))
        if known is None or not known.holds:
            self._ready()
            known = self._offers[str(place)] = Offer.of(self.run(place).path)
        return known

    def _load(self, place: str) -> Run:
        self._ready()
        return load_run(place)

    def add(self, text: str) -> str:
        """Opens a run, or the only one below a folder or in a storage of Optuna's, and returns where it is.

        Raises:
            DeepcaveSymbolicError: If it is outside the folders of the command line, or no run that can be read.
        """
        place = self._allowed_place(text.strip())
        found = [str(each) for each in runs_at(place)]
        if len(found) > 1:
            names = ", ".join(run_names(found)[:5])
            raise InvalidArgumentError(f"{place} holds {len(found)} runs ({names}, ...). Name one of them.")
        self._allowed_place(found[0])  # a link may lead elsewhere
        load_run(found[0])
        with self._lock:
            if found[0] not in self._places:
                self._places.append(found[0])
        return found[0]

    @property
    def roots(self) -> tuple[str, ...]:
        """The folders below which runs can be added."""
        return self._allowed.below

    def addable(self) -> list[dict[str, Any]]:
        """Returns the choices of runs below the roots that are not open; where a link leads outside, it is left out."""
        found: dict[str, None] = {}
        for root in self.roots:
            with contextlib.suppress(DeepcaveSymbolicError, OSError):  # such as a root without runs
                found |= dict.fromkeys(each for each in map(str, runs_at(root)) if self._allowed.allows(each))
        places = [place for place in found if place not in self._places][:_MOST_LISTED]
        return choices(run_names(places), places)

    def _allowed_place(self, text: str) -> str:
        place, file = spelt(text)
        if not (self._allowed.names(place) or self._allowed.allows(file)):
            raise InvalidArgumentError(
                f"{place} is neither a run of the command line nor below one of its roots. "
                "Start the dashboard with this run, or with --root FOLDER."
            )
        return place
