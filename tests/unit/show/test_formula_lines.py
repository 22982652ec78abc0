"""Where the text of a formula goes on in the next line."""

from __future__ import annotations

from itertools import pairwise

import pytest

from deepcave_symbolic.show.formula_lines import broken

CASES = (
    "error ≈ 0.49 + 0.35·tanh(-0.75 + {activation = logistic: 1.1; tanh or relu: -0.5} + (0.89·tanh((n_layer - 2.7)"
    "/0.33) - 0.14) + {solver = lbfgs: -0.7; sgd or adam: 0.34} - 0.73·log10(n_neurons/45)"
    " - 0.17·log10(learning_rate_init/0.01))"
)


@pytest.mark.parametrize("width", range(40, 140))
def test_lines_end_between_terms_or_after_a_case(width: int) -> None:
    lines = broken(CASES, width)
    assert " ".join(lines) == CASES
    assert all(len(line) <= width for line in lines)
    for before, after in pairwise(lines):
        assert before.endswith(";") or after.startswith(("+ ", "- "))


def test_a_line_prefers_to_end_outside_of_brackets() -> None:
    assert broken("0.221·log10(n_neurons) + 0.421·tanh((n_layer - 2)/0.0942)", 44) == [
        "0.221·log10(n_neurons)",
        "+ 0.421·tanh((n_layer - 2)/0.0942)",
    ]
    # Half of a line is too little for that.
    assert broken("0.22 + 0.421·log10(n_layer)·tanh((n_layer - 2)/0.0942)", 48) == [
        "0.22 + 0.421·log10(n_layer)·tanh((n_layer",
        "- 2)/0.0942)",
    ]


def test_pairs_stay_whole() -> None:
    assert broken("for a = on or off: 0.5 + 0.2·b; for neither: 0.25 - 0.1·b", 34) == [
        "for a = on or off: 0.5 + 0.2·b;",
        "for neither: 0.25 - 0.1·b",
    ]
    # A name of one word that is longer than the line stays, and so does the value of a choice.
    assert broken("{solver = lbfgs: -0.7; sgd: 0.34}", 10) == ["{solver = lbfgs: -0.7;", "sgd: 0.34}"]
    assert broken("a name of many words", 12) == ["a name of", "many words"]
    assert broken("", 10) == [""]
