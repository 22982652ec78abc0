"""Points the API reference at the package that Python imports, whether it was installed or lies beside this file."""

from __future__ import annotations

import glob
import importlib.util
import logging
from importlib.metadata import version
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig

PACKAGE = "deepcave_symbolic"

log = logging.getLogger("mkdocs.hooks.installed_package")


def package_folder() -> Path:
    """Returns the folder of the installed package, without importing it."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{PACKAGE} is not installed here; install the project with its extra docs.")
    return Path(spec.origin).parent


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Tells mkdocstrings where the package is, and the reader which version it was."""
    folder = package_folder()
    installed = version("deepcave-symbolic")
    log.info("Documenting deepcave-symbolic %s in %s", installed, folder)
    # Without paths mkdocstrings would look beside mkdocs.yml first; patterns in them are expanded.
    handlers = config.plugins["mkdocstrings"].config.handlers
    handlers["python"]["paths"] = [glob.escape(str(folder.parent))]
    config.copyright = f"deepcave-symbolic {installed}, Apache-2.0"
    return config
