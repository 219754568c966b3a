"""`python -m tests.browser.picture`: take docs/page.png, of the real page after the real tour.

What is on it happened: the tour's group, then a choir that reports where it is moderated, so that a finished report
and a card that waits stand in one channel, beside everybody's mailbox.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import expect

from bot.sandbox.tour import Tour
from store.terms import SlackContent
from tests.browser.chromium import ChromiumMissingError, started
from tests.browser.desk import Desk
from tests.browser.place import MODERATORS, Place, opened

PICTURE = Path(__file__).parents[2] / "docs" / "page.png"
SIZE = {"width": 1440, "height": 900}
LARGEST = 300 * 1024


async def play(place: Place) -> None:
    """Everything that is to be seen."""
    await Tour(place.pocket).play(print)
    choir = await place.group(
        "choir", "linus", "barbara", "margaret",
        display_name="Choir", report_channel=MODERATORS, slack_content=SlackContent.EXCERPT,
    )  # fmt: skip
    pocket = place.pocket
    await pocket.compose(
        "U0LINUS", choir, "Rehearsal on Thursday", "At seven, with the new scores.\n", verdict="member"
    )
    await pocket.wait_message("ada", "#moderators", "elayed to 3 of 3", timeout=30.0)
    await pocket.compose(
        "Eve Oddly <eve@example.net>", choir, "May I sing along?",
        "I have a good alto voice, and would love to join for May.\n", verdict="stranger",
    )  # fmt: skip
    await pocket.wait_message("ada", "#moderators", "May I sing along?", timeout=30.0)
    await pocket.command("edsger", "#general", f"/group join {choir} I sang tenor for ten years")
    await pocket.wait_message("ada", "#moderators", "ten years", timeout=30.0)


async def take() -> bytes:
    """The picture as PNG. Raises ChromiumMissingError."""
    with tempfile.TemporaryDirectory(prefix="postroom-picture-") as folder:
        async with started() as browser, opened(Path(folder)) as place:
            await play(place)
            desk = Desk(await browser.new_page(viewport=SIZE, locale="en-GB"))  # type: ignore[arg-type]  # a ViewportSize
            desk.listen()
            await desk.page.goto(place.base)
            await desk.go("moderators")
            await expect(desk.message("ten years")).to_be_in_viewport()
            await expect(desk.mails("al@example.com", "Never mind")).to_be_visible()
            picture = await desk.page.screenshot()
            assert desk.trouble == [], desk.trouble
            return picture


def main() -> int:
    """The exit code."""
    try:
        picture = asyncio.run(take())
    except ChromiumMissingError as missing:
        print(missing)
        return 1
    assert len(picture) < LARGEST, f"{len(picture)} bytes are too many for a README"
    PICTURE.write_bytes(picture)
    print(f"{PICTURE.relative_to(Path.cwd())}: {len(picture)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
