"""How soon, and how cleanly, `deepcave-symbolic` ends after Ctrl-C or SIGTERM at a random moment.

Every trial starts a command with `-o FILE` in a session of its own, sends a signal after a random time (SIGINT and
SIGTERM in turn; a fifth of them within the first 300 ms, while Python itself starts), and measures the seconds until
the process is gone. A clean end is: exit code 130 or 143 and one line, or the finished result; the file as it was, or
whole; no file beside it; no process of the session left.

Before the program has its handlers, Python's own are in force: SIGTERM ends the process without a word (exit code -15),
Ctrl-C with Python's traceback. Such ends are counted apart, as "before the start".

`--process N` trains a Gaussian process on N synthesised trials instead (minutes when it is not interrupted), where a
single step of NumPy may take seconds.

Usage: python benchmarks/interrupts.py [--trials 40] [--longest 6] [--seed 0] [--process N]
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from common import EXAMPLES, print_json, print_table

WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
#: What the file holds before.
OLD = "as it was\n"
_LIMIT = 60.0


@dataclass(frozen=True)
class Outcome:
    """How one process ended.

    Args:
        command: Which command.
        after: Seconds from its start to the signal.
        seconds: Seconds from the signal to its end.
        kind: "stopped", "finished", "before the start", or what was wrong.
    """

    command: str
    after: float
    seconds: float
    kind: str


def interrupt(name: str, arguments: list[str], number: signal.Signals, after: float) -> Outcome:
    """Starts a command, sends the signal and returns how it ended."""
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "out.txt"
        target.write_text(OLD, encoding="utf-8")
        command = [sys.executable, "-m", "deepcave_symbolic", *arguments, "-o", str(target)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        time.sleep(after)
        process.send_signal(number)
        sent = time.perf_counter()
        try:
            out, err = process.communicate(timeout=_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        seconds = time.perf_counter() - sent
        left = _session(process.pid)
        for other in left:
            other.kill()
        kind = _kind(process.returncode, number, out, err, target)
        if os.listdir(scratch) != ["out.txt"] or left:
            kind = f"left behind: {os.listdir(scratch)}, {left}"
    return Outcome(name, after, seconds, kind)


def _kind(code: int, number: signal.Signals, out: str, err: str, target: Path) -> str:
    text = target.read_text(encoding="utf-8")
    said = [line for line in err.splitlines() if not line.startswith("deepcave-symbolic: Training a Gaussian")]
    if code == 128 + number and said == [f"deepcave-symbolic: {WORDS[number]}"] and text == OLD and not out:
        return "stopped"
    if code == 0 and not said and text.rstrip() and text != OLD:
        return "finished"
    if code == -number and text == OLD and not said and "Training a Gaussian" in err:
        return "stopped"  # by the signal itself, which Python could not have handled in time
    ours = "explain" in err and "deepcave_symbolic/" in err
    if text == OLD and (code == -number or (code == 1 and "KeyboardInterrupt" in err and not ours)):
        return "before the start"
    return f"exit code {code}, stderr {err!r}, file {text[:40]!r}"


def _session(leader: int) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, psutil.Error):
            continue
    return found


def main() -> int:
    """Runs every trial; prints the table, each end that was not clean, and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=40, help="for each command")
    parser.add_argument("--longest", type=float, default=6.0, help="seconds until the latest signal")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--process", type=int, metavar="N", help="train a Gaussian process on N trials instead")
    args = parser.parse_args()
    run = str(EXAMPLES / "mlp_hpo")
    rng = np.random.default_rng(args.seed)
    with tempfile.TemporaryDirectory() as scratch:
        commands = {
            "explain": ["explain", run, "-p", "learning_rate_init"],
            "explain_all": ["explain", run, "--jobs", "2"],
        }
        if args.process:
            from scale import synthesise

            large = synthesise(Path(scratch) / "run", args.process, 2, facade="BlackBoxFacade")
            commands = {"process": ["explain", str(large), "-p", "x0"]}
        outcomes = []
        for name, arguments in commands.items():
            for trial in range(args.trials):
                early = trial % 5 == 0 and not args.process
                after = rng.uniform(0.0, 0.3 if early else args.longest)
                outcomes.append(interrupt(name, arguments, list(WORDS)[trial % 2], after))
    rows = []
    for name in commands:
        mine = [o for o in outcomes if o.command == name]
        kinds = [o.kind for o in mine]
        seconds = [o.seconds for o in mine if o.kind == "stopped"] or [float("nan")]
        clean = [kinds.count(kind) for kind in ("stopped", "finished", "before the start")]
        rows.append([name, *clean, len(mine) - sum(clean), f"{statistics.median(seconds):.2f}", f"{max(seconds):.2f}"])
    print_table(["command", "stopped", "finished", "before the start", "not clean", "median s", "longest s"], rows)
    bad = [o for o in outcomes if o.kind not in ("stopped", "finished", "before the start")]
    for o in bad:
        print(f"{o.command} after {o.after:.3f} s: {o.kind}")
    print_json({"benchmark": "interrupts", "rows": rows})
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
