"""The command `compare`: formulas or laws of several runs side by side, and what of them agrees."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.cli.formats import RECORD_FORMATS, add_format_options, formatted, record_page
from deepcave_symbolic.cli.hyperparameters import add_hyperparameters, names_apart
from deepcave_symbolic.cli.outputs import check_outputs
from deepcave_symbolic.cli.progress import explaining, training_shown
from deepcave_symbolic.cli.search_options import add_search_options, run_options, search_options
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.process.output import write_output

if TYPE_CHECKING:
    from deepcave_symbolic.comparing import ComparedLaws, ComparedRuns, OptimaByData

__all__ = ["add_command"]

_EXAMPLES = """\
examples:
  deepcave-symbolic compare seed0 seed1 seed2 -p learning_rate
  deepcave-symbolic compare results/ -p C -p gamma --jobs -1 --format markdown
  deepcave-symbolic compare results/                         the formulas of the whole runs, and which parts they share
  deepcave-symbolic compare results/ -p learning_rate --law  how the best learning rate moves, and which exponents agree
  deepcave-symbolic compare results/ -p C --meta data.csv    the best C as a formula of what describes the data sets
"""


def add_command(commands: Any) -> None:
    """Adds the command `compare` to the parser's subcommands."""
    parser = commands.add_parser(
        "compare",
        help="compare the formulas of several runs",
        description="Finds the form that serves all runs best and says which of its constants agree; compares laws, "
        "and without a hyperparameter the formulas of the whole runs.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    add("run", nargs="+", metavar="RUN", help="run folders, or folders above them (all runs below are taken)")
    add_hyperparameters(parser, "hyperparameter; twice for two")
    add("--law", action="store_true", help="compare how its best value moves with the other hyperparameters")
    add(
        "--meta",
        metavar="FILE",
        help="tell the best value as a formula of the columns of a CSV file with a row per run, its name first; "
        "a column data_set names the data set",
    )
    add(
        "--level",
        type=float,
        default=0.05,
        metavar="NUMBER",
        help="p-value below which constants differ (default: 0.05)",
    )
    add("--jobs", type=int, metavar="N", help="processes (default: 1; -1: all cores)")
    add("--scheduler", metavar="ADDRESS", help="let the workers of a Dask scheduler compute, such as tcp://HOST:8786")
    add("--output-folder", metavar="DIR", help="keep every finished explanation there, and find it again")
    add_search_options(parser)
    add_format_options(add)
    parser.set_defaults(run_command=_run)


def _run(args: argparse.Namespace) -> int:
    from deepcave_symbolic.show.comparison import comparison_document
    from deepcave_symbolic.side_by_side import compare

    args.run, args.hyperparameter = names_apart(args.run, args.hyperparameter)
    if args.law or args.meta or not args.hyperparameter:
        return _run_other(args)
    if len(args.hyperparameter) > 2:
        raise InvalidArgumentError(f"Expected one or two hyperparameters; found {len(args.hyperparameter)}.")
    check_outputs(args, args.output)
    options = search_options(args)
    with training_shown():
        comparison = compare(
            args.run,
            *args.hyperparameter,
            level=args.level,
            n_jobs=args.jobs,
            scheduler=args.scheduler,
            folder=args.output_folder,
            progress=explaining,
            **options,
        )
    if args.format == "json":
        text = json.dumps(comparison.to_dict(), indent=1, allow_nan=False)
    else:
        text = formatted(comparison_document(comparison), args.format, args.output)
    write_output(text.rstrip("\n") + "\n", args.output)
    return 0


def _run_other(args: argparse.Namespace) -> int:
    """Compares laws or best values of one hyperparameter, or the formulas of whole runs."""
    from deepcave_symbolic.question import DEFAULT_MAX_COMPLEXITY
    from deepcave_symbolic.show.several import laws_document, optima_document, runs_document
    from deepcave_symbolic.side_by_side import compare_laws, compare_optima, compare_runs

    if args.law and args.meta:
        raise InvalidArgumentError("--law and --meta are two questions; give one of them.")
    if (args.law or args.meta) and len(args.hyperparameter or ()) != 1:
        raise InvalidArgumentError("--law and --meta are about one hyperparameter; name it with -p.")
    if args.format not in RECORD_FORMATS:
        raise InvalidArgumentError(f"Laws, best values and whole runs are compared as {', '.join(RECORD_FORMATS)}.")
    check_outputs(args, args.output)
    compared: ComparedLaws | ComparedRuns | OptimaByData
    with training_shown():
        if args.law:
            compared = laws = compare_laws(args.run, args.hyperparameter[0], level=args.level, **run_options(args))
            page = laws_document(laws)
        elif args.meta:
            compared = optima = compare_optima(args.run, args.hyperparameter[0], args.meta, **search_options(args))
            page = optima_document(optima)
        else:
            most = None if args.max_complexity == DEFAULT_MAX_COMPLEXITY else args.max_complexity
            compared = runs = compare_runs(args.run, max_complexity=most, **run_options(args))
            page = runs_document(runs)
    write_output(record_page(compared, page, args.format, args.output), args.output)
    return 0
