"""What the documentation quotes: commands with their output and Python code with what it prints.

A fenced block whose lines begin with `$ deepcave-symbolic` is run and must print the lines below; a Python block is run
and must print the text block that follows it. `…` stands for anything on its line, alone on a line for any lines.

python tests/support/quoted.py     runs everything and rewrites the outputs in the pages (`make quotes`)
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import re
import runpy
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deepcave_symbolic.cli import main
from places import ROOT

#: Pages with commands that users run.
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
#: What the readers of a page are said to have: a problem, runs, a model.
BEFORE = {
    "callback.md": """
import sys
from pathlib import Path
from smac import Scenario

sys.path.insert(0, "examples")
import make_runs
from make_runs import svm_space

# Just long enough for one formula; the page shows a longer run. SMAC draws a quarter of its trials before it trains
# anything and ends with the first cost below the threshold: all the time is the callback's.
ends = {"n_trials": 64, "termination_cost_threshold": 1.0}
scenario = Scenario(svm_space(), objectives="rmse", deterministic=True, output_directory=Path("smac"), **ends)
costs = iter([make_runs.svm_error] * 15 + [lambda config, seed: 0.0])


def svm_error(config, seed=0):
    return next(costs)(config, seed)
""",
    "compare.md": """
from shutil import copytree
from deepcave_symbolic import explain

recorded = {"seed0": "gb-heart/bbo", "seed1": "gb-heart/hpo", "seed2": "gb-pima/hpo"}
runs = [copytree(f"benchmarks/data/tuning/{run}", name) for name, run in recorded.items()]
explanation = explain("seed0", "learning_rate")
""",
    "studies.md": """
from pathlib import Path
from shutil import copytree

# The page shows the first of the runs; those with many hyperparameters have pairs for minutes.
runs = Path("examples/runs").resolve()
Path("examples").unlink()
for run in ("boosting_mf", "svm_bbo"):
    copytree(runs / run, Path("examples", "runs", run))
for name in "ab":
    copytree("examples/runs/svm_bbo", f"results/{name}")
""",
    "surrogates.md": """
import numpy as np
from sklearn.linear_model import LinearRegression

model = LinearRegression().fit(np.random.default_rng(0).random((20, 2)), np.arange(20.0))
""",
}
#: Commands about the project's own runs and what the page's code has made; others are about the reader's own.
#: `dashboard` ends only on Ctrl-C.
_RUNNABLE = re.compile(r"(?!dashboard\b)(demo\b|--version$|.* (examples|benchmarks)/|.* sqlite:///studies\.db\b)")
_PROMPT = "$ deepcave-symbolic "
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_PART = re.compile(r"(?<![\w)])-?\d+(?:\.\d+)?(?:e-?\d+)?|\d+(?:\.\d+)?|[^\W\d]+|\S")
_BLOCK = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Quote:
    """Something to run and what it is said to print.

    Args:
        source: Arguments of the command line, or Python code.
        output: The text shown; None where the page shows none.
        span: Where the output stands in the page.
    """

    source: str
    output: str | None
    span: tuple[int, int]


def commands(page: str) -> Iterator[Quote]:
    """Yields the quoted commands of a page that can be run."""
    for block in _BLOCK.finditer(page):
        body, start = block["body"], block.start("body")
        prompts = list(re.finditer(rf"^{re.escape(_PROMPT)}(.*)\n", body, re.MULTILINE))
        ends = [prompt.start() for prompt in prompts[1:]] + [len(body)]
        for prompt, end in zip(prompts, ends, strict=False):
            if _RUNNABLE.match(prompt[1]):
                yield Quote(prompt[1], body[prompt.end() : end], (start + prompt.end(), start + end))


def code(page: str) -> list[Quote]:
    """Returns the Python blocks of a page, in order; the later ones see what the earlier ones defined."""
    blocks = list(_BLOCK.finditer(page))
    found = []
    for i, block in enumerate(blocks):
        if block["kind"].split(" ")[0] != "python":
            continue
        after = blocks[i + 1] if i + 1 < len(blocks) else None
        follows = after is not None and after["kind"] == "text" and not page[block.end() : after.start()].strip()
        span = after.span("body") if after is not None and follows else (0, 0)
        found.append(Quote(block["body"], page[slice(*span)] if follows else None, span))
    return found


def matches(expected: str, printed: str) -> bool:
    """Returns whether the text was printed, `…` standing for anything.

    Spaces and line breaks count alike, and numbers may differ a little: processors round differently, and the last
    digit of a constant then turns.
    """
    return _equal(_words(expected), _words(printed))


def _words(text: str) -> list[str]:
    # A gap of its own line may hold line breaks, one inside a line may not.
    text = re.sub(r"^ *… *$", "\x00", text.strip(), flags=re.MULTILINE)
    return [word for line in text.split("\n") for word in [*_PART.findall(line), "\n"]]


def _equal(expected: list[str], printed: list[str]) -> bool:
    """Compares word by word; a gap tries every continuation."""
    while expected:
        word, *expected = expected
        if word in ("\x00", "…"):
            ends = range(len(printed) + 1) if word == "\x00" else range(_line_end(printed) + 1)
            return any(_equal(expected, printed[i:]) for i in ends)
        if word == "\n":
            continue
        while printed and printed[0] == "\n":
            printed = printed[1:]
        if not printed or not _same(word, printed[0]):
            return False
        printed = printed[1:]
    return not any(word != "\n" for word in printed)


def _line_end(words: list[str]) -> int:
    return words.index("\n") if "\n" in words else len(words)


def _same(word: str, other: str) -> bool:
    if word == other:
        return True
    if not (_NUMBER.fullmatch(word) and _NUMBER.fullmatch(other)):
        return False
    value, (digits, _, exponent) = float(word), word.partition("e")
    decimals = len(digits.partition(".")[2])
    # A small whole number is a count, of operators for example.
    last_digit = 0.0 if word.isdigit() and value < 20 else 10.0 ** (int(exponent or 0) - decimals)
    return abs(value - float(other)) <= max(1.001 * last_digit, 0.01 * abs(value) if last_digit else 0.0)


def run_page(path: Path) -> list[tuple[Quote, str]]:
    """Returns everything that a page quotes with what it prints: its code as one program, then its commands."""
    page = path.read_text(encoding="utf-8")
    with _readers_folder() as folder:
        blocks = code(page)
        printed = list(zip(blocks, _run_code(blocks, BEFORE.get(path.name, ""), folder), strict=True)) if blocks else []
        return printed + [(quote, _run_command(quote.source)) for quote in commands(page)]


@functools.cache
def _run_command(arguments: str) -> str:
    """Returns what the command prints, errors included; the same command on another page is not run again."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        main(shlex.split(arguments))
    return printed.getvalue()


def _run_code(blocks: list[Quote], before: str, folder: Path) -> list[str]:
    """Returns what each block of a page prints."""
    mark = "\x00next\x00"
    script = folder / "page.py"
    script.write_text(f"\nprint({mark!r})\n".join([before, *(block.source for block in blocks)]), encoding="utf-8")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        runpy.run_path(str(script), run_name="__main__")
    return printed.getvalue().split(f"{mark}\n")[1:]


@contextlib.contextmanager
def _readers_folder() -> Iterator[Path]:
    """Works in a folder with the project's runs, as a reader does in the clone, so that nothing is written there."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("examples", "benchmarks"):
            (folder / part).symlink_to(ROOT / part)
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(before)


def rewrite(path: Path) -> None:
    """Writes into a page what its commands and code print now; outputs with `…` that still match stay."""
    page = path.read_text(encoding="utf-8")
    for quote, printed in sorted(run_page(path), key=lambda o: -o[0].span[0]):
        if quote.output is None or matches(quote.output, printed):
            continue
        print(f"{path.name}: {quote.source.splitlines()[0]}")
        page = page[: quote.span[0]] + printed.rstrip("\n") + "\n" + page[quote.span[1] :]
    path.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:] or PAGES:
        rewrite(Path(name).resolve())
