"""Breaks the text of a formula into lines: between its terms and after its cases, never inside a name = value pair."""

from __future__ import annotations

import re
from collections.abc import Sequence

from deepcave_symbolic.words.names import visible

__all__ = ["broken"]

#: Where a line may end: before a sign, after a case, else between words; what pairs a name with its value is no place.
_BETWEEN = re.compile(r" (?=[+-] )|(?<=;) | ")
_PAIR = re.compile(r"(?<=[=:]) | (?== )|(?<=[+-]) |(?<=\bfor) (?=\S+ = )|(?<=; for) ")
#: How bad it is to end a line inside a case, or between two words, in open brackets.
_INSIDE, _WORDS = 0.5, 100.0
#: A line that is filled to so much of the width may end where fewer brackets are open.
_FILLED = 0.5


def broken(formula: str, width: int) -> list[str]:
    """Returns lines of at most so many letters, where that leaves names and pairs whole."""
    text = " ".join(visible(formula).split())
    places = _places(text)
    lines: list[str] = []
    start = 0
    while len(text) - start > width and (end := _end(places, start, width)) is not None:
        lines.append(text[start:end])
        start = end + 1
    return [*lines, text[start:]]


def _end(places: Sequence[tuple[int, float]], start: int, width: int) -> int | None:
    """Returns the blank at which a line ends, None where it has none."""
    ahead = [(i, cost) for i, cost in places if i > start]
    within = [(i, cost) for i, cost in ahead if i <= start + width]
    between_terms = [(i, cost) for i, cost in within if cost < _WORDS] or within
    filled = [(cost, -i) for i, cost in between_terms if i - start >= _FILLED * width]
    if filled:
        return -min(filled)[1]
    return between_terms[-1][0] if between_terms else ahead[0][0] if ahead else None


def _places(text: str) -> list[tuple[int, float]]:
    """Returns the blanks at which a line may end, and how bad each is."""
    glued = {match.start() for match in _PAIR.finditer(text)}
    depths, braces = _depths(text)
    places = []
    for match in _BETWEEN.finditer(text):
        i = match.start()
        if i in glued:
            continue
        if text[i - 1] == ";":
            places.append((i, float(depths[i])))
        elif text[i + 1 : i + 3] in ("+ ", "- "):
            places.append((i, depths[i] + _INSIDE * braces[i]))
        else:
            places.append((i, _WORDS + depths[i]))
    return places


def _depths(text: str) -> tuple[list[int], list[bool]]:
    """Returns how many brackets are open at every letter, and whether the cases of a choice are."""
    depths, braces = [], []
    depth = cases = 0
    for letter in text:
        depth = max(0, depth + (letter in "({[") - (letter in ")}]"))
        cases = max(0, cases + (letter == "{") - (letter == "}"))
        depths.append(depth)
        braces.append(cases > 0)
    return depths, braces
