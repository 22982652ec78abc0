"""Finds where a formula is best and whether the run's incumbent agrees.

The minimum is searched by branch and bound on interval enclosures (`intervals`; Moore, Kearfott & Cloud 2009): boxes
whose bounds cannot beat the best point found are dropped, the others are halved. A point that is left is the global
optimum up to a stated gap, not merely the best of a grid.

`branch_and_bound.py` finds the optimum, `expectation.py` judges whether surrogate and incumbent disagree with it,
`words.py` says it, and `incumbent.py` puts it together in the record, `optimum.py`.

Notation:
    u: search coordinates; k: number of hyperparameters; b: number of boxes.
    f: the formula, negated to maximise, so that less is better.
"""

from __future__ import annotations

from deepcave_symbolic.findings.optimum.branch_and_bound import find_optimum
from deepcave_symbolic.findings.optimum.expectation import Expected
from deepcave_symbolic.findings.optimum.incumbent import compare_with_incumbent
from deepcave_symbolic.findings.optimum.optimum import Optimum

__all__ = ["Expected", "Optimum", "compare_with_incumbent", "find_optimum"]
