"""The page that a person sees who opens the server in a browser."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.soak.process import StartPas, start_pas

__all__ = ["start_pas"]

# Without the background services Chromium asks no host for anything.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def opened(page: Page, address: str) -> list[str]:
    """Open *address* and return what the browser complains about."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.goto(address)
    return complaints


def test_the_page_says_what_the_server_is(start_pas: StartPas, sqlite_url: str, chromium_path: Path) -> None:
    server = start_pas(DATABASE_URL=sqlite_url, SANDBOX="1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium_path), args=QUIET)
        page = browser.new_page(viewport={"width": 420, "height": 900})
        assert opened(page, f"http://127.0.0.1:{server.port}/") == []
        assert page.get_by_role("heading", level=1).inner_text().startswith("wiser-pas")
        assert page.get_by_role("note").is_visible()  # it is a sandbox
        assert page.get_by_role("row").count() == 3
        assert "$submit" in page.get_by_role("table").inner_text()
        # Nothing sticks out sideways on a telephone's screen.
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        browser.close()
