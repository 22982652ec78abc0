"""Finds the law of one hyperparameter, or the reason why there is none.

A law is claimed only where the trials tell that the best value moves (an F-test against a valley that stays, and an
exponent's 90 % interval without 0), where it is one place inside the domain, and where the domain has it for most of
the space.

Notation: see the package.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from deepcave_symbolic.formulas.normal_form.references import References
from deepcave_symbolic.laws.law import FoundLaw, LawSource, NoLaw, PowerLaw
from deepcave_symbolic.laws.observations import Layout, drawn_with, has_powers, middle_of
from deepcave_symbolic.laws.refits import Refitted, interval_of, moves_by_chance, places_in
from deepcave_symbolic.laws.ridge import Data, Profile, fit_ridge
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.process.isolation import one_blas_thread
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.space.part import inside_space
from deepcave_symbolic.surrogates.base import FittedSurrogate, mean_by_configuration
from deepcave_symbolic.surrogates.scales import CostScale, compressed, log_density, plain
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import counted, percent, round_significant, rounded_text

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from deepcave_symbolic.projection import Subject

__all__ = ["DRAWN", "find_law"]

T = TypeVar("T", bound=FoundLaw)

#: Largest p-value with which the best value is said to move.
_BY_CHANCE = 1e-4
#: Above it nobody would think that it does.
_PLAINLY = 0.05
#: Configurations drawn for shares of the space; a model without trials is asked for so many.
DRAWN = 500
#: Values of the target.
_FEWEST_VALUES = 5
#: The domain must have the best value for so much of the space, and the profile its bottom in so many of the refits.
_MOST_OF_SPACE, _SETTLED = 0.5, 0.9
#: From so much of the space on, nothing is said about the rest.
_NEARLY_ALL_OF_SPACE = 0.9
#: Share of the profile's range within which a place is nearly best.
_NEARLY_BEST = 0.1
_DIGITS = 2


class _NoLawError(Exception):
    """Brings the reason to where the record is made."""


def find_law(kind: type[T], subject: Subject, target: Axis, *, objective: str, run: str) -> T | NoLaw:
    """Returns the law, or the reason why there is none.

    Args:
        kind: Class of the record.
        subject: The surrogate, whose trials are fitted, over the space, as a view shows both.
        target: The hyperparameter whose best value is told.
        objective: Name of the objective.
        run: The run's path, else its name.
    """
    about: dict[str, Any] = {"objective": objective, "run": run, "budget": subject.surrogate.budget}
    try:
        with one_blas_thread():
            sample = _sample(subject, target, objective)
            fit = _moving(sample, target)
            return _told(kind, sample, fit, region=subject.view.region.words, **about)
    except _NoLawError as reason:
        return NoLaw(hyperparameter=target.name, reason=str(reason), **about)


@dataclass(frozen=True)
class _Sample:
    """What a law is fitted to.

    Args:
        layout: Which hyperparameter is what.
        data: The configurations with their costs.
        space: Configurations as the space draws them, without costs.
        source: Whether the costs are trials' or a model's.
        warnings: Sentences for the user.
    """

    layout: Layout
    data: Data
    space: Data
    source: LawSource
    warnings: tuple[str, ...]


def _sample(subject: Subject, target: Axis, objective: str) -> _Sample:
    configspace, surrogate = subject.configspace, subject.surrogate
    name = shown_name(target.name)
    if not has_powers(configspace, target):
        lacks = "has no positive bounds" if hasattr(configspace[target.name], "lower") else "has choices"
        raise _NoLawError(f"{name} {lacks}; a power law is about numbers above 0.")
    drawn = drawn_with(configspace, target, DRAWN, surrogate.X)
    layout = Layout.of(configspace, target, drawn)
    if not layout.moving:
        raise _NoLawError(
            f"No other hyperparameter is a number with positive bounds that is always active where {name} is; a power "
            "law needs one."
        )
    X, y, source, warnings = _costs(surrogate, configspace, target, drawn)
    if np.ptp(y) == 0.0:
        raise _NoLawError(f"All configurations have the same {shown_name(objective)}.")
    if len(values := np.unique(layout.natural(target, X))) < _FEWEST_VALUES:
        raise _NoLawError(f"{name} has {counted(len(values), 'value')}; a best value that moves needs more.")
    fitted = layout.fitted_to(X, y)
    if fitted is None:
        raise _NoLawError(
            f"{counted(len(y), 'configuration')} with {name} say too little about a law among "
            f"{counted(len(layout.others) + 1, 'hyperparameter')}; expected {layout.least_rows(X)} or more."
        )
    layout, data = fitted
    data, scale = _on_a_scale(data, y, maximize=subject.maximize)
    if scale.name != "cost":
        warnings = (*warnings, f"The {scale.name} was fitted: its errors are more even than those of the cost.")
    return _Sample(layout, data, layout.data(drawn, np.zeros(len(drawn))), source, warnings)


def _on_a_scale(data: Data, y: Array, *, maximize: bool) -> tuple[Data, CostScale]:
    """Returns the costs on the scale on which a ridge makes them most likely, the worse the higher, and that scale."""
    sign = -1.0 if maximize else 1.0
    found = []
    for scale in (plain(y), compressed(y)):
        scaled = replace(data, z=sign * scale.encode(y))
        valley, main = fit_ridge(scaled).fitted(scaled)
        found.append((log_density(scale, y, scale.decode(sign * (valley + main))), scaled, scale))
    return max(found, key=lambda each: each[0])[1:]


def _costs(
    surrogate: FittedSurrogate, configspace: ConfigurationSpace, target: Axis, drawn: Array
) -> tuple[Array, Array, LawSource, tuple[str, ...]]:
    """Returns configurations in which the target is active with their costs, what these are, and sentences on them."""
    if len(surrogate.y) == 0:
        steps = "a forest" if surrogate.has_steps else "a model with steps, such as a forest,"
        warning = f"There are no trials, so the model's predictions were fitted; {steps} makes exponents too small."
        return drawn, np.asarray(surrogate.model.predict(drawn)[0]), "model", (warning,)
    column = list(configspace).index(target.name)
    known = inside_space(configspace, surrogate.X) & ~np.isnan(surrogate.X[:, column])
    X, y = surrogate.X[known], surrogate.counted[known]
    _, first = np.unique(np.nan_to_num(X, nan=-1.0), axis=0, return_index=True)
    return X[first], mean_by_configuration(X, y), "trials", ()


def _moving(sample: _Sample, target: Axis) -> Refitted:
    """Returns the ridge, in which the best value is one place that is sure to move with another hyperparameter."""
    name = shown_name(target.name)
    ridge = fit_ridge(sample.data)
    by_chance = moves_by_chance(sample.data, ridge)
    if by_chance > _BY_CHANCE:
        n, p = counted(len(sample.data.z), "configuration"), f"p = {rounded_text(by_chance, 2)}"
        if by_chance > _PLAINLY:
            raise _NoLawError(f"{n} show no other hyperparameter that moves the best {name} ({p}).")
        raise _NoLawError(
            f"{n} are too few to be sure that another hyperparameter moves the best {name} ({p}, not below "
            f"{_BY_CHANCE:g})."
        )
    _check_bottom(sample.data, ridge.profile, name)
    # What takes most of the time comes last.
    fit = Refitted.of(sample.data, sample.layout.moving, ridge)
    if fit.settled < _SETTLED:
        raise _at_an_end("lower or upper", name)
    if not fit.sure:
        raise _NoLawError(
            f"The best {name} moves with others, but too little is known to say how: every exponent may be 0."
        )
    return fit


def _check_bottom(data: Data, profile: Profile, name: str) -> None:
    """Refuses a profile that is not lowest at one place inside the target's domain."""
    height = profile(places_in(data))
    near = height <= height.min() + _NEARLY_BEST * np.ptp(height)
    if near[0] or near[-1]:
        raise _at_an_end("lower" if near[0] else "upper", name)
    if np.sum(np.diff(near.astype(int)) == 1) > 1:
        raise _NoLawError(f"Several places of {name} are nearly as good as the best; a law is about one.")


def _at_an_end(end: str, name: str) -> _NoLawError:
    # Averaged over the others it may be inside all the same.
    return _NoLawError(
        f"With the others at the middle of their domains the best {name} may lie at the {end} end of its domain or "
        "beyond, where nobody sees whether it moves."
    )


def _told(kind: type[T], sample: _Sample, fit: Refitted, *, region: str, **about: Any) -> T:
    """Returns the record of the law.

    Raises:
        _NoLawError: If the domain has the best value for too little of the space.
    """
    layout, data = sample.layout, sample.data
    target, name = layout.target, shown_name(layout.target.name)
    # The others stay in the fit: without them the exponents of these would be off.
    sure = fit.sure
    axes = tuple(fit.axes[i] for i in sure)
    exponents = np.median(fit.exponents, axis=0)[sure]
    best = np.median(fit.best_at(np.zeros(len(fit.axes)))) + sample.space.others[:, sure] @ exponents
    inside = float(np.mean((best >= data.domain[0]) & (best <= data.domain[1])))
    if inside < _MOST_OF_SPACE:
        raise _NoLawError(f"The domain has the law's best {name} for only {percent(inside)} of the space.")
    warnings = sample.warnings
    if inside < _NEARLY_ALL_OF_SPACE:
        warnings = (*warnings, f"For {percent(1.0 - inside)} of the space the best {name} lies outside its domain.")
    references = [References(axes).round_place(i) for i in range(len(axes))]
    at = np.zeros(len(fit.axes))
    at[sure] = np.log10(references) - [middle_of(axis) for axis in axes]
    levels = fit.best_at(at)
    level = round_significant(float(10.0 ** np.median(levels)), _DIGITS)
    powers = [round_significant(float(exponent), _DIGITS) for exponent in exponents]
    low, high = interval_of(levels)
    return kind(
        formula=PowerLaw.written(target, axes, level, references, powers),
        powers=tuple(powers),
        power_intervals=tuple(interval_of(column) for column in fit.exponents.T[sure]),
        references=tuple(references),
        level=level,
        level_interval=(10.0**low, 10.0**high),
        share=_share(fit, sample.space),
        r2=1.0 - fit.ridge.rss / float(np.sum((data.z - data.z.mean()) ** 2)),
        p_value=moves_by_chance(data, fit.ridge),
        inside=inside,
        source=sample.source,
        n=len(data.z),
        region=region,
        warnings=warnings,
        **about,
    )


def _share(fit: Refitted, space: Data) -> float:
    """Returns which share of the cost's variance over the space, noise included, the valley has."""
    valley, main = fit.ridge.fitted(fit.data, space)
    noise = fit.ridge.rss / len(fit.data.z)
    return min(1.0, float(np.var(valley) / (np.var(valley + main) + noise)))
