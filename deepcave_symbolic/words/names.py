"""Names of hyperparameters, choices and objectives, which are free text, as each language can show them literally."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Sequence

__all__ = ["all_of", "either", "identifiers", "latex_name", "shown_name", "visible", "visible_text"]


def visible(name: str) -> str:
    """Returns the name with control and direction characters written out, so that it cannot reorder the line."""
    return "".join(
        c if unicodedata.category(c)[0] != "C" and c not in "\u2028\u2029" else f"\\u{ord(c):04x}" for c in name
    )


def visible_text(text: str) -> str:
    """Returns text of many lines in which control and direction characters of names are written out."""
    return "\n".join(visible(line) for line in text.split("\n"))


def shown_name(name: str) -> str:
    """Returns the name as it stands in a text formula: quoted where it could be read as an expression."""
    # A superscript is a letter to `re`, an exponent to the reader.
    if re.fullmatch(r"[^\W\d][\w.:]*", name) and unicodedata.normalize("NFKC", name) == name:
        return name
    return '"' + visible(name.replace("\\", "\\\\").replace('"', '\\"')) + '"'


#: Names that a sentence or a formula lists at most, and how many it has of more.
_MOST_LISTED, _LISTED_OF_MORE = 12, 4


def either(names: Sequence[str], between: str = " or ") -> str:
    """Returns names as a sentence lists them, such as a or b; of many the first ones and how many others there are."""
    if len(names) <= _MOST_LISTED:
        return between.join(names)
    return between.join([*names[:_LISTED_OF_MORE], f"{len(names) - _LISTED_OF_MORE} others"])


def all_of(names: Sequence[str]) -> str:
    """Returns names as a sentence lists them that is about all, such as a, b and c."""
    return " and ".join([", ".join(names[:-1]), *names[-1:]] if len(names) > 1 else names)


_LATEX_ESCAPES = {
    "\\": r"\backslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\wedge{}",
    "~": r"\sim{}",
    " ": r"\ ",
    "-": r"\text{-}",
    "'": r"\text{'}",
    # In braces, so that a Markdown or HTML reader finds no tag in it.
    "<": "{<}",
    ">": "{>}",
}


#: Letters that LaTeX has commands for; the others look Latin or are variants.
_LATEX_GREEK = {
    **dict(zip("αβγδεζηθικλμνξπρστυφχψω", (
        "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu",
        "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
    ), strict=True)),
    **dict(zip("ΓΔΘΛΞΠΣΦΨΩ", (
        "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega",
    ), strict=True)),
    "µ": "mu",
}  # fmt: skip


def latex_name(name: str) -> str:
    """Returns the name for LaTeX's math mode, upright and escaped."""
    return "\\mathrm{" + "".join(_latex_character(c) for c in unicodedata.normalize("NFC", visible(name))) + "}"


def _latex_character(character: str) -> str:
    if character.isascii():
        return _LATEX_ESCAPES.get(character, character)
    if character in _LATEX_GREEK:
        return f"\\{_LATEX_GREEK[character]}{{}}"
    # pdfLaTeX knows é, ² and · in text only; other scripts need LuaLaTeX and a font that has them.
    return f"\\text{{{character}}}"


def identifiers(names: Sequence[str], taken: Sequence[str] = ()) -> list[str]:
    """Returns distinct Python identifiers for free-text names, such as classifier_lr for classifier:lr.

    Args:
        names: The names.
        taken: Identifiers that none may get, beside np.
    """
    used = {"np", *taken}
    result = []
    for name in names:
        letters = unicodedata.normalize("NFKC", name)
        # Some letters of `\w` are none to Python.
        base = "".join(c if f"x{c}".isidentifier() else "_" for c in letters) or "x"
        if not base.isidentifier() or keyword.iskeyword(base) or keyword.issoftkeyword(base):
            base = base + "_" if base.isidentifier() else "x_" + base
        candidate, i = base, 2
        while candidate in used:
            candidate, i = f"{base}_{i}", i + 1
        used.add(candidate)
        result.append(candidate)
    return result
