"""The table of constants: value, kind, unit and what each says."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from deepcave_symbolic.formulas.expression import Node, constant, function, power
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.meaning.constants import Constant
from deepcave_symbolic.space.axis import Axis
from small_formulas import LR, MOMENTUM, UNITS, C, X, Y, formula, log10

pytestmark = pytest.mark.smoke

BATCH = Axis("batch", 16.0, 512.0, log=True, integer=True)
LAYERS = Axis("layers", 1.0, 3.0, integer=True)
SIZE = Axis("size", 0.0, 1e6)

Row = tuple[float, str, str, str]

ADDED_TO = "What the other part is added to, in units of cost."
SIZE_OF_PART = "The size of this part, in units of cost."

LEVEL: list[Row] = [(0.3, "level", "cost", "cost everywhere.")]
VALLEY: list[Row] = [
    (57.0, "level", "cost", "The lowest cost that the formula reaches."),
    (4.2, "effect", "cost", "A decade away from the lowest point cost is 4.2 higher."),
    (106.0, "place", "C", "Lowest at C 106."),
]
HILL: list[Row] = [
    (0.9, "level", "cost", "The highest cost that the formula reaches."),
    (-4.2, "effect", "cost", "A unit away from the highest point cost is 4.2 lower."),
    (0.4, "place", "momentum", "Highest at momentum 0.4."),
]
BESIDE: list[Row] = [
    (0.9, "level", "cost", "The lowest cost that the formula would reach outside the domain."),
    (4.2, "effect", "cost", "A unit away from the lowest point cost is 4.2 higher."),
    (-0.4, "place", "momentum", "It would be lowest at momentum -0.4, outside the domain."),
]
#: Between two values of three, which the formula never reaches.
BETWEEN: list[Row] = [
    (-0.1, "level", "cost", "The lowest point of the curve, which lies between two of the few values of layers."),
    (0.8, "effect", "cost", "A unit away from the lowest point cost is 0.8 higher."),
    (1.75, "place", "layers", "It would be lowest at layers 1.75, between two of the few values."),
]
AT_A_VALUE: list[Row] = [
    (0.1, "level", "cost", "The lowest cost that the formula reaches."),
    (0.8, "effect", "cost", "A unit away from the lowest point cost is 0.8 higher."),
    (2.0, "place", "layers", "Lowest at layers 2."),
]
FALL: list[Row] = [
    (0.14, "level", "cost", "cost for large learning_rate."),
    (0.55, "effect", "cost", "cost falls by 0.55 in all."),
    (0.0038, "place", "learning_rate", "Half of the fall is reached at learning_rate 0.0038."),
    (1.7, "exponent", "", "How steep it is in learning_rate: the larger, the more like a step."),
]
RISE: list[Row] = [
    (0.6, "level", "cost", "cost for large learning_rate."),
    (-0.55, "effect", "cost", "cost rises by 0.55 in all."),
    (0.0038, "place", "learning_rate", "Half of the rise is reached at learning_rate 0.0038."),
]
STEP: list[Row] = [
    (0.1, "level", "cost", "cost halfway."),
    (0.3, "effect", "cost", "Half of the step: cost rises by 0.6 in all."),
    (0.4, "place", "momentum", "Half of the rise is reached at momentum 0.4."),
    (0.2, "width", "momentum", "A width: 0.2 of momentum."),
]
DECADES: list[Row] = [
    (1.06, "level", "cost", "Where the line would be at n_units = 1, outside the domain."),
    (-0.26, "effect", "cost", "Each decade of n_units lowers cost by 0.26."),
]
LINE: list[Row] = [
    (1.06, "level", "cost", "cost at momentum = 0."),
    (0.26, "effect", "cost", "Each unit of momentum raises cost by 0.26."),
]
THOUSANDS: list[Row] = [
    (1.06, "level", "cost", "cost at size = 0."),
    (-0.003, "effect", "cost", "Each 1000 of size lowers cost by 0.003."),
]
DECAY: list[Row] = [
    (0.1, "level", "cost", "cost for large n_units."),
    (0.5, "effect", "cost", "At n_units = 0, outside the domain, this part adds 0.5 to cost."),
    (14.0, "width", "n_units", "Every 14 of n_units this part is 2.7 times smaller."),
]
POWER: list[Row] = [
    (0.1, "level", "cost", "cost for large C."),
    (5.1, "effect", "cost", "At C = 8 this part adds 5.1 to cost."),
    # 10^-0.6
    (-0.6, "exponent", "", "Ten times the C multiplies this part by 0.25."),
]
BUMP: list[Row] = [
    (0.1, "level", "cost", ADDED_TO),
    (-0.3, "effect", "cost", "cost is 0.3 lower in the middle."),
    (0.01, "place", "learning_rate", "Its middle is at learning_rate 0.01."),
    (0.5, "width", "decades", "How wide it is: 0.5 decades from the middle."),
]
# What is half of the rise at 0.9 of a domain that ends at 1 is not all of it: 1/(1 + (1/0.9)^2) are left.
CUT_OFF: list[Row] = [
    (0.1, "level", "cost", "What cost would come to for large learning_rate, beyond the domain."),
    (0.5, "effect", "cost", "cost falls by 0.5 in all, 0.28 of it in the domain."),
    (0.9, "place", "learning_rate", "Half of the fall is reached at learning_rate 0.9."),
]
RAMP: list[Row] = [
    (0.1, "level", "cost", ADDED_TO),
    (0.3, "effect", "cost", SIZE_OF_PART),
    (
        0.01,
        "place",
        "learning_rate",
        "About flat on one side of learning_rate 0.01, a straight line in log10 on the other.",
    ),
]


def rows(f: Formula) -> list[Row]:
    return [(c.value, c.kind, c.unit, c.sentence) for c in f.constants]


@pytest.mark.parametrize(
    ("tree", "axis", "expected"),
    [
        (constant(0.3), LR, LEVEL),
        (57.0 + 4.2 * power(log10(X / 106.0), 2), C, VALLEY),
        (0.9 - 4.2 * power(X - 0.4, 2), MOMENTUM, HILL),
        (-0.1 + 0.8 * function("abs", X - 1.75), LAYERS, BETWEEN),
        (-0.1 + 0.8 * power(X - 1.75, 2), replace(LAYERS, integer=False, values=(1.0, 2.0, 3.0)), BETWEEN),
        (0.1 + 0.8 * function("abs", X - 2.0), LAYERS, AT_A_VALUE),
        (0.9 + 4.2 * power(X + 0.4, 2), MOMENTUM, BESIDE),
        (0.14 + 0.55 / (1.0 + power(X / 0.0038, 1.7)), LR, FALL),
        (0.6 - 0.55 / (1.0 + X / 0.0038), LR, RISE),
        (0.1 + 0.5 / (1.0 + power(X / 0.9, 2)), LR, CUT_OFF),
        (0.1 + 0.3 * function("tanh", (X - 0.4) / 0.2), MOMENTUM, STEP),
        (1.06 - 0.26 * log10(X), UNITS, DECADES),
        (1.06 + 0.26 * X, MOMENTUM, LINE),
        (1.06 - 0.003 * (X / 1000.0), SIZE, THOUSANDS),
        (0.1 + 0.5 * function("exp", -(X / 14.0)), UNITS, DECAY),
        (0.1 + 5.1 * power(X / 8.0, -0.6), C, POWER),
        (0.1 - 0.3 * function("exp", -power(log10(X / 0.01) / 0.5, 2)), LR, BUMP),
        (0.1 + 0.3 * log10(1.0 + power(X / 0.01, 2)), LR, RAMP),
    ],
)
def test_of_one_hyperparameter(tree: Node, axis: Axis, expected: list[Row]) -> None:
    assert rows(formula(tree, axis)) == expected


LAW_PLACE = "Lowest at learning_rate 0.01 (where batch is 100)."


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (
            0.1 + 2.0 * log10(X / 0.2) * power(Y / 100.0, 0.3),
            [
                (0.1, "level", "cost", "What the other parts are added to, in units of cost."),
                (2.0, "effect", "cost", "The size of this part where its factors are 1, in units of cost."),
                (0.2, "place", "learning_rate", "This part is zero at learning_rate 0.2."),
                (0.3, "exponent", "", "Ten times the batch multiplies this part by 2."),
            ],
        ),
        (
            0.1 + 0.3 * power(log10(X / 0.01), 2) + 0.2 * log10(Y),
            [
                (0.1, "level", "cost", "What the other parts are added to, in units of cost."),
                (0.3, "effect", "cost", "A decade away from the lowest point cost is 0.3 higher."),
                (0.01, "place", "learning_rate", "Lowest at learning_rate 0.01."),
                (0.2, "effect", "cost", "Each decade of batch raises cost by 0.2."),
            ],
        ),
        # Of an exponent of one half that snapped there is nothing to say.
        (
            0.1 + 0.3 * power(log10((X / 0.01) * power(Y / 100.0, -0.5)), 2),
            [
                (0.1, "level", "cost", "The lowest cost that the formula reaches."),
                (0.3, "effect", "cost", "A decade away from the lowest point cost is 0.3 higher."),
                (0.01, "place", "learning_rate", LAW_PLACE),
            ],
        ),
        (
            0.4 - 0.3 / (1.0 + 0.01 / X + power(Y / 100.0, 1.7)),
            [
                (0.4, "level", "cost", "cost far from the corner."),
                (
                    -0.3,
                    "effect",
                    "cost",
                    "cost is 0.3 lower where learning_rate is far above 0.01 and batch is far below 100.",
                ),
                (
                    0.01,
                    "place",
                    "learning_rate",
                    "Half of the change is reached at learning_rate 0.01 (where batch is far below 100).",
                ),
                (
                    100.0,
                    "place",
                    "batch",
                    "Half of the change is reached at batch 100 (where learning_rate is far above 0.01).",
                ),
                (1.7, "exponent", "", "How steep it is in batch: the larger, the more like a step."),
            ],
        ),
        # With both in one term, the direction of the one depends on nothing that one sentence could say.
        (
            0.1 + 0.3 / (1.0 + power(X / 0.01, 2) * power(Y / 100.0, -1)),
            [
                (0.1, "level", "cost", ADDED_TO),
                (0.3, "effect", "cost", SIZE_OF_PART),
                (
                    0.01,
                    "place",
                    "learning_rate",
                    "Half of the change is reached at learning_rate 0.01 (where batch is 100).",
                ),
            ],
        ),
    ],
)
def test_of_two_hyperparameters(tree: Node, expected: list[Row]) -> None:
    assert rows(formula(tree, LR, BATCH)) == expected


def test_a_part_beside_another_of_the_same_hyperparameter_speaks_of_itself() -> None:
    f = formula(0.1 + 0.3 * power(log10(X / 0.01), 2) + 0.2 * X)
    assert [c.sentence for c in f.constants if c.kind == "place"] == [
        "Lowest at learning_rate 0.01 as far as this part goes."
    ]


def test_a_table_survives_json() -> None:
    f = formula(57.0 + 4.2 * power(log10(X / 106.0), 2), C)
    written = json.loads(json.dumps(f.to_dict(), allow_nan=False))["constants"]
    assert tuple(map(Constant.from_dict, written)) == f.constants


def test_a_pole_beside_the_domain_is_no_saturation() -> None:
    f = formula(0.02 + 0.007 / (1.0 - X / 1.02), MOMENTUM)
    assert f.shape == "other"
    assert not any(word in c.sentence for c in f.constants for word in ("fall", "Half"))


def test_two_valleys_have_a_lowest_point() -> None:
    f = formula(0.1 + 0.3 * power(log10(X / 0.01), 2) + 0.2 * function("abs", log10(Y / 64.0)), LR, BATCH)
    assert f.constants[0].sentence == "The lowest cost that the formula reaches."
    beside = formula(0.1 + 0.3 * power(log10(X / 0.01), 2) + 0.2 * function("abs", log10(Y / 4.0)), LR, BATCH)
    assert beside.constants[0].sentence == "What the other parts are added to, in units of cost."
