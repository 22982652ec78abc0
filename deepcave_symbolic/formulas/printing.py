"""Prints an expression as text, LaTeX, Python and MathML from one tree, digit for digit the same.

Names are free text (`lambda`, `x 1`, a piece of Python): each printer escapes them for its language (`words.names`).
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

from deepcave_symbolic.formulas.brace import BRACE, bracketed, closed, opened
from deepcave_symbolic.formulas.expression import CASES, FUNCTIONS, Node, is_place
from deepcave_symbolic.words.names import either, latex_name, shown_name, visible
from deepcave_symbolic.words.numbers import number_text

__all__ = ["to_latex", "to_mathml", "to_python", "to_text"]

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
#: Signs of the sum in a function from which on lines may end in it.
_BROKEN = 2
#: Different expressions of cases that a line of text lists; LaTeX and Python have all.
_MOST_CASES = 12
_SUM, _SIGN, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4, 5

#: Choices of the categorical variables, by their index: their names; in Python, what the variable is compared with.
_Choices = Mapping[int, Sequence[Any]] | None


class _Printer:
    """Walks a tree and decides on signs and brackets; the languages fill in the pieces."""

    #: How tightly the second factor of a product must bind to stand without brackets.
    factor = _PRODUCT

    def __init__(self, names: Sequence[str], choices: _Choices = None) -> None:
        self.names = list(names)
        self.choices = dict(choices or {})

    # What a language says; each returns finished text.
    def number(self, value: float) -> str:
        raise NotImplementedError

    def brackets(self, text: str) -> str:
        raise NotImplementedError

    def infix(self, op: str, left: str, right: str) -> str:
        raise NotImplementedError

    def negative(self, text: str) -> str:
        raise NotImplementedError

    def fraction(self, node: Node) -> tuple[str, int]:
        raise NotImplementedError

    def raised(self, base: Node, exponent: Node) -> str:
        raise NotImplementedError

    def call(self, name: str, argument: Node) -> str:
        raise NotImplementedError

    def cases(self, name: str, parts: Sequence[tuple[list[Any], Node]]) -> str:
        raise NotImplementedError

    def parts(self, node: Node) -> list[tuple[list[Any], Node]]:
        """Returns the choices and expressions of cases; choices with the same expression stand together."""
        parts: dict[Node, list[Any]] = {}
        for choice, branch in zip(self.choices[int(node.args[0].value)], node.args[1:], strict=True):
            parts.setdefault(branch, []).append(choice)
        return [(choices, branch) for branch, choices in parts.items()]

    def show(self, node: Node) -> tuple[str, int]:
        """Returns the text and how tightly its outermost operator binds."""
        if node.is_constant:
            negative = node.value < 0 or (node.value == 0 and math.copysign(1, node.value) < 0)
            number = self.number(abs(node.value))
            return (self.negative(number), _SIGN) if negative else (number, _ATOM)
        if node.is_variable:
            return self.names[int(node.value)], _ATOM
        if node.op == CASES:
            index = int(node.args[0].value)
            return self.cases(self.names[index], self.parts(node)), _ATOM
        if node.op in ("+", "-"):
            sign, right = _take_sign(node.args[1])
            op = "+" if (node.op == "+") == (sign > 0) else "-"
            return self.infix(op, self.within(node.args[0], _SUM), self.within(right, _PRODUCT)), _SUM
        if node.op in ("neg", "*", "/"):
            sign, rest = _take_sign(node)
            if sign < 0:
                return self.negative(self.within(rest, _PRODUCT)), _SIGN
            if node.op == "neg":
                return self.show(rest)
        if node.op == "*":
            first, second = node.args
            return self.infix("*", self.factor_of(first, _PRODUCT), self.factor_of(second, self.factor)), _PRODUCT
        if node.op == "/":
            return self.fraction(node)
        if node.op == "^":
            return self.raised(node.args[0], node.args[1]), _POWER
        return self.call(node.op, node.args[0]), _ATOM

    def factor_of(self, node: Node, at_least: int) -> str:
        """Returns the text of a factor; x/x0·y could be read as x/(x0·y)."""
        return self.brackets(self.show(node)[0]) if is_place(node) else self.within(node, at_least)

    def within(self, node: Node, at_least: int) -> str:
        """Returns the text, in brackets where it binds less tightly than its surroundings need."""
        text, binding = self.show(node)
        return text if binding >= at_least else self.brackets(text)


def _take_sign(node: Node) -> tuple[int, Node]:
    """Splits a leading minus off a number, sign, product or quotient."""
    if node.is_constant and node.value < 0:
        return -1, Node("const", (), -node.value)
    if node.op == "neg":
        sign, rest = _take_sign(node.args[0])
        return -sign, rest
    if node.op in ("*", "/"):
        sign, rest = _take_sign(node.args[0])
        return sign, (node if sign > 0 else Node(node.op, (rest, node.args[1])))
    return 1, node


class _Text(_Printer):
    def number(self, value: float) -> str:
        return number_text(value)

    def brackets(self, text: str) -> str:
        return f"({text})"

    def infix(self, op: str, left: str, right: str) -> str:
        return f"{left}·{right}" if op == "*" else f"{left} {op} {right}"

    def negative(self, text: str) -> str:
        return f"-{text}"

    def fraction(self, node: Node) -> tuple[str, int]:
        return f"{self.within(node.args[0], _PRODUCT)}/{self.within(node.args[1], _POWER)}", _PRODUCT

    def raised(self, base: Node, exponent: Node) -> str:
        body = self.within(base, _ATOM)
        value = exponent.value
        if exponent.is_constant and value == round(value) and abs(value) < 100:
            return body + str(int(value)).translate(_SUPERSCRIPTS)
        return f"{body}^{self.within(exponent, _ATOM)}"

    def call(self, name: str, argument: Node) -> str:
        inner = self.show(argument)[0]
        return f"|{inner}|" if name == "abs" and "|" not in inner else f"{name}({inner})"

    def cases(self, name: str, parts: Sequence[tuple[list[Any], Node]]) -> str:
        return f"{{{self.listed(name, parts, '')}}}"

    def listed(self, name: str, parts: Sequence[tuple[list[Any], Node]], start: str) -> str:
        """Returns cases one after the other, such as activation = relu: 0.1; tanh or logistic: 0.2."""
        texts = []
        for i, (choices, branch) in enumerate(parts[:_MOST_CASES]):
            head = either([shown_name(choice) for choice in choices])
            texts.append(f"{start}{f'{name} = ' if i == 0 else ''}{head}: {self.show(branch)[0]}")
        more = [f"{len(parts) - _MOST_CASES} more cases"] if len(parts) > _MOST_CASES else []
        return "; ".join([*texts, *more])

    def whole(self, node: Node) -> str:
        """Returns the text of a formula, whose cases need no braces where they are all of it."""
        if node.op != CASES or len(set(node.args[1:])) == 1:
            return self.show(node)[0]
        index = int(node.args[0].value)
        return self.listed(self.names[index], self.parts(node), "for ")


class _Latex(_Printer):
    def number(self, value: float) -> str:
        text = number_text(value)
        if "e" not in text:
            return text
        mantissa, exponent = text.split("e")
        ten = f"10^{{{exponent}}}"
        return ten if mantissa == "1" else f"{mantissa} \\times {ten}"

    def show(self, node: Node) -> tuple[str, int]:
        text, binding = super().show(node)
        # 2.5 × 10⁻⁷ is a product to the eye.
        return (text, _PRODUCT) if node.is_constant and node.value > 0 and "^" in text else (text, binding)

    def brackets(self, text: str) -> str:
        return f"\\left({text}\\right)"

    def infix(self, op: str, left: str, right: str) -> str:
        return f"{left} \\cdot {right}" if op == "*" else f"{left} {op} {right}"

    def negative(self, text: str) -> str:
        return f"-{text}"

    def fraction(self, node: Node) -> tuple[str, int]:
        if is_place(node):
            # As high as the text around it, also inside a logarithm or a power.
            return f"{self.within(node.args[0], _PRODUCT)}/{self.within(node.args[1], _POWER)}", _PRODUCT
        return f"\\frac{{{self.show(node.args[0])[0]}}}{{{self.show(node.args[1])[0]}}}", _PRODUCT

    def raised(self, base: Node, exponent: Node) -> str:
        return f"{self.within(base, _ATOM)}^{{{self.show(exponent)[0]}}}"

    def call(self, name: str, argument: Node) -> str:
        inner = self.show(argument)[0]
        if name == "abs":
            return f"\\left|{inner}\\right|"
        if name == "sqrt":
            return f"\\sqrt{{{inner}}}"
        return f"\\{'log_{10}' if name == 'log10' else 'ln' if name == 'log' else name}\\left({inner}\\right)"

    def cases(self, name: str, parts: Sequence[tuple[list[Any], Node]]) -> str:
        rows = []
        for choices, branch in parts:
            given = " \\text{ or } ".join(latex_name(choice) for choice in choices)
            rows.append(f"{self.show(branch)[0]} & \\text{{for }} {name} = {given}")
        joined = " \\\\ ".join(rows)
        return f"\\begin{{cases}} {joined} \\end{{cases}}"


class _Python(_Printer):
    # a * (b * c) and a * b * c may differ in the last bit.
    factor = _POWER

    def number(self, value: float) -> str:
        return number_text(value)

    def brackets(self, text: str) -> str:
        return f"({text})"

    def infix(self, op: str, left: str, right: str) -> str:
        return f"{left} {op} {right}"

    def negative(self, text: str) -> str:
        return f"-{text}"

    def fraction(self, node: Node) -> tuple[str, int]:
        return f"{self.within(node.args[0], _PRODUCT)} / {self.within(node.args[1], _POWER)}", _PRODUCT

    def raised(self, base: Node, exponent: Node) -> str:
        # A float exponent: NumPy refuses integers to negative integer powers.
        power = repr(exponent.value) if exponent.is_constant else self.within(exponent, _ATOM)
        return f"{self.within(base, _ATOM)}**{power}"

    def call(self, name: str, argument: Node) -> str:
        return f"np.{name}({self.show(argument)[0]})"

    def cases(self, name: str, parts: Sequence[tuple[list[Any], Node]]) -> str:
        tests = ", ".join(f"np.isin({name}, [{', '.join(map(ascii, choices))}])" for choices, _ in parts)
        values = ", ".join(self.show(branch)[0] for _, branch in parts)
        return f"np.select([{tests}], [{values}], np.nan)"


class _MathML(_Printer):
    def number(self, value: float) -> str:
        text = number_text(value)
        if "e" not in text:
            return f"<mn>{text}</mn>"
        mantissa, exponent = text.split("e")
        sign = "<mo>-</mo>" if exponent.startswith("-") else ""
        ten = f"<msup><mn>10</mn><mrow>{sign}<mn>{exponent.lstrip('-')}</mn></mrow></msup>"
        return f"<mrow>{ten}</mrow>" if mantissa == "1" else f"<mrow><mn>{mantissa}</mn><mo>×</mo>{ten}</mrow>"

    def brackets(self, text: str) -> str:
        return bracketed(text)

    def infix(self, op: str, left: str, right: str) -> str:
        sign = {"*": "·", "-": "−"}.get(op, op)
        return f"<mrow>{left}<mo>{sign}</mo>{right}</mrow>"

    def negative(self, text: str) -> str:
        return f"<mrow><mo>−</mo>{text}</mrow>"

    def fraction(self, node: Node) -> tuple[str, int]:
        if is_place(node):
            # As high as the text around it, also inside a logarithm or a power.
            over = '<mo lspace="0" rspace="0">/</mo>'
            return f"<mrow>{self._row(node.args[0])}{over}{self.within(node.args[1], _POWER)}</mrow>", _PRODUCT
        return f"<mfrac>{self._row(node.args[0])}{self._row(node.args[1])}</mfrac>", _PRODUCT

    def raised(self, base: Node, exponent: Node) -> str:
        return f"<msup><mrow>{self.within(base, _ATOM)}</mrow>{self._row(exponent)}</msup>"

    def call(self, name: str, argument: Node) -> str:
        inner = self._row(argument)
        if name == "abs":
            return bracketed(inner, "|", "|")
        if name == "sqrt":
            return f"<msqrt>{inner}</msqrt>"
        head = (
            "<msub><mi>log</mi><mn>10</mn></msub>" if name == "log10" else f"<mi>{'ln' if name == 'log' else name}</mi>"
        )
        return f"<mrow>{head}<mo>&#x2061;</mo>{bracketed(inner)}</mrow>"

    def cases(self, name: str, parts: Sequence[tuple[list[Any], Node]]) -> str:
        rows = []
        for choices, branch in parts:
            given = "<mtext>&#xa0;or&#xa0;</mtext>".join(
                f'<mi mathvariant="normal">{html.escape(visible(choice))}</mi>' for choice in choices
            )
            condition = f"<mrow><mtext>for&#xa0;</mtext>{name}<mo>=</mo>{given}</mrow>"
            cells = (f'<mtd style="text-align:left">{cell}</mtd>' for cell in (self._row(branch), condition))
            rows.append(f"<mtr>{''.join(cells)}</mtr>")
        return f'<mrow><mtable style="{BRACE}">{"".join(rows)}</mtable></mrow>'

    def _row(self, node: Node) -> str:
        return f"<mrow>{self.show(node)[0]}</mrow>"

    def pieces(self, node: Node) -> list[str]:
        """Returns what stands on one line at least: the terms of a sum, also of one that a function is applied to."""
        if node.op in ("+", "-"):
            sign, right = _take_sign(node.args[1])
            op = "+" if (node.op == "+") == (sign > 0) else "−"
            first, *others = [self.brackets(self.show(right)[0])] if right.op in ("+", "-") else self.pieces(right)
            # Where a piece begins it would be a sign, which stands closer.
            return [*self.pieces(node.args[0]), f'<mo form="infix">{op}</mo>{first}', *others]
        if node.op == "*" and node.args[0].is_constant and node.args[0].value >= 0.0:
            first, *others = self.pieces(node.args[1])
            # A sum needs its brackets here.
            if others and node.args[1].op not in ("+", "-"):
                return [f"{self.show(node.args[0])[0]}<mo>·</mo>{first}", *others]
        if node.op in FUNCTIONS and node.op not in ("sqrt", "abs") and node.args[0].op in ("+", "-"):
            first, *others = self.pieces(node.args[0])
            if len(others) >= _BROKEN:
                inner = "".join([first, *others])
                head = f"<mi>{node.op}</mi><mo>&#x2061;</mo>{opened(first, inner)}"
                return [head, *others[:-1], closed(others[-1], inner)]
        return [self.within(node, _SUM)]


def to_text(node: Node, names: Sequence[str], choices: _Choices = None, *, is_part: bool = False) -> str:
    """Returns one line of text, such as 0.12 + 0.081·(log10(learning_rate) + 2.1)².

    Args:
        node: The expression.
        names: Of the variables.
        choices: Of the categorical ones, by their index.
        is_part: Whether it is part of a longer formula, in which cases stand in braces.
    """
    printer = _Text([shown_name(n) for n in names], choices)
    return printer.show(node)[0] if is_part else printer.whole(node)


def to_latex(node: Node, names: Sequence[str], choices: _Choices = None) -> str:
    """Returns LaTeX for math mode."""
    return _Latex([latex_name(n) for n in names], choices).show(node)[0]


def to_python(node: Node, names: Sequence[str], choices: _Choices = None) -> str:
    """Returns a Python expression over NumPy (`np`) with the identifiers given as names."""
    return _Python(names, choices).show(node)[0]


def to_mathml(node: Node, names: Sequence[str], choices: _Choices = None, *, breakable: bool = False) -> str:
    """Returns MathML; names are escaped.

    Args:
        node: The expression.
        names: Of the variables.
        choices: Of the categorical ones, by their index.
        breakable: Whether to return several <math> elements, one after the other, between which a line may end: no
            browser breaks a single one.
    """
    shown = [f'<mi mathvariant="normal">{html.escape(visible(n))}</mi>' for n in names]
    printer = _MathML(shown, choices)
    if not breakable:
        return _math('display="block"', printer.show(node)[0])
    # High terms on lines below one another need room, and what is indented is the line, not what is in a term.
    how = 'displaystyle="true" style="margin:.15em 0;text-indent:0;math-style:normal"'
    return "".join(_math(how, piece) for piece in printer.pieces(node))


def _math(how: str, body: str) -> str:
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" {how}><mrow>{body}</mrow></math>'
