"""What is said once on a page: which run, which surrogate, how it was made."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from deepcave_symbolic.findings.explained import Unexplained
from deepcave_symbolic.records import encode
from deepcave_symbolic.runs.trial_selection import budget_text
from deepcave_symbolic.show.blocks import Block, Code, Column, Details, Facts, Note, Table
from deepcave_symbolic.surrogates.base import Rival, SurrogateRecord
from deepcave_symbolic.words.numbers import counted
from deepcave_symbolic.words.run_names import run_name

if TYPE_CHECKING:
    from deepcave_symbolic.findings.explained import Explained
    from deepcave_symbolic.laws import FoundLaw, NoLaw
    from deepcave_symbolic.whole_run import ExplainedRun

__all__ = [
    "BIBTEX",
    "asked_text",
    "how_made",
    "objective_text",
    "rival_rows",
    "run_card",
    "run_of",
    "runs_table",
    "surrogate_card",
    "surrogate_text",
]

# As the proceedings have it: https://proceedings.mlr.press/v224/segel23a.html
BIBTEX = """@inproceedings{segel2023symbolic,
  title     = {Symbolic Explanations for Hyperparameter Optimization},
  author    = {Segel, Sarah and Graf, Helena and Tornede, Alexander and Bischl, Bernd and Lindauer, Marius},
  booktitle = {Proceedings of the Second International Conference on Automated Machine Learning},
  series    = {Proceedings of Machine Learning Research},
  volume    = {224},
  pages     = {2/1--22},
  year      = {2023},
  publisher = {PMLR},
  url       = {https://proceedings.mlr.press/v224/segel23a.html}
}"""


def run_of(
    explanation: Explained | Unexplained | ExplainedRun | FoundLaw | NoLaw, call: Callable[[str], str] = run_name
) -> str:
    """Returns what people call the run; empty where that is not known.

    Args:
        explanation: What is about the run.
        call: Returns what a run at a place is called, where it stands among others.
    """
    return call(explanation.run) if explanation.run else ""


def asked_text(explanation: Explained | Unexplained | ExplainedRun, call: Callable[[str], str] = run_name) -> str:
    """Returns run, objective and what spoke for it in a few words, for a page that outlives its inputs.

    Args:
        explanation: What was found.
        call: As in `run_of`.
    """
    source = "" if explanation.surrogate is None else explanation.surrogate.name
    if explanation.provenance.get("source") == "trials":
        source = "the trials"
    return ", ".join(filter(None, (run_of(explanation, call), objective_text(explanation), source)))


def objective_text(explanation: Explained | Unexplained | ExplainedRun | FoundLaw | NoLaw) -> str:
    """Returns the objective and, where there are budgets, the one whose trials were used."""
    at = "" if explanation.budget is None else f" at budget {budget_text(explanation.budget)}"
    return explanation.objective + at


def run_card(explanation: Explained | Unexplained | ExplainedRun) -> Facts:
    """Returns the facts on the run."""
    p = explanation.provenance
    better = {"minimize": "smaller is better", "maximize": "larger is better"}[explanation.direction]
    facts = (
        ("Run", run_of(explanation)),
        ("Trials", str(p.get("n_trials", ""))),
        ("Objective", f"{objective_text(explanation)} ({better})"),
        ("Optimizer", str(p.get("optimizer", ""))),
        ("Made by", str(p.get("package", ""))),
    )
    return Facts(tuple((label, text) for label, text in facts if text), "Run")


def runs_table(names: Sequence[str], records: Sequence[Explained | ExplainedRun]) -> Table:
    """Returns where several runs are, and which models speak for them.

    Args:
        names: What the runs are called.
        records: A record of each.
    """
    columns = (
        Column("run", "name"),
        Column("trials", "number"),
        Column("objective", "name"),
        Column("surrogate", "name"),
        Column("place", "text"),
    )
    rows = tuple(
        (
            name,
            str(e.provenance.get("n_trials", "-")),
            objective_text(e),
            f"{e.surrogate.name}, {_quality(e.surrogate)}",
            e.run,
        )
        for name, e in zip(names, records, strict=True)
    )
    return Table(columns, rows)


def surrogate_card(explanation: Explained | Unexplained | ExplainedRun) -> tuple[Block, ...]:
    """Returns the facts on the model that spoke, with its options; empty where none did."""
    record = explanation.surrogate
    if record is None:
        return ()
    facts = [
        ("Model", record.name),
        ("Origin", _origin(record)),
        ("Trials", str(record.n_trials)),
        ("On unseen trials", _quality(record)),
        *rival_rows(record),
        *([("Versions", ", ".join(f"{k} {v}" for k, v in record.versions.items()))] if record.versions else []),
    ]
    options = json.dumps(encode(record.options), indent=1, default=str, sort_keys=True)
    return (Facts(tuple(facts), "Surrogate"), Details("Options", (Code("Options", options),)))


def surrogate_text(explanation: Explained | Unexplained | ExplainedRun) -> str:
    """Returns the surrogate's card in one sentence."""
    record = explanation.surrogate
    if record is None:
        return "none"
    trials = f" on {counted(record.n_trials, 'trial')}" if record.n_trials else ""
    return f"{record.name}{trials}, {_quality(record)} ({_origin(record)})"


def _origin(record: SurrogateRecord) -> str:
    return "the run's own, exact" if record.exact else "; ".join(record.differences) or "not the run's own"


def _quality(record: SurrogateRecord) -> str:
    if record.cv_r2 is None:
        return "not cross-validated"
    text = f"cross-validated {_r2_text(record)}"
    if record.cv_domain_r2 is not None:
        text += f" ({record.cv_domain_r2:.2f} over the whole space)"
    if record.cv_rank_correlation is not None:
        text += f", rank correlation {record.cv_rank_correlation:.2f}"
    return text


def _r2_text(record: SurrogateRecord | Rival) -> str:
    on_scale = "" if record.cost_scale == "cost" else f" of {record.cost_scale}"
    return "R² unknown" if record.cv_r2 is None else f"R²{on_scale} {record.cv_r2:.2f}"


def rival_rows(record: SurrogateRecord) -> tuple[tuple[str, str], ...]:
    """Returns what is said of the surrogate that this one was compared with, a row of facts or none."""
    rival = record.rival
    return () if rival is None else (("Compared with", f"{rival.name}, cross-validated {_r2_text(rival)}"),)


def how_made(
    explanations: Sequence[Explained | Unexplained | ExplainedRun], command: str | None = None
) -> tuple[Block, ...]:
    """Returns the command, the provenance that the explanations share, and the paper to cite.

    Args:
        explanations: What the page is about.
        command: The command that made it, as typed.
    """
    blocks: list[Block] = [] if command is None else [Code("Command", command)]
    # What differs between hyperparameters belongs to each of them.
    explained = [e for e in explanations if not isinstance(e, Unexplained)] or explanations[:1]
    provenances = [e.provenance for e in explained]
    if provenances:
        shared = {k: v for k, v in provenances[0].items() if all(p.get(k) == v for p in provenances)}
        blocks.append(Details("Provenance", (Code("Provenance", json.dumps(encode(shared), indent=1, default=str)),)))
    blocks.append(Note("The method is that of this paper; please cite it where you use the formulas:"))
    return (*blocks, Code("BibTeX", BIBTEX))
