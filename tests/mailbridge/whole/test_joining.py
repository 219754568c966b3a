"""Joining by mail through a whole bridge: the letter as it leaves, its page, its reply, and machines."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from email import message_from_bytes, policy
from email.message import EmailMessage

import aiohttp
import pytest
from sqlmodel import col, select, update

from store import joining, requests
from store.joining import Wish
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.request import Request
from store.terms import Actor, Address, Posting, Subscription
from tests.mailbridge.deliver.scripted import Mail
from tests.mailbridge.intake.room import PROOF, add_group
from tests.mailbridge.whole.bridge import Whole, octets, opened

WISH = (
    "From: Ann Evil <ann@elsewhere.example>\r\nSubject: BUY NOW\r\nMessage-ID: <evil@elsewhere.example>\r\n\r\nBUY\r\n"
)


@pytest.fixture
async def club(sqlite_url: str, free_port: Callable[[], int]) -> AsyncIterator[Whole]:
    """A bridge with an open group that has nobody in it."""
    async with opened(sqlite_url, free_port) as whole:
        await add_group(whole.database, "club", subscription=Subscription.OPEN)
        yield whole


def read(mail: Mail) -> EmailMessage:
    seen = message_from_bytes(octets(mail), policy=policy.default)
    assert seen.defects == []
    return seen


def text(seen: EmailMessage) -> str:
    part = seen.get_body(("plain",))
    assert part is not None
    return " ".join(str(part.get_content()).split())


async def contacts(whole: Whole) -> list[str | None]:
    async with whole.database.reading() as tx:
        return [row.key for row in (await tx.exec(select(Membership))).all()]


async def asked(whole: Whole) -> EmailMessage:
    """The letter that a wish makes."""
    reply = await (await whole.client()).submit(WISH, "club-join@example.org", sender="who@evil.example")
    assert reply.startswith("250"), reply
    (mail,) = await whole.carried(1)
    assert (mail.mail_from, mail.recipients) == ("", ["ann@elsewhere.example"])
    return read(mail)


async def test_the_letter_and_its_page(club: Whole) -> None:
    seen = await asked(club)
    assert seen["Auto-Submitted"] == "auto-replied"
    assert seen["X-Auto-Response-Suppress"] == "All"
    assert seen["Content-Language"] == "en"
    for word in ("Evil", "BUY", "evil"):
        assert word not in seen.as_string()
    # RFC 8058 is for what people receive because they are in a group; this one asks whether they want to be.
    assert not [name for name in seen if name.lower().startswith("list-")]
    link = re.search(r"https://lists\.example\.org(/confirm/[a-z2-7]{24})\b", text(seen))
    assert link is not None
    html = seen.get_body(("html",))
    assert html is not None
    assert f'href="{link[0]}"' in html.get_content()
    page = f"http://127.0.0.1:{club.settings.web_listen[0].port}"
    async with aiohttp.ClientSession(page, cookie_jar=aiohttp.DummyCookieJar()) as browser:
        for method in ("GET", "HEAD"):
            async with browser.request(method, link[1]) as answer:
                assert answer.status == 200
        assert await contacts(club) == []
        async with browser.post(link[1], data={"confirm": "yes"}, allow_redirects=False) as answer:
            assert (answer.status, answer.cookies) == (200, {})
    assert await contacts(club) == ["ann@elsewhere.example"]
    _, done = await club.carried(2)
    assert read(done)["Subject"] == "You are in Club now"


async def test_a_reply_confirms_and_a_machines_does_not(club: Whole) -> None:
    seen = await asked(club)
    client = await club.client()
    answers = f"From: ann@elsewhere.example\r\nIn-Reply-To: {seen['Message-ID']}\r\nSubject: Re: {seen['Subject']}\r\n"
    back = seen["Reply-To"].addresses[0].addr_spec
    for mark in ("Auto-Submitted: auto-replied\r\n", "X-Autoreply: yes\r\n", "Precedence: auto_reply\r\n"):
        for address in (back, seen["From"].addresses[0].addr_spec):
            reply = await client.submit(
                f"{PROOF}{mark}{answers}\r\nI am away.\r\n", address, sender="ann@elsewhere.example"
            )
            assert reply.startswith("250")
    bounced = await client.begin(back, sender="")
    assert bounced[0].startswith("550")
    assert await contacts(club) == []
    assert (await client.submit(f"{answers}\r\n", back, sender="ann@elsewhere.example")).startswith("250")
    assert await contacts(club) == ["ann@elsewhere.example"]
    # The group is told nothing, and no machine has been answered: two letters in all.
    assert [read(mail)["To"] for mail in await club.carried(2)] == ["ann@elsewhere.example"] * 2


async def test_where_there_is_no_page_a_reply_is_the_way(sqlite_url: str, free_port: Callable[[], int]) -> None:
    """A link in clear would show its token to every network on the way, so there is none."""
    async with opened(sqlite_url, free_port, public_url="http://lists.example.org") as whole:
        await add_group(whole.database, "club", subscription=Subscription.OPEN)
        seen = await asked(whole)
        assert "http" not in text(seen)
        assert "reply to this message as it is" in text(seen)


async def test_help_is_about_the_group_as_it_is_when_the_letter_leaves(club: Whole) -> None:
    async with club.database.writing() as tx:
        await tx.exec(
            update(Group).where(col(Group.address) == "club@example.org").values(posting=Posting.ADMINISTRATORS)
        )
    question = f"{PROOF}From: a@example.com\r\nMessage-ID: <q@example.com>\r\n\r\n"
    assert (await (await club.client()).submit(question, "club-help@example.org")).startswith("250")
    (mail,) = await club.carried(1)
    seen = read(mail)
    assert (mail.mail_from, mail.recipients) == ("", ["a@example.com"])
    assert seen["In-Reply-To"] == "<q@example.com>"
    assert "Only its administrators and moderators write to it" in text(seen)
    assert "write to club-join@example.org" in text(seen)


async def test_letters_written_in_slack_go_straight_where_all_mail_does(
    sqlite_url: str, free_port: Callable[[], int]
) -> None:
    """Approving happens in the bot, which does not know POSTROOM_RELAY."""
    async with opened(sqlite_url, free_port, relay="mx") as whole:
        whole.nameserver.zone["elsewhere.example", "MX"] = ["10 mx.elsewhere.example."]
        whole.nameserver.zone["mx.elsewhere.example", "A"] = ["127.0.0.1"]
        group_id = await add_group(whole.database, "club", subscription=Subscription.MODERATED)
        async with whole.database.writing() as tx:
            await joining.ask(tx, group_id, Wish(Address.parse("ann@elsewhere.example")))
            (request,) = (await tx.exec(select(Request))).all()
            assert request.id is not None
            await joining.confirm(tx, request.id)
            await requests.decide(tx, request.id, True, "", Actor("system"))
        subjects = {read(mail)["Subject"] for mail in await whole.carried(3)}
        assert "You are in Club now" in subjects
