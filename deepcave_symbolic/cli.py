"""The command line, thin: arguments -> `explain` or `explain_all` -> a report.

Exit codes: 0, 1 for an internal failure, 2 for bad input (one line on stderr), 130 when interrupted, 143 when
terminated. No option is called `--config`: DeepCAVE looks for that in every process's arguments.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from deepcave_symbolic.exceptions import DeepcaveSymbolicError, InvalidArgumentError, RunFormatError
from deepcave_symbolic.interrupts import Interrupted, exit_soon, interruptible
from deepcave_symbolic.output import check_output, discard_unfinished, write_output

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from deepcave_symbolic.explanation import Explanation

__all__ = ["main"]

_EXAMPLES = """\
examples:
  deepcave-symbolic demo                                     formulas of a bundled run
  deepcave-symbolic explain RUN                              every hyperparameter, as a table
  deepcave-symbolic explain RUN -p learning_rate             one hyperparameter
  deepcave-symbolic explain RUN -p learning_rate -p n_units  two together
  deepcave-symbolic explain RUN --all-pairs --jobs 2         every pair
  deepcave-symbolic explain RUN -p C --surrogate best        pick the better model by cross-validation
  deepcave-symbolic explain RUN -p C --format latex -o front.tex
  deepcave-symbolic dashboard RUN                            DeepCAVE in the browser
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other error of this program."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (try --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="deepcave-symbolic",
        description="Short formulas of a SMAC run's own surrogate, with the numbers to judge them by.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    explain = commands.add_parser(
        "explain",
        help="explain the hyperparameters of run folders",
        description="Explains one or two hyperparameters (-p), or gives an overview of all.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    explain.add_argument("run", nargs="+", metavar="RUN", help="a SMAC run folder, or a parent with one run below it")
    explain.add_argument(
        "-p",
        "--hyperparameter",
        action="append",
        metavar="NAME",
        help="hyperparameter to explain; twice for two together",
    )
    _add_options(explain)
    demo = commands.add_parser(
        "demo",
        help="explain a bundled real run",
        description="Explains a real run that ships with the package.",
        allow_abbrev=False,
    )
    _add_options(demo)
    _add_dashboard(commands)
    return parser


def _add_dashboard(commands: Any) -> None:
    parser = commands.add_parser(
        "dashboard",
        help="start DeepCAVE with the panel of formulas",
        description="Starts DeepCAVE with Redis and workers, and stops all of it on Ctrl-C.",
        epilog="""\
computing on a second machine, with a Redis that both reach (the runs under the same paths, the same versions):
  first$  deepcave-symbolic dashboard RUN --redis rediss://:PASSWORD@HOST
  second$ deepcave-symbolic dashboard --worker-only --redis rediss://:PASSWORD@HOST
Jobs are pickles: whoever can write to that Redis runs code as you, so it needs a password and TLS. The password may
stand in DEEPCAVE_SYMBOLIC_REDIS_PASSWORD, which ps does not show. One dashboard a Redis.""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("runs", nargs="*", metavar="RUN", help="run folders to select, of any optimizer that DeepCAVE reads")
    add("--host", default="127.0.0.1", help="where to listen (default: 127.0.0.1, this machine only)")
    add("--port", type=int, metavar="N", help="port to listen on (default: 8050, or a free one)")
    add("--workers", type=int, default=1, metavar="N", help="processes that compute (default: 1)")
    add("--redis", metavar="URL", help="Redis to use, redis[s]://[:PASSWORD@]HOST[:PORT] (default: start one)")
    add("--worker-only", action="store_true", help="start workers for a dashboard elsewhere on the same --redis")
    add("--user-config", metavar="FILE", help="Python file with a DeepCAVE class Config of your own")
    add("--no-browser", dest="browser", action="store_false", help="do not open the browser")
    add("--debug", action="store_true", help="show the traceback of an error")


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--objective", metavar="NAME", help="objective, or scalarized for one cost of several (default: the first)")
    add("--weights", metavar="LIST", help="with --objective scalarized: a weight an objective, such as 1,2")
    add(
        "--budget",
        type=_budget,
        metavar="{NUMBER,all}",
        help="budget to use, or all for the budget as a hyperparameter (default: the highest with enough trials)",
    )
    add("--source", default="surrogate", metavar="{surrogate,trials}", help="what to fit (default: surrogate)")
    add("--surrogate", default="run", metavar="{run,forest,best}", help="model to explain (default: the run's own)")
    add("--engine", default="auto", metavar="{auto,exhaustive,operon,gplearn}", help="search engine (default: auto)")
    add("--parsimony", type=float, metavar="NUMBER", help="parsimony coefficient of the engine gplearn")
    add("--max-complexity", type=int, default=15, metavar="N", help="longest formula in operators (default: 15)")
    add("--functions", metavar="LIST", help="functions to allow beside + - * /, such as square,log,exp")
    add("--seed", type=int, default=0, metavar="N", help="seed of what is random (default: 0)")
    add("--configspace", metavar="FILE", help="configuration space (JSON) to use instead of the run's own")
    add("--jobs", type=int, metavar="N", help="threads for the overview (default: 1; -1: all cores)")
    add("--all-pairs", action="store_true", help="explain every pair of hyperparameters")
    add("--format", choices=("text", "json", "latex", "markdown"), default="text", help="output (default: text)")
    add("-o", "--output", metavar="FILE", help="write to a file instead of the terminal")
    add("--debug", action="store_true", help="show the traceback of an error")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code.

    Args:
        argv: The arguments; those of the process by default. Only then are signals handled, and the process ended by
            them: a program that calls this function with arguments keeps its own handlers.
    """
    if argv is not None:
        return _main(list(argv), own_process=False)
    try:
        with interruptible():
            return _main(sys.argv[1:], own_process=True)
    except Interrupted as stop:  # before or after the command itself
        print(f"deepcave-symbolic: {stop}", file=sys.stderr)
        return 128 + stop.number


def _main(arguments: list[str], *, own_process: bool) -> int:
    parser = _parser()
    try:
        args = parser.parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    if args.version:
        from deepcave_symbolic.explainer import package_version

        print(f"deepcave-symbolic {package_version()}")
        return 0
    if args.command is None:
        parser.print_help()
        return 0
    try:
        if args.command == "dashboard":
            return _dashboard(args)
        with exit_soon(discard_unfinished) if own_process else contextlib.nullcontext():
            _run(args)
    except (DeepcaveSymbolicError, OSError) as error:
        return _failed(args, " ".join(str(error).split()), 2)
    except Interrupted as stop:
        code = _failed(args, str(stop), 128 + stop.number)
        # Threads of the overview may still compute; Python's own end would wait for some and stumble over others.
        os._exit(code)
    except KeyboardInterrupt:
        return _failed(args, "interrupted", 130)
    except Exception as error:
        return _failed(args, f"internal error: {type(error).__name__}: {error} (--debug shows where)", 1)
    return 0


def _failed(args: argparse.Namespace, message: str, code: int) -> int:
    if args.debug:
        traceback.print_exc()
    from deepcave_symbolic.names import visible_text

    print(f"deepcave-symbolic: {visible_text(message)}", file=sys.stderr)
    return code


def _dashboard(args: argparse.Namespace) -> int:
    from deepcave_symbolic.dashboard import DashboardOptions, run_dashboard

    names = ("runs", "host", "port", "workers", "redis", "user_config", "browser", "worker_only")
    return run_dashboard(DashboardOptions(**{name: getattr(args, name) for name in names}))


def _run(args: argparse.Namespace) -> None:
    if args.command == "demo":
        args.run, args.hyperparameter = [str(_bundled_run())], None
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


def _explain(path: str, args: argparse.Namespace) -> list[Explanation]:
    from deepcave_symbolic.api import explain, explain_all
    from deepcave_symbolic.runs.views import weights_in

    options: dict[str, Any] = {
        "objective": args.objective,
        "budget": args.budget,
        "weights": None if args.weights is None else weights_in(args.weights),
        "source": args.source,
        "surrogate": args.surrogate,
        "engine": _engine(args),
        "max_complexity": args.max_complexity,
        "functions": None if args.functions is None else [f.strip() for f in args.functions.split(",") if f.strip()],
        "seed": args.seed,
        "configspace": None if args.configspace is None else _read_space(Path(args.configspace)),
    }
    if args.hyperparameter:
        with _clock("explaining"), _training_shown():
            return [explain(path, *args.hyperparameter, **options)]
    from tqdm import tqdm

    def wrapped(items: Sequence[Any]) -> Any:
        return tqdm(items, desc="explaining", delay=1.0, leave=False, disable=not sys.stderr.isatty())

    with _training_shown():
        return explain_all(path, pairs=args.all_pairs, n_jobs=args.jobs, progress=wrapped, **options)


@contextlib.contextmanager
def _training_shown() -> Iterator[None]:
    """Says on stderr what training a large Gaussian process will cost, and on a terminal how far it has come."""
    from tqdm import tqdm

    from deepcave_symbolic.surrogates.cost import watching

    bars: list[Any] = []

    def listen(sentence: str, done: int, expected: int) -> None:
        if done == 0:
            print(f"deepcave-symbolic: {sentence}", file=sys.stderr, flush=True)
            bars.append(tqdm(total=expected, desc="training", leave=False, disable=not sys.stderr.isatty()))
        else:
            bars[-1].update()

    try:
        with watching(listen):
            yield
    finally:
        for bar in bars:
            bar.close()


@contextlib.contextmanager
def _clock(what: str) -> Iterator[None]:
    """Shows on a terminal what is going on and for how long, once it takes more than a second."""
    if not sys.stderr.isatty():
        yield
        return
    from tqdm import tqdm

    done = threading.Event()

    def show() -> None:
        if done.wait(1.0):
            return
        with tqdm(desc=what, bar_format="{desc} ({elapsed})", leave=False, file=sys.stderr) as line:
            while not done.wait(0.5):
                line.refresh()

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _budget(text: str) -> float | str:
    try:
        return text if text == "all" else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor all") from None


def _engine(args: argparse.Namespace) -> Any:
    if args.parsimony is None:
        return args.engine
    if args.engine != "gplearn":
        raise InvalidArgumentError("--parsimony belongs to --engine gplearn.")
    from deepcave_symbolic.engines.gplearn import GPLearnEngine

    return GPLearnEngine(parsimony=args.parsimony)


def _read_space(path: Path) -> ConfigurationSpace:
    from ConfigSpace import ConfigurationSpace

    try:
        return ConfigurationSpace.from_json(path)
    except OSError:
        raise
    except Exception as error:  # ConfigSpace has no common error for foreign content
        raise RunFormatError(
            f"{path} is not a configuration space that ConfigSpace can read ({type(error).__name__}: {error}).",
            path=path,
        ) from error


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
        Path(__file__).parents[1] / "examples",
        Path(sysconfig.get_path("data")) / "share" / "deepcave-symbolic",
    ):
        run = root / "runs" / "svm_bbo"
        if run.is_dir():
            return run
    raise InvalidArgumentError("The bundled runs are not installed; clone the project, or use `explain RUN`.")
