"""The commands `next` and `space`: what to try next, and where."""

from __future__ import annotations

import argparse
import json
from typing import Any

from deepcave_symbolic.cli.formats import RECORD_FORMATS, add_format_options, record_page
from deepcave_symbolic.cli.hyperparameters import add_hyperparameters, named
from deepcave_symbolic.cli.outputs import check_outputs
from deepcave_symbolic.cli.progress import training_shown
from deepcave_symbolic.cli.search_options import add_run_options, run_options
from deepcave_symbolic.process.output import write_output

__all__ = ["add_next", "add_space"]

_NEXT_EXAMPLES = """\
examples:
  deepcave-symbolic next RUN -p learning_rate               ten configurations for one hyperparameter
  deepcave-symbolic next RUN -p C -p gamma -n 5             five for two together
  deepcave-symbolic next RUN -p C --format json -o next.json
"""
_SPACE_EXAMPLES = """\
examples:
  deepcave-symbolic space RUN                               what to narrow, to widen and to freeze
  deepcave-symbolic space RUN --tolerance 0.005 --save space.json
                                                            the new configuration space as a file
"""


def add_next(commands: Any) -> None:
    """Adds the command `next` to the parser's subcommands."""
    parser = commands.add_parser(
        "next",
        help="say which trials would teach most",
        description="Names the configurations whose evaluation would teach most about one or two hyperparameters.",
        epilog=_NEXT_EXAMPLES,
    )
    add = parser.add_argument
    add("run", metavar="RUN", help="a run folder, or a parent with one run below it")
    add_hyperparameters(parser, "hyperparameter to learn about; twice for two together")
    add("-n", type=int, default=10, metavar="N", help="configurations, 1 to 100 (default: 10)")
    add_run_options(parser, surrogate="consensus")
    add_format_options(add, RECORD_FORMATS)
    parser.set_defaults(run_command=_run_next)


def add_space(commands: Any) -> None:
    """Adds the command `space` to the parser's subcommands."""
    parser = commands.add_parser(
        "space",
        help="suggest a configuration space for the next run",
        description="Says which domains to narrow, which bounds to widen and which hyperparameters to freeze, and why.",
        epilog=_SPACE_EXAMPLES,
    )
    add = parser.add_argument
    add("run", metavar="RUN", help="a run folder, or a parent with one run below it")
    add(
        "--tolerance",
        type=float,
        default=0.01,
        metavar="NUMBER",
        help="by how much the objective may be worse than its best, in its unit (default: 0.01)",
    )
    add("--save", metavar="FILE", help="also write the new configuration space as JSON")
    add_run_options(parser)
    add_format_options(add, RECORD_FORMATS)
    parser.set_defaults(run_command=_run_space)


def _run_next(args: argparse.Namespace) -> int:
    check_outputs(args, args.output)
    names = named(args.run, args.hyperparameter)
    from deepcave_symbolic.api import next_trials
    from deepcave_symbolic.show.advice import next_trials_document

    with training_shown():
        advised = next_trials(args.run, *names, n=args.n, **run_options(args))
    write_output(record_page(advised, next_trials_document(advised), args.format, args.output), args.output)
    return 0


def _run_space(args: argparse.Namespace) -> int:
    check_outputs(args, args.output, *([args.save] if args.save else []))
    from deepcave_symbolic.api import suggest_space
    from deepcave_symbolic.show.advice import space_document
    from deepcave_symbolic.space.serialized import space_dict

    with training_shown():
        advised = suggest_space(args.run, tolerance=args.tolerance, **run_options(args))
    page = record_page(advised, space_document(advised), args.format, args.output)
    if args.save:
        write_output(json.dumps(space_dict(advised.configspace()), indent=2) + "\n", args.save)
    write_output(page, args.output)
    return 0
