"""Where the site and its repository are published, and what of the site depends on that.

The addresses stand in one place: `[project.urls]` of pyproject.toml. `TLCOURSE_REPOSITORY` and
`TLCOURSE_PAGES` go before it. What needs an address that is not set is left out.
"""

import os
import tomllib
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PREVIEW = (1200, 630)  # pixels, as previews are shown


class Addresses(NamedTuple):
    """Each without a slash at its end; "" where it is not set."""

    repository: str
    pages: str


def addresses() -> Addresses:
    """The two addresses, from the environment or from pyproject.toml."""
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"].get("urls", {})
    pairs = (("TLCOURSE_REPOSITORY", "Repository"), ("TLCOURSE_PAGES", "Documentation"))
    found = (os.environ.get(variable, urls.get(name, "")) for variable, name in pairs)
    return Addresses(*(address.strip().rstrip("/").removesuffix(".git") for address in found))


def write_sitemap(site: Path, pages: str) -> None:
    """List all pages for search engines; a sitemap may only hold whole addresses."""
    names = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    listed = [
        f"<url><loc>{escape(f'{pages}/{name}')}</loc></url>"
        for name in names
        if name not in ("404.html", "search.html", "genindex.html")
    ]
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    text = "\n".join([head, f'<urlset xmlns="{space}">', *listed, "</urlset>", ""])
    (site / "sitemap.xml").write_text(text, "utf-8")


def anchor_missing_page(site: Path, pages: str) -> None:
    """A missing page is shown at any depth: its links must start from the site's first page."""
    page = site / "404.html"
    head = f'<head><base href="{escape(pages)}/">'
    page.write_text(page.read_text("utf-8").replace("<head>", head, 1), "utf-8")


def write_preview(target: Path) -> None:
    """The picture that a link to the site is shown with: the course's overview on a white card."""
    picture = Image.open(ROOT / "lessons" / "overview.png").convert("RGBA")
    width = PREVIEW[0] - 80
    picture = picture.resize((width, round(picture.height * width / picture.width)))
    card = Image.new("RGB", PREVIEW, "white")
    card.paste(picture, (40, (PREVIEW[1] - picture.height) // 2), picture)
    card.save(target, optimize=True)
