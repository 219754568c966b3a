"""A group made by hand, in the three steps of the wizard."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.desk import MARKS, Desk

pytestmark = MARKS


async def test_a_group_is_made_step_by_step_with_its_faults_shown_where_they_are(desk: Desk) -> None:
    await desk.say("/group create")
    settings = desk.dialog("New group (1 of 3)")
    await settings.get_by_label("Display name").fill("The choir")
    await settings.get_by_label("Address", exact=True).fill("-choir-")
    await settings.get_by_role("button", name="Next").click()

    # Two faults, each at its field; the first has the keyboard.
    address, reports = settings.get_by_label("Address", exact=True), settings.get_by_label("Report channel")
    await expect(settings.get_by_role("alert")).to_have_count(1)
    await expect(reports).to_have_accessible_description(re.compile("Please complete this required field"))
    await expect(reports).to_be_focused()
    await expect(reports).to_be_in_viewport()
    await reports.select_option("#reports")
    await settings.get_by_role("button", name="Next").click()
    await expect(address).to_have_accessible_description(re.compile("-choir- cannot be a group's address"))
    await expect(address).to_be_focused()
    await expect(settings.get_by_role("alert")).to_have_count(1)
    await address.fill("choir")
    await settings.get_by_label("Moderation channel").select_option("#moderators")
    await settings.get_by_role("button", name="Next").click()

    people = desk.dialog("New group (2 of 3)")
    await expect(people.get_by_role("button", name="Remove Ada Byron")).to_be_visible()
    await people.get_by_label("Add to Moderators").select_option("Grace Murray")
    await people.get_by_label("Add to Contacts in Slack").select_option("Linus Berg")
    await people.get_by_label("Add to Contacts in Slack").select_option("Barbara Quinn")
    outside = people.get_by_label("Outside contacts")
    await outside.fill("Al Kent <al@example.com>\nnobody at nowhere")
    await people.get_by_role("button", name="Next").click()
    await expect(outside).to_have_accessible_description(re.compile("nobody is not an e-mail address"))
    await expect(outside).to_be_focused()
    await outside.fill("Al Kent <al@example.com>")
    await people.get_by_label("Make them contacts too").check()
    await people.get_by_role("button", name="Next").click()

    review = desk.dialog("New group (3 of 3)")
    for text in (
        "The choir",
        "choir@groups.example.org",
        "@Ada Byron (ada@example.org) – administrator and contact",
        "@Grace Murray (grace@example.org) – moderator",
        "@Linus Berg (linus@example.org) – contact",
        "al@example.com",
        "#reports",
    ):
        await expect(review).to_contain_text(text)

    # Back, twice, and everything is as it was left.
    await review.get_by_role("button", name="Back").click()
    for name in ("Ada Byron", "Grace Murray", "Linus Berg", "Barbara Quinn"):
        await expect(people.get_by_role("button", name=f"Remove {name}")).to_be_visible()
    await expect(outside).to_have_value(re.compile("al@example.com"))
    await expect(people.get_by_label("Make them contacts too")).to_be_checked()
    await people.get_by_role("button", name="Remove Barbara Quinn").click()
    await expect(people.get_by_role("button", name="Remove Barbara Quinn")).to_have_count(0)
    await people.get_by_role("button", name="Back").click()
    await expect(address).to_have_value("choir")
    await expect(settings.get_by_label("Display name")).to_have_value("The choir")
    await expect(reports.locator("option:checked")).to_have_text("#reports")
    await settings.get_by_role("button", name="Next").click()
    await people.get_by_role("button", name="Next").click()
    await expect(review).not_to_contain_text("Barbara Quinn")
    await review.get_by_role("button", name="Create the group").click()
    done = desk.dialog("Done")
    await expect(done).to_contain_text("choir@groups.example.org takes mail now")
    await done.get_by_role("button", name="Close").last.click()
    await expect(desk.page.get_by_role("dialog")).to_have_count(0)

    await desk.go("reports")
    await expect(desk.message("The choir", "takes mail at choir@groups.example.org")).to_have_count(1)
    await desk.mail(
        "choir@groups.example.org", "Hello choir", "We are a group.", author="Linus Berg <linus@example.org>"
    )
    for address_of in ("ada@example.org", "linus@example.org", "al@example.com"):
        await expect(desk.mails(address_of, "Hello choir")).to_have_count(1)
    await expect(desk.message("Hello choir", "relayed to 3 of 3")).to_have_count(1)


async def test_settings_open_prefilled_and_say_what_will_change(desk: Desk) -> None:
    await desk.say("/group create quartet")
    settings = desk.dialog("New group (1 of 3)")
    await expect(settings.get_by_label("Address", exact=True)).to_have_value("quartet")
    await settings.get_by_label("Display name").fill("The quartet")
    await settings.get_by_label("Largest message received").fill("3 MB")
    await settings.get_by_label("Report channel").select_option("#reports")
    await settings.get_by_role("button", name="Next").click()
    await desk.dialog("New group (2 of 3)").get_by_role("button", name="Next").click()
    await desk.dialog("New group (3 of 3)").get_by_role("button", name="Create the group").click()
    await desk.dialog("Done").get_by_role("button", name="Close").last.click()

    await desk.say("/group settings quartet@groups.example.org")
    settings = desk.dialog("Settings (1 of 3)")
    await expect(settings.get_by_label("Display name")).to_have_value("The quartet")
    await expect(settings.get_by_label("Largest message received")).to_have_value(re.compile(r"^3\s?MB$"))
    await settings.get_by_label("Display name").fill("The trio")
    await settings.get_by_role("button", name="Next").click()
    await desk.dialog("Settings (2 of 3)").get_by_role("button", name="Next").click()
    await expect(desk.dialog("Settings (3 of 3)")).to_contain_text("The quartet → The trio")
    await desk.dialog("Settings (3 of 3)").get_by_role("button", name="Save the changes").click()
    await expect(desk.dialog("Done")).to_contain_text("are saved")
