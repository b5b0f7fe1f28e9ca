"""The site of `make site`: each page opens from a file, alone, whole, with its figures named."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("sphinx", reason="needs the extra `site`")
ROOT = Path(__file__).parents[2]
READ = """() => ({
    ids: [...document.querySelectorAll('[id], a[name]')].map(e => e.id || e.name),
    links: [...document.querySelectorAll('a[href]')].map(e => e.href),
    unnamed: [...document.querySelectorAll('img:not([alt]), img[alt=""]')].map(e => e.src),
    paths: [...document.querySelectorAll('img')].filter(e => /\\.png$/.test(e.alt)).map(e => e.alt),
})"""


@pytest.fixture(scope="module")
def site() -> Path:
    subprocess.run([sys.executable, ROOT / "tools" / "make_site.py"], check=True, timeout=400)
    return ROOT / "build" / "site"


@pytest.fixture(scope="module")
def visited(site, browser):
    """What each page has in it, and all complaints and foreign requests on the way."""
    found, trouble = {}, []
    page = browser.new_page()
    page.on("console", lambda m: m.type == "error" and trouble.append(f"{page.url}: {m.text}"))
    page.on("pageerror", lambda error: trouble.append(f"{page.url}: {error}"))
    page.on(
        "request",
        lambda r: (
            r.url.startswith(("file:", "data:")) or trouble.append(f"{page.url} asks {r.url}")
        ),
    )
    for path in sorted(site.rglob("*.html")):
        page.goto(path.as_uri())
        found[path] = page.evaluate(READ)
    page.close()
    return found, trouble


def test_pages_ask_for_nothing_and_complain_of_nothing(visited):
    found, trouble = visited
    assert len(found) > 60
    assert not trouble, "\n".join(trouble)


def test_figures_have_alternative_texts(visited):
    found, _ = visited
    bad = {p.name: m["unnamed"] + m["paths"] for p, m in found.items() if m["unnamed"] + m["paths"]}
    assert not bad


def test_links_and_anchors_lead_somewhere(visited):
    found, _ = visited
    broken = set()
    for page, seen in found.items():
        for link in seen["links"]:
            parts = urlsplit(link)
            if parts.scheme != "file":
                continue
            target, anchor = Path(unquote(parts.path)), unquote(parts.fragment)
            ids = found.get(target, {}).get("ids")
            if not target.is_file() or (anchor and ids is not None and anchor not in ids):
                broken.add(f"{page.name} -> {target.name}#{anchor}")
    assert not broken, "\n".join(sorted(broken))


def test_search_finds_a_word_of_the_glossary(site, browser):
    page = browser.new_page()
    page.goto(f"{(site / 'search.html').as_uri()}?q=backbone")
    page.wait_for_selector("#search-results li", timeout=20_000)
    assert page.locator("#search-results li a").count() > 1
    page.close()


KINDS = (
    "lessons/GLOSSARY",
    "index",
    "lessons/01_what_it_is",
    "lessons/exercises/01_what_it_is",
    "api",
)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_of_each_kind_is_accessible(site, browser, kind, theme):
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(color_scheme=theme, viewport={"width": 390, "height": 844})
    page.goto((site / f"{kind}.html").as_uri())
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    found = Axe().run(page, options=rules).response["violations"]
    page.close()
    assert not found, [(v["id"], v["nodes"][0]["html"]) for v in found]
