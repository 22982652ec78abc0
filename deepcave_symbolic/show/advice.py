"""What a page says of the next trials and of a better configuration space, and in which words."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.show.blocks import Block, Column, Heading, Note, Table, Warnings
from deepcave_symbolic.words.names import either, shown_name
from deepcave_symbolic.words.numbers import counted, number_text, rounded_text

if TYPE_CHECKING:
    from deepcave_symbolic.advice import AdvisedDomain, AdvisedSpace, AdvisedTrial, AdvisedTrials

__all__ = ["next_trials_csv", "next_trials_document", "space_csv", "space_document"]


def next_trials_document(advised: AdvisedTrials) -> tuple[Block, ...]:
    """Returns the page on the trials that would teach most, the explained hyperparameters first."""
    explained, others = list(advised.hyperparameters), _others(advised)
    names, region = either(list(map(shown_name, explained)), " and "), advised.region.words
    good = "good" if advised.region.best is None else "better than others there"
    where = f", in {names} and in all hyperparameters together" if others else ""
    return (
        Heading(f"Next trials for {' and '.join(explained)}{f', {region}' if region else ''}", view=region),
        Note(
            f"{counted(len(advised.trials), 'configuration')} whose evaluation would teach most about {names}, chosen "
            f"where models of the trials differ most and trials are far or few{where}. They are not meant to be {good}."
        ),
        Table(
            columns=(Column("nr", "number"), *(Column(name, "number", literal=True) for name in (*explained, *others))),
            rows=tuple((str(i), *_values(t, [*explained, *others])) for i, t in enumerate(advised.trials, 1)),
        ),
        Table(
            columns=(
                Column("nr", "number"),
                Column("expected", "number", unit=advised.objective),
                Column("why", "text"),
            ),
            rows=tuple((str(i), rounded_text(t.expected), t.reason) for i, t in enumerate(advised.trials, 1)),
            title="What they would teach",
        ),
    )


def next_trials_csv(advised: AdvisedTrials) -> str:
    """Returns a row per configuration: its values in full, empty where inactive, what is expected and why."""
    names = [*advised.hyperparameters, *_others(advised)]
    rows = ([*(t.configuration.get(name, "") for name in names), t.expected, t.reason] for t in advised.trials)
    return _csv([*names, f"expected {advised.objective}", "why"], rows)


def space_csv(advised: AdvisedSpace) -> str:
    """Returns a row per hyperparameter: what to do with it, its new bounds, choices or value, and why."""
    rows = (
        [
            d.hyperparameter,
            d.action,
            *(d.bounds or ("", "")),
            "; ".join(map(str, d.choices)),
            str(d.value) if d.action == "freeze" else "",
            _because(d),
        ]
        for d in advised.domains
    )
    return _csv(["hyperparameter", "do", "lower", "upper", "choices", "value", "because"], rows)


def _csv(head: list[str], rows: Iterable[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return text.getvalue()


def _others(advised: AdvisedTrials) -> list[str]:
    """Returns the hyperparameters of the configurations that are not explained."""
    found = dict.fromkeys(name for trial in advised.trials for name in trial.configuration)
    return [name for name in found if name not in advised.hyperparameters]


def _values(trial: AdvisedTrial, names: list[str]) -> list[str]:
    values = (trial.configuration.get(name, "-") for name in names)
    return [number_text(v) if isinstance(v, int | float) and not isinstance(v, bool) else str(v) for v in values]


def _because(domain: AdvisedDomain) -> str:
    """Returns what to do and why, and why the new space does not have it."""
    if not domain.left_out:
        return domain.sentence
    return f"{domain.sentence} This is left out of the new space: {domain.left_out}."


def _changes(advised: AdvisedSpace) -> str:
    """Returns how much is changed, and what is left."""
    if not advised.changed:
        return "No change: the space is kept as it is."
    left = sum(bool(domain.left_out) for domain in advised.changed)
    out = f", {left} of them left out of the new space" if left else ""
    objective, tolerance = shown_name(advised.objective), rounded_text(advised.tolerance, 2)
    return (
        f"{counted(len(advised.changed), 'change')}{out}; left are values with which {objective} can stay within "
        f"{tolerance} of its best, the other hyperparameters set well."
    )


def space_document(advised: AdvisedSpace) -> tuple[Block, ...]:
    """Returns the page on a better configuration space, with the formula that says why for every change."""
    return (
        Heading("A configuration space for the next run"),
        *([Warnings(advised.warnings)] if advised.warnings else []),
        Note(_changes(advised)),
        Table(
            columns=(Column("hyperparameter", "name"), Column("do", "name"), Column("because", "text")),
            rows=tuple((d.hyperparameter, d.action, _because(d)) for d in advised.domains),
        ),
        *(
            [
                Table(
                    columns=(
                        Column("hyperparameter", "name"),
                        Column("formula of the best that the others can make of it", "formula", unit=advised.objective),
                    ),
                    rows=tuple((d.hyperparameter, d.formula) for d in advised.domains if d.formula is not None),
                    title="The formulas that say why",
                )
            ]
            if any(d.formula is not None for d in advised.domains)
            else []
        ),
    )
