"""Explanations with known numbers, made without a run: records as every page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from deepcave_symbolic import Explanation, Formula, Unexplained
from deepcave_symbolic.findings.findings import findings_of
from deepcave_symbolic.formulas.expression import constant, function, power, variable
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.projection import HeldOut, Incumbent, Projection, TrialPoints
from deepcave_symbolic.space.axis import Axis
from deepcave_symbolic.surrogates.base import SurrogateRecord

#: Markup, LaTeX and quotes in one name.
HOSTILE = "<b>x_1</b> & $\\alpha$ 'q' \"r\" 50% {z}"


def explanation(
    name: str = "lr",
    cv_r2: float | None = 0.8,
    domain_r2: float | None = 0.8,
    dominance: float | None = 0.1,
    r2: float = 0.97,
    *,
    n_averaged: int = 0,
    share: float = 1.0,
    incumbent: Incumbent | None = None,
    alternatives: int = 0,
    std: float = 0.01,
    noise: float = 0.0,
    objective: str = "cost",
) -> Explanation:
    axis = Axis(name, 1e-4, 1.0, log=True)
    x = axis.fit_grid(20)
    u = np.log10(x)
    y = 0.12 + 0.04 * (u + 2.5) ** 2
    tried = [0, 1, 2, 3, 7]  # the last one near the optimum
    log = function("log10", variable(0))
    tree = constant(0.12) + constant(0.04) * power(log + 2.5, 2)
    projection = Projection(
        axes=(axis,),
        shape=(20,),
        grid=x[:, None],
        weights=np.ones(20),
        mean=y,
        std=np.full(20, std),
        ice=np.empty((0, 20)),
        held_out=HeldOut(x[:, None], y, np.ones(20)),
        trials=TrialPoints(x[tried, None], y[tried]),
        near_trials=u < -2,
        n_averaged=n_averaged,
        variance_share=share,
        incumbent=incumbent,
    )
    formulas = [
        Formula(constant(0.2), (axis,), objective, 0.0, 0.1, "constant"),
        Formula(constant(0.3) + constant(0.05) * log, (axis,), objective, 0.4, 0.08, "exhaustive"),
        Formula(tree, (axis,), objective, r2, 0.01, "exhaustive"),
    ]
    record = SurrogateRecord("RandomForest", True, 40, cv_r2, 0.9, domain_r2, dominance)
    others = [
        replace(formulas[2], tree=constant(0.11 + i / 1000) + constant(0.04) * power(log + 2.5, 2), rmse=0.011)
        for i in range(alternatives)
    ]
    return record_of(formulas, record, projection, others, noise)


def record_of(
    formulas: Sequence[Formula],
    surrogate: SurrogateRecord,
    projection: Projection,
    others: Sequence[Formula] = (),
    noise: float = 0.0,
) -> Explanation:
    """Returns the record of a front, the last formula recommended, as if the surrogate expected what it projects."""
    mean, std = projection.mean, projection.std

    def expect(points: Array) -> tuple[Array, Array]:
        nearest = [int(np.argmin(((projection.grid - point) ** 2).sum(axis=1))) for point in points]
        return mean[nearest], std[nearest]

    findings = findings_of(formulas, projection, surrogate, noise, maximize=False, expect=expect)
    trust = findings[-1].trust
    return Explanation(
        hyperparameters=formulas[0].hyperparameters,
        objective=formulas[0].objective,
        direction="minimize",
        budget=None,
        run="run_x",
        formulas=tuple(formulas),
        all_findings=findings,
        recommended=len(formulas) - 1,
        surrogate=surrogate,
        projection=projection,
        verdict=trust.verdict,
        warnings=trust.reasons,
        others=tuple(others),
        noise=noise,
    )


def unexplained(name: str, reason: str) -> Unexplained:
    return Unexplained((name,), "cost", "minimize", None, "a run", reason, explanation().surrogate)


def two_dimensional(a: str = "a", b: str = "b") -> Explanation:
    """x·y on the unit square: half of its variance beside the two means is interaction, or so."""
    axes = (Axis(a, 0.0, 1.0), Axis(b, 0.0, 1.0))
    x, y = (m.ravel() for m in np.meshgrid(np.linspace(0, 1, 6), np.linspace(0, 1, 6), indexing="ij"))
    grid = np.column_stack([x, y])
    projection = Projection(
        axes=axes,
        shape=(6, 6),
        grid=grid,
        weights=np.ones(36),
        mean=x * y,
        std=np.full(36, 0.05),
        ice=np.empty((0, 36)),
        held_out=HeldOut(grid, x * y, np.ones(len(grid))),
        trials=TrialPoints(grid[:5], (x * y)[:5]),
        near_trials=np.ones(36, dtype=bool),
        n_averaged=0,
        incumbent=Incumbent((0.0, 0.2), 0.0),
    )
    formula = Formula(variable(0) * variable(1), axes, "cost", 1.0, 0.0, "exhaustive")
    record = SurrogateRecord("GaussianProcess", True, 40, 0.9, 0.9, 0.9, 0.1)
    return record_of([formula], record, projection)
