"""The pages beside the formula of one or two hyperparameters: the whole run, its laws, several runs.

`page.py` is what each of them asks, `layout.py` what is on it, `connect.py` what happens when something is chosen or
clicked.
"""

from __future__ import annotations

__all__: list[str] = []
