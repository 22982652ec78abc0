"""A consensus of two models of our own: a noise-aware Gaussian process and extremely randomised trees.

The process is smooth and knows the noise; the trees follow steps and jumps that it would smear. On most landscapes
their mean is closer to the truth than either (docs/faithfulness.md has the figures). The trees are those of Geurts,
Ernst & Wehenkel (2006), "Extremely randomized trees"; the weights are stacked (Wolpert 1992) with a prior.
"""

from deepcave_symbolic.surrogates.consensus.training import CONSENSUS_NAME, fit_consensus

__all__ = ["CONSENSUS_NAME", "fit_consensus"]
