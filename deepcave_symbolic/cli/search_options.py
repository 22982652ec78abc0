"""Options of a search that several commands share, and what they mean to `explain` and `explain_all`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcave_symbolic.engines import engine_choices
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.formulas.limits import DEFAULT_MAX_COMPLEXITY
from deepcave_symbolic.words.surrogate_names import SURROGATES

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["add_run_options", "add_search_options", "run_options", "search_options"]


def add_run_options(parser: argparse.ArgumentParser, *, surrogate: str = SURROGATES[0]) -> None:
    """Adds what decides which trials and which surrogate are asked, and `--debug`.

    Args:
        parser: The command's parser.
        surrogate: The surrogate by default.
    """
    add = parser.add_argument
    add(
        "--objective",
        metavar="NAME",
        help="objective, scalarized for one cost of several, or Time for the seconds of a trial (default: the first)",
    )
    add("--weights", metavar="LIST", help="with --objective scalarized: one weight per objective, such as 1,2")
    add(
        "--budget",
        type=_budget,
        metavar="{NUMBER,all}",
        help="budget to use, or all for the budget as a hyperparameter (default: the highest with enough trials)",
    )
    add(
        "--surrogate",
        default=surrogate,
        metavar=f"{{{','.join(SURROGATES)}}}",
        help=f"model to ask (default: {surrogate}; run: the run's own)",
    )
    add(
        "--region",
        action="append",
        metavar="REGION",
        help="all; best 10%% (or another share), all that is worse counting as the worst of those; or a part of a "
        "domain, lr=1e-4..1e-2 or kernel=rbf,poly, which may be given several times (default: all)",
    )
    add("--seed", type=int, default=0, metavar="N", help="seed of what is random (default: 0)")
    add("--configspace", metavar="FILE", help="configuration space (JSON) to use instead of the run's own")
    add("--debug", action="store_true", help="show the traceback of an error")


def add_search_options(parser: argparse.ArgumentParser) -> None:
    """Adds what decides the formulas, and `--debug`."""
    add_run_options(parser)
    add = parser.add_argument
    add("--source", default="surrogate", metavar="{surrogate,trials}", help="what to fit (default: surrogate)")
    add(
        "--statistic",
        default="mean",
        metavar="{mean,best,incumbent}",
        help="what becomes of the other hyperparameters: mean averages over them, best sets them optimally, incumbent "
        "to its values (default: mean)",
    )
    engines = ",".join(engine_choices())
    add("--engine", default="auto", metavar=f"{{{engines}}}", help="search engine (default: auto)")
    add("--parsimony", type=float, metavar="NUMBER", help="parsimony coefficient of the engine gplearn")
    add(
        "--max-complexity",
        type=int,
        default=DEFAULT_MAX_COMPLEXITY,
        metavar="N",
        help="longest formula in nodes: numbers, hyperparameters, operators and functions (default: "
        f"{DEFAULT_MAX_COMPLEXITY})",
    )
    add(
        "--functions",
        metavar="LIST",
        help="functions to allow beside + - * /, such as square,log,exp; or all usual ones but some: =-tanh,-abs",
    )
    add(
        "--monotone",
        action="append",
        type=_trend,
        metavar="NAME=TREND",
        help="only formulas that are proven to be falling (or rising) in a hyperparameter, such as lr=falling; may be "
        "given several times",
    )


def run_options(args: argparse.Namespace) -> dict[str, Any]:
    """Returns the arguments that the options of `add_run_options` stand for.

    Raises:
        InvalidArgumentError: If options do not fit each other.
        RunFormatError: If the configuration space's file holds none.
    """
    from deepcave_symbolic.runs.views import weights_in
    from deepcave_symbolic.space.region import region_of_texts

    return {
        "objective": args.objective,
        "budget": args.budget,
        "weights": None if args.weights is None else weights_in(args.weights),
        "surrogate": args.surrogate,
        "region": region_of_texts(args.region or ()),
        "seed": args.seed,
        "configspace": None if args.configspace is None else _configspace(Path(args.configspace)),
    }


def search_options(args: argparse.Namespace) -> dict[str, Any]:
    """Returns the arguments of `explain` and `explain_all` that the options stand for.

    Raises:
        InvalidArgumentError: If options do not fit each other.
        RunFormatError: If the configuration space's file holds none.
    """
    return {
        **run_options(args),
        "source": args.source,
        "statistic": args.statistic,
        "engine": _engine(args),
        "max_complexity": args.max_complexity,
        "functions": None if args.functions is None else [f.strip() for f in args.functions.split(",") if f.strip()],
        "monotone": None if args.monotone is None else dict(args.monotone),
    }


def _trend(text: str) -> tuple[str, str]:
    name, sign, trend = text.rpartition("=")
    if not sign:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=falling or NAME=rising")
    return name.strip(), trend.strip()


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


def _configspace(path: Path) -> ConfigurationSpace:
    from deepcave_symbolic.runs.configspace import read_configspace

    if not path.exists():
        raise InvalidArgumentError(f"No such file: {path}; --configspace takes a configuration space as JSON.")
    return read_configspace(path.resolve())  # the user's own link is followed, a run folder's is not
