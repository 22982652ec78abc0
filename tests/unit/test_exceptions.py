"""Words of errors: what was probably meant by a name."""

from __future__ import annotations

import pickle

import pytest

from deepcave_symbolic.exceptions import MissingNameError, UnknownNameError, meant_by

NAMES = ["activation", "solver", "learning_rate", "learning_rate_init", "n_neurons", "batch_size", "C"]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("solvr", "solver"),
        ("c", "C"),
        ("lr", "learning_rate"),
        ("lri", "learning_rate_init"),
        ("rate", "learning_rate"),
        ("init", "learning_rate_init"),
        ("neurons", "n_neurons"),
        ("bs", "batch_size"),
        ("actvn", "activation"),
        ("x", None),
    ],
)
def test_what_was_meant(given: str, meant: str | None) -> None:
    assert meant_by(given, NAMES) == meant


def test_initials_come_before_letters_somewhere_in_a_name() -> None:
    error = UnknownNameError("hyperparameter", "lr", ["activation", "solver", "learning_rate_init"])
    assert "Did you mean 'learning_rate_init'? Known: 'activation', 'solver', " in str(error)


def test_what_is_missing_is_called_missing_and_crosses_processes() -> None:
    error = MissingNameError("hyperparameter", "activation", ["n_neurons", "activatoin"], ["activatoin"])
    assert str(error) == (
        "The hyperparameter 'activation' is missing. Did you mean it by 'activatoin'? Given: 'n_neurons', 'activatoin'."
    )
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is MissingNameError and str(again) == str(error) and again.name == "activation"
