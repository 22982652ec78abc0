"""Laws: how the best value of one hyperparameter moves with others, as a power law where one holds.

The cost is described as a ridge beside main effects, z ≈ Σ g_k(v_k) + φ(s)·(1 + Σ m_j·u_j) with s = u_t + Σ w_j·u_j: a
valley of any profile φ, deeper where the m_j·u_j are larger, whose bottom lies where s = s*, so that the best value of
the target is u_t = s* - Σ w_j·u_j, which is x_t = 10^s*·Π x_j^(-w_j). The exponents are -w_j. Every other
hyperparameter has a smooth main effect of its own, and the u_j have products with one another; the target has nothing
beside φ.

It is fitted to the trials themselves: a forest is flat between its cuts and shrinks exponents, and so does the mean of
a Gaussian process, though less. Without the m_j, a valley that only becomes deeper would pass for one that moves;
without the products, one among the u_j for one of the target. `benchmarks/laws.py` says how all of this was chosen.

Notation:
    t: the target, whose best value is told; j: a hyperparameter that the best value may move with, always active where
        the target is and with positive bounds.
    u: log10 of such a hyperparameter, less the middle of its domain for all but the target.
    v: coordinate of a hyperparameter other than the target: log10, its value or rank, or a column for every choice.
    z: costs on a scale, the worse the higher, shape (n,).
    φ: the profile, a natural cubic spline; w: slopes of the ridge, m: its modulation, each of shape (q,).
"""

from __future__ import annotations

from deepcave_symbolic.laws.finding import find_law
from deepcave_symbolic.laws.law import FoundLaw, NoLaw
from deepcave_symbolic.laws.of_run import checked_laws, targets, why_unasked

__all__ = ["FoundLaw", "NoLaw", "checked_laws", "find_law", "targets", "why_unasked"]
