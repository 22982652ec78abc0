"""Names that are markup, commands and directions, and a run that has them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from places import FOREST

NAMES = {
    "markup": "<script>alert(1)</script>&amp;",
    "latex": "$\\input{/etc/passwd}$ 50% {_^~#&",
    "quotes": 'it\'s "quoted" \\ `back`',
    "lines": "two\nlines\r\ttab",
    "control": "\u202eabc\u200f \x1b[31mred\x07 a\ud800b",
    "python": "__import__('os').system('touch pwned')",
    "docstring": '"""\nraise SystemExit',
}
#: What `renamed` calls a hyperparameter, one of its choices, another hyperparameter and the objective.
SCRIPTS = {
    "solver": "<img src=x onerror='window.pwned=1'>",
    "adam": "<script>window.pwned=2</script>",
    "learning_rate_init": "$\\\\href{javascript:window.pwned=3}{x}$ {alert(1)} \u202eabc",
    "error": "<b onclick='window.pwned=4'>error</b>",
}


def renamed(folder: Path, names: Sequence[str]) -> Path:
    """The example run with other names for a categorical, its choice, a float and the objective."""
    shutil.copytree(FOREST, folder)
    for file in ("scenario.json", "configspace.json", "runhistory.json"):
        text = (folder / file).read_text(encoding="utf-8")
        for before, name in zip(("solver", "adam", "learning_rate_init", "error"), names, strict=True):
            text = text.replace(json.dumps(before), json.dumps(name))
        (folder / file).write_text(text, encoding="utf-8")
    return folder
