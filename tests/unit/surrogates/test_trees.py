"""Trees that are copied and seeded quickly learn what scikit-learn's learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

from deepcave_symbolic.surrogates.forest import FOREST_OPTIONS
from deepcave_symbolic.surrogates.trees import QuickTree


@pytest.mark.parametrize("options", [{"n_jobs": 2}, {"max_leaf_nodes": 20, "max_features": 2}, {"bootstrap": False}])
def test_a_forest_of_quick_trees_is_scikit_learns(options: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 9, (80, 3)) / 8.0
    y = X @ [1.0, 2.0, 3.0] + rng.standard_normal(80)
    usual = RandomForestRegressor(**{**FOREST_OPTIONS, **options}, random_state=1).fit(X, y)
    quick = RandomForestRegressor(**{**FOREST_OPTIONS, **options}, random_state=1)
    quick.estimator = QuickTree()
    quick.fit(X, y)
    assert all(type(tree) is QuickTree for tree in quick.estimators_)
    assert len({tree.get_params()["random_state"] for tree in quick.estimators_}) == len(quick.estimators_)
    for a, b in zip(usual.estimators_, quick.estimators_, strict=True):
        assert a.get_params() == b.get_params()
        np.testing.assert_array_equal(a.tree_.value, b.tree_.value)
        np.testing.assert_array_equal(a.tree_.threshold, b.tree_.threshold)
    np.testing.assert_array_equal(usual.estimators_samples_, quick.estimators_samples_)
