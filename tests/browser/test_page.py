"""The page itself: nothing from a mail acts in it, the keyboard is enough, and every control has a name."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from bot.slack import Slack
from bot.views import blocks, charts
from tests.browser.desk import MARKS, Desk
from tests.browser.place import TOKEN, Place

pytestmark = MARKS
HOSTILE = (
    "<!channel> <@U0ADA> <script>document.title='acted'</script> <img src=x onerror=document.title='acted'> "
    "*bold* _soft_ `code` <https://evil.example/|Your bank> :white_check_mark:"
)

CONTROLS = 12  # at most, between the last field that is filled in here and the step's own buttons


async def _acts_nowhere(desk: Desk) -> None:
    """Neither as markup, nor as a mention, nor as HTML."""
    page = desk.page
    assert await page.title() == "Pocket workspace"
    await expect(page.locator("body").get_by_role("link", name="Your bank")).to_have_count(0)
    await expect(page.locator("body script, body img[src=x]")).to_have_count(0)


async def test_a_hostile_mail_is_words_wherever_it_is_shown(desk: Desk, place: Place) -> None:
    group = await place.group("hostile", "linus")
    await desk.go("moderators")
    await desk.mail(group, HOSTILE, HOSTILE, author="Eve *B* <eve@example.net>", way="As a stranger")
    card = desk.message(f"A post to {group} w")
    for text in ("<!channel>", "<script>", "onerror", "evil.example"):
        await expect(card).to_contain_text(text)
    for role in ("strong", "emphasis", "code", "link"):
        await expect(card.get_by_role(role).filter(has_text=re.compile("bold|soft|code|bank"))).to_have_count(0)
    await expect(card.get_by_role("img", name="white check mark")).to_have_count(0)
    await expect(card.get_by_text("@channel", exact=True)).to_have_count(0)
    await expect(card.get_by_text("@Ada Byron", exact=True)).to_have_count(0)
    await _acts_nowhere(desk)

    await card.get_by_role("button", name=re.compile("^Read")).click()
    read = desk.dialog("A held post")
    await expect(read).to_contain_text("<script>")
    await _acts_nowhere(desk)
    await read.get_by_role("button", name="Close").last.click()

    await card.get_by_role("button", name=re.compile("^Release")).click()
    row = desk.mails("linus@example.org", "<!channel>")
    await expect(row).to_have_count(1)
    await row.click()
    letter = desk.page.get_by_role("dialog")
    await expect(letter.get_by_role("heading")).to_have_text(HOSTILE)
    await _acts_nowhere(desk)
    await letter.get_by_role("button", name="Close").click()

    await desk.go("reports")
    report = desk.message(f"a post to {group}", "relayed to 1 of 1")
    await expect(report).to_contain_text("<!channel>")
    await expect(report.get_by_text("@channel", exact=True)).to_have_count(0)
    await _acts_nowhere(desk)


async def test_the_keyboard_alone_works_a_modal(desk: Desk) -> None:
    page, press = desk.page, desk.page.keyboard.press
    box = page.get_by_label("Message or slash command")
    await box.focus()
    await page.keyboard.type("/group create")
    await press("Enter")
    wizard = desk.dialog("New group (1 of 3)")
    await expect(wizard.get_by_label("Address", exact=True)).to_be_focused()
    await page.keyboard.type("keys")
    await press("Tab")
    await expect(wizard.get_by_label("Display name")).to_be_focused()
    await page.keyboard.type("By keys alone")
    await press("Enter")  # submits, as in Slack; the channel is missing
    channel = wizard.get_by_label("Report channel")
    await expect(channel).to_be_focused()
    await page.keyboard.type("#reports")
    await expect(channel.locator("option:checked")).to_have_text("#reports")
    await press("Tab")
    await expect(wizard.get_by_label("Moderation channel")).to_be_focused()
    cancel = wizard.get_by_role("button", name="Cancel")
    for _ in range(CONTROLS):  # what else the step offers
        await press("Tab")
        if await cancel.evaluate("element => element === document.activeElement"):
            break
    await expect(cancel).to_be_focused()
    await press("Tab")
    await expect(wizard.get_by_role("button", name="Next")).to_be_focused()
    await press("Enter")
    people = desk.dialog("New group (2 of 3)")
    await expect(people.get_by_role("button", name="Remove Ada Byron")).to_be_visible()
    await expect(people.locator(":focus")).to_have_count(1)
    await press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(box).to_be_focused()


async def test_a_pressed_card_leaves_the_keyboard_where_it_stood(desk: Desk, place: Place) -> None:
    group = await place.group("focus", "linus")
    await desk.act_as("Margaret Lane")
    await desk.say(f"/group join {group}")
    await expect(desk.message("Only visible to you", "You asked to join focus")).to_have_count(1)  # and no other
    await desk.act_as("Ada Byron")
    await desk.go("moderators")
    card = desk.message(f"asks to join {group}")
    await card.get_by_role("button", name=re.compile("^Approve")).focus()
    await desk.page.keyboard.press("Enter")
    await expect(card).to_contain_text("Approved by @Ada Byron")
    await expect(desk.page.get_by_role("log", name="Messages")).to_be_focused()


@pytest.mark.parametrize("width", [1440, 800])
async def test_every_control_has_a_name_and_fits_the_page(desk: Desk, width: int) -> None:
    page = desk.page
    await page.set_viewport_size({"width": width, "height": 900})
    for half in ("Slack", "Mail room", "Both"):
        await desk.button(half).click()
        assert await desk.nameless() == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_label("As a stranger").check()
    await expect(page.get_by_role("textbox", name="From")).to_have_value(re.compile("eve@example.net"))
    assert await desk.nameless() == []
    await desk.go("Postroom")
    await desk.button("Home").click()
    await expect(desk.button("Create a group")).to_be_visible()
    assert await desk.nameless() == []
    await desk.button("Create a group").click()
    settings = desk.dialog("New group (1 of 3)")
    await expect(settings).to_be_visible()
    assert await desk.nameless() == []
    await settings.get_by_label("Address", exact=True).fill(f"named{width}")
    await settings.get_by_label("Display name").fill("Named")
    await settings.get_by_label("Report channel").select_option("#reports")
    await settings.get_by_role("button", name="Next").click()
    await expect(desk.dialog("New group (2 of 3)")).to_be_visible()
    assert await desk.nameless() == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_an_empty_channel_says_what_to_try(desk: Desk) -> None:
    await desk.go("announcements")
    await expect(desk.page.get_by_text("Nothing has been said here yet.")).to_be_visible()
    await desk.button("/group help").click()
    box = desk.page.get_by_label("Message or slash command")
    await expect(box).to_have_value("/group help")
    await expect(box).to_be_focused()
    await box.press("Enter")
    await expect(desk.message("Only visible to you", "/group create")).to_have_count(1)


async def test_what_slack_would_refuse_is_told(desk: Desk) -> None:
    await desk.say("/grop help")
    await expect(desk.message("Only visible to you", "/grop is not a valid command")).to_have_count(1)
    await desk.say("/group creat")
    await expect(desk.message("Only visible to you", "Did you mean /group create?")).to_have_count(1)
    await desk.act_as("Gil Moreau")
    await desk.go("random")
    await expect(desk.page.get_by_text("You are not in this channel.")).to_be_visible()


async def test_a_press_is_a_click_though_news_come_before_it_ends(desk: Desk, place: Place) -> None:
    """The list of channels is drawn anew with every change; a button that is gone by then hears no click."""
    await desk.entry("reports").hover()
    await desk.page.mouse.down()
    async with desk.page.expect_response(lambda heard: "state?" in heard.url) as news:
        await place.group("meanwhile", "linus@example.org")
    await (await news.value).finished()
    await desk.page.evaluate("new Promise((done) => setTimeout(done))")  # what was fetched is at the page
    await desk.page.mouse.up()
    await expect(desk.entry("reports")).to_have_attribute("aria-current", "page")


async def test_a_table_is_shown_as_many_rows_at_a_time_as_it_says(desk: Desk, place: Place) -> None:
    table = charts.table("All of them", ["who"], [[f"row {n}"] for n in range(1, 8)])
    unsaid = {name: value for name, value in table.items() if name != "page_size"} | {"caption": "Five of them"}
    slack = Slack.connect(token=TOKEN, api_url=f"{place.base}/api/")
    for block in (table, unsaid):
        await slack.post("C0GENERAL", blocks.shown("A table", [block]))
    await slack.close()
    await desk.go("general")
    rows = desk.page.get_by_role("table", name="All of them").get_by_role("row")
    await expect(rows).to_have_count(8)
    rows = desk.page.get_by_role("table", name="Five of them").get_by_role("row")
    await expect(rows).to_have_count(6)
    following = desk.button("Next rows")
    await following.focus()
    for _ in range(2):  # nothing comes after the last
        await desk.page.keyboard.press("Enter")
        await expect(rows).to_have_count(3)
        await expect(rows.last).to_have_text("row 7")
        await expect(desk.page.get_by_role("status").filter(has_text="Rows 6 to 7 of 7")).to_be_visible()
        await expect(following).to_be_focused()
    await desk.button("Previous rows").click()
    await expect(rows.last).to_have_text("row 5")
