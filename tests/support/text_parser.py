"""Reads the text of a formula the way a reader would, and computes its value; knows nothing of the printers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_SUPERSCRIPT = {
    "⁰": "0",
    "¹": "1",
    "²": "2",
    "³": "3",
    "⁴": "4",
    "⁵": "5",
    "⁶": "6",
    "⁷": "7",
    "⁸": "8",
    "⁹": "9",
    "⁻": "-",
}
_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "abs": np.abs,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
}
_NUMBER = re.compile(r"\d+(\.\d+)?(e-?\d+)?")


class TextFormula:
    """`objective ≈ expression`; `compute` evaluates while it reads."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.objective = self._name()
        self._expect(" ≈ ")
        self.start = self.position

    def compute(self, values: Mapping[str, Any]) -> Any:
        """Returns the value of the expression at the named values."""
        self.values = values
        self.position = self.start
        with np.errstate(all="ignore"):
            result = self._sum()
        if self.position != len(self.text):
            raise ValueError(f"unread text: {self.text[self.position :]!r}")
        return result

    def _next_is(self, token: str) -> bool:
        return self.text.startswith(token, self.position)

    def _take(self, token: str) -> bool:
        if self._next_is(token):
            self.position += len(token)
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise ValueError(f"expected {token!r} at {self.text[self.position :]!r}")

    def _sum(self) -> Any:
        value = self._product()
        while True:
            if self._take(" + "):
                value = value + self._product()
            elif self._take(" - "):
                value = value - self._product()
            else:
                return value

    def _product(self) -> Any:
        negative = self._take("-")
        value = self._power()
        while True:
            if self._take("·"):
                value = value * self._power()
            elif self._take("/"):
                value = np.divide(value, self._power())
            else:
                return -value if negative else value

    def _power(self) -> Any:
        base = self._atom()
        digits = ""
        while self.position < len(self.text) and self.text[self.position] in _SUPERSCRIPT:
            digits += _SUPERSCRIPT[self.text[self.position]]
            self.position += 1
        if digits:
            return np.power(base, float(digits))
        return np.power(base, self._atom()) if self._take("^") else base

    def _atom(self) -> Any:
        if self._take("("):
            value = self._sum()
            self._expect(")")
            return value
        if self._take("|"):
            value = self._sum()
            self._expect("|")
            return np.abs(value)
        number = _NUMBER.match(self.text, self.position)
        if number:
            self.position = number.end()
            return np.float64(number.group())
        quoted = self._next_is('"')
        name = self._name()
        if not quoted and self._take("("):
            value = self._sum()
            self._expect(")")
            return _FUNCTIONS[name](value)
        return self.values[name]

    def _name(self) -> str:
        if not self._take('"'):
            end = self.position
            while end < len(self.text) and (
                self.text[end] in "_.:" or (self.text[end].isalnum() and self.text[end] not in _SUPERSCRIPT)
            ):
                end += 1
            name, self.position = self.text[self.position : end], end
            if not name:
                raise ValueError(f"expected a name at {self.text[end:]!r}")
            return name
        letters = []
        while not self._take('"'):
            if self._take("\\u"):
                letters.append(chr(int(self.text[self.position : self.position + 4], 16)))
                self.position += 4
            else:
                self._take("\\")
                letters.append(self.text[self.position])
                self.position += 1
        return "".join(letters)
