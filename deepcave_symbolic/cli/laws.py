"""The command `law`: how the best value of one hyperparameter moves with the others."""

from __future__ import annotations

import argparse
from typing import Any

from deepcave_symbolic.cli.formats import add_format_options, record_page
from deepcave_symbolic.cli.hyperparameters import add_hyperparameters, named
from deepcave_symbolic.cli.outputs import check_outputs
from deepcave_symbolic.cli.progress import training_shown
from deepcave_symbolic.cli.search_options import add_run_options, run_options
from deepcave_symbolic.process.output import write_output

__all__ = ["add_law"]

_EXAMPLES = """\
examples:
  deepcave-symbolic law RUN -p learning_rate                how the best learning rate moves with the others
  deepcave-symbolic law RUN -p learning_rate --region solver=sgd
                                                            the same where the solver is sgd
  deepcave-symbolic law RUN -p learning_rate --format json -o law.json
"""


def add_law(commands: Any) -> None:
    """Adds the command `law` to the parser's subcommands."""
    parser = commands.add_parser(
        "law",
        help="say how the best value of a hyperparameter moves with others",
        description="Tells the best value of one hyperparameter as a power law of others, or why no law holds.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    add("run", metavar="RUN", help="a run folder, or a parent with one run below it")
    add_hyperparameters(parser, "hyperparameter whose best value is told; its bounds are positive")
    add_run_options(parser)
    add_format_options(add)
    parser.set_defaults(run_command=_run)


def _run(args: argparse.Namespace) -> int:
    check_outputs(args, args.output)
    (name,) = named(args.run, args.hyperparameter, most=1)
    from deepcave_symbolic.explainer import Explainer
    from deepcave_symbolic.show.laws import law_document

    with training_shown():
        found = Explainer(args.run, **run_options(args)).law_or_reason(name)
    write_output(record_page(found, law_document(found), args.format, args.output), args.output)
    return 0
