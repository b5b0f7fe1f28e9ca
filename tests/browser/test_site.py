"""The site of `make site`: each page opens from a file, alone, whole, with its figures named."""

import contextlib
import functools
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest

from tools import make_site, site_open, site_places

pytest.importorskip("sphinx", reason="needs the extra `site`")
axe_playwright_python = pytest.importorskip("axe_playwright_python", reason="it has axe")
from playwright.sync_api import TimeoutError  # noqa: E402

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(1800)  # the first test builds the site and visits each page
READ = """() => ({
    ids: [...document.querySelectorAll('[id], a[name]')].map(e => e.id || e.name),
    links: [...document.querySelectorAll('a[href]')].map(e => e.href),
    unnamed: [...document.querySelectorAll('img:not([alt]), img[alt=""]')].map(e => e.src),
    headings: [...(document.querySelector('article') || document).querySelectorAll(
        'h1, h2, h3, h4, h5, h6')].map(e => e.tagName),
    icon: document.querySelector('link[rel~=icon]')?.href ?? '',
    headless: [...document.querySelectorAll('table')].filter(
        e => !e.querySelector('th, [role=rowheader]')).map(e => e.innerText.slice(0, 60)),
    foreign: [...document.querySelectorAll('td, th')].filter(
        e => /[\\u4e00-\\u9fff]/.test(e.textContent) !== Boolean(e.closest('[lang=zh]'))
        ).map(e => e.textContent),
    paths: [...document.querySelectorAll('img')].filter(e => /\\.png$/.test(e.alt)).map(e => e.alt),
})"""


# Only violations are handed over, and styles are not asked for again: a page of a file may not.
QUICK = {"resultTypes": ["violations"], "preload": False}
RULES = {**QUICK, "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
COLORS = {**QUICK, "runOnly": {"type": "rule", "values": ["color-contrast"]}}
# Everything is opened. Code whose kinds of words were all met before is made plain: its colors have
# been judged, and thousands of words in color take axe most of its time.
OPEN = """async known => {
    document.querySelectorAll('details').forEach(e => e.open = true);
    for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
    const met = new Set(known);
    for (const pre of document.querySelectorAll('.highlight pre')) {
        const kinds = [...pre.querySelectorAll('span')].map(e => e.className);
        if (kinds.every(kind => met.has(kind))) pre.textContent = pre.textContent;
        kinds.forEach(kind => met.add(kind));
    }
    return [...met];
}"""
AXE = """rules => axe.run(document, rules).then(
    ({violations}) => violations.map(v => `${v.id}: ${v.nodes[0].html}`))"""


@pytest.fixture(scope="module")
def site() -> Path:
    unset = {**os.environ, "TLCOURSE_REPOSITORY": "", "TLCOURSE_PAGES": ""}
    command = [sys.executable, ROOT / "tools" / "make_site.py"]
    subprocess.run(command, check=True, timeout=900, env=unset)
    return ROOT / "build" / "site"


def _settled(page, rules) -> list[str]:
    """What axe finds; colors may not have settled, so a complaint counts if it stays a second."""
    for _ in range(3):
        if not (complaints := page.evaluate(AXE, rules)):
            break
        page.wait_for_timeout(1000)
    return complaints


def _note(trouble: list[str], name: str, what: object) -> None:
    trouble.append(f"{name}: {what}")


# Two frames later, what was changed is drawn.
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture(scope="module")
def visited(site, browser):
    """What each page has in it, and all complaints and foreign requests on the way."""
    axe = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
    found, trouble, known = {}, [], []
    for path in sorted(site.rglob("*.html")):
        # A page of its own: one that was dark before still has colors of that for a while.
        page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="light")
        note = functools.partial(_note, trouble, path.name)
        page.on("console", lambda m, note=note: m.type == "error" and note(m.text))
        page.on("pageerror", lambda error, note=note: note(error))
        page.on(
            "request",
            lambda r, note=note: r.url.startswith(("file:", "data:")) or note(f"asks {r.url}"),
        )
        page.goto(path.as_uri())
        # A color on its way from one theme to the other is nobody's to read.
        page.add_style_tag(content="*, ::before, ::after { transition: none !important; }")
        found[path] = page.evaluate(READ)
        known = page.evaluate(OPEN, known)
        page.evaluate(axe)
        found[path]["axe"] = _settled(page, RULES)
        page.emulate_media(color_scheme="dark")  # which changes colors only
        page.evaluate(DRAWN)
        found[path]["axe"] += _settled(page, COLORS)
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
            target, anchor = Path(unquote(parts.path)), unquote(parts.fragment).split("&")[0]
            ids = found.get(target, {}).get("ids")
            if not target.is_file() or (anchor and ids is not None and anchor not in ids):
                broken.add(f"{page.name} -> {target.name}#{anchor}")
    assert not broken, "\n".join(sorted(broken))


def test_headings_go_down_one_level_at_a_time(visited):
    found, _ = visited
    bad = {}
    for path, seen in found.items():
        steps = zip(["H0", *seen["headings"]], seen["headings"], strict=False)
        jumps = [f"{a} {b}" for a, b in steps if int(b[1]) > int(a[1]) + 1]
        if jumps or seen["headings"].count("H1") != 1:
            bad[path.name] = jumps or seen["headings"]
    assert not bad


def test_tables_have_headers_and_say_what_is_chinese(visited):
    found, _ = visited
    assert not {path.name: seen["headless"] for path, seen in found.items() if seen["headless"]}
    assert not {path.name: seen["foreign"] for path, seen in found.items() if seen["foreign"]}
    glossary = next(path for path in found if path.name == "GLOSSARY.html")
    assert glossary.read_text("utf-8").count('lang="zh"') > 60


def test_each_page_has_an_icon_that_is_there(visited):
    found, _ = visited
    for path, seen in found.items():
        icon = urlsplit(seen["icon"])
        assert icon.scheme == "data" or Path(unquote(icon.path)).is_file(), path.name


def test_those_who_want_less_motion_get_none(site, browser):
    moves = """() => [...document.querySelectorAll('*')].filter(e => {
        const style = getComputedStyle(e);
        return style.scrollBehavior === 'smooth' || parseFloat(style.transitionDuration)
            || style.animationName !== 'none';
    }).length"""
    for wanted in ("no-preference", "reduce"):
        page = browser.new_page(reduced_motion=wanted)
        page.goto((site / "lessons" / "03_why.html").as_uri())
        assert bool(page.evaluate(moves)) == (wanted == "no-preference")
        page.close()


def test_every_page_is_accessible_in_both_themes(visited):
    found, _ = visited
    bad = [f"{path.name}: {line}" for path, seen in found.items() for line in seen["axe"]]
    assert not bad, "\n".join(bad)


def test_what_does_not_scroll_is_no_tab_stop(site, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto((site / "lessons" / "01_what_it_is.html").as_uri())
    stops = "document.querySelectorAll('pre[tabindex]').length"
    wide = page.evaluate(stops)
    page.set_viewport_size({"width": 320, "height": 900})
    page.wait_for_function(f"{stops} > {wide}")
    assert wide < page.locator("pre").count()
    page.close()


def test_search_finds_each_word_of_the_glossary(site, browser):
    """In the glossary, among others; words in brackets explain, and are not searched for."""
    rows = re.findall(r"^\| ([^|]+) \|", (ROOT / "lessons/GLOSSARY.md").read_text("utf-8"), re.M)
    words = [re.sub(r"\s*\(.*\)", "", row) for row in rows[2:]]
    assert "backbone" in words
    assert len(words) > 60
    page, trouble = browser.new_page(), []
    page.on("console", lambda m: m.type == "error" and trouble.append(m.text))
    page.goto(f"{(site / 'search.html').as_uri()}?q=backbone")
    for word in words:
        page.evaluate(
            "word => { document.getElementById('search-results').replaceChildren();"
            " Search.performSearch(word); }",
            word,
        )
        link = page.locator("#search-results li a[href*='GLOSSARY.html']").first
        with contextlib.suppress(TimeoutError):
            link.wait_for(timeout=10_000)
            continue
        trouble.append(word)
    page.close()
    assert not trouble


def test_dials_stand_in_the_pages_that_name_them(site, browser):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    for name, dials in site_places.PLACES.items():
        page.goto((site / name).with_suffix(".html").as_uri())
        for kind in dials:
            words = page.locator(f"#{kind}-dial .dial-words")
            assert words.inner_text().endswith((".", "?"))
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_nothing_lies_over_a_tour_on_a_telephone(site, browser):
    page = browser.new_page(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    page.goto((site / "lessons" / "03_why.html").as_uri())
    dial = page.locator("#how-much-dial")
    dial.get_by_role("button", name="Tour in five steps").click()
    tour = dial.get_by_role("group", name="Tour")
    tour.get_by_role("button", name="higher").click()
    over = """tour => { const { left, top, width } = tour.getBoundingClientRect();
        return [0.1, 0.5, 0.9].every(at =>
            tour.contains(document.elementFromPoint(left + at * width, top + 12))); }"""
    assert tour.evaluate(over)
    page.close()


def test_each_picture_of_the_book_says_what_it_shows(site):
    shown = {}
    with zipfile.ZipFile(site / make_site.BOOK) as book:
        names = [name for name in book.namelist() if name.endswith(".xhtml")]
        assert "pre-wrap" in book.read("_static/book.css").decode()
        for name in names:
            page = ElementTree.fromstring(book.read(name))
            for picture in page.iter("{http://www.w3.org/1999/xhtml}img"):
                shown[name, picture.get("src")] = (picture.get("alt") or "").strip()
    assert "lessons/13_can_i_trust_it.xhtml" in names
    assert not any("404" in name for name in names)
    assert len(shown) > 60
    assert not [place for place, words in shown.items() if len(words) < 8]


@pytest.mark.skipif(not shutil.which("epubcheck"), reason="epubcheck (a Debian package) is needed")
def test_the_book_passes_epubcheck(site):
    command = ["java", "-jar", shutil.which("epubcheck"), str(site / make_site.BOOK)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert "0 fatals / 0 errors / 0 warnings" in told.stdout, told.stdout[:3000] + told.stderr[:500]


def test_without_an_address_nothing_shows_one(site):
    assert not (site / "sitemap.xml").exists()
    assert not (site / site_open.FOLDER).exists()
    lesson = (site / "lessons" / "01_what_it_is.html").read_text("utf-8")
    assert "open-in" not in lesson
    assert 'property="og:title" content="1 · What transfer learning is"' in lesson
    assert 'property="og:image"' not in lesson
    assert "<base" not in (site / "404.html").read_text("utf-8")
