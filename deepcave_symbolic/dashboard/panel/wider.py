"""What is asked beside one or two hyperparameters: a whole run, its laws, several runs. The jobs; they never raise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

from deepcave_symbolic.dashboard.panel.choices import AUTOMATIC, name_of
from deepcave_symbolic.dashboard.panel.compute import Asked, code_of, run_places, stored, with_asked
from deepcave_symbolic.dashboard.panel.inputs import Inputs, whole_number
from deepcave_symbolic.dashboard.panel.recorded_run import RecordedRun
from deepcave_symbolic.dashboard.panel.stored_result import PanelRecord
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.explainer import Explainer
from deepcave_symbolic.side_by_side import compare, compare_laws, compare_runs
from deepcave_symbolic.space.explainable import explainable
from deepcave_symbolic.words.numbers import counted

__all__ = ["SIDES", "Side", "comparison_of", "laws_of", "shared_by", "whole_run_of"]

#: What of several runs is compared.
Side: TypeAlias = Literal["formulas", "laws", "parts"]
SIDES: tuple[Side, ...] = get_args(Side)
#: Laws that are looked for where nobody says of which hyperparameter.
_FIRST = 3


def whole_run_of(run: Any, inputs: Mapping[str, Any], longest: Any = None) -> dict[str, Any]:
    """Returns the formula of a whole run as a stored record.

    Args:
        run: As in `compute`.
        inputs: The panel's cleaned inputs.
        longest: Most nodes of the formula; as long as the trials can tell where nothing is given.
    """

    def answer() -> PanelRecord:
        asked, most = Asked.of(run, Inputs.read(inputs)), whole_number(longest)
        explainer = Explainer(asked.record, asked.question)
        explained = explainer.explain_run(most)
        record = PanelRecord(
            (),
            whole_run=explained,
            places=run_places(explainer, explained),
            notes=asked.notes,
            code=code_of(run, "explain_run", "explained", (), asked, max_complexity=most),
        )
        return with_asked(record, run, inputs)

    return stored(answer)


def laws_of(run: Any, inputs: Mapping[str, Any], choice: Any = AUTOMATIC) -> dict[str, Any]:
    """Returns how best values move as a stored record.

    Args:
        run: As in `compute`.
        inputs: The panel's cleaned inputs.
        choice: A hyperparameter, or AUTOMATIC for the three that account for most of the run.
    """

    def answer() -> PanelRecord:
        # The budget as a hyperparameter takes all budgets.
        asked = Asked.of(run, Inputs.read({**inputs, "hyperparameter_name_1": choice}))
        explainer, name = Explainer(asked.record, asked.question), name_of(choice or AUTOMATIC)
        if name is not None:
            code = code_of(run, "law", "found", [name], asked)
            return PanelRecord((), laws=(explainer.law_with_valley(name),), notes=asked.notes, code=code)
        laws = explainer.explain_run(laws=_FIRST).laws
        if not laws:
            raise InvalidArgumentError(
                "None of the hyperparameters that move the objective has positive bounds; a law is a power law."
            )
        code = code_of(run, "explain_run", "explained", (), asked, laws=_FIRST)
        return PanelRecord((), laws=laws, notes=asked.notes, code=f"{code}\nexplained.laws")

    return stored(answer, "Choose another hyperparameter.")


def shared_by(runs: Sequence[RecordedRun]) -> list[str]:
    """Returns the names of the hyperparameters that can be explained in all of several runs, in the first one's order.

    Args:
        runs: One or more.

    Raises:
        DeepcaveSymbolicError: If a run cannot be read.
    """
    first, *others = (explainable(run.configspace) for run in runs)
    return [name for name in first if all(name in other for other in others)]


def comparison_of(
    runs: Sequence[RecordedRun],
    inputs: Mapping[str, Any],
    side: str,
    names: Sequence[Any] = (),
    objective: Any = "",
    longest: Any = None,
) -> dict[str, Any]:
    """Returns several runs side by side as a stored record.

    Args:
        runs: The runs.
        inputs: The panel's cleaned inputs, of which region, surrogate and longest formula count.
        side: One of `SIDES`.
        names: Choices of one or two hyperparameters; one for laws, none for parts.
        objective: A name; each run's first one where it is empty.
        longest: Most nodes of the formula of a whole run, as in `whole_run_of`.
    """

    def answer() -> PanelRecord:
        if len(runs) < 2:
            raise InvalidArgumentError(f"A comparison needs two runs or more; found {counted(len(runs), 'run')}.")
        chosen = [name for name in map(name_of, filter(None, names)) if name is not None]
        if side != "parts" and not chosen:
            raise InvalidArgumentError(f"To compare {side}, choose a hyperparameter; these runs may share none.")
        counting = ("region", "surrogate", *(["max_complexity"] if side == "formulas" else []))
        question = Inputs.read({name: inputs.get(name) for name in counting}).question
        options = {**question.changed(), **({"objective": objective} if objective else {})}
        if side == "parts" and (most := whole_number(longest)) is not None:
            options["max_complexity"] = most
        functions: dict[str, tuple[Callable[..., Any], int]] = {
            "formulas": (compare, 2),
            "laws": (compare_laws, 1),
            "parts": (compare_runs, 0),
        }
        function, count = functions[side]
        name, arguments = function.__name__, chosen[:count]
        found = function([run.record for run in runs], *arguments, **options)
        lines = [repr([run.path for run in runs]), *map(repr, arguments), *(f"{k}={v!r}" for k, v in options.items())]
        code = [
            f"from deepcave_symbolic import {name}",
            "",
            f"comparison = {name}(",
            *(f"    {x}," for x in lines),
            ")",
        ]
        return PanelRecord((), compared=found, code="\n".join(code))

    return stored(answer, "Tick other runs, or choose something that all of them have.")
