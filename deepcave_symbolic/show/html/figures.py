"""Figures as JSON for a page: few digits, one template for all, no text in which a browser finds a tag."""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go

from deepcave_symbolic.findings.explained import Explained
from deepcave_symbolic.show.blocks import Figure, Picture
from deepcave_symbolic.show.figures import draw
from deepcave_symbolic.show.figures.parts import escape
from deepcave_symbolic.show.html.render import render

__all__ = ["Drawings", "RemainingBytes", "in_script", "packed_plotly", "script_hash"]

#: More cannot be seen in a figure.
_DIGITS = 5
#: Points are elements of the page: with dozens of figures more of them make it slow.
_MOST_TRIALS = 1000


class RemainingBytes:
    """How many bytes are left on a page that must not grow beyond a size.

    Args:
        size: Of the page, in bytes.
    """

    def __init__(self, size: int) -> None:
        self._left = size

    def reserve(self, *texts: str) -> bool:
        """Returns whether the texts still fit; if so, their bytes are no longer left for others."""
        size = sum(len(text.encode()) for text in texts)
        if size > self._left:
            return False
        self._left -= size
        return True


class Drawings:
    """The figures of one page, as many as fit.

    Args:
        remaining: Bytes of the page.
    """

    def __init__(self, remaining: RemainingBytes) -> None:
        self._remaining = remaining
        self._figures: list[str] = []
        self._template: Any = None

    def __len__(self) -> int:
        return len(self._figures)

    def add(self, block: Picture) -> str:
        """Adds a figure and returns the markup of its place, or nothing where it does not fit.

        Args:
            block: The figure.
        """
        if isinstance(block, Figure) and block.kind == "explanation":
            figure, kind, caption = _of_one(block)
        else:  # has its own places for everything
            figure, kind, caption = draw(block), "many", ""
        data = plain(figure.to_plotly_json())
        self._template = data["layout"].pop("template", None) or self._template
        text = in_script(data)
        if not self._remaining.reserve(text, caption):
            return ""
        self._figures.append(text)
        return render(block, number=len(self._figures) - 1, kind=kind, height=figure.layout.height, caption=caption)

    def json(self) -> str:
        """Returns what the page's script reads."""
        return f'{{"template":{in_script(self._template)},"figures":[{",".join(self._figures)}]}}'


def _of_one(block: Figure) -> tuple[go.Figure, str, str]:
    """Returns the figure of one explanation, its kind and its caption."""
    shown, caption = _thinned(block.explanations[0])
    figure = draw(replace(block, explanations=(shown,)))
    # The formula stands above, typeset; the strips over two-dimensional maps need some margin.
    maps = any(trace.type == "contour" for trace in figure.data)
    view = shown.view.words
    top = (40 if maps else 12) + (28 if view else 0)
    margin = {"l": 70, "r": 90 if maps else 30, "t": top, "b": 50}
    figure.update_layout(title={"text": escape(view)} if view else None, margin=margin)
    return figure, "map" if maps else "", caption


def _thinned(explanation: Explained) -> tuple[Explained, str]:
    """Returns the record with as many trials as a browser draws quickly, and a caption that says so."""
    projection = explanation.projection
    trials = projection.trials.thinned(_MOST_TRIALS)
    if trials is projection.trials:
        return explanation, ""
    drawn = replace(explanation, projection=replace(projection, trials=trials))
    return drawn, f"{_MOST_TRIALS} of the {len(projection.trials.costs)} trials are drawn, evenly over the run."


def plain(value: Any) -> Any:
    """Returns plotly's values as JSON values with few digits; what is not finite becomes null."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        rounded = float(f"{value:.{_DIGITS}g}")
        return int(rounded) if rounded.is_integer() and abs(rounded) < 1e6 else rounded
    return value


def in_script(value: Any) -> str:
    """Returns JSON in which a browser finds neither the end of a script nor a comment."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@functools.cache
def packed_plotly() -> tuple[str, str]:
    """Returns plotly.js, packed as base64 text, and the source's hash for a Content-Security-Policy."""
    from plotly.offline import get_plotlyjs

    source = get_plotlyjs()
    packed = base64.b64encode(gzip.compress(source.encode(), 9, mtime=0)).decode("ascii")
    return packed, script_hash(source)


def script_hash(source: str) -> str:
    """Returns what a Content-Security-Policy allows exactly this script by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode('ascii')}"
