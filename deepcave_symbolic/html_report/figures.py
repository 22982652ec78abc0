"""Figures as JSON for a page: few digits, one template for all, no text in which a browser finds a tag."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from deepcave_symbolic.explanation import Explanation
from deepcave_symbolic.visualization import plot_explanation

__all__ = ["Drawings", "in_script", "packed_plotly", "script_hash"]

#: More cannot be seen in a figure.
_DIGITS = 5


class Drawings:
    """The figures of one page, as many as fit.

    Args:
        room: Bytes that all of them may take.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._figures: list[str] = []
        self._template: Any = None

    def __len__(self) -> int:
        return len(self._figures)

    def add(self, explanation: Explanation) -> int | None:
        """Adds a figure and returns its number, or None where there is no more room.

        Args:
            explanation: A record with a formula.
        """
        figure: go.Figure = plot_explanation(explanation)
        # The formula stands above, typeset; the strips over two-dimensional maps need some margin.
        maps = any(trace.type == "contour" for trace in figure.data)
        margin = {"l": 70, "r": 90 if maps else 30, "t": 40 if maps else 12, "b": 50}
        figure.update_layout(title=None, margin=margin)
        data = plain(figure.to_plotly_json())
        self._template = data["layout"].pop("template", None) or self._template
        text = in_script(data)
        if len(text) > self._room:
            return None
        self._room -= len(text)
        self._figures.append(text)
        return len(self._figures) - 1

    def json(self) -> str:
        """Returns what the page's script reads."""
        return f'{{"template":{in_script(self._template)},"figures":[{",".join(self._figures)}]}}'


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


def packed_plotly() -> tuple[str, str]:
    """Returns plotly.js, packed as base64 text, and the source's hash for a Content-Security-Policy."""
    from plotly.offline import get_plotlyjs

    source = get_plotlyjs()
    packed = base64.b64encode(gzip.compress(source.encode(), 9, mtime=0)).decode("ascii")
    return packed, script_hash(source)


def script_hash(source: str) -> str:
    """Returns the source expression that allows exactly this script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode('ascii')}'"
