"""The brace before the cases of a formula on a page and brackets around high terms, drawn by style alone."""

from __future__ import annotations

__all__ = ["BRACE", "bracketed", "closed", "opened"]


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

#: Thickness of a bracket or bar, and how far a bracket bends, in em.
_THICK, _BENT = 0.075, 0.36
#: What is higher than a line.
_HIGH = ("<mfrac", "<mtable")
#: Height and depth of a fraction, for the piece of a formula that has only one of the two brackets.
_STRUT = '<mspace height="1.35em" depth="0.85em"/>'


def bracketed(content: str, left: str = "(", right: str = ")") -> str:
    """Returns MathML in brackets, or between bars, as high as it is.

    A sign grows only with a font for mathematics, which many machines have not. Around high terms it is transparent,
    so that it keeps its room and is copied and read aloud, and a border of the row is drawn in its place. Where that
    meets a side without one it becomes thin, as a bracket does. Where styles are taken away, the sign stands.

    Args:
        content: What stands in between.
        left: The sign before it.
        right: The sign behind it.
    """
    if not _is_high(content):
        return f"<mrow><mo>{left}</mo>{content}<mo>{right}</mo></mrow>"
    bent = f"border-radius:{_BENT}em/50%" if left == "(" else ""
    return _drawn(f"0 {_THICK}em", bent, f"{_hidden(left)}{content}{_hidden(right)}")


def opened(first: str, all_of_it: str) -> str:
    """Returns the first piece of something in brackets that is written in several.

    Args:
        first: What stands behind the bracket.
        all_of_it: All pieces, which say how high it is.
    """
    if not _is_high(all_of_it):
        return f'<mo stretchy="false">(</mo>{first}'
    bent = f"border-radius:{_BENT}em 0 0 {_BENT}em/50% 0 0 50%"
    return _drawn(f"0 0 0 {_THICK}em", bent, f"{_hidden('(')}{first}{_STRUT}")


def closed(last: str, all_of_it: str) -> str:
    """Returns the last piece of something in brackets that is written in several.

    Args:
        last: What stands before the bracket.
        all_of_it: All pieces, which say how high it is.
    """
    if not _is_high(all_of_it):
        return f'{last}<mo stretchy="false">)</mo>'
    bent = f"border-radius:0 {_BENT}em {_BENT}em 0/0 50% 50% 0"
    return _drawn(f"0 {_THICK}em 0 0", bent, f"{last}{_STRUT}{_hidden(')')}")


def _is_high(content: str) -> bool:
    return any(tag in content for tag in _HIGH)


def _hidden(sign: str) -> str:
    return f'<mo style="color:transparent">{sign}</mo>'


def _drawn(widths: str, bent: str, content: str) -> str:
    return f'<mrow style="border:0 solid;border-width:{widths};margin:0 .08em;{bent}">{content}</mrow>'
