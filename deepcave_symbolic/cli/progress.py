"""Signs of life on a terminal's stderr: how far an overview, a long search or a training has come."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from deepcave_symbolic.process.interrupts import ends_by_itself

__all__ = ["clock", "explaining", "training_shown"]


def _on_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()  # None: a program without a console


def explaining(items: Sequence[Any]) -> Any:
    """Wraps what is to be explained in a bar that shows on a terminal after a second."""
    from tqdm import tqdm

    return tqdm(items, desc="explaining", delay=1.0, leave=False, disable=not _on_terminal())


@contextlib.contextmanager
def training_shown() -> Iterator[None]:
    """Says on stderr what training a large Gaussian process will cost, and on a terminal how far it has come.

    A single step of it may keep Python from every signal for minutes, so that meanwhile a signal ends the process by
    itself.
    """
    from tqdm import tqdm

    from deepcave_symbolic.surrogates.cost import watching

    training = contextlib.ExitStack()
    bars: list[Any] = []

    def listen(sentence: str, done: int, expected: int) -> None:
        if done > 0:
            bars[-1].update()
            return
        if sys.stderr is not None:
            tqdm.write(f"deepcave-symbolic: {sentence}", file=sys.stderr)  # beside what else moves there
            sys.stderr.flush()
        bars.append(
            training.enter_context(tqdm(total=expected, desc="training", leave=False, disable=not _on_terminal()))
        )
        training.enter_context(ends_by_itself())

    with training, watching(listen, ended=training.close):
        yield


@contextlib.contextmanager
def clock(what: str) -> Iterator[None]:
    """Shows on a terminal what is going on and for how long, once it takes more than a second."""
    if not _on_terminal():
        yield
        return
    from tqdm import tqdm

    done = threading.Event()

    def show() -> None:
        if done.wait(1.0):
            return
        with tqdm(desc=what, bar_format="{desc} ({elapsed})", leave=False, file=sys.stderr) as line:
            while not done.wait(0.5):
                line.refresh()

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
