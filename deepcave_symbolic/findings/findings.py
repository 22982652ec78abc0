"""What a formula tells, as one record: how far to trust it, how it moves, where it is best.

It is computed once, beside the surrogate, and then only read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deepcave_symbolic.findings.band import Band, band_of
from deepcave_symbolic.findings.behaviour import in_words
from deepcave_symbolic.findings.certainty import Certainty, Samples
from deepcave_symbolic.findings.evidence import Evidence
from deepcave_symbolic.findings.interaction import Interaction, interactions_of
from deepcave_symbolic.findings.monotone import Trend, kept_in_words
from deepcave_symbolic.findings.optimum import Expected, Optimum, compare_with_incumbent, find_optimum
from deepcave_symbolic.findings.trust import Trust, judge
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import Projection
from deepcave_symbolic.records import Record
from deepcave_symbolic.surrogates.base import SurrogateRecord

__all__ = ["Expect", "Findings", "findings_of"]

#: Points in natural units, shape (n, k), to the surrogate's mean and standard deviation there, each of shape (n,).
Expect = Callable[[Array], tuple[Array, Array]]


@dataclass(frozen=True, eq=False)
class Findings(Record):
    """What one formula tells.

    Args:
        trust: How far it can be trusted.
        behaviour: In words, how it moves: "cost falls until n_units ≈ 120, then is flat.", for instance.
        optimum: Where it is best, beside the run's incumbent.
        interaction: How much of a 2-D projection an additive formula explains; None for one hyperparameter.
        band: Where it leaves the surrogate's uncertainty band.
        constraint: In words, whether it moves as the question asked; empty where nothing was asked.
    """

    trust: Trust
    behaviour: tuple[str, ...]
    optimum: Optimum
    interaction: Interaction | None
    band: Band
    constraint: str = ""


def findings_of(
    formulas: Sequence[Formula],
    projection: Projection,
    surrogate: SurrogateRecord,
    noise: float,
    *,
    maximize: bool,
    monotone: Mapping[str, Trend] | None = None,
    expect: Expect | None = None,
    draws: Samples | None = None,
    certainty: Certainty | None = None,
    front: Sequence[Formula] | None = None,
) -> tuple[Findings, ...]:
    """Returns what each of the formulas tells.

    Args:
        formulas: Formulas of the projection.
        projection: What they describe.
        surrogate: The model that spoke.
        noise: What the trials cannot see, as an RMSE in objective units; see `trust.noise_of`.
        maximize: Whether more of the objective is better.
        monotone: How the question asked the formulas to move, by hyperparameter.
        expect: Asks the projected surrogate; None where it is not at hand, as for a record read from a file: then
            nothing is said of what it expects.
        draws: What else the surrogate's curve may be; None where it does not know.
        certainty: What those agree on, whatever the formula; None likewise.
        front: The formulas that were found for the projection, the shortest first; by default those asked about.
    """
    incumbent = projection.incumbent
    near = None if incumbent is None else incumbent.values
    bests = [find_optimum(formula, maximize=maximize, near=near) for formula in formulas]
    places = list(dict.fromkeys([*(best.values for best in bests), *([] if near is None else [near])]))
    expected: dict[tuple[float, ...], Expected] = {}
    if expect is not None and places:
        means, stds = expect(np.array(places))
        expected = {p: Expected(float(m), float(s)) for p, m, s in zip(places, means, stds, strict=True)}
    evidence = Evidence(projection, noise, surrogate.n_trials, certainty)
    bands = [band_of(formula, projection) for formula in formulas]
    interactions = interactions_of(formulas, projection)
    return tuple(
        Findings(
            trust=judge(surrogate, evidence, formula, band, draws, best.values, formulas if front is None else front),
            behaviour=tuple(in_words(formula, evidence)),
            optimum=compare_with_incumbent(
                formula,
                best,
                incumbent,
                maximize=maximize,
                here=expected.get(best.values),
                there=None if near is None else expected.get(near),
                evidence=evidence,
            ),
            interaction=interaction,
            band=band,
            constraint=kept_in_words(formula, monotone or {}),
        )
        for formula, best, band, interaction in zip(formulas, bests, bands, interactions, strict=True)
    )
