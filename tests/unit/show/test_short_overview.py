"""The overview in few lines: what tells something has a row, all the rest a line each."""

from __future__ import annotations

from deepcave_symbolic.show.blocks import Block, Column, Facts, Heading, Note, Table, Warnings
from deepcave_symbolic.show.short_overview import short_overview
from deepcave_symbolic.show.text import write_text

COLUMNS = (Column("hyperparameter", "name"), Column("verdict", "verdict"), Column("formula", "formula"))


class Formula:
    """A cell that is typeset."""

    def text(self) -> str:
        return "1 + x"

    latex_body = mathml = text


def page(telling: int, noise: int, constants: int, *more: tuple[str, str]) -> tuple[Block, ...]:
    a, b, c = ([f"{kind}{i}" for i in range(n)] for kind, n in (("a", telling), ("b", noise), ("c", constants)))
    rows = (
        *((name, "with care", Formula()) for name in a),
        *((name, "no visible effect", Formula()) for name in b),
        *((name, "-", "none, see below") for name in c),
    )
    warnings = [
        ("with care", "The surrogate predicts unseen trials only in part (cross-validated R² 0.65)."),
        ("with care", "a0: How close the formula is to the truth is not sure enough."),
        ("no visible effect", f"{', '.join(b)}: 60 trials cannot tell from noise."),
        ("with care", f"{', '.join(c)}: each is constant (-1)."),
    ]
    return (
        Table((COLUMNS[0], Column("law", "text")), (("a0", "No law. Too few."), ("a1", "a1 ≈ 2·b.")), title="Laws"),
        Heading("Hyperparameter by hyperparameter"),
        Table(COLUMNS, rows, legend=(("range", "how much"),)),  # type: ignore[arg-type]
        Facts((("Objective", "error"), ("Surrogate", "a forest"))),
        Warnings((*warnings, *more)),  # type: ignore[arg-type]
    )


def test_rows_that_tell_something_stay_and_the_rest_is_a_line_each() -> None:
    short = short_overview(page(2, 33, 8), "-v")
    (facts,) = (block for block in short if isinstance(block, Facts))
    assert facts.rows == (
        (
            "No visible effect",
            "b0, b1, b2, b3, b4, b5, b6, b7 and 25 more: 60 trials cannot tell from noise.",
        ),
        ("Not explained", "c0, c1, c2, c3, c4, c5, c6, c7: each is constant (-1)."),
        ("Objective", "error"),
    )
    text = write_text(short)
    assert "b9" not in text and "No law" not in text and "a1 ≈ 2·b." in text and "how much" not in text
    said = " ".join(text.split())
    assert "-v shows every row, what the columns mean, why there is no law," in said and "1 more remark." in said
    assert text.count("! ") == 1 and "! The surrogate predicts" in text
    (table,) = (block for block in short if isinstance(block, Table) and not block.title)
    assert [row[0] for row in table.rows] == ["a0", "a1"]


def test_ten_rows_and_the_names_of_the_others() -> None:
    short = short_overview(page(13, 1, 0, ("do not trust", "a3: The fit is poor.")), "-v")
    text = write_text(short)
    assert "Less               a10, a11, a12 move it less." in text and "\na9 " in text and "\na10" not in text
    assert "! a3: The fit is poor." in text  # what must not be believed is never left out


def test_a_run_of_noise_still_has_rows() -> None:
    text = write_text(short_overview(page(0, 5, 0), "-v"))
    assert "\nb2" in text and "No visible effect  b3, b4: 60 trials cannot" in text
    assert [type(block) for block in short_overview(page(0, 0, 0), "-v")][-2:] == [Note, Warnings]


def test_pairs_are_told_apart_in_a_line() -> None:
    rows = tuple((f"a, b{i}", "no visible effect", Formula()) for i in range(5))
    text = write_text(short_overview((Table(COLUMNS, rows),), "-v"))  # type: ignore[arg-type]
    assert "No visible effect  a × b3, a × b4." in text and "law" not in text
