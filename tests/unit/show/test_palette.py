"""Colours: as many different ones as are asked for."""

from __future__ import annotations

import re

from deepcave_symbolic.show.palette import choice_colors


def test_no_two_choices_share_a_colour() -> None:
    colors = choice_colors(150)
    assert len(set(colors)) == 150 and all(re.fullmatch("#[0-9a-fA-F]{6}", color) for color in colors)
    assert choice_colors(3) == colors[:3]
