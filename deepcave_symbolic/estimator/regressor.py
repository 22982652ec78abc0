"""A scikit-learn estimator over the same search, for people without a run: a table in, a formula out.

`SymbolicRegressor` finds the formulas that describe a column of numbers by one or two others, rounds and checks them on
the box that the data span, and recommends the shortest that the data cannot tell from the best: the same engines,
scores and front as for a run's surrogate. What differs is what a formula is measured on, the rows themselves.

Notation:
    X: the table, shape (n, d); y: targets, shape (n,); w: sample weights, shape (n,).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state, estimator_html_repr
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from deepcave_symbolic.engines import EngineName
from deepcave_symbolic.engines.protocol import SymbolicRegressionEngine
from deepcave_symbolic.engines.search import search
from deepcave_symbolic.estimator.columns import choose_columns, distinct_rows
from deepcave_symbolic.exceptions import DomainWarning, InvalidArgumentError, UnknownNameError
from deepcave_symbolic.formulas.choice import choose
from deepcave_symbolic.formulas.expression import evaluate
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.front import Target, front_of, score
from deepcave_symbolic.formulas.limits import DEFAULT_MAX_COMPLEXITY, LOG_ODDS
from deepcave_symbolic.formulas.meaning.positions import fitted
from deepcave_symbolic.numeric.arrays import Array
from deepcave_symbolic.question import Question
from deepcave_symbolic.space.axis import Axis

__all__ = ["SymbolicRegressor"]

#: Twice the logarithm of the odds from which on two formulas count as told apart: 20 to 1, squared, because both were
#: fitted to the rows that they are compared on. On data of 11 known formulas, 20 to 200 rows and noise of 10 and 50 %
#: of the targets' standard deviation this recommended formulas closer to the truth than the plain odds, and than
#: keeping a fifth of the rows aside for the comparison.
_LOG_ODDS = 4.0 * LOG_ODDS


class SymbolicRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A regressor whose model is a short formula of one or two columns.

    Of more than two columns, one or two are chosen by cross-validation first (see `estimator.columns`).

    Args:
        engine: "auto", "exhaustive", "operon", "gplearn", or an engine.
        max_complexity: Longest formula, in nodes (see `Formula.complexity`).
        functions: What formulas may contain beside + - * /, of `engines.KNOWN_FUNCTIONS`; None for the engine's
            default.
        log_scaled: Names or positions of the columns that are searched and printed as log10(x), such as a learning
            rate; None for none. Their values must be positive.
        random_state: Decides what is random, that is the engines operon and gplearn; the default engine does not depend
            on it.

    Attributes:
        formula_: The recommended formula, in the units of X; what `predict` computes.
        formulas_: The front of accuracy against length, simplest (a constant) first. Their `r2` and `rmse` are about
            the rows that they were fitted to; `score` and `cross_val_score` tell about others.
        selected_features_: Positions of the columns that formulas may contain, shape (1,) or (2,).
        n_features_in_: Number of columns seen in `fit`.
        feature_names_in_: Their names, where X has some.

    Examples:
        >>> import numpy as np
        >>> x = np.linspace(0.5, 3.0, 40)
        >>> model = SymbolicRegressor().fit(x[:, None], 2.0 + 3.0 * x**2)
        >>> print(model.formula_)
        y ≈ 2 + 3·x0²
    """

    def __init__(
        self,
        *,
        engine: EngineName | SymbolicRegressionEngine = "auto",
        max_complexity: int = DEFAULT_MAX_COMPLEXITY,
        functions: Sequence[str] | None = None,
        log_scaled: Sequence[str | int] | None = None,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.engine = engine
        self.max_complexity = max_complexity
        self.functions = functions
        self.log_scaled = log_scaled
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> SymbolicRegressor:
        """Finds the formulas and returns the estimator.

        Args:
            X: The table, shape (n, d), at least two rows of finite numbers.
            y: Targets, shape (n,).
            sample_weight: Weights of the squared errors, shape (n,), not negative; a row of weight 2 counts as two rows
                and one of weight 0 as none.

        Raises:
            ValueError: If the data are not usable.
            DeepcaveSymbolicError: If a parameter is not.
        """
        objective = _name_of(y)
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        y = np.asarray(y, dtype=np.float64)
        question = Question(
            source="trials",
            engine=self.engine,
            max_complexity=self.max_complexity,
            functions=self.functions,
            seed=_seed(self.random_state),
        )
        log_scaled = self._log_scaled()
        weights = _weights(sample_weight, X)
        X, y, weights = X[weights > 0], y[weights > 0], weights[weights > 0]
        chosen = tuple(range(X.shape[1])) if X.shape[1] <= 2 else choose_columns(X, y, weights)
        axes = tuple(_axis(name, X[:, j], log=j in log_scaled) for j, name in self._names(chosen))
        rows, targets, totals = distinct_rows(X[:, list(chosen)], y, weights)
        target = Target(
            axes=axes,
            objective=objective,
            x=rows,
            y=targets,
            held_out_x=X[:, list(chosen)],
            held_out_y=y,
            weights=None if np.ptp(totals) == 0 else totals,
            held_out_weights=None if np.ptp(weights) == 0 else weights,
        )
        scored = score(search(target, **question.search_options), target, question.max_complexity)
        choice = choose(scored, _noise(front_of(scored), len(rows)))
        self.formulas_ = list(choice.front)
        self.formula_ = choice.front[choice.recommended]
        self.selected_features_ = np.array(chosen, dtype=np.intp)
        return self

    def predict(self, X: Any) -> Array:
        """Returns what the recommended formula gives for every row, shape (n,).

        Args:
            X: The table, shape (n, d), with the columns of `fit`.

        Warns:
            DomainWarning: If a row lies outside the box that the data of `fit` span. The formula's own value is
                returned there; where it has none (the logarithm of a negative number), its value at the nearest point
                of the box, and a second warning says so.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        formula: Formula = self.formula_
        columns = [np.ascontiguousarray(X[:, j]) for j in self.selected_features_]
        values = formula.predict(dict(zip(formula.hyperparameters, columns, strict=True)))
        undefined = ~np.isfinite(values)
        if np.any(undefined):
            warnings.warn(
                f"At {int(undefined.sum())} of {len(values)} points the formula has no finite value; its value at the "
                "nearest point of its domain is returned.",
                DomainWarning,
                stacklevel=2,
            )
            nearest = [np.clip(c[undefined], a.lower, a.upper) for a, c in zip(formula.axes, columns, strict=True)]
            values[undefined] = evaluate(formula.tree, nearest)
        return values

    def _names(self, columns: Sequence[int]) -> list[tuple[int, str]]:
        """Returns columns with their names, x0, x1, ... where X has none.

        Raises:
            InvalidArgumentError: If two of them have the same name.
        """
        known = getattr(self, "feature_names_in_", None)
        names = [f"x{j}" if known is None else str(known[j]) for j in columns]
        if len(set(names)) < len(names):
            raise InvalidArgumentError(f"Two columns of X are called {names[0]!r}; give every column its own name.")
        return list(zip(columns, names, strict=True))

    def _log_scaled(self) -> set[int]:
        """Returns the positions of the log-scaled columns.

        Raises:
            UnknownNameError: If X has no such column.
            InvalidArgumentError: If the parameter is no list.
        """
        if self.log_scaled is None:
            return set()
        if isinstance(self.log_scaled, str) or not isinstance(self.log_scaled, Sequence | np.ndarray):
            raise InvalidArgumentError(
                f"log_scaled is {self.log_scaled!r:.80}; expected a list of names or positions of columns."
            )
        names = [str(name) for name in getattr(self, "feature_names_in_", ())]
        found = set()
        for item in self.log_scaled:
            if isinstance(item, str) and item in names:
                found.add(names.index(item))
            elif isinstance(item, int | np.integer) and not isinstance(item, bool) and 0 <= item < self.n_features_in_:
                found.add(int(item))
            else:
                raise UnknownNameError("column in log_scaled", item, names or list(range(self.n_features_in_)))
        return found

    def _repr_html_(self) -> str:
        """Returns the formula above scikit-learn's own diagram; the diagram alone before `fit`."""
        diagram = estimator_html_repr(self)
        return f"{self.formula_._repr_html_()}{diagram}" if hasattr(self, "formula_") else str(diagram)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """Returns what a notebook shows."""
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


def _name_of(y: Any) -> str:
    name = getattr(y, "name", None)
    return name if isinstance(name, str) and name else "y"


def _seed(random_state: Any) -> int:
    """Returns a seed: an integer as it is, else one drawn as scikit-learn's own estimators do."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31))


def _weights(sample_weight: Any, X: Array) -> Array:
    weights = np.asarray(_check_sample_weight(sample_weight, X, dtype=np.float64))
    if np.any(weights < 0):
        raise InvalidArgumentError(f"sample_weight has the negative value {weights.min():g}; expected none below 0.")
    if not np.any(weights > 0):
        raise InvalidArgumentError("Every sample_weight is zero; expected at least one above 0.")
    return weights


def _axis(name: str, column: Array, *, log: bool) -> Axis:
    """Returns the axis of a column over the range of its values."""
    lower, upper = float(column.min()), float(column.max())
    if log and lower <= 0:
        raise InvalidArgumentError(
            f"Column {name!r} is log-scaled and has the value {lower:g}; expected only values above 0."
        )
    return Axis(name, lower, upper, log=log)


def _noise(formulas: Sequence[Formula], n: int) -> float:
    """Returns the difference between two formulas that n rows cannot see, as an RMSE; see `trust.noise_of`.

    The noise of a row is what the most accurate formula leaves, corrected for its constants: the best of the front by
    that measure.
    """
    spreads = [f.rmse * math.sqrt(n / (n - p)) for f in formulas if (p := len(fitted(f.tree))) < n]
    return min(spreads, default=0.0) * math.sqrt(_LOG_ODDS / n)
