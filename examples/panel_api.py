"""The panel "Symbolic Formulas" without a browser: DeepCAVE's API mode, as for its own panels.

Run it from anywhere: `python examples/panel_api.py`. It needs DeepCAVE (Python 3.10).
"""

from pathlib import Path

from deepcave.runs.converters.smac3v2 import SMAC3v2Run

from deepcave_symbolic import Explanation
from deepcave_symbolic.dashboard.panel import SymbolicFormulas

run = SMAC3v2Run.from_path(Path(__file__).parent / "runs" / "mlp_hpo")
panel = SymbolicFormulas()

# What is not given has the page's default; here that would be "(most important)" for the first hyperparameter.
inputs = panel.generate_inputs(hyperparameter_name_1="learning_rate_init")
outputs = panel.generate_outputs(run, inputs)

# Everything is drawn from the stored outputs: the filters choose another formula without computing again, here the best
# one with at most seven nodes; "pick" is "simplest", "best" or "most_accurate" otherwise.
figure, front, *_ = panel.load_outputs(run, inputs, outputs)
shorter, *_ = panel.load_outputs(run, {**inputs, "pick": "length", "longest": 7}, outputs)

# What is stored is the API's record.
print(Explanation.from_dict(outputs["explanations"][0]).best)
for drawn in (figure, shorter):
    curve = next(trace for trace in drawn.data if trace.name == "formula")
    print(f"drawn: error from {min(curve.y):.3f} to {max(curve.y):.3f}")
# figure.show(); figure.write_html("formula.html")
