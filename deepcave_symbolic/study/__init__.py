"""Many explanations: what there is to explain, who computes it, and where finished ones are found again.

One direction: runs → what to explain of each (`plan`) → what is already stored (`store`) → the others, computed in
this process, other processes (`processes`) or a Dask cluster (`cluster`) in an order (`schedule`) → records (`study`).
"""

from __future__ import annotations

from deepcave_symbolic.study.plan import PlannedRun, plan, plan_run
from deepcave_symbolic.study.run import Workers, run_study
from deepcave_symbolic.study.study import Failure, Study, StudyRecord

__all__ = [
    "Failure",
    "PlannedRun",
    "Study",
    "StudyRecord",
    "Workers",
    "plan",
    "plan_run",
    "run_study",
]
