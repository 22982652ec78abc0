"""DeepCAVE's configuration: every entry point's panel, the environment's settings, a user's own subclass."""

from __future__ import annotations

import os
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from places import EXAMPLE_RUNS, FOREST, SVM

pytest.importorskip("deepcave", reason="DeepCAVE 1.4.1 runs on Python 3.10 at the latest")

from deepcave.config import Config as DeepCAVEConfig

from deepcave_symbolic import config as module
from deepcave_symbolic.config import PLUGIN_GROUP, Config

OURS = "deepcave_symbolic.dashboard.panel.plugin:SymbolicFormulas"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: Any) -> None:
    for name in [n for n in os.environ if n.startswith("DEEPCAVE_SYMBOLIC_")]:
        monkeypatch.delenv(name)


def fake_entry_points(monkeypatch: Any, **values: str) -> None:
    entries = [EntryPoint(name, value, PLUGIN_GROUP) for name, value in values.items()]
    monkeypatch.setattr(module, "entry_points", lambda group: entries if group == PLUGIN_GROUP else [])


def ids(plugins: dict[str, list[Any]]) -> dict[str, list[str]]:
    return {category: [p.id for p in panels] for category, panels in plugins.items()}


class OtherPanel:
    id = "other"
    category = "A category of its own"


class Uncategorised:
    id = "uncategorised"


class Exits:
    def __init__(self) -> None:
        raise SystemExit(3)


class WithoutId:
    pass


@pytest.mark.smoke
@pytest.mark.slow
def test_our_panel_stands_beside_the_built_in_ones() -> None:
    built_in, ours = ids(DeepCAVEConfig().PLUGINS), ids(Config().PLUGINS)
    assert ours.pop("Hyperparameter Analysis") == [*built_in.pop("Hyperparameter Analysis"), "symbolic_formulas"]
    assert {category: ours[category] for category in built_in} == built_in


def test_panels_of_other_packages_are_added(monkeypatch: Any) -> None:
    fake_entry_points(monkeypatch, a=f"{__name__}:OtherPanel", b=f"{__name__}:Uncategorised", c=OURS, d=OURS)
    found = ids(Config().PLUGINS)
    assert found["A category of its own"] == ["other"]
    assert found["Other"] == ["uncategorised"]
    assert found["Hyperparameter Analysis"].count("symbolic_formulas") == 1


def test_broken_entry_points_are_reported_and_left_out(monkeypatch: Any, capsys: Any) -> None:
    fake_entry_points(
        monkeypatch,
        missing="no_such_module_anywhere:Panel",
        exits=f"{__name__}:Exits",
        nameless=f"{__name__}:WithoutId",
        ours=OURS,
    )
    assert ids(Config().PLUGINS)["Hyperparameter Analysis"][-1] == "symbolic_formulas"
    printed = capsys.readouterr().err
    assert "the panel 'missing' (no_such_module_anywhere:Panel) is left out: ModuleNotFoundError" in printed
    assert "'exits'" in printed and "'nameless'" in printed and "'ours'" not in printed


def test_the_entry_point_is_declared() -> None:
    from importlib.metadata import entry_points

    assert ("symbolic_formulas", OURS) in {(e.name, e.value) for e in entry_points(group=PLUGIN_GROUP)}


def test_deepcaves_defaults_without_an_environment() -> None:
    ours, theirs = Config(), DeepCAVEConfig()
    for name in ("DASH_PORT", "DASH_ADDRESS", "REDIS_PORT", "REDIS_ADDRESS", "META_DEFAULT", "CACHE_DIR", "TITLE"):
        assert getattr(ours, name) == getattr(theirs, name)


def test_the_environment(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(EXAMPLE_RUNS)
    for name, value in {
        "DASH_PORT": "9001",
        "DASH_ADDRESS": "0.0.0.0",
        "REDIS_PORT": "9002",
        "REDIS_ADDRESS": "redis://:secret@127.0.0.1",
        "CACHE_DIR": str(tmp_path),
        "RUNS": os.pathsep.join(["svm_bbo", str(FOREST)]),
    }.items():
        monkeypatch.setenv(f"DEEPCAVE_SYMBOLIC_{name}", value)
    config = Config()
    assert (config.DASH_PORT, config.DASH_ADDRESS, config.REDIS_PORT) == (9001, "0.0.0.0", 9002)
    assert config.SERVER_NAME == "http://0.0.0.0:9001"
    assert config.REDIS_ADDRESS == "redis://:secret@127.0.0.1"
    assert tmp_path == config.CACHE_DIR
    assert config.META_DEFAULT["selected_run_paths"] == [str(SVM), str(FOREST)]
    assert config.META_DEFAULT["working_dir"] == str(EXAMPLE_RUNS)
    assert DeepCAVEConfig.META_DEFAULT["selected_run_paths"] == []


@pytest.mark.parametrize("text", ["none", "0", "70000"])
def test_a_port_must_be_one(monkeypatch: Any, text: str) -> None:
    monkeypatch.setenv("DEEPCAVE_SYMBOLIC_DASH_PORT", text)
    with pytest.raises(ValueError, match="A port from 1 to 65535"):
        Config()


def test_a_users_config(monkeypatch: Any) -> None:
    class Own(Config):
        TITLE = "Mine"
        DASH_PORT = 9009

        @property
        def PLUGINS(self) -> dict[str, list[Any]]:  # noqa: N802
            plugins = super().PLUGINS
            plugins["Mine"] = [OtherPanel()]
            return plugins

    assert Own().DASH_PORT == 9009 and Own().TITLE == "Mine"
    assert ids(Own().PLUGINS)["Mine"] == ["other"]
    assert ids(Own().PLUGINS)["Hyperparameter Analysis"][-1] == "symbolic_formulas"
    # The launcher's free port wins.
    monkeypatch.setenv("DEEPCAVE_SYMBOLIC_DASH_PORT", "9001")
    assert Own().DASH_PORT == 9001
