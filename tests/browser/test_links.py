"""The pages that mails link to, in a browser without script or cookies: looking does nothing, the button does."""

from __future__ import annotations

import asyncio
import http.client
import re
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from urllib.parse import urlsplit

import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from sqlmodel import col, select

from bot.views.ids import Action
from store import memberships
from store.engine import Database
from store.schema.group import Group
from store.terms import Subscription
from tests.browser.desk import MARKS, PATIENCE
from tests.browser.place import Place

pytestmark = MARKS
ANN = "ann@outside.example"


@pytest_asyncio.fixture(loop_scope="session")
async def reader(chromium: Browser) -> AsyncIterator[Page]:
    """A browser as careful people have it; a page that needs a script, a cookie or another place fails the test."""
    context = await chromium.new_context(java_script_enabled=False, locale="en-GB")
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    calls: list[str] = []
    page.on("request", lambda request: calls.append(request.url))
    yield page
    assert await context.cookies() == []
    assert {urlsplit(url).path.split("/")[1] for url in calls} <= {"leave", "confirm", "favicon.ico"}
    await context.close()


async def on_roster(database: Database, address: str, key: str) -> bool:
    async with database.reading() as tx:
        group_id = (await tx.exec(select(Group.id).where(col(Group.address) == address))).one()
        return await memberships.find(tx, group_id, key=key) is not None


async def seen_by_everybody(page: Page, title: str) -> None:
    """What a page owes to who listens to it, or moves by keyboard."""
    await expect(page).to_have_title(title)
    assert await page.locator("html").get_attribute("lang") == "en"
    await expect(page.get_by_role("main")).to_have_count(1)
    await expect(page.get_by_role("heading", level=1, name=title)).to_have_count(1)
    assert await page.locator("script, img, iframe, link[rel=stylesheet]").count() == 0
    # Nobody has to scroll sideways on a telephone.
    await page.set_viewport_size({"width": 320, "height": 640})
    assert await page.locator("main").evaluate("e => e.scrollWidth <= e.clientWidth") is True


async def test_a_copys_own_link_leaves_by_its_button(place: Place, reader: Page) -> None:
    group = await place.group("linked", ANN, "bob@outside.example")
    await place.pocket.compose("ada@example.org", group, "Leaving made easy", "Here it is.\n")
    (copy,) = await place.pocket.wait_mail(ANN, contains="Leaving made easy", timeout=30)
    seen = message_from_bytes(await place.pocket.raw_mail(copy), policy=policy.default)
    link = re.search(r"<(http[^>]+/leave/[a-z2-7]+)>", seen["List-Unsubscribe"])
    assert link is not None
    for _ in range(2):
        await reader.goto(link[1])
    await seen_by_everybody(reader, "Leave this mail group")
    await expect(reader.get_by_text("Nothing has happened yet")).to_be_visible()
    assert await on_roster(place.database, group, ANN)
    await expect(reader.get_by_role("button")).to_have_count(1)
    await reader.keyboard.press("Tab")
    await expect(reader.get_by_role("button", name="Stop these messages")).to_be_focused()
    await reader.keyboard.press("Enter")
    await expect(reader.get_by_role("heading", name="Done")).to_be_visible()
    await seen_by_everybody(reader, "Done")
    assert not await on_roster(place.database, group, ANN)
    assert await on_roster(place.database, group, "bob@outside.example")


async def test_a_copys_own_header_leaves_by_a_bare_post(place: Place) -> None:
    """As a mail system clicks (RFC 8058 3.2): no cookies, no session, nothing but the link and the body."""
    group = await place.group("clicked", ANN)
    await place.pocket.compose("ada@example.org", group, "One click", "Here it is.\n")
    (copy,) = await place.pocket.wait_mail(ANN, contains="One click", timeout=30)
    seen = message_from_bytes(await place.pocket.raw_mail(copy), policy=policy.default)
    assert seen["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = re.search(r"<(http[^>]+)>", seen["List-Unsubscribe"])
    assert link is not None
    parts = urlsplit(link[1])

    def ask(method: str, body: str | None = None) -> tuple[int, str | None]:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        connection.request(method, parts.path, body, kind)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status, answer.getheader("Set-Cookie")

    for method in ("GET", "HEAD"):
        assert await asyncio.to_thread(ask, method) == (200, None)
    assert await on_roster(place.database, group, ANN)
    assert await asyncio.to_thread(ask, "POST", seen["List-Unsubscribe-Post"]) == (200, None)
    assert not await on_roster(place.database, group, ANN)


async def test_who_joins_by_mail_confirms_on_the_letters_page(place: Place, reader: Page) -> None:
    group = await place.group("open", subscription=Subscription.OPEN)
    local, _, domain = group.partition("@")
    # A mailbox of its own: it gets one such letter in a day, whichever tests are run.
    newcomer = "newcomer@outside.example"
    said = await place.pocket.compose(newcomer, f"{local}-join@{domain}", "Hello", "", verdict="stranger")
    assert said["ok"], said
    (letter,) = await place.pocket.wait_mail(newcomer, contains="Confirm that you want to join", timeout=30)
    seen = message_from_bytes(await place.pocket.raw_mail(letter), policy=policy.default)
    html = seen.get_body(("html",))
    assert html is not None
    # The letter itself, as a mail program shows it.
    await reader.set_content(html.get_content())
    await expect(reader.get_by_role("heading", level=1)).to_have_text(str(seen["Subject"]))
    link = await reader.get_by_role("link").get_attribute("href")
    assert link is not None
    for _ in range(2):
        await reader.goto(link)
    await seen_by_everybody(reader, "Join this mail group")
    assert not await on_roster(place.database, group, newcomer)
    await reader.get_by_role("button", name="Confirm that I want to join").click()
    await expect(reader.get_by_role("heading", name="You are in the group")).to_be_visible()
    await seen_by_everybody(reader, "You are in the group")
    assert await on_roster(place.database, group, newcomer)
    await place.pocket.wait_mail(newcomer, contains="You are in", timeout=30)
    await reader.goto(link)
    await reader.get_by_role("button").click()
    await seen_by_everybody(reader, "Nothing waits for this confirmation")


async def test_a_moderated_groups_moderators_decide_in_slack_and_the_applicant_is_told_by_mail(
    place: Place, reader: Page
) -> None:
    group = await place.group("moderated")
    local, _, domain = group.partition("@")
    applicant = "applicant@outside.example"
    await place.pocket.compose(applicant, f"{local}-join@{domain}", verdict="stranger")
    (letter,) = await place.pocket.wait_mail(applicant, contains="Confirm that you want to join", timeout=30)
    link = re.search(rb"http://127\.0\.0\.1:\d+/confirm/[a-z2-7]+", await place.pocket.raw_mail(letter))
    assert link is not None
    await reader.goto(link[0].decode())
    await reader.get_by_role("button").click()
    await seen_by_everybody(reader, "Confirmed")
    card = await place.pocket.wait_message("grace", "#moderators", applicant, timeout=30)
    assert f"asks to join *{group}*" in place.pocket.text(card)
    await place.pocket.click("ada", Action.REQUEST_APPROVE, channel="#moderators")
    await place.pocket.wait_mail(applicant, contains="You are in", timeout=30)
    assert await on_roster(place.database, group, applicant)
