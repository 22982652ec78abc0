"""The command `compare`: formulas or laws of several runs side by side, and what of them agrees."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.cli.formats import FORMATS, RECORD_FORMATS, add_format_options, record_page
from deepcave_symbolic.cli.hyperparameters import add_hyperparameters, names_apart
from deepcave_symbolic.cli.outputs import check_outputs
from deepcave_symbolic.cli.progress import explaining, training_shown
from deepcave_symbolic.cli.search_options import add_search_options, run_options, search_options
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.process.output import write_output

if TYPE_CHECKING:
    from deepcave_symbolic.show.several import Comparisons

__all__ = ["add_command"]

#: A page with everything in it, which is for a file.
_PAGE = "html"

_EXAMPLES = """\
examples:
  deepcave-symbolic compare seed0 seed1 seed2 -p learning_rate
  deepcave-symbolic compare results/ -p C -p gamma --jobs -1 --format markdown
  deepcave-symbolic compare results/                         the formulas of the whole runs, and which parts they share
  deepcave-symbolic compare results/ -p learning_rate --law  how the best learning rate moves, and which exponents agree
  deepcave-symbolic compare results/ -p C --meta data.csv    the best C as a formula of what describes the data sets
  deepcave-symbolic compare results/ -p C --format html -o C.html
                                                             each of these as one page that opens without internet
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
    add_format_options(add, (*FORMATS, _PAGE))
    parser.set_defaults(run_command=_run)


def _run(args: argparse.Namespace) -> int:
    args.run, args.hyperparameter = names_apart(args.run, args.hyperparameter)
    if args.format == _PAGE and args.output is None:
        raise InvalidArgumentError("A page of HTML is for a file; name it, such as -o comparison.html.")
    if args.law and args.meta:
        raise InvalidArgumentError("--law and --meta are two questions; give one of them.")
    if (args.law or args.meta) and len(args.hyperparameter or ()) != 1:
        raise InvalidArgumentError("--law and --meta are about one hyperparameter; name it with -p.")
    of_formulas = bool(args.hyperparameter) and not (args.law or args.meta)
    if not of_formulas and args.format not in (formats := (*RECORD_FORMATS, _PAGE)):
        raise InvalidArgumentError(f"Laws, best values and whole runs are compared as {', '.join(formats)}.")
    if of_formulas and len(args.hyperparameter) > 2:
        raise InvalidArgumentError(f"Expected one or two hyperparameters; found {len(args.hyperparameter)}.")
    check_outputs(args, args.output)
    with training_shown():
        compared = _compared(args)
    write_output(_written(compared, args), args.output)
    return 0


def _compared(args: argparse.Namespace) -> Comparisons:
    """Returns formulas, laws, best values or whole runs side by side, whichever is asked for."""
    from deepcave_symbolic.question import DEFAULT_MAX_COMPLEXITY
    from deepcave_symbolic.side_by_side import compare, compare_laws, compare_optima, compare_runs

    if args.law:
        return compare_laws(args.run, args.hyperparameter[0], level=args.level, **run_options(args))
    if args.meta:
        return compare_optima(args.run, args.hyperparameter[0], args.meta, **search_options(args))
    if not args.hyperparameter:
        most = None if args.max_complexity == DEFAULT_MAX_COMPLEXITY else args.max_complexity
        return compare_runs(args.run, max_complexity=most, **run_options(args))
    return compare(
        args.run,
        *args.hyperparameter,
        level=args.level,
        n_jobs=args.jobs,
        scheduler=args.scheduler,
        folder=args.output_folder,
        progress=explaining,
        **search_options(args),
    )


def _written(compared: Comparisons, args: argparse.Namespace) -> str:
    """Returns the comparison in the format that is asked for."""
    if args.format == _PAGE:
        from deepcave_symbolic.show.html import comparison_page

        return comparison_page(compared, shlex.join(["deepcave-symbolic", *args.arguments]))
    from deepcave_symbolic.show.several import compared_document

    return record_page(compared, compared_document(compared), args.format, args.output)
