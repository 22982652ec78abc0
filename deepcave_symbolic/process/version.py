"""The version of this package."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["package_version"]


def package_version() -> str:
    """Returns the installed version of this package."""
    try:
        return version("deepcave-symbolic")
    except PackageNotFoundError:  # a checkout on sys.path that was never installed
        return "unknown"
