"""Runs tutorial.ipynb in a fresh kernel and stores its outputs, for readers on the web.

    python examples/refresh_notebook.py

Kept are text, tables and formulas; of a figure its picture, drawn by Chromium, because web pages do not run what plotly
stores. Nothing that changes from one time to the next is kept: no times, no counts, no paths.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import plotly.graph_objects as go
from nbclient import NotebookClient
from nbformat.v4 import new_output

NOTEBOOK = Path(__file__).with_name("tutorial.ipynb")
PLOTLY = "application/vnd.plotly.v1+json"
#: Parts of an explanation that hold MathML; its formula stands in text beside them.
TYPESET = r"<div style='display:flex.*?</div>|<details>.*?</details>"
SIZE = {"width": 860, "height": 460}


def executed(notebook: Path = NOTEBOOK) -> Any:
    """Returns the notebook with the outputs of a fresh kernel, started in the notebook's folder."""
    content = nbformat.read(notebook, as_version=4)
    resources = {"metadata": {"path": str(notebook.parent)}}
    NotebookClient(
        content, timeout=180, kernel_name="python3", record_timing=False, coalesce_streams=True, resources=resources
    ).execute()
    return content


def store(content: Any, notebook: Path = NOTEBOOK) -> None:
    """Writes the notebook with what is worth keeping of its outputs."""
    for cell in content.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [kept for output in cell.outputs if (kept := for_readers(output)) is not None]
    content.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.validate(content)
    notebook.write_text(json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def for_readers(output: Any) -> Any:
    """Returns an output as it is stored, None for one that is not."""
    if output.output_type == "stream":
        return output if output.name == "stdout" else None
    data = output.data
    if PLOTLY in data:
        return new_output("display_data", {"image/jpeg": picture(data[PLOTLY])})
    page = data.get("text/html", "")
    if "plotly" in page.lower():
        return None  # the library itself, a few MB
    # Web pages that show notebooks leave the tags of MathML out, and what is left of a formula would be another one.
    if "text/latex" in data and "<code>" not in page:
        data.pop("text/html", None)
    elif page:
        data["text/html"] = re.sub(
            r"<div style='display:flex.*?</div>|<details>.*?</details>", "", page, flags=re.DOTALL
        )
        data.pop("text/latex", None)
    return new_output(output.output_type, data)


def picture(figure: dict[str, Any]) -> str:
    """Returns a figure as a JPEG, in base64, drawn by Chromium."""
    from playwright.sync_api import sync_playwright

    page_text = go.Figure(figure["data"], figure["layout"]).to_html(include_plotlyjs=True, config={"staticPlot": True})
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=SIZE)
        page.set_content(page_text)
        page.wait_for_selector(".main-svg")
        image = page.screenshot(type="jpeg", quality=80)
        browser.close()
    return base64.b64encode(image).decode("ascii")


if __name__ == "__main__":
    store(executed())
    print(f"{NOTEBOOK.name}: {NOTEBOOK.stat().st_size / 1000:.0f} kB")
