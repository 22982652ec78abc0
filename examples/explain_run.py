"""Explains hyperparameters of a SMAC run and shows what can be done with the formulas.

python examples/explain_run.py                                   the bundled run, gamma
python examples/explain_run.py RUN NAME [NAME] [--html FILE]     any run, one or two hyperparameters
"""

from __future__ import annotations

import argparse
from pathlib import Path

from deepcave_symbolic import Explanation, Run, explain, explain_all, load_run

BUNDLED = Path(__file__).parent / "runs" / "svm_bbo"


def show(explanation: Explanation) -> None:
    """Prints the recommended formula, the numbers to judge it by and what else was found."""
    best = explanation.best
    print(best)
    print(f"  R² {best.r2:.4f}, RMSE {best.rmse:.3g}, {best.complexity} nodes")
    print(f"  surrogate: {explanation.surrogate.name}, cross-validated R² {explanation.surrogate.cv_r2:.2f}")
    for warning in explanation.warnings:
        print(f"  note: {warning}")
    print("\nThe front, simplest first:")
    print(explanation.to_frame()[["complexity", "r2", "rmse", "formula"]].to_string(index=False))
    print("\nLaTeX:", best.latex())
    print("Python:")
    print(best.python())


def predict_default(run: Run, explanation: Explanation) -> None:
    """Prints the recommended formula's value at the space's default configuration."""
    default = run.configspace.get_default_configuration()
    point = {name: [default[name]] for name in explanation.hyperparameters}
    value = float(explanation.best.predict(point)[0])
    print(f"At the default {dict(default)} the formula gives {value:.4g}.")


def main() -> None:
    """Explains what the command line names."""
    parser = argparse.ArgumentParser(description="Explains one or two hyperparameters of a run.")
    parser.add_argument("run", nargs="?", type=Path, default=BUNDLED)
    parser.add_argument("names", nargs="*", metavar="NAME", help="one or two hyperparameters; none: all, one by one")
    parser.add_argument("--html", type=Path, help="write the figure to this file")
    arguments = parser.parse_args()

    run = load_run(arguments.run)
    if not arguments.names and arguments.run != BUNDLED:
        for explanation in explain_all(run):
            print(", ".join(explanation.hyperparameters), "->", explanation.best if explanation.formulas else "none")
        return

    explanation = explain(run, *(arguments.names or ["gamma"]))
    show(explanation)
    predict_default(run, explanation)
    if arguments.html is not None:
        explanation.plot().write_html(arguments.html)
        print(f"Figure: {arguments.html}")


if __name__ == "__main__":
    main()
