"""The panel in an app of our own, on current Dash: for Pythons that DeepCAVE does not run on.

`page.py` places what the panel's shared functions build, `fresh.py` fills it in, `app.py` connects inputs and jobs,
`shown.py` the page with what was found, `front.py` makes the pages that the browser keeps, `growth.py` watches the run.
`pages/` has the whole run, laws, several runs and the help. `jobs.py` explains a run in a process of its own,
`results.py` keeps what was found, `opened_runs.py` knows the runs and `offer.py` what each offers to choose from,
`server.py` is the process that serves. `one_page.py` serves one explanation without all of them.
"""

from __future__ import annotations

__all__: list[str] = []
