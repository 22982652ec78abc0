"""A better configuration space for the next run: parts of domains to keep, bounds to widen, hyperparameters to freeze.

A value of a hyperparameter is worth keeping where the others can be set so that the objective stays within a tolerance
of its best: where the profile of the surrogate does, see `projection.profile`. What the trials cannot tell from zero is
added to the tolerance, so that nothing is cut away by noise. A surrogate that knows next to nothing changes nothing.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from deepcave_symbolic.advice.changes import changed_space, left_out
from deepcave_symbolic.advice.domains import AdvisedDomain, advised_domain
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.findings.explained import Explained, Unexplained
from deepcave_symbolic.findings.reasons import on_surrogate
from deepcave_symbolic.findings.trust import VERDICTS, Verdict
from deepcave_symbolic.records import Record
from deepcave_symbolic.surrogates.base import SurrogateRecord
from deepcave_symbolic.words.names import shown_name

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["AdvisedSpace", "advised_space", "checked_tolerance", "knows_nothing"]

S = TypeVar("S", bound="AdvisedSpace")
_WORST = VERDICTS[-1]
_MORE = (
    "Evaluate more trials first, such as those that would teach most (command line: next; Python: next_trials; panel: "
    "What to try next, with a hyperparameter chosen)."
)


@dataclass(frozen=True, eq=False)
class AdvisedSpace(Record):
    """A better configuration space for the next run.

    Args:
        objective: Name of the objective.
        run: The run's path, else its name.
        tolerance: By how much the objective may be worse than its best, objective units.
        domains: What to do with every hyperparameter, in the space's order.
        warnings: What to know of the surrogate before this is believed: severity, as a verdict, and sentence.
    """

    objective: str
    run: str
    tolerance: float
    domains: tuple[AdvisedDomain, ...]
    warnings: tuple[tuple[Verdict, str], ...] = ()
    original: Any = field(default=None, compare=False, repr=False)

    @property
    def changed(self) -> tuple[AdvisedDomain, ...]:
        """Those that are not kept as they are."""
        return tuple(domain for domain in self.domains if domain.action != "keep")

    def configspace(self, original: ConfigurationSpace | None = None) -> ConfigurationSpace:
        """Returns the space with the changes, but for those that its conditions or clauses do not allow.

        Args:
            original: The run's configuration space; it is known unless the record was read from a file.

        Raises:
            InvalidArgumentError: If it is not known, or does not go with the changes.
        """
        space = self.original if original is None else original
        if space is None:
            raise InvalidArgumentError("This record was read from a file; expected the run's configuration space.")
        changes = [domain for domain in self.changed if not domain.left_out]
        try:
            return changed_space(space, changes) if changes else copy.deepcopy(space)
        except (InvalidArgumentError, KeyError, ValueError) as error:
            raise InvalidArgumentError(f"The configuration space is not the run's: {error}.") from error


def checked_tolerance(tolerance: Any) -> float:
    """Returns the tolerance.

    Raises:
        InvalidArgumentError: If it is no finite number from 0 on.
    """
    number = isinstance(tolerance, (int, float, np.integer, np.floating)) and not isinstance(tolerance, bool)
    if not number or not math.isfinite(tolerance) or tolerance < 0.0:
        raise InvalidArgumentError(
            f"tolerance is {tolerance!r:.40}; expected a number from 0 on, in units of the objective."
        )
    return float(tolerance)


def knows_nothing(surrogate: SurrogateRecord) -> bool:
    """Returns whether a surrogate knows too little of the run to change the space because of it."""
    return any(VERDICTS[severity] == _WORST for severity, _ in on_surrogate(surrogate))


def advised_space(
    kind: type[S],
    profiles: Sequence[Explained | Unexplained],
    configspace: ConfigurationSpace,
    tolerance: float,
    surrogate: SurrogateRecord,
    *,
    objective: str,
    run: str,
) -> S:
    """Returns what to do with every hyperparameter.

    Args:
        kind: The record's class.
        profiles: The explanations of single hyperparameters with statistic="best", or why there are none; none of a
            surrogate that knows nothing.
        configspace: The run's configuration space.
        tolerance: By how much the objective may be worse than its best, objective units.
        surrogate: What spoke.
        objective: Name of the objective.
        run: The run's path, else its name.
    """
    found = {each.hyperparameters[0]: each for each in profiles}
    domains = []
    for name, hyperparameter in configspace.items():
        each = found.get(name)
        if isinstance(each, Explained):
            domains.append(advised_domain(each, hyperparameter, tolerance))
        else:
            reason = "" if each is None else f" {each.reason}"
            domains.append(AdvisedDomain(name, "keep", sentence=f"Keep {shown_name(name)} as it is.{reason}"))
    reasons = left_out(configspace, [domain for domain in domains if domain.action != "keep"])
    told = tuple(replace(domain, left_out=reasons.get(domain.hyperparameter, "")) for domain in domains)
    return kind(objective, run, tolerance, told, _warnings(surrogate), configspace)


def _warnings(surrogate: SurrogateRecord) -> tuple[tuple[Verdict, str], ...]:
    """Returns what to know of a surrogate, with severities."""
    rated = [(VERDICTS[i], text) for i, text in on_surrogate(surrogate, "nothing is narrowed, widened or frozen")]
    said = [(verdict, f"{text} {_MORE}" if verdict == _WORST else text) for verdict, text in rated]
    return (*said, *(("with care", text) for text in surrogate.warnings))
