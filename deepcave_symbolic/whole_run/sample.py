"""Configurations as the space draws them, with what the surrogate expects there.

Notation: see the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deepcave_symbolic.exceptions import HyperparameterNotExplainableError, NoTrialsError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection.average import beside, draw_others, natural_columns
from deepcave_symbolic.space.axis import Axis, axis_of
from deepcave_symbolic.space.configurations import activity_in_words
from deepcave_symbolic.space.explainable import explainable

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from deepcave_symbolic.projection import Subject

__all__ = ["Conditions", "Sample", "axes_of_run", "conditions_of", "draw"]

#: Configurations of which the surrogate is asked: as many as fit into the seconds by the model's own estimate.
_FEWEST, _MOST, _SECONDS = 400, 1800, 0.5
#: Configurations over which means and shares of parts are taken; they cost no prediction.
_MEASURED = 2**14
#: Of those of which the surrogate is asked, every so many-th is held out.
HELD_OUT = 3

#: When a hyperparameter is active, in words, by its name; without those that always are.
Conditions = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Sample:
    """Drawn configurations.

    Args:
        axes: The hyperparameters that can enter a formula.
        columns: Of each the natural values, shape (n,), NaN where it is inactive.
        y: What the surrogate expects, objective units, shape (n,).
        measure: Natural values of many more draws, likewise; means of parts are over these.
    """

    axes: tuple[Axis, ...]
    columns: tuple[Array, ...]
    y: Array
    measure: tuple[Array, ...]

    def part(self, *, held_out: bool) -> Sample:
        """Returns the configurations that are held out, or those that are fitted."""
        kept = (np.arange(len(self.y)) % HELD_OUT == 0) == held_out
        return Sample(self.axes, tuple(c[kept] for c in self.columns), self.y[kept], self.measure)


def axes_of_run(configspace: ConfigurationSpace) -> tuple[Axis, ...]:
    """Returns the hyperparameters that can enter a formula, in the space's order.

    Raises:
        HyperparameterNotExplainableError: If there is none.
    """
    axes = tuple(axis_of(configspace, name) for name in explainable(configspace))
    if not axes:
        names = list(configspace)
        raise HyperparameterNotExplainableError(
            f"None of the hyperparameters ({', '.join(map(repr, names))}) varies; expected at least one with two "
            "values or more.",
            hyperparameter=names[0] if names else "",
        )
    return axes


def conditions_of(configspace: ConfigurationSpace, axes: Sequence[Axis]) -> Conditions:
    """Returns when the hyperparameters are active that are not always."""
    words = {axis.name: tuple(activity_in_words(configspace, axis.name)) for axis in axes}
    return {name: conditions for name, conditions in words.items() if conditions}


def draw(subject: Subject, axes: Sequence[Axis]) -> Sample:
    """Returns configurations that the subject's space draws; the same for every call.

    Raises:
        NoTrialsError: If the space's clauses leave none.
    """
    n = int(np.clip(_SECONDS / subject.surrogate.row_seconds, _FEWEST, _MOST))
    X = _drawn(subject, n)
    many = _drawn(subject, _MEASURED)
    if min(len(X), len(many)) == 0:
        raise NoTrialsError("The forbidden clauses leave no configuration that could be drawn; expected some.")
    y, _ = subject.surrogate.model.predict(X)
    space = subject.configspace
    return Sample(
        tuple(axes),
        natural_columns(space, axes, X),
        np.asarray(y, dtype=np.float64),
        natural_columns(space, axes, many),
    )


def _drawn(subject: Subject, n: int) -> Array:
    nowhere: Array = np.empty((1, 0))
    others = draw_others(subject.configspace, [], nowhere, n, subject.surrogate.X)
    X, usable = beside(subject.configspace, [], nowhere, others)
    return X[usable]
