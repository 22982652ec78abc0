# %% [markdown]
# # Formulas of a SMAC run
#
# The cells run in Jupyter (with jupytext), VS Code and PyCharm. A record as a cell's last line shows itself, typeset.

# %%
from pathlib import Path

import numpy as np

from deepcave_symbolic import Explanation, explain, explain_all, load_run

here = Path(__file__).parent if "__file__" in globals() else Path("examples")
run = load_run(here / "runs" / "svm_bbo")
print(run.name, len(run.trials), "trials,", list(run.configspace))

# %% [markdown]
# ## One hyperparameter
#
# The run's own surrogate, averaged over everything else, as a short formula.

# %%
gamma = explain(run, "gamma")
gamma.best

# %%
print(gamma.best, f"R² {gamma.best.r2:.4f}, RMSE {gamma.best.rmse:.3g} {gamma.objective}", sep="\n")
print(gamma.verdict, *gamma.warnings, sep="\n")

# %% [markdown]
# ## The Pareto front
#
# Accuracy against the number of operators; `best` is the recommended one.

# %%
gamma.to_frame()

# %%
for formula in gamma.formulas:
    print(formula.complexity, round(formula.r2, 4), formula)

# %% [markdown]
# ## Values and export
#
# Hyperparameters in natural units in, the objective's units out.

# %%
values = np.array([0.001, 0.01, 0.1, 1.0])
print(dict(zip(values.tolist(), gamma.best.predict({"gamma": values}).round(2).tolist(), strict=True)))
print(gamma.best.latex())
print(gamma.best.python())

# %% [markdown]
# ## Two hyperparameters

# %%
pair = explain(run, "C", "gamma")
print(pair.best, f"R² {pair.best.r2:.4f}", sep="\n")

# %%
# Written only if asked for: the figure is a plotly one, `pair.plot()` as a cell's last line draws it.
# pair.plot().write_html("svm.html")

# %% [markdown]
# ## A whole run, and its record as JSON

# %%
for explanation in explain_all(load_run(here / "runs" / "mlp_hpo")):
    text = str(explanation.best) if explanation.formulas else "no formula"
    print(f"{explanation.hyperparameters[0]:20s} {text}")

# %%
again = Explanation.from_dict(gamma.to_dict())
assert str(again.best) == str(gamma.best)
