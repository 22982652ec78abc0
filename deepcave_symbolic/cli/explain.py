"""The commands `explain` and `demo`: formulas of run folders as text, JSON, LaTeX or Markdown."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.cli.formats import add_format_options, formatted
from deepcave_symbolic.cli.hyperparameters import add_hyperparameters, names_apart, names_in
from deepcave_symbolic.cli.outputs import check_outputs
from deepcave_symbolic.cli.progress import clock, explaining, training_shown
from deepcave_symbolic.cli.search_options import add_search_options, search_options
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.process.output import write_output
from deepcave_symbolic.words.names import visible

if TYPE_CHECKING:
    from deepcave_symbolic.explanation import Explanation, OwnFormula, RunExplanation, Unexplained
    from deepcave_symbolic.show.blocks import Block
    from deepcave_symbolic.study import Failure

__all__ = ["add_command", "add_demo"]

#: What `--pick` takes, and the recommended formula among it.
PICKS, RECOMMENDED = ("simplest", "best", "most_accurate"), "best"

_EXAMPLES = """\
examples:
  deepcave-symbolic explain RUN                              every hyperparameter, as a table
  deepcave-symbolic explain RUN -p learning_rate             one hyperparameter
  deepcave-symbolic explain RUN -p learning_rate -p n_units  two together
  deepcave-symbolic explain RUN --all-pairs --jobs 2         every pair
  deepcave-symbolic explain RUNS... --all-pairs --jobs -1 --output-folder DIR
                                                             a study: finished explanations are kept and found again
  deepcave-symbolic explain sqlite:///studies.db --all-runs -p lr
                                                             in every study of the file
  deepcave-symbolic explain RUN -p C --surrogate best        pick the better model by cross-validation
  deepcave-symbolic explain RUN -p C --pick simplest         a shorter formula than the recommended one
  deepcave-symbolic explain RUN -p C --form "a + b*log10(C/c)**2"
                                                             a formula of your own beside the front
  deepcave-symbolic explain RUN -p C --format latex -o front.tex
"""

_RUN_HELP = (
    "a run folder (of SMAC, BOHB, DeepCAVE's recorder or tables), a parent with one below it, or a file of Optuna's "
    "(sqlite:///FILE, FILE#STUDY); with several RUNs, --all-runs, --all-pairs, --output-folder or --scheduler a parent "
    "stands for all runs below it, a file for all studies in it"
)


def add_command(commands: Any) -> None:
    """Adds the command `explain` to the parser's subcommands."""
    parser = commands.add_parser(
        "explain",
        help="explain the hyperparameters of run folders",
        description="Explains one or two hyperparameters (-p), or gives an overview of all.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("run", nargs="+", metavar="RUN", help=_RUN_HELP)
    add_hyperparameters(parser, "hyperparameter to explain; twice, or -p A B, for two together")
    parser.add_argument("--all-runs", action="store_true", help="explain every run below RUN, every study in it")
    _add_options(parser)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--brief", action="store_true", help="only the formulas, the verdicts and what weighs most")
    length.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="all of the text: how sure the formula is, its constants, the front; of an overview every row and remark",
    )
    parser.add_argument(
        "--pick",
        choices=PICKS,
        default=RECOMMENDED,
        help="with -p: the formula to show: the simplest, the recommended (best) or the most accurate one",
    )
    parser.add_argument(
        "--form",
        metavar="TEXT",
        help="with -p: a formula of your own, such as 'a + b*log10(C/c)**2', whose constants are fitted",
    )
    parser.add_argument(
        "--fix",
        action="append",
        type=_fixed,
        default=[],
        metavar="NAME=NUMBER",
        help="with --form: a constant that is not fitted; may be given several times",
    )
    parser.set_defaults(run_command=_run)


def _fixed(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    try:
        return name.strip(), float(number)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=NUMBER") from None


def add_demo(commands: Any) -> None:
    """Adds the command `demo` to the parser's subcommands."""
    parser = commands.add_parser(
        "demo",
        help="explain a bundled real run",
        description="Explains a real run that ships with the package.",
    )
    _add_options(parser)
    parser.set_defaults(run_command=_run_demo)


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_search_options(parser)
    add = parser.add_argument
    add("--jobs", type=int, metavar="N", help="processes for overviews and pairs (default: 1; -1: all cores)")
    add("--scheduler", metavar="ADDRESS", help="let the workers of a Dask scheduler compute, such as tcp://HOST:8786")
    add("--all-pairs", action="store_true", help="explain every pair of hyperparameters")
    add("--heat-map", metavar="FILE", help="with --all-pairs: also write an HTML page with one heat map per run")
    add("--output-folder", metavar="DIR", help="keep every finished explanation there, and find it again")
    add_format_options(add)


def _run_demo(args: argparse.Namespace) -> int:
    args.run, args.hyperparameter, args.all_runs, args.pick = [str(_bundled_run())], None, False, RECOMMENDED
    args.form, args.fix, args.brief, args.verbose = None, [], False, False
    return _run(args)


def _run(args: argparse.Namespace) -> int:
    args.run, args.hyperparameter = names_apart(args.run, args.hyperparameter)
    if args.all_pairs and args.hyperparameter:
        raise InvalidArgumentError("--all-pairs explains every pair; give it without -p.")
    if args.pick != RECOMMENDED and (not args.hyperparameter or args.format == "json"):
        raise InvalidArgumentError("--pick chooses the formula that is shown; give it with -p and a format but JSON.")
    if args.form is not None and not args.hyperparameter:
        raise InvalidArgumentError("--form is a formula of one or two hyperparameters; name them with -p.")
    if args.fix and args.form is None:
        raise InvalidArgumentError("--fix fixes a constant of a formula of your own; give that with --form.")
    if args.brief and args.format in ("json", "latex"):
        raise InvalidArgumentError(f"--brief shortens text and Markdown; leave it out with --format {args.format}.")
    if args.heat_map and not args.all_pairs:
        raise InvalidArgumentError("--heat-map shows pairs; give it with --all-pairs.")
    if args.form is not None:
        _check_form(args)
    check_outputs(args, args.output, *([args.heat_map] if args.heat_map else []))
    found, failures, whole = _explain(args)
    if failures and not found:
        return _report(failures)
    if not found:
        raise InvalidArgumentError("No run has two hyperparameters that can enter a formula; leave out --all-pairs.")
    texts: list[str] = []
    records: list[dict[str, Any]] = []
    for path, explanations in found.items():
        own = None if args.form is None else _own_formula(explanations, args)
        beside = {} if own is None else {"own": own.to_dict()}
        records += [{**e.to_dict(), **beside} for e in explanations]
        text = _formatted(explanations, own, whole, args)
        texts.append(_heading(path, args.format) + text if len(found) + len(failures) > 1 else text)
    if args.format == "json":
        single = len(args.run) == len(records) == 1 and bool(args.hyperparameter)
        texts = [json.dumps(records[0] if single else records, indent=1, allow_nan=False)]
    write_output("\n\n".join(t.rstrip("\n") for t in texts) + "\n", args.output)
    if args.heat_map:
        write_output(_heat_map_page(found), args.heat_map)
    return _report(failures)


def _heat_map_page(found: Mapping[str, Sequence[Explanation | Unexplained]]) -> str:
    """Returns a page of heat maps that opens without internet."""
    import html

    from deepcave_symbolic.show.figures.pairs import plot_pairs
    from deepcave_symbolic.show.html import GENERATOR

    parts: list[str] = []
    for path, explanations in found.items():
        parts.append(f"<h2>{html.escape(visible(path))}</h2>")
        figure = plot_pairs(explanations)
        parts.append(figure.to_html(full_html=False, include_plotlyjs=len(parts) == 1, div_id=f"map-{len(parts)}"))
    style = "body { font-family: sans-serif; margin: 1.5em; }"
    head = f'<meta charset="utf-8">{GENERATOR}<title>Heat maps of pairs</title><style>{style}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def _explain(
    args: argparse.Namespace,
) -> tuple[Mapping[str, Sequence[Explanation | Unexplained]], Sequence[Failure], RunExplanation | None]:
    """Returns the explanations of every run, what failed where there are several, and the formula of a single one."""
    from deepcave_symbolic.api import explain, explain_all, explain_study
    from deepcave_symbolic.explainer import Explainer

    options = search_options(args)
    alone = not (len(args.run) > 1 or args.all_runs or args.all_pairs or args.output_folder or args.scheduler)
    if alone and args.hyperparameter:
        with clock("explaining"), training_shown():
            return {args.run[0]: [explain(args.run[0], *args.hyperparameter, **options)]}, (), None
    if alone:
        with training_shown():
            explainer = Explainer(args.run[0], **options)
            if args.jobs in (None, 1):
                explanations = explainer.explain_all(progress=explaining)
            else:
                explanations = explain_all(args.run[0], n_jobs=args.jobs, progress=explaining, **options)
        whole = None if args.format == "json" else explainer.explain_run_if_asked()  # JSON has the explanations alone
        return {args.run[0]: explanations}, (), whole
    options |= {"pairs": args.all_pairs, "n_jobs": args.jobs, "progress": explaining}
    with training_shown():
        study = explain_study(
            args.run,
            *(args.hyperparameter or ()),
            folder=args.output_folder,
            scheduler=args.scheduler,
            found=_report_found(args),
            **options,
        )
    return study.by_run(), study.failures, None


def _report_found(args: argparse.Namespace) -> Callable[[int, int], None]:
    def say(found: int, total: int) -> None:
        print(f"deepcave-symbolic: {found} of {total} found in {visible(args.output_folder)}", file=sys.stderr)

    return say


def _report(failures: Sequence[Failure]) -> int:
    """Says what failed, one line each, and returns the exit code: 2, or 1 where the failure is this program's."""
    for failure in failures:
        print(f"deepcave-symbolic: {visible(str(failure))}", file=sys.stderr)
    if any(failure.internal for failure in failures):
        return 1
    return 2 if failures else 0


def _check_form(args: argparse.Namespace) -> None:
    """Refuses a form that cannot be read before the surrogate is trained."""
    from deepcave_symbolic.findings.own_formula import check_form

    known = names_in(args.run[0])
    # What is wrong with the run, or the hyperparameters, is said where it is explained.
    if known.issuperset(args.hyperparameter):
        check_form(args.form, args.hyperparameter, known.difference(args.hyperparameter), dict(args.fix))


def _own_formula(explanations: Sequence[Explanation | Unexplained], args: argparse.Namespace) -> OwnFormula | None:
    """Returns the formula of --form beside the explanation of -p; None where nothing could be explained."""
    from deepcave_symbolic.explanation import Explanation

    (explanation,) = explanations
    return explanation.fit(args.form, dict(args.fix), args.seed) if isinstance(explanation, Explanation) else None


def _formatted(
    explanations: Sequence[Explanation | Unexplained],
    own: OwnFormula | None,
    whole: RunExplanation | None,
    args: argparse.Namespace,
) -> str:
    from deepcave_symbolic.findings.explained import Explained
    from deepcave_symbolic.show.brief import brief, short, unfolded
    from deepcave_symbolic.show.document import document
    from deepcave_symbolic.show.overview import overview
    from deepcave_symbolic.show.own_formula import own_formula_document
    from deepcave_symbolic.show.short_overview import short_overview
    from deepcave_symbolic.show.whole_run import above_overview

    if args.format == "json":
        return ""

    def written(page: Sequence[Block], shorter: Callable[[Sequence[Block], str], Sequence[Block]] | None = None) -> str:
        if args.brief:
            page = brief(page)
        elif args.verbose:
            page = unfolded(page)
        elif shorter is not None and args.format == "text":
            page = shorter(page, "-v")
        return formatted(page, args.format, args.output).rstrip("\n")

    if not args.hyperparameter:
        page = overview(explanations)
        return written(page if whole is None else above_overview(whole, page), short_overview)
    (explanation,) = explanations
    picked = explanation.pick(args.pick) if isinstance(explanation, Explained) else None
    page = document(explanation, picked)
    texts = [written(page, short)]
    if own is not None:
        texts.append(written(own_formula_document(own, above=page)))
    return "\n\n".join(texts)


def _heading(path: str, format: str) -> str:
    """Returns what stands above the explanations of a run where there are several, its path literal."""
    from deepcave_symbolic.show.markdown import literal

    shown = visible(path)
    headings = {"markdown": f"# {literal(path)}\n\n", "latex": f"% {shown}\n", "json": ""}
    return headings.get(format, f"=== {shown}\n\n")


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
