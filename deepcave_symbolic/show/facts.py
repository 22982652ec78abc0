"""What is told about an explanation, as facts in words; reports and the panel set them in their own ways."""

from __future__ import annotations

from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.formulas.formula import Formula
from deepcave_symbolic.words.names import shown_name, visible
from deepcave_symbolic.words.numbers import percent

__all__ = [
    "band_fact",
    "explanation_facts",
    "findings",
    "groups_title",
    "percent",
    "settled",
    "share_text",
    "surrogate_text",
]


def explanation_facts(explanation: Explanation) -> list[tuple[str, str]]:
    """Returns the facts beside the recommended formula as pairs of label and text, what matters most first."""
    facts: list[tuple[str, str]] = [("Verdict", explanation.verdict)]
    objective = explanation.objective + ("" if explanation.budget is None else f" at budget {explanation.budget:g}")
    if explanation.formulas:
        best = explanation.best
        facts += findings(explanation, best)
        facts.append(("Fit", f"R² {best.r2:.4f}, RMSE {best.rmse:.3g} {explanation.objective}, {_operators(best)}"))
        if best.trials_r2 is not None:
            facts.append(("On the trials", f"R² {best.trials_r2:.4f}"))
        facts += band_fact(explanation, best)
    facts.append(("Objective", objective))
    if explanation.projection is not None:
        facts.append(("Domain", "; ".join(axis.describe() for axis in explanation.projection.axes)))
    if explanation.conditions:
        facts.append(("Only where", " and ".join(explanation.conditions)))
    if explanation.projection is not None:
        n = explanation.projection.n_averaged
        averaged = f", averaged over {n} configuration{'' if n == 1 else 's'}" if n else ", the surrogate itself"
        facts.append(("Range explained", f"{explanation.range:.3g} {explanation.objective}{averaged}"))
    if explanation.surrogate is not None:
        facts.append(("Surrogate", surrogate_text(explanation)))
    return [(label, visible(text)) for label, text in facts]


def findings(explanation: Explanation, formula: Formula) -> list[tuple[str, str]]:
    """Returns what a formula says and how much of the story it is, as pairs of label and text."""
    if not _is_known(explanation):
        return []
    interaction = explanation.interaction(formula)
    return [
        ("Behaves", " ".join(explanation.behaviour(formula))),
        ("Optimum", explanation.optimum(formula).sentence),
        *([] if interaction is None else [("Interaction", interaction.sentence)]),
        ("Accounts for", _accounts_for(explanation, formula)),
    ]


def band_fact(explanation: Explanation, formula: Formula) -> list[tuple[str, str]]:
    """Returns where a formula leaves the surrogate's uncertainty band, as one pair of label and text or none."""
    return [("Band", explanation.trust(formula).band.sentence)] if _is_known(explanation) else []


def _is_known(explanation: Explanation) -> bool:
    return explanation.surrogate is not None and explanation.projection is not None


def _accounts_for(explanation: Explanation, formula: Formula) -> str:
    trust = explanation.trust(formula)
    where = f" where {' and '.join(explanation.conditions)}" if explanation.conditions else ""
    text = f"{percent(trust.variance_explained)} of the surrogate's variance{where}"
    if explanation.projection is None or explanation.projection.n_averaged == 0:
        return text
    share = percent(trust.variance_share)
    rest = "" if share == "100 %" else ", the rest lies in other hyperparameters and interactions"
    return f"{text}; the projection itself has {share}{rest}"


def share_text(explanation: Explanation) -> str:
    """Returns the share of the surrogate's variance that the hyperparameters account for."""
    return "-" if explanation.projection is None else percent(explanation.projection.variance_share)


def settled(explanation: Explanation, formula: Formula) -> str:
    """Returns a sentence for a formula without alternatives; empty for a constant, and where no trial has noise."""
    if formula.complexity == 0 or explanation.projection is None:
        return ""
    if explanation.surrogate is None or explanation.surrogate.n_trials == 0:
        return ""
    return "The search found no other formula of this length that fits as well within the trials' noise."


def surrogate_text(explanation: Explanation) -> str:
    """Returns the surrogate's card in one sentence."""
    record = explanation.surrogate
    if record is None:
        return "none"
    kind = "the run's own, exact" if record.exact else "; ".join(record.differences) or "not the run's own"
    quality = (
        "not cross-validated"
        if record.cv_r2 is None
        else f"cross-validated R² {record.cv_r2:.2f}"
        + ("" if record.cv_domain_r2 is None else f" ({record.cv_domain_r2:.2f} over the whole space)")
        + ("" if record.cv_rank_correlation is None else f", rank correlation {record.cv_rank_correlation:.2f}")
    )
    trials = f" on {record.n_trials} trials" if record.n_trials else ""
    return f"{record.name}{trials}, {quality} ({kind})"


def groups_title(explanation: Explanation) -> str:
    """Returns a heading for the formulas that every choice has by itself."""
    first = next(iter(explanation.groups.values()))
    other = first.hyperparameters[0]
    selector = next(name for name in explanation.hyperparameters if name != other)
    return f"{shown_name(other)} for every choice of {shown_name(selector)}, searched alone"


def _operators(formula: Formula) -> str:
    return f"{formula.complexity} operator{'' if formula.complexity == 1 else 's'}"
