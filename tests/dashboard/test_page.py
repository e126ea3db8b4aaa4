"""The page in a real browser: what is seen, by eye, by keyboard and by those who read with ears."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from dashboard.browser import PROGRAM, Page, open_browser
from dashboard.served import Served, served
from dashboard.trails import append, build_lines, write_trail

from excise.audit.review import FILE, read_reviews
from excise.dashboard.desk import Books, build_desk

pytestmark = pytest.mark.skipif(not PROGRAM, reason="no chromium here")

LIMITS = {
    "limits": [
        {"key": "team/group:sales", "used": 9_100_000, "limit": 10_000_000, "seconds": 86_400,
         "mode": "enforce", "count": "cost"},
    ],
    "why": "",
}  # fmt: skip
NASTY = "<img src=x onerror=\"document.title='owned'\">"
SECTIONS = ("activity", "findings", "people", "shadow", "budgets", "coverage", "review")
# Own checks of what axe leaves open or undecided, such as the contrast of texts over colours that
# shine through, in the words of WCAG 2.2.
AUDIT = (Path(__file__).parent / "accessible.js").read_text()
# The package is read, not imported: it would want a driver of browsers of its own.
AXE = distribution("axe-playwright-python").locate_file("axe_playwright_python/axe.min.js")
RUN_AXE = """
  axe.run(document, {resultTypes: ["violations"]}).then((found) => found.violations.flatMap(
    (rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 140)}`)))
"""


@pytest.fixture
async def seen(tmp_path: Path) -> AsyncIterator[tuple[Page, Served]]:
    """A browser in front of a page over a week's lines that ends now."""
    lines = build_lines(400, end=datetime.now(UTC))
    lines[-1] |= {"model": NASTY, "action": "block", "would": "block"}
    for ruling in (each for line in lines for each in line.get("rulings", ())):
        ruling["excerpt"] = f"write to [EMAIL] {NASTY}"
    trail = write_trail(tmp_path / "trail", lines)
    books = Books(
        trail=trail, state_dir=tmp_path, reviewer="iris", limits=lambda: LIMITS,
        proposals=lambda: [{"title": NASTY, "says": "s", "diff": "--- a\n+++ b\n+x"}],
    )  # fmt: skip
    with served(build_desk(books, {"version": "0.1.0"})) as server:
        async with open_browser(tmp_path / "profile") as page:
            await page.dress(dark=False)
            yield page, server


async def faults_of(page: Page) -> list[str]:
    """What axe and our own checks complain of in what is shown now."""
    if not await page.run("typeof axe === 'object'"):
        await page.run(Path(str(AXE)).read_text("utf-8"))
    return [*await page.run(RUN_AXE), *await page.run(AUDIT)]


async def shown(page: Page, section: str) -> None:
    await page.run(f"location.hash = '#/{section}?range=7d'")
    await page.until(
        f"document.querySelector('nav [aria-current]')?.hash.startsWith('#/{section}')"
        " && !document.querySelector('main[aria-busy]')"
        " && document.querySelectorAll('main .card').length > 0"
        " && !/Counting/.test(document.querySelector('#notice').textContent)"
    )


async def listed(page: Page) -> None:
    await page.until(
        "!document.querySelector('main[aria-busy]')"
        " && document.querySelectorAll('.lines tbody tr.opens').length > 5"
    )


async def test_the_page_from_the_first_address_to_the_last_verdict(
    seen: tuple[Page, Served], tmp_path: Path
) -> None:
    page, server = seen
    await page.open(f"http://127.0.0.1:{server.port}/#token=wrong")
    await page.until("document.querySelector('#refused').textContent.includes('not the token')")
    assert await faults_of(page) == []
    await page.run(
        f"document.querySelector('#token').value = '{server.desk.login.token}';"
        "document.querySelector('#login button').click()"
    )
    await page.until("document.querySelectorAll('.lines tbody tr.opens').length === 100")
    assert "token" not in await page.run("location.href + document.cookie + document.referrer")

    # live: a line that is written stands on top, texts are texts
    line = build_lines(2, end=datetime.now(UTC), days=0.01)[1]
    append(server.desk.ledger.path, {**line, "id": "fresh", "model": NASTY})
    await page.until("document.querySelector('.lines tbody tr.fresh')")
    assert await page.run("document.querySelectorAll('img[src=\"x\"]').length") == 0
    assert await page.run("document.querySelector('.lines').textContent.includes('onerror')")

    # filters by what was typed, by keyboard
    await page.press("/")
    for letter in "action:redact":
        await page.press(letter)
    await page.press("Enter")
    await page.until("document.querySelector('.filter').textContent.includes('redact')")
    await listed(page)
    chips = await page.run("[...document.querySelectorAll('.lines .chip')].map(e => e.textContent)")
    assert set(chips) == {"redact"}

    # one verdict, opened and judged
    await page.press("Escape")
    await page.press("j")
    await page.press("j")
    await page.press("Enter")
    await page.until("document.querySelector('#drawer[open] .ruling .false')")
    fields = await page.run("document.querySelector('#drawer').textContent")
    assert "Fingerprint" in fields and "Milliseconds" in fields
    assert f"write to [EMAIL] {NASTY}" in fields
    await page.run("document.querySelector('#drawer .judge input').value = 'of the manual'")
    await page.run("document.querySelector('#drawer .judge .false').click()")
    await page.until("document.querySelector('#drawer .judge [role=status]').textContent")
    (review,) = read_reviews(tmp_path / FILE)
    assert (review.verdict, review.reason, review.by) == (False, "of the manual", "iris")
    await page.press("Escape")
    await page.until("!document.querySelector('#drawer[open]')")

    # by number to the queue, whose rate now knows it; then out
    await page.press("7")
    await page.until("document.querySelector('.review .interval')")
    assert review.rule in await page.run("document.querySelector('.review .side').textContent")
    await page.run("document.querySelector('#logout').click()")
    await page.until("!document.querySelector('#gate').hidden")
    assert await page.run("fetch('/api/overview').then(answer => answer.status)") == 401
    assert await page.run("document.title") != "owned"
    refused = [text for text in page.complaints if "401" not in text and "403" not in text]
    assert refused == []
    assert {url.split("/")[2] for url in page.requests} == {f"127.0.0.1:{server.port}"}


async def test_every_section_is_accessible_in_both_dresses(seen: tuple[Page, Served]) -> None:
    page, server = seen
    found: dict[str, Any] = {}
    for dark in (False, True):
        await page.dress(dark=dark)
        await page.open(server.url if not dark else server.url.partition("#")[0])
        await listed(page)
        assert await page.run("document.documentElement.dataset.theme") == (
            "dark" if dark else "light"
        )
        for section in SECTIONS:
            await shown(page, section)
            if faults := await faults_of(page):
                found[f"{section} {'dark' if dark else 'light'}"] = faults
        await shown(page, "activity")
        await listed(page)
        await page.press("j")
        await page.press("Enter")
        await page.until("document.querySelector('#drawer[open] .facts')")
        if faults := await faults_of(page):
            found[f"drawer {dark}"] = faults
        await page.press("Escape")
        await page.press("?")
        await page.until("document.querySelector('#keys[open]')")
        if faults := await faults_of(page):
            found[f"keys {dark}"] = faults
    await page.dress(dark=True, width=390, height=800)
    for section in SECTIONS:
        await shown(page, section)
        assert await page.run("document.documentElement.scrollWidth") <= 390, section
        edge = "document.querySelector('nav [aria-current]').getBoundingClientRect().right"
        assert await page.run(edge) <= 390, section
    assert found == {}
    assert page.complaints == []
