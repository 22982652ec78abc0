"""What decides a result, beside the question: the run's content and the versions of what computes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from deepcave_symbolic.findings.explained import SCHEMA_VERSION
from deepcave_symbolic.process.version import package_version
from deepcave_symbolic.runs.run import Run
from deepcave_symbolic.space.serialized import space_dict

__all__ = ["canonical", "content_of", "versions"]

#: Packages whose version decides what a surrogate predicts.
_DECISIVE = ("smac", "scikit-learn", "ConfigSpace", "numpy")


def versions() -> dict[str, str]:
    """Returns the versions of what decides a result; two machines that differ in them may differ in digits."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"deepcave-symbolic": package_version(), "schema": str(SCHEMA_VERSION)}
    for name in _DECISIVE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def content_of(run: Run) -> str:
    """Returns a hash of all that is known of a run: its space, configurations, trials and scenario."""
    parts = [
        space_dict(run.configspace),
        list(run.objectives),
        sorted(run.maximized),
        [run.optimizer, run.version, *run.changes, *run.notes],
        run.scenario,
        [[trial.config_id, repr(trial)] for trial in run.trials],
    ]
    digest = hashlib.sha256(canonical(parts))
    for key in sorted(run.configurations):
        digest.update(f"{key}:".encode() + run.configurations[key].tobytes())
    return digest.hexdigest()


def canonical(value: Any) -> bytes:
    """Returns a value as bytes that depend on nothing but what it holds."""
    return json.dumps(value, sort_keys=True, default=str).encode("utf-8", "surrogatepass")
