"""Records: equal by content, hashable, the same after a round trip through JSON, and strict about what they read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcave_symbolic.exceptions import FormulaError
from deepcave_symbolic.numeric.arrays import Array, Mask
from deepcave_symbolic.records import Frozen, Record


@dataclass(frozen=True, eq=False)
class Inner(Record):
    name: str
    level: float = field(default=0.0, metadata={"none": math.inf})


@dataclass(frozen=True, eq=False)
class Outer(Record):
    table: Array
    mask: Mask
    kind: Literal["a", "b"]
    pair: tuple[int, str] | None
    inners: tuple[Inner, ...]
    options: Mapping[str, Any] = Frozen()
    scratch: Any = field(default=None, compare=False)


FLOATS = st.floats(allow_infinity=False)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
OUTERS = st.builds(
    Outer,
    table=st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=4).map(np.array),
    mask=st.lists(st.booleans(), max_size=4).map(lambda b: np.array(b, dtype=bool)),
    kind=st.sampled_from(["a", "b"]),
    pair=st.none() | st.tuples(st.integers(-9, 9), st.text(max_size=3)),
    inners=st.lists(st.builds(Inner, st.text(max_size=3), FLOATS.filter(math.isfinite) | st.just(math.inf))).map(tuple),
    options=st.dictionaries(st.text(max_size=3), JSON, max_size=3).map(Frozen),
)


def through_json(record: Record) -> Any:
    return type(record).from_dict(json.loads(json.dumps(record.to_dict(), allow_nan=False)))


@pytest.mark.slow
@given(OUTERS)
def test_a_record_comes_back_equal_with_its_hash(record: Outer) -> None:
    copy = through_json(record)
    assert copy == record and hash(copy) == hash(record)
    assert copy.table.dtype == np.float64 and copy.mask.dtype == bool and type(copy.inners) is tuple


@pytest.mark.slow
@given(OUTERS, OUTERS)
def test_equal_means_the_same_json(a: Outer, b: Outer) -> None:
    assert (a == b) is (a.to_dict() == b.to_dict() or json.dumps(a.to_dict()) == json.dumps(b.to_dict()))


BASE = Outer(np.array([[1.0, np.nan]]), np.array([True]), "a", (1, "x"), (Inner("i"),), Frozen(k=(1, 2)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"table": "12"}, "Outer.table: found '12'"),
        ({"table": [[1.0], [1.0, 2.0]]}, "Outer.table: found list, expected an even table of float"),
        ({"table": [[True]]}, "Outer.table"),
        ({"mask": [1, 0]}, "Outer.mask"),
        ({"kind": "c"}, "expected 'a' or 'b'"),
        ({"pair": [1]}, "expected a list of 2"),
        ({"pair": [True, "x"]}, "expected int"),
        ({"inners": {}}, "Outer.inners: found dict, expected a list"),
        ({"inners": [{}]}, "Inner without its field 'name'"),
        ({"inners": [{"name": "x", "level": 10**400}]}, "Inner.level: found int, expected a finite number"),
        ({"inners": [{"name": 3}]}, "Inner.name: found int, expected str"),
        ({"options": []}, "Outer.options: found list, expected a mapping"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(FormulaError) as caught:
        Outer.from_dict({**BASE.to_dict(), **change})
    assert message in str(caught.value)


def test_what_is_no_record_at_all_is_refused() -> None:
    for data in (None, [], "x", 3):
        with pytest.raises(FormulaError, match="the fields of Outer"):
            Outer.from_dict(data)


def test_missing_fields_take_their_default_and_others_are_passed_over() -> None:
    data = BASE.to_dict()
    del data["options"]
    assert Outer.from_dict({**data, "comment": "from another version"}).options == {}
    assert (
        Inner.from_dict({"name": "x"}) == Inner("x") and Inner.from_dict({"name": "x", "level": None}).level == math.inf
    )


def test_what_is_not_compared_goes_nowhere() -> None:
    other = Outer(BASE.table, BASE.mask, "a", BASE.pair, BASE.inners, BASE.options, scratch=object())
    assert other == BASE and hash(other) == hash(BASE) and "scratch" not in other.to_dict()
    assert Inner("i") != BASE and Inner("i") != Inner("j") and len({Inner("i"), Inner("i"), Inner("j")}) == 2
