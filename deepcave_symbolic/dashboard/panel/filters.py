"""The panel's filters, which need no processing: which formula of the front is shown, and one of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html

from deepcave_symbolic.dashboard.panel.choices import choices
from deepcave_symbolic.dashboard.panel.fields import field, help_button
from deepcave_symbolic.dashboard.panel.inputs import defaults, whole_number
from deepcave_symbolic.findings.explained import Explained, Unexplained
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.formulas.limits import ROUGH_FORMULA_R2
from deepcave_symbolic.show.answers import ANSWERS, answers_of
from deepcave_symbolic.words.numbers import counted

__all__ = ["BY_LENGTH", "Filters", "filter_layout", "form_layout", "pick_layout", "slider"]

#: The choice beside the three answers, for which the slider says how long.
BY_LENGTH = "length"
_LABELS = {**{name: ANSWERS[name] for name in ("simplest", "best", "most_accurate")}, BY_LENGTH: "by length"}
#: The slider's largest number of nodes.
_MOST_NODES = 25


@dataclass(frozen=True)
class Filters:
    """Which formulas the user wants to see.

    Args:
        pick: One of the three answers by its name for `Explained.pick`, or `BY_LENGTH`.
        longest: With `BY_LENGTH`: the largest number of nodes.
        form: A formula of the user's own; empty where there is none.
    """

    pick: str
    longest: int
    form: str = ""

    @classmethod
    def read(cls, inputs: Mapping[str, Any]) -> Filters:
        """Reads DeepCAVE's cleaned inputs; what is missing, empty or unknown has its default."""
        values, longest = defaults(), whole_number(inputs.get("longest"))
        return cls(
            pick=inputs["pick"] if inputs.get("pick") in _LABELS else values["pick"],
            longest=values["longest"] if longest is None else longest,
            form=str(inputs.get("form") or "").strip(),
        )

    @classmethod
    def all_of(cls, lengths: Sequence[int]) -> list[Filters]:
        """Returns every choice of a front whose formulas have these numbers of nodes; nothing where there is none."""
        answers = [cls(pick, lengths[0]) for pick in _LABELS if lengths and pick != BY_LENGTH]
        return [*answers, *(cls(BY_LENGTH, length) for length in lengths)]

    @property
    def choice(self) -> str:
        """The choice of a formula as a text, which assets/own.js writes, too."""
        return f"{BY_LENGTH} {self.longest}" if self.pick == BY_LENGTH else self.pick

    def formula_of(self, explanation: Explained) -> Formula:
        """Returns the formula of an explanation to show; the shortest where all are longer than wanted."""
        if self.pick != BY_LENGTH:
            return explanation.pick(self.pick)
        short = [f for f in explanation.formulas if f.complexity <= self.longest]
        return short[-1] if short else explanation.formulas[0]

    def sentence(self, explanation: Explained) -> str:
        """Returns which formula is shown, and which other answers it is."""
        formula = self.formula_of(explanation)
        same = [words for words in answers_of(explanation, formula) if words != ANSWERS.get(self.pick)]
        also = f", which is also the {' and the '.join(same)} one" if same else ""
        return f"Shown: {self._which('formula')}{also}."

    def sentence_of_all(self, explanations: Sequence[Explained | Unexplained]) -> str:
        """Returns which formulas an overview shows, and how many of them are the recommended ones."""
        known = [e for e in explanations if isinstance(e, Explained)]
        same = sum(self.formula_of(e) == e.best for e in known)
        also = f" ({same} of {len(known)} also recommended)" if self.pick != "best" and same else ""
        return f"Shown: {self._which('formulas')}{also}."

    def _which(self, noun: str) -> str:
        if self.pick != BY_LENGTH:
            return f"the {ANSWERS[self.pick]} {noun}"
        return f"the best {noun} with at most {counted(self.longest, 'node')}"


def filter_layout(register: Callable[..., str], *, length_id: str) -> list[Any]:
    """Returns the filter block. No component has a value here: DeepCAVE knows a fresh page by that.

    Args:
        register: DeepCAVE's.
        length_id: Id of the slider's box, which stands on the page only where the length is chosen.
    """
    return [*pick_layout(register, length_id=length_id), html.Div(form_layout(register), className="mt-3")]


def pick_layout(register: Callable[..., str], *, length_id: str) -> list[Any]:
    """Returns the choice of the formula that is shown, with the slider; the arguments are those of `filter_layout`."""
    label = "Formula shown"
    return [
        dbc.Label(label),
        help_button(
            label,
            "Recommended: the shortest of those that the trials cannot tell apart. Simplest: shorter and rougher "
            f"(R² at least {ROUGH_FORMULA_R2:g}). Most accurate: closest to the surrogate. By length: the best with at "
            "most so many nodes (numbers, hyperparameters, operators, functions). No processing.",
        ),
        dbc.RadioItems(id=register("pick", "value"), options=choices(_LABELS.values(), _LABELS), inline=True),
        html.Div(
            [
                dbc.Label("At most this many nodes", className="mt-3"),
                # The last marks' texts are centred below the slider's ends and would be cut off at the edge.
                html.Div(
                    dcc.Slider(id=register("longest", "value"), **slider()),
                    style={"padding": "0 2rem"},
                ),
            ],
            id=length_id,
            hidden=True,
        ),
    ]


def slider(lengths: Sequence[int] = ()) -> dict[str, Any]:
    """Returns the properties of the slider, which stops at the lengths that exist; everywhere while none is known."""
    marks = lengths or (1, *range(5, _MOST_NODES + 1, 5))
    # Without a step it stops at marks; it wants two ends.
    ends = {"min": marks[0], "max": max(marks[-1], marks[0] + 1)}
    return {**ends, "step": None if lengths else 1, "marks": {n: str(n) for n in marks}}


def form_layout(register: Callable[..., str]) -> list[Any]:
    """Returns the field for a formula of the user's own."""
    return field(
        "Your formula (optional)",
        "A formula of your own, shown above the one that was found. Every name in it that is no hyperparameter is a "
        "constant, which is fitted. Functions: sqrt, exp, log, log10, abs, tanh, sin, cos, square. Press Enter. No "
        "processing.",
        dbc.Input(id=register("form", ["value", "placeholder"]), type="text", debounce=True),
    )
