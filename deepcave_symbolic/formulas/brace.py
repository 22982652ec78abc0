"""The brace before the cases of a formula on a page, drawn by style alone."""

from __future__ import annotations

__all__ = ["BRACE"]


def _brace() -> str:
    """Returns the style of a table with a brace at its left, as high as the table.

    A sign { grows only with a font for mathematics, which many machines have not. So it is drawn: four quarters of a
    ring, of radius r and thickness w in em, and two lines between them, in the colour of the text.
    """
    r, w, over = 0.3, 0.075, 0.06  # by what the lines reach into the rings, against gaps between whole pixels
    ring = f"transparent {r - w:g}em,currentColor {r - w + 0.01:g}em {r - 0.01:g}em,transparent {r:g}em"
    line, high = "linear-gradient(currentColor,currentColor)", f"{w:g}em calc(50% - {2 * (r - over) - w / 2:g}em)"
    x, shift = f"left {r - w:g}em", (r - w) / 2
    layers = [
        *(
            f"radial-gradient(circle at {center},{ring}) {place}/{r:g}em {r:g}em no-repeat"
            for center, place in (
                ("100% 100%", f"{x} top 0"),
                ("0 0", f"left 0 top calc(50% - {shift:g}em)"),
                ("0 100%", f"left 0 top calc(50% + {shift:g}em)"),
                ("100% 0", f"{x} bottom 0"),
            )
        ),
        f"{line} {x} top {r - over:g}em/{high} no-repeat",
        f"{line} {x} bottom {r - over:g}em/{high} no-repeat",
    ]
    return f"padding-left:{2 * r + 0.1:g}em;print-color-adjust:exact;background:{','.join(layers)}"


#: The style of a table of cases in MathML.
BRACE = _brace()
