"""Answers of a run's surrogate to sliders: at any configuration, in the process that has trained it."""

from __future__ import annotations

import json
import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from deepcave_symbolic.dashboard.panel.compute import Asked
from deepcave_symbolic.dashboard.panel.inputs import Inputs
from deepcave_symbolic.exceptions import DeepcaveSymbolicError, InvalidArgumentError
from deepcave_symbolic.explainer import Explainer
from deepcave_symbolic.show.document import measured
from deepcave_symbolic.whole_run import Asking
from deepcave_symbolic.words.names import visible
from deepcave_symbolic.words.numbers import rounded_text

__all__ = ["Surrogates", "nearest_words", "surrogate_words"]

#: Trained surrogates that are kept.
_MOST = 3
#: Configurations so near to each other are the same; their values may have lost their last digits.
_SAME = 1e-6


class Surrogates:
    """The surrogates of the last questions, each trained when it is first asked.

    Args:
        run: Returns a run, as `compute` takes it, by what `PanelRecord.asked` calls it.
    """

    def __init__(self, run: Callable[[str], Any]) -> None:
        self._run = run
        self._trained: OrderedDict[str, Explainer] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, asked: Mapping[str, Any], vector: Sequence[float]) -> dict[str, Any]:
        """Returns what surrogate and trials say of a configuration, or `error`; it never raises.

        Args:
            asked: `PanelRecord.asked`, and how many `trials` the result has.
            vector: The configuration, as ConfigSpace has it, as if everything were active.
        """
        try:
            return self._answer(asked, vector)
        except DeepcaveSymbolicError as error:
            return {"error": visible(str(error))}
        # Anything else would leave the page waiting.
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            return {"error": visible(f"The surrogate cannot be asked ({type(error).__name__}: {error}).")}

    def _answer(self, asked: Mapping[str, Any], vector: Sequence[float]) -> dict[str, Any]:
        explainer = self._explainer(asked)
        found = Asking(explainer.subject).at(np.asarray(vector, dtype=np.float64))
        nearest, objective = found.nearest, explainer.objective
        return {
            "words": [
                surrogate_words(found.expected, found.std, objective),
                "no trial" if nearest is None else nearest_words(nearest.cost, nearest.distance, objective),
            ],
            "values": [found.expected, None if nearest is None else nearest.cost],
        }

    def _explainer(self, asked: Mapping[str, Any]) -> Explainer:
        key = json.dumps(asked, sort_keys=True)
        with self._lock:  # whoever asks for the same meanwhile waits for it
            if key not in self._trained:
                question = Asked.of(self._run(str(asked["run"])), Inputs.read(asked["inputs"]))
                explainer = Explainer(question.record, question.question)
                trials = explainer.surrogate.record.n_trials
                if trials != asked["trials"]:
                    raise InvalidArgumentError(
                        f"The run has {trials} trials now; these results are about {asked['trials']}. Press Process."
                    )
                self._trained[key] = explainer
                while len(self._trained) > _MOST:
                    self._trained.popitem(last=False)
            self._trained.move_to_end(key)
            return self._trained[key]


def surrogate_words(mean: float, std: float, objective: str) -> str:
    """Returns what the surrogate says, such as 0.12 ± 0.01."""
    return f"{measured(mean, objective)} ± {rounded_text(std, 2)}"


def nearest_words(cost: float, distance: float, objective: str) -> str:
    """Returns the cost of the nearest trial, and how far away it is."""
    if distance < _SAME:
        return f"{measured(cost, objective)}, at this very configuration"
    return f"{measured(cost, objective)}, at a distance of {rounded_text(distance, 2)}"
