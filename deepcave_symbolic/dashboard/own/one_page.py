"""The page on one explanation that is there already, for a notebook: no inputs and no jobs, else as in the app."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

from dash import Dash, Input, Output, dcc, html
from werkzeug.serving import WSGIRequestHandler, make_server

from deepcave_symbolic.dashboard.launcher.door import new_token
from deepcave_symbolic.dashboard.own.page import DRAWN, NAME, Registered, results_layout
from deepcave_symbolic.dashboard.own.shown import connect_front, connect_results
from deepcave_symbolic.dashboard.own.wiring import callback
from deepcave_symbolic.dashboard.panel.inputs import defaults
from deepcave_symbolic.dashboard.panel.stored_result import PanelRecord
from deepcave_symbolic.exceptions import InvalidArgumentError
from deepcave_symbolic.explanation import Explanation

__all__ = ["one_page_app", "start"]

_HOST = "127.0.0.1"
#: The name of the only result.
_ONE = "one"
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


def start(explanation: Explanation, port: int | None) -> tuple[str, Callable[[], None]]:
    """Serves the page on an explanation until the process ends, and returns its address and what ends it before.

    A notebook shows it in a frame, in which browsers keep cookies back. So the token is a part of every path, and who
    does not know it finds nothing.

    Args:
        explanation: The explanation.
        port: The port, or None for a free one.

    Raises:
        InvalidArgumentError: If the port cannot be used.
    """
    try:
        listening = socket.create_server((_HOST, port or 0))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidArgumentError(
            f"The port {port} cannot be used: {reason}. Leave it out to take a free one."
        ) from error
    number, path = listening.getsockname()[1], f"/{new_token()}/"
    with listening:
        app = one_page_app(explanation, path)
        server = make_server(_HOST, number, app.server, threaded=True, request_handler=_Silent, fd=listening.fileno())
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def close() -> None:
        server.shutdown()
        server.server_close()

    return f"http://{_HOST}:{number}{path}", close


class _Silent(WSGIRequestHandler):
    """Writes nothing below the cell, where the address would stand with its token."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Leaves the message out."""


def one_page_app(explanation: Explanation, path: str) -> Dash:
    """Returns the app.

    Args:
        explanation: What it shows.
        path: What all its addresses begin with.
    """
    app = Dash(__name__, title=NAME, update_title=None, url_base_pathname=path, suppress_callback_exceptions=True)
    app.index_string = app.index_string.replace("<html>", '<html lang="en">')
    registered, stored = Registered(), PanelRecord((explanation,)).to_dict()
    app.layout = html.Div(
        html.Main(
            [
                html.Section(results_layout(registered, ""), className="symbolic-results", **{"aria-label": NAME}),
                dcc.Store(id="begin", data={"key": "", "name": _ONE}),
                *(dcc.Store(id=id) for id in ("result", *DRAWN)),
            ],
            className="symbolic-alone",
        ),
        className="symbolic-page",
    )

    filters = ("pick", "longest")

    @callback(
        app,
        output=[Output("result", "data"), *(Output(registered.id(name), "value") for name in filters)],
        inputs=[Input("begin", "data")],
    )
    def begin(result: Any) -> list[Any]:
        return [result, *(defaults()[name] for name in filters)]

    def guarded(answer: Any) -> Any:
        answer.headers.update(_HEADERS)
        return answer

    app.server.after_request(guarded)
    connect_results(app, registered, {_ONE: stored}.get, ready=lambda: None)
    connect_front(app, registered)
    return app
