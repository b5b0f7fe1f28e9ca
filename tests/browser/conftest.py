"""Fixtures of the browser tests: a browser, JupyterLab, voila, and a page that they are used in.

They need Chromium: Debian's, or any that is on the path. Without it, the tests are skipped.
"""

import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# Quiet and alone: no graphics card, no news from the network, and root may start it.
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-sync", "--disable-dev-shm-usage"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no network
)
SIZE = {"width": 1280, "height": 960}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def browser():
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if path is None:
        pytest.skip("there is no chromium here (on Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """Address of a JupyterLab that all tests of a file share."""
    from tests.browser.servers import jupyterlab

    with jupyterlab(tmp_path_factory.mktemp("lab")) as address:
        yield address


@pytest.fixture(scope="module")
def voila(browser, tmp_path_factory):
    """Address of a voila that all tests of a file share."""
    from tests.browser.servers import voila

    with voila(tmp_path_factory.mktemp("voila")) as address:
        yield address


@pytest.fixture
def demo(browser):
    """A page for one test; it fails if the page's console got an error."""
    from tests.browser.page import Demo

    context = browser.new_context(viewport=SIZE)
    made = Demo(context.new_page())
    yield made
    made.end_kernel()
    context.close()
    assert not made.errors, "\n".join(["errors in the page's console:", *made.errors])
