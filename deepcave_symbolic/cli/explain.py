"""The commands `explain` and `demo`: formulas of run folders as text, JSON, LaTeX or Markdown."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.cli.progress import clock, explaining, training_shown
from deepcave_symbolic.cli.search_options import add_search_options, search_options
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.output import check_output, write_output

if TYPE_CHECKING:
    from deepcave_symbolic.explanation import Explanation

__all__ = ["add_command", "add_demo"]

_EXAMPLES = """\
examples:
  deepcave-symbolic explain RUN                              every hyperparameter, as a table
  deepcave-symbolic explain RUN -p learning_rate             one hyperparameter
  deepcave-symbolic explain RUN -p learning_rate -p n_units  two together
  deepcave-symbolic explain RUN --all-pairs --jobs 2         every pair
  deepcave-symbolic explain RUN -p C --surrogate best        pick the better model by cross-validation
  deepcave-symbolic explain RUN -p C --format latex -o front.tex
"""


def add_command(commands: Any) -> None:
    """Adds the command `explain` to the parser's subcommands."""
    parser = commands.add_parser(
        "explain",
        help="explain the hyperparameters of run folders",
        description="Explains one or two hyperparameters (-p), or gives an overview of all.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "run",
        nargs="+",
        metavar="RUN",
        help="a SMAC run folder, a parent with one run below it, or a file of Optuna's (sqlite:///FILE, FILE#STUDY)",
    )
    parser.add_argument(
        "-p",
        "--hyperparameter",
        action="append",
        metavar="NAME",
        help="hyperparameter to explain; twice for two together",
    )
    _add_options(parser)
    parser.set_defaults(run_command=_run)


def add_demo(commands: Any) -> None:
    """Adds the command `demo` to the parser's subcommands."""
    parser = commands.add_parser(
        "demo",
        help="explain a bundled real run",
        description="Explains a real run that ships with the package.",
        allow_abbrev=False,
    )
    _add_options(parser)
    parser.set_defaults(run_command=_run_demo)


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_search_options(parser)
    add = parser.add_argument
    add("--jobs", type=int, metavar="N", help="threads for the overview (default: 1; -1: all cores)")
    add("--all-pairs", action="store_true", help="explain every pair of hyperparameters")
    add("--format", choices=("text", "json", "latex", "markdown"), default="text", help="output (default: text)")
    add("-o", "--output", metavar="FILE", help="write to a file instead of the terminal")


def _run_demo(args: argparse.Namespace) -> int:
    args.run, args.hyperparameter = [str(_bundled_run())], None
    return _run(args)


def _run(args: argparse.Namespace) -> int:
    if args.all_pairs and args.hyperparameter:
        raise InvalidArgumentError("--all-pairs explains every pair; give it without -p.")
    check_output(args.output)
    texts: list[str] = []
    records: list[dict[str, Any]] = []
    for path in args.run:
        explanations = _explain(path, args)
        records += [e.to_dict() for e in explanations]
        text = _formatted(explanations, args)
        texts.append(_heading(path, args.format) + text if len(args.run) > 1 else text)
    if args.format == "json":
        single = len(args.run) == 1 and args.hyperparameter is not None
        texts = [json.dumps(records[0] if single else records, indent=1, allow_nan=False)]
    write_output("\n\n".join(t.rstrip("\n") for t in texts) + "\n", args.output)
    return 0


def _explain(path: str, args: argparse.Namespace) -> list[Explanation]:
    from deepcave_symbolic.api import explain, explain_all

    options = search_options(args)
    if args.hyperparameter:
        with clock("explaining"), training_shown():
            return [explain(path, *args.hyperparameter, **options)]
    with training_shown():
        return explain_all(path, pairs=args.all_pairs, n_jobs=args.jobs, progress=explaining, **options)


def _formatted(explanations: list[Explanation], args: argparse.Namespace) -> str:
    from deepcave_symbolic import report

    if args.format == "json":
        return ""
    if args.hyperparameter:
        return str(getattr(report, f"explanation_{args.format}")(explanations[0]))
    return str(getattr(report, f"overview_{args.format}")(explanations))


def _heading(path: str, format: str) -> str:
    return {"markdown": f"# {path}\n\n", "latex": f"% {path}\n", "json": ""}.get(format, f"=== {path}\n\n")


def _bundled_run() -> Path:
    import sysconfig

    for root in (
        Path(__file__).parents[2] / "examples",
        Path(sysconfig.get_path("data")) / "share" / "deepcave-symbolic",
    ):
        run = root / "runs" / "svm_bbo"
        if run.is_dir():
            return run
    raise InvalidArgumentError("The bundled runs are not installed; clone the project, or use `explain RUN`.")
