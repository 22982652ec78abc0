"""LaTeX that compiles and shows names literally, where pdflatex (and lualatex) and pdftotext are installed.

CI installs no TeX. On Debian: apt-get install texlive-latex-base texlive-latex-recommended poppler-utils, and
texlive-luatex for names that pdflatex has no letters for.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from deepcave_symbolic import explain
from deepcave_symbolic.cli import main
from deepcave_symbolic.show.document import document
from deepcave_symbolic.show.latex import write_latex
from deepcave_symbolic.show.overview import overview
from deepcave_symbolic.words.names import latex_name, visible
from hostile import NAMES as HOSTILE
from hostile import renamed
from strategies import NAMES as TRICKY
from waiting import LIMIT

PREAMBLE = (
    "\\documentclass{article}\\usepackage{amsmath,booktabs}\\usepackage[paperwidth=300cm,paperheight=200cm]{geometry}"
)
#: Bengali: in none of TeX's default fonts.
PDFLATEX_LACKS = {"৴"}
#: Math mode has no ^, ~, quotes and hyphen of its own; these look the same.
LOOKS = str.maketrans(
    {"∧": "^", "∼": "~", "′": "'", "’": "'", "”": '"', "‘": "`", "∗": "*", "−": "-", "‐": "-", "\\": "\\"}
)


def need(*programs: str) -> None:
    for program in (*programs, "pdftotext"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def compiled(tmp_path: Path, body: str, *, program: str = "pdflatex") -> str:
    """The words of the PDF without any space, after a compilation in which nothing may be wrong or run."""
    source = tmp_path / "names.tex"
    source.write_text(f"{PREAMBLE}\\begin{{document}}\n{body}\n\\end{{document}}\n", encoding="utf-8")
    command = [program, "-no-shell-escape", "-halt-on-error", "-interaction=nonstopmode", source.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=LIMIT, check=False)
    log = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, log[-2000:]
    subprocess.run(["pdftotext", "-layout", "names.pdf", "names.txt"], cwd=tmp_path, check=True, timeout=LIMIT)
    text = (tmp_path / "names.txt").read_text(encoding="utf-8")
    return "".join(text.translate(LOOKS).split())


def shown(name: str, program: str = "pdflatex") -> str:
    """What pdftotext finds of a name: hidden characters are written out, and pdflatex's underscore is a line."""
    words = "".join(visible(name).split())
    return words.replace("_", "") if program == "pdflatex" else words


@pytest.mark.parametrize("program", ["pdflatex", "lualatex"])
def test_every_name_compiles_and_is_literal(tmp_path: Path, program: str) -> None:
    need(program)
    names = [name for name in [*HOSTILE.values(), *TRICKY] if not PDFLATEX_LACKS & set(name)]
    body = "\n\n".join(f"BEGIN ${latex_name(name)}$ END" for name in names)
    words = compiled(tmp_path, body, program=program)
    for name in names:
        assert f"BEGIN{shown(name, program)}END" in words, name


def test_letters_that_pdflatex_lacks_compile_with_lualatex(tmp_path: Path) -> None:
    need("lualatex")
    compiled(tmp_path, f"${latex_name('৴')}$", program="lualatex")


def test_tables_and_formulas_of_hostile_names_compile(tmp_path: Path) -> None:
    need("pdflatex")
    kinds = ("latex", "markup", "quotes", "control")
    names = [f"{HOSTILE[kind]}{i}" for i, kind in enumerate(kinds)]
    folder = renamed(tmp_path / "run", names)
    explanation = explain(folder, names[0], names[2], max_complexity=7)
    parts = [write_latex(document(explanation)), write_latex(overview([explanation]))]
    parts += [f"$\\displaystyle {formula.latex()}$" for formula in explanation.formulas]
    output = tmp_path / "front.tex"
    assert (
        main(["explain", "--max-complexity", "6", str(folder), "-p", names[0], "--format", "latex", "-o", str(output)])
        == 0
    )
    parts.append(output.read_text(encoding="utf-8"))
    words = compiled(tmp_path, "\n\n".join(parts))
    for name in names:
        assert shown(name) in words, name
