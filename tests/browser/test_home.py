"""App Home: my groups, what waits for me, and the way to a new group."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.desk import MARKS, Desk
from tests.browser.place import Place

pytestmark = MARKS


async def test_home_shows_groups_and_what_waits_and_decides_it(desk: Desk, place: Place) -> None:
    group = await place.group("homely", "linus")
    await desk.act_as("Margaret Lane")
    await desk.say(f"/group join {group}")
    await expect(desk.message("Only visible to you", "You asked to join homely")).to_have_count(1)

    await desk.act_as("Ada Byron")
    await desk.go("Postroom")
    await desk.button("Home").click()
    await expect(desk.page.get_by_text("Mail reaches you at ada@example.org")).to_be_visible()
    await expect(desk.page.get_by_text(group).first).to_be_visible()
    await expect(desk.button(f"Settings of {group}")).to_be_visible()
    request = desk.page.get_by_text("homely: @Margaret Lane (margaret@example.org) asks to join")
    await expect(request).to_be_visible()
    approve = desk.page.get_by_role("button", name="Approve the request of margaret@example.org")
    await approve.click()
    await expect(request).to_have_count(0)
    await expect(approve).to_have_count(0)


async def test_create_in_home_opens_the_wizard(desk: Desk, place: Place) -> None:
    await desk.go("Postroom")
    await desk.button("Home").click()
    await desk.button("Create a group").click()
    wizard = desk.dialog("New group (1 of 3)")
    await expect(wizard.get_by_label("Address", exact=True)).to_be_focused()
    await wizard.get_by_role("button", name="Cancel").click()
    await expect(wizard).to_have_count(0)
    await expect(desk.button("Create a group")).to_be_focused()


async def test_home_of_a_member_without_an_address_offers_no_new_group(desk: Desk, place: Place) -> None:
    await desk.act_as("Noor Haddad")
    await desk.go("Postroom")
    await desk.button("Home").click()
    await expect(desk.page.get_by_text("My groups")).to_be_visible()
    await expect(desk.page.get_by_text("Nothing waits for you")).to_be_visible()
    await expect(desk.button("Create a group")).to_have_count(0)


async def test_home_and_messages_are_those_of_who_acts_now(desk: Desk) -> None:
    await desk.go("Postroom")
    await desk.button("Home").click()
    await desk.act_as("Linus Berg")
    await desk.button("Messages").click()
    await desk.button("Home").click()
    await expect(desk.entry("Postroom")).to_have_attribute("aria-current", "page")
    await expect(desk.page.locator("#home")).to_be_visible()
