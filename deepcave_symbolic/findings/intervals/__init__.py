"""Encloses a formula's values and slopes over whole boxes of its domain, so that statements about it are proofs.

Interval arithmetic with forward-mode derivatives (Moore, Kearfott & Cloud 2009, "Introduction to Interval Analysis"),
vectorised over boxes. The result of every operation is widened outwards by a relative 1e-12; NumPy's functions err by
a few 1e-16, so the enclosures hold in exact arithmetic too, except below about 1e-300, where numbers vanish.

Notation:
    k: number of hyperparameters; b: number of boxes.
    u: search coordinates of a box, log10(x) on a log axis, so that log10(x) is u itself and x^p is 10^(p·u).
    bounds: array (2, b), lower bounds first; [-inf, inf] where a pole, domain violation or overflow leaves it open.
    jet: bounds of a value with bounds of its first and second derivatives with respect to u; None is exactly zero.

`bounds.py` computes with bounds, `functions.py` adds the derivatives of the functions, `boxes.py` knows what boxes
share, `jets.py` walks an expression, `enclosure.py` tightens what comes out.
"""

from __future__ import annotations

from deepcave_symbolic.findings.intervals.enclosure import Enclosure, enclose, signs

__all__ = ["Enclosure", "enclose", "signs"]
