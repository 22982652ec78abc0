"""The command `whole-run`: one formula of all hyperparameters, and what it says of one configuration."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.cli.formats import add_format_options, record_page
from deepcave_symbolic.cli.outputs import check_outputs
from deepcave_symbolic.cli.progress import training_shown
from deepcave_symbolic.cli.search_options import add_run_options, run_options
from deepcave_symbolic.exceptions import InvalidArgumentError, UnknownNameError
from deepcave_symbolic.process.output import write_output

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["add_whole_run"]

_EXAMPLES = """\
examples:
  deepcave-symbolic whole-run RUN                            one formula of all hyperparameters
  deepcave-symbolic whole-run RUN --max-complexity 15        a shorter one
  deepcave-symbolic whole-run RUN --at lr=0.1 --at solver=sgd
                                                             what each part adds for one configuration
  deepcave-symbolic whole-run RUN --change lr=0.01           what a change of the incumbent would do
"""


def add_whole_run(commands: Any) -> None:
    """Adds the command `whole-run` to the parser's subcommands."""
    parser = commands.add_parser(
        "whole-run",
        help="describe the whole run by one formula",
        description="Describes the objective as one formula of all hyperparameters: a level and parts with mean zero.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    add("run", metavar="RUN", help="a run folder, or a parent with one run below it")
    add(
        "--max-complexity",
        type=int,
        metavar="N",
        help="longest formula in nodes (default: as long as the trials can tell what it says)",
    )
    add(
        "--laws",
        type=int,
        metavar="N",
        help="of how many hyperparameters to look for a law, those that account for most first (default: 3 where that "
        "is quick)",
    )
    pair: dict[str, Any] = {"action": "append", "type": _pair, "metavar": "NAME=VALUE", "default": []}
    add(
        "--at", help="take this configuration apart; what is not given has its default (default: the incumbent)", **pair
    )
    add("--change", help="say what other values would do to that configuration", **pair)
    add_run_options(parser)
    add_format_options(add)
    parser.set_defaults(run_command=_run)


def _run(args: argparse.Namespace) -> int:
    if (args.at or args.change) and args.format != "text":
        raise InvalidArgumentError("--at and --change are answered in a sentence; give them with --format text.")
    check_outputs(args, args.output)
    from deepcave_symbolic.explainer import Explainer
    from deepcave_symbolic.show.blocks import Note
    from deepcave_symbolic.show.whole_run import whole_run_document
    from deepcave_symbolic.whole_run.asking import Asking

    with training_shown():
        explainer = Explainer(args.run, **run_options(args))
        at, changes = (_values(pairs, explainer.run.configspace) for pairs in (args.at, args.change))
        if at:
            Asking(explainer.subject)(at)  # what does not fit is said before the search
        found = explainer.explain_run(args.max_complexity, args.laws)
    page = list(whole_run_document(found))
    if at:
        page.append(Note(f"At {_listed(at)}: {found.contributions(at)}."))
    if changes:
        if not at and found.incumbent is None:
            raise InvalidArgumentError("There is no incumbent to change; name a configuration with --at.")
        start = at or (dict(found.incumbent.configuration) if found.incumbent else {})
        page.append(Note(f"With {_listed(changes)}: {found.whatif(start, **changes)}."))
    write_output(record_page(found, page, args.format, args.output), args.output)
    return 0


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.rpartition("=")
    if not sign:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name.strip(), value.strip()


def _values(pairs: Sequence[tuple[str, str]], space: ConfigurationSpace) -> dict[str, Any]:
    """Returns the values that texts stand for: choices by how they are written, others as numbers.

    Raises:
        UnknownNameError: If the space has no such hyperparameter, or no such choice of it.
        InvalidArgumentError: If something is no number.
    """
    from deepcave_symbolic.space.choices import choices_of

    found: dict[str, Any] = {}
    for name, text in pairs:
        if name not in space:
            raise UnknownNameError("hyperparameter", name, list(space))
        if hasattr(space[name], "lower"):
            try:
                found[name] = int(text) if text.lstrip("+-").isdigit() else float(text)
            except ValueError:
                raise InvalidArgumentError(f"The value of {name!r} is {text!r:.40}; expected a number.") from None
            continue
        by_text = {str(choice): choice for choice in choices_of(space[name])}
        if text not in by_text:
            raise UnknownNameError(f"choice of {name}", text, list(by_text))
        found[name] = by_text[text]
    return found


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())
