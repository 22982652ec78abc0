"""The command `report`: a run as one HTML page."""

from __future__ import annotations

import argparse
import shlex
from typing import Any

from deepcave_symbolic.cli.outputs import check_outputs, is_report
from deepcave_symbolic.cli.progress import explaining, training_shown
from deepcave_symbolic.cli.search_options import add_search_options, search_options
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.process.output import output_file, write_output
from deepcave_symbolic.words.names import visible

__all__ = ["add_command"]

_EXAMPLES = """\
examples:
  deepcave-symbolic report RUN                      writes report.html
  deepcave-symbolic report RUN -o svm.html --pairs 0
  deepcave-symbolic report RUN --title "SVM on digits" --budget 9 --jobs 2
The page opens without internet. In a browser's print dialog it becomes a PDF.
"""


def add_command(commands: Any) -> None:
    """Adds the command `report` to the parser's subcommands."""
    parser = commands.add_parser(
        "report",
        help="write a run's formulas as one HTML page",
        description="Writes every hyperparameter and the strongest pairs of a run as one HTML page.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    add("run", metavar="RUN", help="a run folder, or a parent with one run below it")
    add("-o", "--output", default="report.html", metavar="FILE", help="page to write (default: report.html)")
    add("--pairs", type=int, default=3, metavar="N", help="pairs to explain, the strongest interactions (default: 3)")
    add("--title", metavar="TEXT", help="heading of the page (default: the run's name)")
    add("--jobs", type=int, metavar="N", help="processes (default: 1; -1: all cores)")
    add_search_options(parser)
    parser.set_defaults(run_command=_run)


def _run(args: argparse.Namespace) -> int:
    check_outputs(args, args.output)
    file = output_file(args.output)
    if file is not None and file.exists() and not is_report(file):  # the name may not be the user's, but the default
        raise InvalidArgumentError(
            f"{args.output!r} exists and is no report of deepcave-symbolic; it is not overwritten. Give another -o."
        )
    from deepcave_symbolic.api import report_html

    with training_shown():
        page = report_html(
            args.run,
            pairs=args.pairs,
            title=args.title,
            command=shlex.join(["deepcave-symbolic", *args.arguments]),
            n_jobs=args.jobs,
            progress=explaining,
            **search_options(args),
        )
    write_output(page, args.output)
    if file is not None:  # not into a pipe, perhaps the terminal's own
        print(f"Wrote {visible(args.output)} ({len(page.encode()) / 1e6:.1f} MB).")
    return 0
