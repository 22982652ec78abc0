"""Numbers as people read them."""

from __future__ import annotations

import math

__all__ = ["counted", "interval_text", "number_text", "percent", "round_significant", "round_within", "rounded_text"]

#: Numbers of this size are written without an exponent.
_FIXED_FROM, _FIXED_BELOW = 1e-4, 1e6


def number_text(value: float) -> str:
    """Returns the shortest text that reads back as the same number, such as 0.03997, 12000 or 2.5e-7."""
    value = float(value)
    if value == 0.0 or not math.isfinite(value) or _FIXED_FROM <= abs(value) < _FIXED_BELOW:
        return repr(value).removesuffix(".0")
    for digits in range(17):
        text = f"{value:.{digits}e}"
        if float(text) == value:
            break
    mantissa, exponent = text.split("e")
    return f"{mantissa}e{int(exponent)}"


def counted(n: int, noun: str) -> str:
    """Returns a number of things, such as 1 trial or 3 trials."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def round_significant(value: float, digits: int) -> float:
    """Returns the value rounded to that many significant digits."""
    if value == 0.0 or not math.isfinite(value):
        return value
    return float(f"{value:.{digits - 1}e}")


def rounded_text(value: float, digits: int = 3) -> str:
    """Returns the value in so many significant digits, written out as people do: 0.0594, 2140 or 2.5e-7."""
    return number_text(round_significant(value, digits))


def interval_text(ends: tuple[float, float]) -> str:
    """Returns an interval with the digits that tell its ends apart, such as 78 to 146 or 0.0102 to 3.1."""
    low, high = ends
    if low == high or not (math.isfinite(low) and math.isfinite(high)):
        return rounded_text(low) if low == high else f"{rounded_text(low)} to {rounded_text(high)}"
    width = math.floor(math.log10(high - low))
    shown = []
    for end in ends:
        size = math.floor(math.log10(abs(end))) if end else width
        # Two digits of the width, or of the end where that is smaller.
        shown.append(number_text(float(round_significant(end, max(2, size - width + 2)))))
    return f"{shown[0]} to {shown[1]}"


def round_within(value: float, digits: int, low: float, high: float) -> float:
    """Returns the value rounded to that many significant digits, inwards where it would leave [low, high] by that."""
    rounded = round_significant(value, digits)
    if low <= rounded <= high or value == 0.0 or not low <= value <= high:
        return rounded
    step = 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1)
    inwards = math.ceil(value / step) if rounded < low else math.floor(value / step)
    rounded = round_significant(inwards * step, digits)
    return rounded if low <= rounded <= high else value


def percent(share: float) -> str:
    """Returns a share of 1 as text, such as 14 % or 0.7 %."""
    if 0.0 < share < 0.0005:
        return "under 0.1 %"
    return f"{100 * share:.1f} %" if 0.0 < share < 0.00995 else f"{100 * share:.0f} %"
