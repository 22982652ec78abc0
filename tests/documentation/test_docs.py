"""The documentation builds strictly from the installed package, can be read offline, and quotes what really happens."""

from __future__ import annotations

import argparse
import configparser
import html
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

import deepcave_symbolic
from build_docs import build_site
from deepcave_symbolic import exceptions
from deepcave_symbolic.cli import build_parser
from quoted import PAGES, ROOT, code, commands, matches, run_page

DOCS = ROOT / "docs"
MARKDOWN = [page for page in sorted(DOCS.rglob("*.md")) if "hooks" not in page.parts]


@dataclass
class Page:
    """A built page: where it is, what it points to, what can be pointed to, and what it loads by itself."""

    path: Path
    links: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    loaded: list[str] = field(default_factory=list)
    text: str = ""


class _Reader(HTMLParser):
    """Collects what `Page` holds."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.page.ids |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a":
            self.page.links += [values["href"]] if "href" in values else []
        elif tag not in ("meta", "form"):
            self.page.loaded += [values[name] for name in ("src", "srcset", "href", "data", "poster") if name in values]

    def handle_data(self, data: str) -> None:
        self.page.text += data


@dataclass(frozen=True)
class Site:
    """The built site and what mkdocs said."""

    folder: Path
    log: str
    pages: dict[Path, Page]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site, built in a folder with its sources but without the package, so that only the installed one is used."""
    folder, log = build_site(tmp_path_factory.mktemp("docs"))
    pages = {}
    for path in sorted(folder.rglob("*.html")):
        pages[path] = Page(path)
        _Reader(pages[path]).feed(path.read_text(encoding="utf-8"))
    return Site(folder, log, pages)


def test_builds_strictly_from_the_installed_package(site: Site) -> None:
    assert "WARNING" not in site.log and "ERROR" not in site.log
    assert (
        f"Documenting deepcave-symbolic {version('deepcave-symbolic')} in {Path(deepcave_symbolic.__file__).parent}"
        in (site.log)
    )


@pytest.mark.parametrize("source", MARKDOWN, ids=lambda p: p.relative_to(DOCS).as_posix())
def test_every_page_is_in_the_navigation(site: Site, source: Path) -> None:
    target = source.relative_to(DOCS).with_suffix(".html").as_posix()
    page = site.folder / target
    assert page in site.pages
    # The home page links to itself by its anchor.
    assert target in site.pages[site.folder / "index.html"].links or target == "index.html"
    assert "<!-- generated" not in page.read_text(encoding="utf-8")


def test_nothing_is_loaded_from_another_host(site: Site) -> None:
    for page in site.pages.values():
        assert [url for url in page.loaded if urlsplit(url).netloc] == [], page.path
    for style in site.folder.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not re.search(r"url\(\s*[\"']?(https?:)?//|@import", text), style


def test_links_and_anchors_lead_somewhere(site: Site) -> None:
    for page in site.pages.values():
        # The page of a server for addresses that do not exist; nobody sees it in the file system.
        if page.path.name == "404.html":
            continue
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                assert parts.scheme in ("https", "http", "mailto"), (page.path.name, link)
                continue
            target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
            assert target.exists(), (page.path.name, link)
            if parts.fragment and target in site.pages:
                assert unquote(parts.fragment) in site.pages[target].ids, (page.path.name, link)


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from _parsers(child)


def test_command_line_reference_is_complete(site: Site) -> None:
    page = site.pages[site.folder / "command-line.html"]
    text = " ".join(page.text.split())
    for parser in _parsers(build_parser()):
        assert parser.prog in text
        anchor = "-".join(parser.prog.split()[1:]) or "deepcave-symbolic"
        assert anchor in page.ids
        for action in parser._actions:
            if action.option_strings and action.help is not argparse.SUPPRESS:
                assert f"{anchor}-{action.option_strings[-1].lstrip('-')}" in page.ids
                assert all(option in text for option in action.option_strings)
                # argparse writes a percent sign twice.
                assert " ".join((action.help or "").split()).replace("%%", "%") in text


def test_every_public_name_has_an_anchor(site: Site) -> None:
    ids = site.pages[site.folder / "api" / "index.html"].ids | site.pages[site.folder / "api" / "errors.html"].ids
    for name in deepcave_symbolic.__all__:
        assert {f"deepcave_symbolic.{name}", f"deepcave_symbolic.exceptions.{name}"} & ids, name
    assert {f"deepcave_symbolic.exceptions.{name}" for name in exceptions.__all__} <= ids
    protocols = site.pages[site.folder / "api" / "protocols.html"].ids
    assert "deepcave_symbolic.surrogates.Surrogate" in protocols
    assert "deepcave_symbolic.engines.SymbolicRegressionEngine" in protocols
    assert "deepcave_symbolic.config.Config" in protocols


def test_signatures_have_types(site: Site) -> None:
    text = site.pages[site.folder / "api" / "index.html"].text
    assert re.search(r"explain\(\s*run: Any,\s*\*hyperparameters: str", text)


def test_pages_of_features_appear_by_themselves(tmp_path: Path) -> None:
    navigation = _hook("navigation")
    (tmp_path / "features").mkdir()
    nav = [{"Home": "index.md"}, {"Features": "features/*.md"}]
    config = argparse.Namespace(nav=nav, docs_dir=str(tmp_path))
    assert navigation.on_config(config).nav == [{"Home": "index.md"}]
    (tmp_path / "features" / "b.md").write_text("# A report of `all`\n\ntext", encoding="utf-8")
    (tmp_path / "features" / "a.md").write_text("## Comparing runs { #compare }\n", encoding="utf-8")
    config = argparse.Namespace(nav=nav, docs_dir=str(tmp_path))
    assert navigation.on_config(config).nav[1] == {
        "Features": [{"A report of all": "features/b.md"}, {"Comparing runs": "features/a.md"}]
    }


def _hook(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, DOCS / "hooks" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    pytest.importorskip("mkdocs")
    spec.loader.exec_module(module)
    return module


def test_names_in_the_reference_are_escaped() -> None:
    hook = _hook("command_line")
    parser = argparse.ArgumentParser(prog="p", description="a < b")
    parser.add_argument("--x<y", metavar="<N>", help="50%% of *all* <b>")
    text = "\n".join(hook._sections(parser, []))
    for part in ("<b>", "<N>", "a < b"):
        assert html.escape(part) in text
    assert "<b>" not in text.replace(html.escape("<b>"), "")


@pytest.fixture
def tested_versions() -> None:
    """Skips on other versions than those whose output the pages show."""
    pinned = dict(
        re.findall(r"^([\w.-]+)==(.+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    )
    for name in ("numpy", "scikit-learn", "smac", "optuna"):
        if version(name) != pinned[name]:
            pytest.skip(f"the pages show the output of {name} {pinned[name]}; here is {version(name)}")


def _id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _quotes(page: Path) -> bool:
    text = page.read_text(encoding="utf-8")
    return bool(code(text) or list(commands(text)))


#: Pages with studies, reports and searches that each take a quarter of a minute or more.
LONG = {f"{name}.md" for name in ("report", "region", "studies", "optuna", "next", "compare", "estimator")}


@pytest.mark.parametrize(
    "page",
    [pytest.param(p, marks=[pytest.mark.long] if p.name in LONG else []) for p in PAGES if _quotes(p)],
    ids=_id,
)
def test_code_and_commands_print_what_is_shown(page: Path, tested_versions: None) -> None:
    for quote, printed in run_page(page):
        assert quote.output is None or matches(quote.output, printed), f"{quote.source}\n{printed}"


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("cost ≈ 72.1 - 0.668/(x^2.66)", "cost ≈ 72.1 - 0.667/(x^2.66)", True),
        ("cost ≈ 72.1 - 0.668/(x^2.66)", "cost ≈ 72.1 -\n  0.668/(x^2.66)", True),
        ("cost ≈ 72.1 - 0.668/(x^2.66)", "cost ≈ 72.1 + 0.668/(x^2.66)", False),
        ("cost ≈ 2.4e-5/x", "cost ≈ 2.4e-6/x", False),
        ("R² 0.96", "R² 0.91", False),
        ("36 % of 40 trials, 5 nodes", "37 % of 40 trials, 5 nodes", True),
        ("36 % of 40 trials, 5 nodes", "36 % of 40 trials, 6 nodes", False),
        ("sqrt(x)", "log(x)", False),
        ("a\n…\nc", "a\nb\nb\nc", True),
        ("a\n…\nc", "a\nb\nb", False),
        ("version …\nend", "version 0.1.0\nend", True),
        ("version …\nend", "version 0.1.0\nmore\nend", False),
    ],
)
def test_comparing_forgives_rounding_only(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed) is same


def test_every_extra_is_described() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    text = (DOCS / "installation.md").read_text(encoding="utf-8")
    for extra in setup["options.extras_require"]:
        assert f"\n| `{extra}` |" in text, extra


def test_pictures_are_small_and_shown() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in MARKDOWN)
    for picture in DOCS.rglob("*.png"):
        assert picture.relative_to(DOCS).as_posix() in text, f"{picture.name} is on no page"
        assert picture.stat().st_size < 300_000
