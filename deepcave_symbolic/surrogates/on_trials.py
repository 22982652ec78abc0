"""Puts what was trained on a run's trials, and what cross-validation found, into one record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.surrogates.base import FittedSurrogate, Surrogate, SurrogateRecord
from deepcave_symbolic.surrogates.data import TrainingData
from deepcave_symbolic.surrogates.scales import CostScale, scale_notes
from deepcave_symbolic.surrogates.validation import Validation, notes

__all__ = ["fitted_on_trials"]


def fitted_on_trials(
    model: Surrogate,
    run: Run,
    data: TrainingData,
    validation: Validation,
    *,
    name: str,
    budget: float | None,
    options: Mapping[str, Any],
    differences: tuple[str, ...],
    rebuild: str = "",
    warnings: tuple[str, ...] = (),
    scale: CostScale | None = None,
    has_steps: bool = False,
) -> FittedSurrogate:
    """Returns a trained model with the record that is shown of it.

    Args:
        model: The model.
        run: The run.
        data: What it was trained on.
        validation: How well it predicts trials that it has not seen.
        name: As in `SurrogateRecord`.
        budget: As in `FittedSurrogate`.
        options: As in the record.
        differences: As in the record: none where it is the run's own.
        rebuild: Version of what trained it; empty for scikit-learn's.
        warnings: What the model says beside the notes on trials and scale.
        scale: As in `FittedSurrogate`.
        has_steps: As there.
    """
    import sklearn

    record = SurrogateRecord(
        name=name,
        exact=not differences,
        n_trials=len(data.y),
        cv_r2=validation.r2,
        cv_rank_correlation=validation.rank_correlation,
        cv_domain_r2=validation.domain_r2,
        cv_dominance=validation.dominance,
        options=options,
        versions={
            "run": run.version or "unknown",
            "rebuild": rebuild or sklearn.__version__,
            "sklearn": sklearn.__version__,
        },
        differences=differences,
        warnings=(*notes(data, validation.r2), *warnings, *([] if scale is None else scale_notes(scale))),
        cost_scale="cost" if scale is None else scale.name,
    )
    return FittedSurrogate(
        model=model,
        record=record,
        budget=budget,
        X=data.X,
        y=data.y,
        held_out=validation.predicted,
        shares=validation.shares,
        failed=data.failed,
        scale=scale,
        has_steps=has_steps,
    )
