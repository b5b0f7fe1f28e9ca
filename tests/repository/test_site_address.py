"""What of the site hangs on an address: nothing where none is set."""

import xml.etree.ElementTree as ET

import pytest
from PIL import Image

from tools import make_site, site_address

PAGES = "https://example.org/course"


def test_no_address_is_set_until_somebody_sets_one(monkeypatch):
    monkeypatch.delenv("TLCOURSE_REPOSITORY", raising=False)
    monkeypatch.setenv("TLCOURSE_PAGES", " https://example.org/course/ ")
    assert site_address.addresses() == ("", PAGES)
    monkeypatch.setenv("TLCOURSE_REPOSITORY", "https://github.com/a/b.git")
    assert site_address.addresses() == ("https://github.com/a/b", PAGES)


def test_the_sitemap_lists_whole_addresses(tmp_path):
    (tmp_path / "lessons").mkdir()
    for name in ("index", "404", "search", "lessons/01"):
        (tmp_path / f"{name}.html").touch()
    site_address.write_sitemap(tmp_path, PAGES)
    places = [element.text for element in ET.parse(tmp_path / "sitemap.xml").iter() if element.text]
    assert [place.strip() for place in places if place.strip()] == [
        f"{PAGES}/index.html",
        f"{PAGES}/lessons/01.html",
    ]


def test_a_missing_page_leads_on_from_any_depth(tmp_path):
    (tmp_path / "404.html").write_text("<html><head><title>x</title></head></html>")
    site_address.anchor_missing_page(tmp_path, PAGES)
    assert f'<head><base href="{PAGES}/"><title>' in (tmp_path / "404.html").read_text()


def test_the_preview_has_the_size_of_previews(tmp_path):
    site_address.write_preview(tmp_path / "preview.png")
    with Image.open(tmp_path / "preview.png") as picture:
        assert picture.size == (1200, 630)


@pytest.mark.parametrize(
    ("repository", "becomes"),
    [
        ("", "the tests (`tests`)"),
        ("https://x.org/y", "[the tests](https://x.org/y/tree/main/tests)"),
    ],
)
def test_a_link_to_what_is_no_page(repository, becomes):
    text = "[the tests](../tests) and [one](01.ipynb)"
    linked = make_site.relink(text, "lessons/a.md", {"lessons/01.ipynb"}, repository)
    assert linked == f"{becomes} and [one](01.ipynb)"


def test_a_folder_is_named_once():
    assert make_site.relink("in [`teaching/`](../teaching)", "lessons/a.md", set()) == (
        "in `teaching`"
    )
