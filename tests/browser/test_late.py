"""What a person does while the page does not know yet what has changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Route, expect

from tests.browser.desk import MARKS, Desk
from tests.browser.place import Place

pytestmark = MARKS


@asynccontextmanager
async def held_up(desk: Desk) -> AsyncIterator[None]:
    """Within the block the page gets no answer to what is in front of the person; after it, all that it asked for."""
    go_on = asyncio.Event()

    async def late(route: Route) -> None:
        await go_on.wait()
        await route.continue_()

    await desk.page.route("**/pocket/state?*", late)
    try:
        yield
    finally:
        go_on.set()


async def test_a_click_in_a_home_that_was_drawn_anew_meanwhile_counts(desk: Desk, place: Place) -> None:
    await desk.go("Postroom")
    await desk.button("Home").click()
    await expect(desk.button("Create a group")).to_be_visible()
    before = await place.pocket.home("ada")
    assert before is not None

    async def drawn_anew() -> bool | None:
        now = await place.pocket.home("ada")
        return True if now is not None and now["blocks"] != before["blocks"] else None

    async with held_up(desk):
        await place.pocket.open_home("ada")
        await place.pocket.wait_for(drawn_anew, 60.0, "Home drawn anew")
        await desk.button("Create a group").click()
    await expect(desk.dialog("New group (1 of 3)")).to_be_visible()


async def test_nothing_is_clicked_between_two_persons(desk: Desk, place: Place) -> None:
    async with held_up(desk):
        await desk.act_as("Noor Haddad")
        click = asyncio.create_task(desk.entry("Postroom").click())
        done, _ = await asyncio.wait({click}, timeout=1.0)
        assert not done
    await click
    await desk.button("Home").click()
    await expect(desk.page.get_by_text("no e-mail address", exact=False).first).to_be_visible()
    await expect(desk.button("Create a group")).to_have_count(0)
    await expect(desk.page.get_by_text("My groups")).to_be_visible()
