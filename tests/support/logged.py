"""What the package has logged in a test."""

from __future__ import annotations

import logging

import pytest


def messages(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "deepcave_symbolic" and r.levelno == level]
