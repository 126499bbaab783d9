"""A page in a real headless Chromium; skipped, with the reason, where there is none."""

from pathlib import Path

import pytest

from tests.browser import chromium

CHECKOUT = Path(__file__).resolve().parents[2]
AXE = CHECKOUT / ".npm" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")  # not longer: its event loop would run during other tests
def browser():
    """The Chromium of this machine, headless."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright from PyPI")
    if chromium.program() is None:
        pytest.skip(f"needs one of {', '.join(chromium.NAMES)}: apt-get install chromium")
    with playwright.sync_playwright() as started:
        running = chromium.launch(started)
        yield running
        running.close()


@pytest.fixture
def opened(browser):
    """Open a page file; at the end, nothing may have been fetched, and nothing complained of."""
    contexts, complaints, requests = [], [], []

    def open_(path, view="", width=1280, **how):
        context = browser.new_context(viewport={"width": width, "height": 900}, **how)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(f"{path.as_uri()}{view}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.fixture(scope="session")
def axe():
    """The script of axe-core, which finds faults of accessibility."""
    if not AXE.is_file():
        pytest.skip("needs axe-core from npm: make axe")
    return AXE.read_text("utf-8")
