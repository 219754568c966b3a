"""Mail as everybody gets it: mailboxes side by side, the report beside them, leaving and bouncing."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.desk import MARKS, Desk
from tests.browser.place import Place

pytestmark = MARKS
EVERYBODY = ("linus@example.org", "barbara@example.org", "margaret@example.org", "al@example.com")
LINUS = "Linus Berg <linus@example.org>"


async def test_a_mail_reaches_everybody_and_is_reported_and_one_leaves_from_it(desk: Desk, place: Place) -> None:
    group = await place.group("everybody", *EVERYBODY)
    await desk.go("reports")
    await desk.mail(group, "Lunch on Friday?", "Shall we?", author=LINUS)
    for address in EVERYBODY:
        await expect(desk.mails(address, "Lunch on Friday?")).to_have_count(1)
    report = desk.message(f"Lunch on Friday?, a post to {group}")
    await expect(report).to_contain_text("relayed to 4 of 4")
    await report.get_by_role("button", name=f"Details of the post to {group}").click()
    details = desk.dialog("Delivery details")
    await expect(details).to_contain_text("relayed to 4 of 4")
    await expect(details).to_contain_text("No copy has failed or bounced")
    await desk.page.keyboard.press("Escape")
    await expect(details).to_have_count(0)

    await desk.mails("barbara@example.org", "Lunch on Friday?").click()
    letter = desk.dialog("Lunch on Friday?")
    await expect(letter).to_contain_text("Shall we?")
    await expect(letter).to_contain_text(group)
    await letter.get_by_role("button", name="Leave by one click").click()
    await expect(letter.get_by_role("status")).to_contain_text("Done")
    await letter.get_by_role("button", name="Close").click()

    await desk.mail(group, "Never mind", "Rain.", author=LINUS)
    await expect(desk.message("Never mind", "relayed to 3 of 3")).to_have_count(1)
    await expect(desk.mails("margaret@example.org", "Never mind")).to_have_count(1)
    await expect(desk.mails("barbara@example.org", "Never mind")).to_have_count(0)


async def test_a_bounce_amends_the_report(desk: Desk, place: Place) -> None:
    group = await place.group("bouncing", "linus", "gone@example.com")
    await desk.go("reports")
    await desk.mail(group, "Who is still there?", "Hello?", author=LINUS)
    await desk.mails("gone@example.com", "Who is still there?").click()
    letter = desk.dialog("Who is still there?")
    await letter.get_by_role("button", name="Bounce it").click()
    await expect(letter.get_by_role("status")).to_contain_text("Taken: 250")
    await letter.get_by_role("button", name="Close").click()
    report = desk.message("Who is still there?")
    await expect(report).to_contain_text("relayed to 2 of 2 · 1 bounced later")
    await report.get_by_role("button", name=re.compile("^Details")).click()
    await expect(desk.dialog("Delivery details")).to_contain_text("gone@example.com was relayed and came back")


async def test_a_reply_is_begun_with_the_address_and_subject(desk: Desk, place: Place) -> None:
    group = await place.group("replying", "linus")
    await desk.mail(group, "A question", "Where?", author=LINUS)
    await desk.mails("linus@example.org", "A question").click()
    await desk.dialog("A question").get_by_role("button", name="Reply").click()
    await expect(desk.page.get_by_label("Subject")).to_have_value("Re: A question")
    await expect(desk.page.get_by_label("To", exact=True)).to_have_value("linus@example.org")
    await expect(desk.page.get_by_label("Text", exact=True)).to_be_focused()
