"""What a user asks: which objective and trials, which surrogate, how to search. Checked once, JSON both ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, get_args

import numpy as np

from deepcave_symbolic.engines import ENGINES, EngineName, get_engine
from deepcave_symbolic.engines.protocol import KNOWN_FUNCTIONS, SymbolicRegressionEngine, default_functions
from deepcave_symbolic.exceptions import FormulaError, InvalidArgumentError, UnknownNameError
from deepcave_symbolic.findings.monotone import TRENDS, Trend
from deepcave_symbolic.formulas.limits import DEFAULT_MAX_COMPLEXITY
from deepcave_symbolic.projection.view import STATISTICS, Statistic, View
from deepcave_symbolic.records import Frozen, Record, encode
from deepcave_symbolic.runs.views import Weights
from deepcave_symbolic.space.axis import axis_of
from deepcave_symbolic.space.region import ALL, checked_region, region_in
from deepcave_symbolic.space.serialized import read_space, space_dict
from deepcave_symbolic.words.surrogate_names import SURROGATES, SurrogateName

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = [
    "DEFAULT_MAX_COMPLEXITY",
    "SOURCES",
    "STATISTICS",
    "SURROGATES",
    "Asked",
    "AskedOfRun",
    "Question",
    "Region",
    "Source",
    "Statistic",
    "SurrogateName",
    "Trend",
    "Weights",
]

Source = Literal["surrogate", "trials"]
SOURCES: tuple[Source, ...] = get_args(Source)
#: A region as users write it: "all", "best 10%", or parts of domains by the hyperparameter.
Region: TypeAlias = str | Mapping[str, Any]


class AskedOfRun(TypedDict, total=False):
    """The fields of a `Question` that are about the run and its surrogate, as keyword arguments."""

    objective: str | None
    budget: float | str | None
    weights: Weights | None
    surrogate: SurrogateName | Any
    region: Region
    seed: int
    configspace: ConfigurationSpace | None


class Asked(AskedOfRun, total=False):
    """The fields of a `Question` as keyword arguments."""

    statistic: Statistic
    source: Source
    engine: EngineName | SymbolicRegressionEngine
    max_complexity: int
    functions: Sequence[str] | None
    monotone: Mapping[str, Trend] | None


@dataclass(frozen=True, eq=False)
class Question(Record):
    """What is asked of a run; the same for every hyperparameter.

    The fields are the arguments of `explain`, where they are described.

    Raises:
        DeepcaveSymbolicError: If an argument is not usable, whatever the run.
    """

    objective: str | None = None
    budget: float | str | None = None
    weights: Weights | None = None
    surrogate: SurrogateName | Any = "run"
    region: Region = ALL
    statistic: Statistic = "mean"
    source: Source = "surrogate"
    engine: EngineName | SymbolicRegressionEngine = "auto"
    max_complexity: int = DEFAULT_MAX_COMPLEXITY
    functions: Sequence[str] | None = None
    monotone: Mapping[str, Trend] | None = None
    seed: int = 0
    configspace: ConfigurationSpace | None = None

    def __post_init__(self) -> None:
        """Checks every argument once, before anything is read or computed."""
        if self.source not in SOURCES:
            raise UnknownNameError("source", self.source, SOURCES)
        if isinstance(self.surrogate, str) and self.surrogate not in SURROGATES:
            raise UnknownNameError("surrogate", self.surrogate, SURROGATES)
        if self.statistic not in STATISTICS:
            raise UnknownNameError("statistic", self.statistic, STATISTICS)
        region = checked_region(self.region)
        if self.source == "trials" and (self.statistic != "mean" or (isinstance(region, str) and region != ALL)):
            raise InvalidArgumentError(
                'source="trials" fits what the trials cost, with other hyperparameters as they had them; leave out '
                "statistic and a region that is the best part of the space."
            )
        _check_whole_number("max_complexity", self.max_complexity, 1, None)
        _check_whole_number("seed", self.seed, 0, 2**32)
        _check_trends(self.monotone)
        engine = None if self.engine == "auto" else get_engine(self.engine)
        weights: Any = self.weights
        if isinstance(weights, Mapping):
            weights = Frozen(weights)
        elif isinstance(weights, (list, np.ndarray)):
            weights = tuple(weights)
        for name, value in (
            ("functions", _allowed(self.functions, default_functions(engine))),
            ("monotone", Frozen(self.monotone) if self.monotone else None),
            ("region", region),
            ("weights", weights),
            ("max_complexity", int(self.max_complexity)),
            ("seed", int(self.seed)),
        ):
            object.__setattr__(self, name, value)

    @property
    def is_portable(self) -> bool:
        """Whether it can be asked in another process: a surrogate of the user's own stays in this one."""
        return isinstance(self.surrogate, str)

    def portable(self, who: str) -> Question:
        """Returns the question, which several runs are to answer.

        Args:
            who: What asks it, such as "A study".

        Raises:
            InvalidArgumentError: If it has a surrogate of the user's own.
        """
        if not self.is_portable:
            raise InvalidArgumentError(
                f"{who} needs a surrogate by name; your own belongs to one run: use explain_all."
            )
        return self

    @property
    def engine_name(self) -> str:
        """The engine's name."""
        return self.engine if isinstance(self.engine, str) else self.engine.name

    @property
    def search_options(self) -> dict[str, Any]:
        """The arguments of `engines.search.search`."""
        return {name: getattr(self, name) for name in ("engine", "max_complexity", "functions", "seed")}

    def view(self, configspace: ConfigurationSpace) -> View:
        """Returns what of a surrogate is looked at.

        Raises:
            DeepcaveSymbolicError: If the region does not fit the space.
        """
        return View(region_in(configspace, self.region), self.statistic)

    def check_names(self, configspace: ConfigurationSpace) -> None:
        """Checks the names of hyperparameters against those of a run.

        Raises:
            UnknownNameError: If the run has no such hyperparameter.
            HyperparameterNotExplainableError: If nothing can be said of one.
            InvalidArgumentError: If one has no direction, or the region does not fit the space.
        """
        self.view(configspace)
        for name in self.monotone or ():
            if axis_of(configspace, name).categorical:
                raise InvalidArgumentError(
                    f"monotone names the categorical hyperparameter {name!r}, whose choices have no order; expected "
                    "one with numbers or ranks."
                )

    def changed(self) -> dict[str, Any]:
        """Returns the arguments that are not the defaults."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}

    def to_dict(self) -> dict[str, Any]:
        """Returns the question as JSON values; an engine of the user's own is only described.

        Raises:
            InvalidArgumentError: If it has a surrogate of the user's own.
        """
        if not self.is_portable:
            raise InvalidArgumentError("A surrogate of your own has no name and goes into no file.")
        space = None if self.configspace is None else space_dict(self.configspace)
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        described: dict[str, Any] = encode({**values, "engine": _described(self.engine), "configspace": space})
        return described

    @classmethod
    def from_dict(cls, data: Any) -> Question:
        """Reads what `to_dict` wrote.

        Raises:
            FormulaError: If the data is not a question.
            DeepcaveSymbolicError: If an argument is not usable.
        """
        if not isinstance(data, Mapping) or not set(data) <= {f.name for f in fields(cls)}:
            raise FormulaError(f"Not the dictionary of a question: {data!r:.80}")
        engine, space = data.get("engine", "auto"), data.get("configspace")
        if isinstance(engine, Mapping):
            options = dict(engine)
            engine = replace(get_engine(options.pop("name", None)), **options)  # type: ignore[type-var]
        return cls(**{**data, "engine": engine, "configspace": None if space is None else read_space(space)})


def _described(engine: EngineName | SymbolicRegressionEngine) -> Any:
    """Returns an engine's name, with its options where it has any: those of the table come back from that."""
    if isinstance(engine, str):
        return engine
    return asdict(engine) if is_dataclass(engine) and engine.name in ENGINES else repr(engine)


def _allowed(functions: Any, default: Sequence[str]) -> tuple[str, ...] | None:
    """Returns the functions that formulas may contain: those that are named, or the default without those with a minus.

    Raises:
        InvalidArgumentError: If they are no list, or some are allowed and some forbidden.
        UnknownNameError: If there is no such function.
    """
    if functions is None:
        return None
    if isinstance(functions, str):
        raise InvalidArgumentError(f"functions is {functions!r}; expected a list such as ['log', 'exp'] or ['-tanh'].")
    given = tuple(map(str, functions))
    allowed = tuple(name for name in given if not name.startswith("-"))
    forbidden = {name.removeprefix("-") for name in given if name not in allowed}
    for name in (*allowed, *sorted(forbidden)):
        if name not in KNOWN_FUNCTIONS:
            raise UnknownNameError("function", name, KNOWN_FUNCTIONS)
    if allowed and forbidden:
        raise InvalidArgumentError(
            f"functions has {', '.join(given)}; expected allowed ones, or forbidden ones with a minus each, not both."
        )
    return tuple(name for name in default if name not in forbidden) if forbidden else allowed


def _check_trends(monotone: Any) -> None:
    if monotone is None:
        return
    if not isinstance(monotone, Mapping):
        raise InvalidArgumentError(
            f"monotone is {monotone!r}; expected hyperparameters with a direction each, such as "
            "{'learning_rate': 'falling'}."
        )
    for trend in monotone.values():
        if trend not in TRENDS:
            raise UnknownNameError("direction", trend, TRENDS)


def _check_whole_number(name: str, value: Any, low: int, end: int | None) -> None:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < low or (end is not None and value >= end):
        raise InvalidArgumentError(
            f"{name} is {value!r}; expected a whole number from {low}{'' if end is None else ' to 2³² - 1'}."
        )
