"""What a page says of processes that ended: a server that does not answer, a job that was started once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from deepcave_symbolic.dashboard import AGAIN_KEY

__all__ = ["AGAIN", "LOST", "again_note", "lost_note", "watching"]

LOST = "Connection lost, trying again ..."
AGAIN = "The process ended from outside and was started once more."

#: In the corner of the window, over all else, as in the app of our own.
_CORNER = {
    "position": "fixed",
    "bottom": "1rem",
    "right": "1rem",
    "zIndex": 40,
    "margin": 0,
    "padding": "0.6rem 1rem",
    "borderRadius": "0.4rem",
    "color": "#fff",
    "background": "#b02a37",
}
#: Milliseconds without an answer to anything that was asked: a server that is being started lets questions wait.
_SILENCE = 5000


def lost_note(id: str) -> Any:
    """Returns what is shown while the server does not answer."""
    return html.P(LOST, id=id, hidden=True, role="alert", style=_CORNER)


def watching(id: str) -> str:
    """Returns a function for the browser that shows a note while the server does not answer.

    It is started once, whatever calls it and however often. Dash has no event for that, but the page's own questions
    tell, of which a page of DeepCAVE's asks one a second.

    Args:
        id: The id of the note.
    """
    return f"""
function() {{
    if (window.symbolicFormulasAsk) {{ return window.dash_clientside.no_update; }}
    const ask = window.symbolicFormulasAsk = window.fetch;
    let open = 0, since = Date.now(), failed = false;
    const look = () => {{
        const words = document.getElementById("{id}");
        if (words) {{ words.hidden = !failed && !(open && Date.now() - since > {_SILENCE}); }}
    }};
    window.fetch = async (...question) => {{
        if (!open) {{ since = Date.now(); }}
        open += 1;
        try {{
            const answer = await ask(...question);
            since = Date.now();
            failed = false;
            return answer;
        }} catch (error) {{
            failed = failed || error.name !== "AbortError";
            throw error;
        }} finally {{
            open -= 1;
            look();
        }}
    }};
    setInterval(look, 1000);
    return window.dash_clientside.no_update;
}}
"""


def again_note(stored: Any) -> list[Any]:
    """Returns what stands above a result whose job was started once more; nothing above others."""
    told = isinstance(stored, Mapping) and stored.get(AGAIN_KEY)
    return [html.P(AGAIN, role="status", className="border rounded px-3 py-2")] if told else []
