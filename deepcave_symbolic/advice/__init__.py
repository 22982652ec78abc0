"""What to do next: which trials would teach most about an explanation, and how to change the configuration space.

Notation:
    X: ConfigSpace vectors in the space's order, shape (n, d); NaN marks an inactive hyperparameter.
"""

from deepcave_symbolic.advice.domains import AdvisedDomain
from deepcave_symbolic.advice.next_trials import AdvisedTrial, AdvisedTrials, advised_trials, checked_count
from deepcave_symbolic.advice.search_space import AdvisedSpace, advised_space, checked_tolerance, knows_nothing

__all__ = [
    "AdvisedDomain",
    "AdvisedSpace",
    "AdvisedTrial",
    "AdvisedTrials",
    "advised_space",
    "advised_trials",
    "checked_count",
    "checked_tolerance",
    "knows_nothing",
]
