"""Runs the command line with `python -m deepcave_symbolic`."""

from __future__ import annotations

import sys

from deepcave_symbolic.cli import main

sys.exit(main())
