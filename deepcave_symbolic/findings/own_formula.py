"""A formula of the user's own beside those that were found: its fitted constants and its place."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from deepcave_symbolic.exceptions import FormulaError, InvalidArgumentError, UnknownNameError
from deepcave_symbolic.findings.certainty import Interval, refit_constants
from deepcave_symbolic.findings.explained import Explained
from deepcave_symbolic.findings.findings import Findings
from deepcave_symbolic.findings.trust import Trust, Verdict
from deepcave_symbolic.formulas.choice import unseen_loss
from deepcave_symbolic.formulas.expression import Node, substitute, variable
from deepcave_symbolic.formulas.formula import OWN, Formula
from deepcave_symbolic.formulas.front import score_one
from deepcave_symbolic.formulas.limits import largest_loss
from deepcave_symbolic.formulas.meaning.constants import Constant
from deepcave_symbolic.formulas.meaning.positions import Position, fitted
from deepcave_symbolic.formulas.meaning.readable import is_readable
from deepcave_symbolic.formulas.own_form.free_constants import FittedForm
from deepcave_symbolic.formulas.own_form.named_rounding import fit_rounded
from deepcave_symbolic.formulas.own_form.parsing import Form, parse_form
from deepcave_symbolic.numeric.arrays import columns_of
from deepcave_symbolic.projection import USUAL, View, target_of
from deepcave_symbolic.records import Record
from deepcave_symbolic.words.names import shown_name
from deepcave_symbolic.words.numbers import counted, rounded_text

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["FittedFormula", "NamedConstant", "check_form"]

#: "objective ≈ form", as formulas are printed; names in quotes may hold such a sign themselves.
_LEFT_SIDE = re.compile(r"\s*(\"(?:[^\"\\]|\\.)*\"|[^\"`≈=]*?)\s*[≈=]")
#: Cases as formulas print them: "for activation = relu: ...", or in braces "{activation = relu: ...; tanh: ...}".
_CASES = re.compile(r"(?:[^≈]*≈)?\s*for\s[^=]*=|.*\{[^}=]*=[^}]*:", re.DOTALL)


@dataclass(frozen=True)
class NamedConstant(Record):
    """A constant of the user's form.

    Args:
        name: Its name in the form.
        value: Its value, rounded where it was fitted.
        fixed: Whether the user gave the value.
        unsettled: Whether other constants can make up for it, so that other values fit as well.
        interval: Where 90 % of the refits to draws of the surrogate have it; None where they do not settle it, where it
            is fixed, and without draws.
        meaning: What it says; None where numbers of the formula have no meaning of their own (it is spelled otherwise
            than in normal form), and of an exponent such as 1 or 2.
    """

    name: str
    value: float
    fixed: bool = False
    unsettled: bool = False
    interval: Interval = None
    meaning: Constant | None = None


@dataclass(frozen=True, eq=False)
class FittedFormula(Record):
    """A formula of the user's own with fitted constants.

    Args:
        formula: The formula, spelled as the user did.
        constants: Its constants by name, in the order in which the form has them.
        recommended: The formula that the explanation recommends.
        findings: What the user's formula tells, as of the formulas of the front.
        sentence: How it compares with the recommended one.
        view: Of the explanation.
    """

    formula: Formula
    constants: tuple[NamedConstant, ...]
    recommended: Formula
    findings: Findings
    sentence: str
    view: View = USUAL

    @classmethod
    def fitted(cls, explained: Explained, text: str, fixed: Mapping[str, float] | None = None, seed: int = 0) -> Self:
        """Returns a form with the constants that fit an explanation's projection; see `Explanation.fit`."""
        right = _right_side(text, explained.objective)
        form = _read(right, explained.hyperparameters, explained.projection.others)
        target = target_of(
            explained.projection, explained.objective, source=explained.provenance.get("source", "surrogate")
        )
        found = fit_rounded(form, target, fixed=fixed, seed=seed)
        given = set(fixed or {})
        intervals = _intervals(form, found, given, explained)
        formula = replace(
            score_one(found.tree, OWN, target),
            normal_form=is_readable(found.tree, target.axes, target.y),
            intervals=_in_reading_order(form, found.tree, intervals),
            forbidden_space=explained.best.forbidden_space,
        )
        meanings = _meanings(form, formula)
        constants = tuple(
            NamedConstant(name, value, name in given, name in found.unsettled, intervals.get(name), meanings.get(name))
            for name, value in found.constants.items()
        )
        free = sum(not each.fixed for each in constants)
        place = _place(formula, free, explained)
        return cls(formula, constants, explained.best, explained.findings(formula), place, explained.view)

    @property
    def named(self) -> dict[str, float]:
        """The values of the constants by name."""
        return {constant.name: constant.value for constant in self.constants}

    @property
    def unsettled(self) -> tuple[str, ...]:
        """Names of the constants that others can make up for; fixing some of them settles the others."""
        return tuple(constant.name for constant in self.constants if constant.unsettled)

    @property
    def trust(self) -> Trust:
        """The numbers that say how far to trust it."""
        return self.findings.trust

    @property
    def verdict(self) -> Verdict:
        """The verdict on it."""
        return self.trust.verdict


def check_form(text: str, hyperparameters: Sequence[str], others: Collection[str], fixed: Iterable[str] = ()) -> None:
    """Refuses a form that no run with these hyperparameters has, before anything is computed.

    Args:
        text: The form.
        hyperparameters: The explained hyperparameters.
        others: Those of the run that are not explained.
        fixed: Names of constants that are not fitted.

    Raises:
        DeepcaveSymbolicError: As `Explanation.fit`.
    """
    form = _read(_without_left_side(text), hyperparameters, others)
    for name in fixed:
        if name not in form.constants:
            raise UnknownNameError("constant", name, form.constants)


def _read(text: str, hyperparameters: Sequence[str], others: Collection[str]) -> Form:
    try:
        form = parse_form(text, hyperparameters)
    except UnknownNameError as error:
        if error.name not in others:
            raise
        absent = str(error.name)
    else:
        absent = next((name for name in form.constants if name in others), "")
    if not absent:
        return form
    names = " and ".join(map(shown_name, hyperparameters))
    raise InvalidArgumentError(
        f"{absent!r} in the form is a hyperparameter of the run, but this explanation is of {names}. Explain it as "
        "well, or give the constant another name."
    )


def _without_left_side(text: str) -> str:
    if isinstance(text, str) and _CASES.match(text):
        raise FormulaError(
            "The form has cases of a categorical, which are not read; fit one to a choice alone, as in "
            "explanation.groups[CHOICE].fit(...)."
        )
    found = _LEFT_SIDE.match(text) if isinstance(text, str) else None
    return text if found is None else text[found.end() :]


def _right_side(text: str, objective: str) -> str:
    right = _without_left_side(text)
    found = None if right == text else _LEFT_SIDE.match(text)
    if found is not None and found[1] not in (objective, shown_name(objective)):
        raise FormulaError(
            f"The form is one of {found[1]!r:.60}; expected {shown_name(objective)}, or the part behind the sign alone."
        )
    return right


def _intervals(form: Form, found: FittedForm, given: AbstractSet[str], explained: Explained) -> dict[str, Interval]:
    """Returns the 90 % intervals of the constants that were fitted, by name; nothing without draws."""
    if explained.certainty is None:
        return {}
    samples, k = explained.certainty.samples, len(form.hyperparameters)
    free = [name for name in form.constants if name not in given]
    numbers = form.with_numbers({name: found.constants[name] for name in given})
    tree = substitute(numbers, {k + form.constants.index(name): variable(k + i) for i, name in enumerate(free)})
    refits = refit_constants(
        tree,
        np.array([found.constants[name] for name in free]),
        np.array([name not in found.linear for name in free], dtype=bool),
        columns_of(samples.x),
        samples.values,
        samples.weights,
    )
    known = dict(zip(free, refits.intervals, strict=True))
    return {name: None if name in found.unsettled else interval for name, interval in known.items()}


def _in_reading_order(form: Form, tree: Node, intervals: Mapping[str, Interval]) -> tuple[Interval, ...]:
    """Returns the intervals of the numbers of a formula that are taken as fitted; one that is given has no width."""
    if not intervals:
        return ()
    ordered: list[Interval] = []
    for position in fitted(tree):
        raw = position.node(tree).value
        ends = intervals.get(_name_at(form, position), (raw, raw))
        ordered.append(ends if ends is None or raw == position.value else (-ends[1], -ends[0]))
    return tuple(ordered)


def _name_at(form: Form, position: Position) -> str:
    """Returns the constant that stands there in the form; nothing where that is a number."""
    node, k = position.node(form.tree), len(form.hyperparameters)
    return form.constants[int(node.value) - k] if node.is_variable else ""


def _meanings(form: Form, formula: Formula) -> dict[str, Constant]:
    """Returns what the constants say by name; nothing where a number of the formula has no meaning of its own."""
    positions = fitted(formula.tree)
    if any(position.kind == "number" for position in positions):
        return {}
    meanings: dict[str, Constant] = {}
    for position, meaning in zip(positions, formula.constants, strict=True):
        if name := _name_at(form, position):
            meanings.setdefault(name, meaning)
    return meanings


def _place(formula: Formula, free: int, explained: Explained) -> str:
    """Returns how a formula compares with the recommended one, in a sentence.

    Args:
        formula: The formula.
        free: How many of its constants were fitted.
        explained: The explanation.
    """
    best, n = explained.best, explained.surrogate.n_trials
    if formula.tree == best.tree:
        return "This is the recommended formula."
    nodes, constants = formula.complexity - best.complexity, free - len(best.constants)
    unseen = unseen_loss(explained.formulas[0], explained.noise)
    own, other = 1.0 - formula.r2, 1.0 - best.r2
    if own <= largest_loss(other, unseen) and other <= largest_loss(own, unseen):
        told = f" for all that {counted(n, 'trial')} can tell" if n else ", but for details"
        return f"As accurate as the recommended formula{told}; it has {_more(nodes, constants)}."
    gap = abs(own - other)
    shown = f"{gap:.4f}" if gap < 10.0 else rounded_text(gap)
    where = "below" if own > other else "above"
    return f"R² {shown} {where} the recommended formula, which has {_more(-nodes, -constants)}."


def _more(nodes: int, constants: int) -> str:
    """Returns how much longer something is, such as "2 nodes and 1 fitted constant more"."""
    parts = [(n, counted(abs(n), noun)) for n, noun in ((nodes, "node"), (constants, "fitted constant")) if n]
    sides = (
        (" and ".join(part for n, part in parts if n > 0), "more"),
        (" and ".join(part for n, part in parts if n < 0), "fewer"),
    )
    return " and ".join(f"{each} {word}" for each, word in sides if each) or "as many nodes and fitted constants"
