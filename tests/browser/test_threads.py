"""What is typed in a thread stays there until its author presses, which whoever comes new tries first."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.desk import MARKS, Desk
from tests.browser.place import Place

pytestmark = MARKS


async def test_what_is_typed_under_a_report_is_offered_and_sent(desk: Desk, place: Place) -> None:
    group = await place.group("threads", "linus", "margaret")
    page, press = desk.page, desk.page.keyboard.press
    await desk.mail(group, "Lunch?", "On Friday?", author="Margaret Lane <margaret@example.org>")
    await desk.act_as("Linus Berg")
    await desk.go("reports")
    report = desk.message(group, "relayed to 2 of 2")
    await report.get_by_role("button", name="Reply in thread").focus()
    await press("Enter")
    await page.keyboard.type("With *cake*, please")
    await press("Enter")
    told = desk.message("Only visible to you", "This stays in Slack", group)
    await told.get_by_role("button", name="Send what you typed as mail").click()
    form = desk.dialog("Mail to a group")
    await expect(form.get_by_label("Subject")).to_have_value("Re: Lunch?")
    await expect(form.get_by_label("Text")).to_have_value("With *cake*, please")
    await expect(form.get_by_label("Margaret Lane alone")).to_be_visible()
    await form.get_by_role("button", name="Cancel").click()
    await expect(form).to_have_count(0)
    await expect(desk.message("Only what you send with the form", group)).to_have_count(1)
    await page.get_by_role("textbox", name="Reply in thread").focus()
    await press("Escape")
    await expect(report.get_by_role("button", name="Reply in thread")).to_be_focused()
    assert await desk.nameless() == []
