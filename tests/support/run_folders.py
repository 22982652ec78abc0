"""What tests do with a run's folder: change its files, cut it short, and see whether it was left alone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def edit_json(file: Path, change: Any) -> None:
    data = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(change(data) or data), encoding="utf-8")


def keep_trials(run: Path, n: int) -> None:
    edit_json(run / "runhistory.json", lambda data: {**data, "data": data["data"][:n]})


def fingerprint(folder: Path) -> dict[str, str]:
    """Content and time of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(p): f"{hashlib.sha256(p.read_bytes()).hexdigest()} {p.stat().st_mtime_ns}" for p in files}
