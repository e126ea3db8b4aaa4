"""Draws docs/dashboard.png: the page over an invented office's week, half light, half dark."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from dashboard.browser import open_browser
from dashboard.served import served
from dashboard.trails import build_lines, write_trail

from excise.dashboard.desk import Books, build_desk

READY = "document.querySelectorAll('.lines tbody tr.opens').length > 5"


async def draw(url: str, folder: Path, target: Path, *, dark: bool) -> None:
    """One picture of the first section."""
    async with open_browser(folder / f"profile-{dark}") as page:
        await page.dress(dark=dark, width=1280, height=860)
        await page.open(url)
        await page.until(READY)
        await asyncio.sleep(0.3)  # what moves has come to rest
        await page.picture(target)


def main() -> int:
    """Write the picture; --dark for the other dress."""
    dark = "--dark" in sys.argv[1:]
    targets = [each for each in sys.argv[1:] if each != "--dark"]
    target = Path(targets[0] if targets else "docs/dashboard.png")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trail = write_trail(folder / "trail", build_lines(6000, end=datetime.now(UTC)))
        books = Books(trail=trail, state_dir=folder, reviewer="iris", limits=dict)
        with served(build_desk(books, {})) as page:
            asyncio.run(draw(page.url, folder, target, dark=dark))
    print(f"{target}: {target.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
