"""Asks a run about one configuration: what the surrogate expects of it, and which trial is nearest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcave_symbolic.advice.distance import Distances
from deepcave_symbolic.exceptions import InvalidArgumentError, UnknownNameError
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Subject
from deepcave_symbolic.runs.vectors import check_value, vectors_of
from deepcave_symbolic.space.choices import plain_value
from deepcave_symbolic.space.configurations import deactivate, forbidden
from deepcave_symbolic.space.named_values import values_of_vector, vector_of_values
from deepcave_symbolic.whole_run.contributions import NearestTrial
from deepcave_symbolic.whole_run.explanation import Asked

__all__ = ["Asking"]


@dataclass(frozen=True)
class Asking:
    """Answers with the surrogate and the trials of a subject."""

    subject: Subject

    def __call__(self, configuration: Mapping[str, Any]) -> Asked:
        """Returns what the run says of a configuration.

        Raises:
            UnknownNameError: If the space has no such hyperparameter.
            InvalidArgumentError: If a value is not one of its.
        """
        return self.at(self._vector(dict(configuration)))

    def at(self, vector: Array) -> Asked:
        """Returns what the run says of a configuration.

        Args:
            vector: As ConfigSpace has it; what is inactive is left out.

        Raises:
            InvalidArgumentError: If the space forbids it.
        """
        space = self.subject.configspace
        vector = deactivate(space, vector[None, :])[0]
        if forbidden(space, vector[None, :])[0]:
            raise InvalidArgumentError("The run's space forbids this configuration.")
        mean, std = self.subject.surrogate.model.predict(vector[None, :])
        return Asked(values_of_vector(space, vector), float(mean[0]), float(std[0]), self._nearest(vector))

    def _vector(self, given: Mapping[str, Any]) -> Array:
        space = self.subject.configspace
        for name in given:
            if name not in space:
                raise UnknownNameError("hyperparameter", name, list(space))
        given = {name: value if value is None else plain_value(value) for name, value in given.items()}
        filled = {name: given.get(name, hp.default_value) for name, hp in space.items()}
        filled = {name: space[name].default_value if value is None else value for name, value in filled.items()}
        try:
            for name, value in given.items():
                if value is not None:
                    check_value(space, name, value)
            active = deactivate(space, vector_of_values(space, filled)[None, :])[0]
            # What is inactive is not checked, and what is active has to be a value of the space.
            row = {name: filled[name] for name, entry in zip(space, active, strict=True) if not np.isnan(entry)}
            set_by_hand = {name: value for name, value in given.items() if value is not None}
            return np.asarray(vectors_of([{**row, **set_by_hand}], space)[0][0])
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError(f"The configuration does not fit the run's space: {error}") from None

    def _nearest(self, vector: Array) -> NearestTrial | None:
        surrogate, space = self.subject.surrogate, self.subject.configspace
        if len(surrogate.y) == 0:
            return None
        distances = Distances(space).between(vector[None, :], surrogate.X)[0]
        row = int(np.argmin(distances))
        same = distances <= distances[row] + 1e-12
        alike = same & np.all(np.nan_to_num(surrogate.X, nan=-1.0) == np.nan_to_num(surrogate.X[row], nan=-1.0), axis=1)
        cost = float(np.mean(surrogate.y[alike]))
        return NearestTrial(values_of_vector(space, surrogate.X[row]), cost, float(distances[row]))
