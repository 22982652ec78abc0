"""Of which hyperparameters laws are looked for on a page about a whole run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.laws.finding import DRAWN
from deepcave_symbolic.laws.observations import has_powers
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.space.explainable import explainable
from deepcave_symbolic.words.names import either, shown_name

if TYPE_CHECKING:
    from deepcave_symbolic.projection import Subject

__all__ = ["checked_laws", "targets", "why_unasked"]

#: Of so many where nobody says how many.
_FIRST = 3
#: Up to so many configurations times hyperparameters a law takes about half a second at most.
_QUICK = 5000


def checked_laws(laws: Any) -> int:
    """Returns of how many hyperparameters to look for a law.

    Raises:
        InvalidArgumentError: If it is no whole number from 0.
    """
    if laws is None:
        return _FIRST
    if isinstance(laws, bool) or not isinstance(laws, (int, np.integer)) or laws < 0:
        raise InvalidArgumentError(
            f"laws is {laws!r:.40}; expected of how many hyperparameters to look for a law, a whole number from 0."
        )
    return int(laws)


def targets(subject: Subject, ranking: Sequence[str], most: int) -> tuple[str, ...]:
    """Returns the first hyperparameters of a ranking that may have a law."""
    space = subject.configspace
    return tuple(name for name in ranking if has_powers(space, axis_of(space, name)))[:most]


def why_unasked(subject: Subject, names: Sequence[str], *, every_budget: bool) -> str:
    """Returns why laws are not looked for where nobody asks for them, as a sentence; empty where they are.

    Args:
        subject: The surrogate over the space.
        names: Whose laws it is about.
        every_budget: Whether the trials of all budgets are taken together.
    """
    if every_budget:
        return "Laws are not looked for on all budgets at once: trials of one configuration hang together."
    size = (len(subject.surrogate.y) or DRAWN) * len(explainable(subject.configspace))
    if not names or size <= _QUICK:
        return ""
    best = either(list(map(shown_name, names)), " or ")
    return (
        "Laws take longer for a run of this size: deepcave-symbolic law RUN -p NAME, in Python law(run, NAME), tells "
        f"how the best {best} moves with others."
    )
