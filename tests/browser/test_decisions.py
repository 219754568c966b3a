"""Requests and held posts, decided by the buttons of their cards."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.desk import MARKS, Desk
from tests.browser.place import Place

pytestmark = MARKS
STRANGER = "Eve Oddly <eve@example.net>"


async def test_a_person_asks_and_an_administrator_approves(desk: Desk, place: Place) -> None:
    group = await place.group("approving", "linus")
    await desk.act_as("Margaret Lane")
    await desk.say(f"/group join {group} I would like to read along")
    await expect(desk.message("Only visible to you", "You asked to join approving")).to_have_count(1)

    await desk.act_as("Ada Byron")
    await desk.go("moderators")
    card = desk.message(f"asks to join {group}")
    await expect(card).to_contain_text("I would like to read along")
    await card.get_by_role("button", name="Approve the request of margaret@example.org").click()
    await expect(card).to_contain_text("Approved by @Ada Byron")
    await expect(desk.buttons(card)).to_have_accessible_name(re.compile("^Take back the decision"))

    await desk.act_as("Margaret Lane")
    await expect(desk.entry("Postroom")).to_have_accessible_name("Postroom (unread)")
    await desk.go("Postroom")
    await desk.button("Messages").click()
    await expect(desk.message(f"You are in {group} now", "margaret@example.org")).to_have_count(1)


async def test_a_denial_tells_its_reason(desk: Desk, place: Place) -> None:
    group = await place.group("denying", "linus")
    await desk.act_as("Barbara Quinn")
    await desk.say(f"/group join {group}")
    await expect(desk.message("Only visible to you", "You asked to join denying")).to_have_count(1)

    await desk.act_as("Ada Byron")
    await desk.go("moderators")
    card = desk.message(f"asks to join {group}")
    await card.get_by_role("button", name=re.compile("^Deny")).click()
    form = desk.dialog("Deny the request")
    await form.get_by_label("Or in your own words").fill("This one is for *tenors* only")
    await form.get_by_role("button", name="Deny").click()
    await expect(card).to_contain_text("Denied by @Ada Byron")
    await expect(card).to_contain_text("This one is for *tenors* only")
    await expect(desk.buttons(card)).to_have_accessible_name(re.compile("^Take back the decision"))

    await desk.act_as("Barbara Quinn")
    await desk.go("Postroom")
    await desk.button("Messages").click()
    told = desk.message(f"Your request to join {group} was denied")
    await expect(told).to_contain_text("This one is for *tenors* only")


async def test_a_strangers_mail_is_held_read_and_released(desk: Desk, place: Place) -> None:
    group = await place.group("releasing", "linus")
    await desk.mail(group, "May I ask", "Is there a concert in May?", author=STRANGER, way="As a stranger")
    await desk.go("moderators")
    card = desk.message(f"A post to {group} w", "Subject: May I ask")  # it waits, then it was held
    await expect(card).to_contain_text("From Eve Oddly (eve@example.net)")
    await expect(card).to_contain_text(f"eve@example.net is not a member of {group}")
    await expect(card).not_to_contain_text("Is there a concert")

    await card.get_by_role("button", name=re.compile("^Read")).click()
    await expect(desk.dialog("A held post")).to_contain_text("Is there a concert in May?")
    await desk.dialog("A held post").get_by_role("button", name="Close").last.click()
    await expect(desk.mails("linus@example.org", "May I ask")).to_have_count(0)

    await card.get_by_role("button", name=re.compile("^Release")).click()
    await expect(card).to_contain_text("Released by @Ada Byron")
    await expect(desk.mails("linus@example.org", "May I ask")).to_have_count(1)


async def test_discarding_asks_first(desk: Desk, place: Place) -> None:
    group = await place.group("discarding", "linus")
    await desk.mail(group, "Buy now", "Cheap!", author=STRANGER, way="As a stranger")
    await desk.go("moderators")
    card = desk.message(f"A post to {group} w")
    discard = card.get_by_role("button", name=re.compile("^Discard"))
    await discard.click()
    asked = desk.dialog("Discard this post?")
    await expect(asked).to_contain_text("Nobody receives it")
    await asked.get_by_role("button", name="Keep it").click()
    await expect(asked).to_have_count(0)
    await expect(card).not_to_contain_text("Discarded")

    await discard.click()
    await asked.get_by_role("button", name="Discard").click()
    await expect(card).to_contain_text("Discarded by @Ada Byron")
    await expect(desk.buttons(card)).to_have_accessible_name(re.compile("^Take back the decision"))
    await expect(desk.mails("linus@example.org", "Buy now")).to_have_count(0)


async def test_a_pretended_author_is_not_taken_for_the_member(desk: Desk, place: Place) -> None:
    group = await place.group("pretending", "linus")
    await desk.mail(
        group, "Wire the money", "Today.", author="Linus Berg <linus@example.org>", way="Pretending to be them"
    )
    await desk.go("moderators")
    card = desk.message(f"A post to {group} w", "Wire the money")
    await expect(card.get_by_role("button", name=re.compile("^Release"))).to_be_visible()
    # A reason could only go to somebody who may have written nothing.
    await expect(card.get_by_role("button", name=re.compile("^Reject"))).to_have_count(0)
    await card.get_by_role("button", name=re.compile("^Discard")).click()
    await desk.dialog("Discard this post?").get_by_role("button", name="Discard").click()
    await expect(card).to_contain_text("Discarded by @Ada Byron")
