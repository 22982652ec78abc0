"""What DeepCAVE's own server process finds: our configuration, our panel, stored results of other versions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from places import SVM

pytest.importorskip("deepcave", reason="DeepCAVE 1.4.1 runs on Python 3.10 at the latest")


CONFIGURED = """
import json, sys
sys.argv = ["server.py", "--config", "deepcave_symbolic/config.py"]
import deepcave
plugins = {k: [p.id for p in v] for k, v in deepcave.config.PLUGINS.items()}
paths = deepcave.run_handler.get_selected_run_paths()
print("RESULT " + json.dumps([type(deepcave.config).__module__, plugins, paths]))
"""


def test_deepcave_finds_it_from_any_directory(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DEEPCAVE_SYMBOLIC_CACHE_DIR": str(tmp_path / "cache"),
        "DEEPCAVE_SYMBOLIC_RUNS": str(SVM),
    }
    done = subprocess.run(
        [sys.executable, "-c", CONFIGURED], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    name, plugins, paths = json.loads(line[7:])
    assert name == "deepcave_symbolic.config"
    assert "symbolic_formulas" in plugins["Hyperparameter Analysis"]
    assert paths == [str(SVM)]


SERVER = """
import json, sys
sys.argv = ["server.py", "--config", "deepcave_symbolic/config.py"]
import deepcave
from deepcave import c, config, rc, run_handler

panel = next(p for p in config.PLUGINS["Hyperparameter Analysis"] if p.id == "symbolic_formulas")
run = run_handler.get_runs()[0]
inputs = panel.load_inputs()
inputs["run"] = {"value": run.id, "options": []}
for key, values in panel.load_dependency_inputs(run, inputs, inputs).items():
    inputs[key].update(values)
key = panel._dict_as_key(inputs, remove_filters=True)

def changed(id, attribute, value):
    other = json.loads(json.dumps(inputs))
    other[id][attribute] = value
    return panel._dict_as_key(other, remove_filters=True) != key

def draw(stored):
    rc.set(run, panel.id, key, stored)
    c.set("last_inputs", panel.id, value=inputs)
    panel.raw_outputs = {run.id: stored}
    drawn = panel._process_raw_outputs(inputs, {run.id: rc.get(run, panel.id, key)})
    return {
        "try_again": not drawn[-1],
        "kept": rc.get(run, panel.id, key) is not None,
        "redrawn": c.get("last_inputs", panel.id) != inputs,
        "state": panel._state.name,
        "json": list(json.loads(str(panel.raw_outputs))) == [run.id],
    }

good = panel.process(run, panel._clean_inputs(inputs))
stale = {**good, "version": "older"}
result = {
    "version": changed("version", "value", "older"),
    "attempt": changed("attempt", "n_clicks", 1),
    "filter": changed("longest", "value", 5),
    "good": draw(good),
    "stale": draw(stale),
    "built-in": draw({"expr": "x", "y": [1.0]}),
}
last = json.loads(json.dumps(inputs))
last["version"]["value"] = "older"
c.set("last_inputs", panel.id, value=last)
page = panel()
result["forgotten"] = c.get("last_inputs", panel.id) is None
result["page"] = "symbolic_formulas-attempt-input" in str(page)
print("RESULT " + json.dumps(result))
"""


def test_in_the_server(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DEEPCAVE_SYMBOLIC_CACHE_DIR": str(tmp_path / "cache"),
        "DEEPCAVE_SYMBOLIC_RUNS": str(SVM),
    }
    done = subprocess.run([sys.executable, "-c", SERVER], capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    result = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))[7:])
    good = {"try_again": False, "kept": True, "redrawn": False, "state": "UNSET", "json": True}
    failed = {"try_again": True, "kept": False, "redrawn": True, "state": "NEEDS_PROCESSING", "json": True}
    assert result == {
        "version": True,
        "attempt": True,
        "filter": False,
        "good": good,
        "stale": failed,
        "built-in": failed,
        "forgotten": True,
        "page": True,
    }
