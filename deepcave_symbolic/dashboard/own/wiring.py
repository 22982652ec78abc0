"""Dash's callbacks, on the server and in the browser, for the modules that connect the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from dash import ClientsideFunction, Dash

__all__ = ["POLL", "callback", "in_browser"]

#: Milliseconds between two questions of the page whether a job is done.
POLL = 25

_Function = TypeVar("_Function", bound=Callable[..., Any])


def callback(app: Dash, *dependencies: Any, **options: Any) -> Callable[[_Function], _Function]:
    """Returns Dash's decorator, which leaves the function as it is."""
    decorator: Callable[[_Function], _Function] = app.callback(*dependencies, **options)
    return decorator


def in_browser(app: Dash, function: str, *dependencies: Any) -> None:
    """Has a function of assets/own.js called, which asks the server nothing."""
    app.clientside_callback(ClientsideFunction("symbolic", function), *dependencies, prevent_initial_call=True)
