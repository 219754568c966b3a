"""What one contact gets, read by a parser that is not ours: the group's own headers, and nobody else's tricks."""

from __future__ import annotations

import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage

import aiohttp
import pytest
from sqlmodel import col, select, update

from mailbridge.tokens import Tokens
from store.schema.delivery import Delivery
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.post import Post
from store.terms import Copies, Posting
from tests.mailbridge.intake.room import AUTHSERV_ID, add_group, add_member
from tests.mailbridge.whole.bridge import Whole, octets, opened

MAIL = "From: Ada <a@example.com>\r\nTo: dev@example.org\r\nSubject: Hello\r\nMessage-ID: <1@example.com>\r\n"
TOKENS = Tokens([b"correct-horse-battery-staple"])


async def copy(whole: Whole, message: str | bytes, to: str = "dev@example.org") -> EmailMessage:
    """Submit a message as it is and give its first copy, as Python's parser reads it."""
    reply = await (await whole.client()).submit(message, to)
    assert reply.startswith("250"), reply
    (mail,) = await whole.carried(1)
    return message_from_bytes(octets(mail), policy=policy.default)


async def test_the_groups_headers_name_only_what_answers(whole: Whole) -> None:
    seen = await copy(whole, MAIL + "Date: Mon, 02 Mar 2026 09:00:00 +0000\r\n\r\nText\r\n")
    (mail,) = whole.hop.mails
    async with whole.database.reading() as tx:
        delivery = (await tx.exec(select(Delivery))).one()
    assert delivery.id is not None
    assert delivery.membership_id is not None
    assert mail.mail_from == f"bounces+{TOKENS.bounce(delivery.id)}@example.org"
    token = TOKENS.leave(delivery.membership_id)
    assert {name: value for name, value in seen.items() if name.startswith("List-")} == {
        "List-Unsubscribe": f"<https://lists.example.org/leave/{token}>,\t<mailto:dev-leave+{token}@example.org>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": "Dev\t<dev.example.org>",
        "List-Post": "<mailto:dev@example.org>",
        "List-Owner": "<mailto:dev-owner@example.org>",
        "List-Help": "<mailto:dev-help@example.org>",
        "List-Subscribe": "<mailto:dev-join@example.org>",
    }
    assert (seen["Precedence"], seen["X-Loop"]) == ("list", "dev@example.org")
    # Each address that a header, or the envelope, names is one we take mail for.
    named = set(re.findall(r"mailto:([^>]+)>", "".join(map(str, seen.values()))))
    client = await whole.client()
    await client.ask("EHLO client.example.com")
    for address in sorted(named | {mail.mail_from}):
        await client.ask("MAIL FROM:<c@example.net>")
        assert (await client.ask(f"RCPT TO:<{address}>")).startswith("250"), address
        await client.ask("RSET")


async def test_the_link_in_the_copy_leaves_by_one_click_and_by_nothing_else(whole: Whole) -> None:
    seen = await copy(whole, MAIL + "\r\nText\r\n")
    path = re.search(r"<https://lists\.example\.org(/leave/[a-z2-7]+)>", seen["List-Unsubscribe"])
    assert path is not None
    port = whole.settings.web_listen[0].port

    async def members() -> list[str | None]:
        async with whole.database.reading() as tx:
            return [row.address for row in (await tx.exec(select(Membership))).all()]

    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", cookie_jar=aiohttp.DummyCookieJar()) as browser:
        for method in ("GET", "HEAD"):
            async with browser.request(method, path[1]) as response:
                assert (response.status, response.cookies) == (200, {})
        for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
            async with browser.request(method, path[1], data={"List-Unsubscribe": "One-Click"}) as response:
                assert response.status == 405
        for body, kind in (("List-Unsubscribe=One-Click", "text/plain"), ("", "application/x-www-form-urlencoded")):
            async with browser.post(path[1], data=body, headers={"Content-Type": kind}) as response:
                assert response.status == 400
        assert await members() == ["c@example.net"]
        async with browser.post(path[1], data={"List-Unsubscribe": "One-Click"}, allow_redirects=False) as response:
            assert (response.status, response.cookies) == (200, {})
            assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert await members() == []  # the group lets everybody leave


GONE = """\
Return-Path: <evil@example.com>
Bcc: secret@example.com
Resent-Bcc: secret@example.com
Return-Receipt-To: a@example.com
Disposition-Notification-To: a@example.com
Disposition-Notification-Options: x
X-Confirm-Reading-To: a@example.com
X-PMRQC: 1
List-Id: <other.example.com>
List-Unsubscribe: <https://evil.example/>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
LIST-POST : <mailto:evil@example.com>
list-whatever: x
Precedence: list
Approved: password
Authentication-Results: {ours}; dmarc=pass header.from=example.com
Authentication-Results: (x) {ours} 1; spf=pass
"""


async def test_what_a_stranger_put_there_for_readers_is_gone(whole: Whole) -> None:
    head = GONE.format(ours=AUTHSERV_ID).replace("\n", "\r\n")
    kept = "DKIM-Signature: v=1; a=b\r\nAuthentication-Results: other.example; dmarc=fail\r\nX-Mine: 1\r\n"
    seen = await copy(whole, head + MAIL + kept + "\r\nText\r\n")
    text = seen.as_string()
    for word in ("evil", "secret@", "password", "Return-Path", AUTHSERV_ID, "Disposition", "spf=pass"):
        assert word.lower() not in text.lower()
    assert (seen["DKIM-Signature"], seen["X-Mine"]) == ("v=1; a=b", "1")
    ours, theirs = seen.get_all("Authentication-Results", [])
    # What the relay found, and what we did of the signature.
    assert ours.split() == ["mail.example.org;", "dkim=permerror;", "dmarc=pass", "header.from=example.com"]
    assert theirs == "other.example; dmarc=fail"
    assert len(seen.get_all("List-Unsubscribe", [])) == len(seen.get_all("List-Id", [])) == 1


@pytest.mark.parametrize(
    "subject",
    [
        "=?UTF-8?Q?=0A?=Bcc: x@evil.example",
        "=?UTF-8?Q?a=0D=0ABcc:_x@evil.example?=",
        "=?UTF-8?B?YQ0KQmNjOiB4QGV2aWwuZXhhbXBsZQ==?=",
        "a\r\n Bcc: x@evil.example",
        "a\r\n\tBcc: x@evil.example",
    ],
)
async def test_a_header_hidden_in_a_word_stays_in_its_word(whole: Whole, subject: str) -> None:
    message = MAIL.replace("Hello", subject).replace("Ada", f'"{subject.splitlines()[0]}"')
    await copy(whole, message + "\r\nText\r\n")
    head = octets(whole.hop.mails[0]).partition(b"\r\n\r\n")[0]
    assert message.encode().rstrip(b"\r\n") in head  # octet by octet as it came
    assert not re.search(rb"(?im)^bcc", head)


@pytest.mark.parametrize(
    "name", ["Böse\r\nBcc: x@evil.example", 'a"\\\r\n b', "=?utf-8?q?=0ABcc:_x?=", "<x@y>", "\u202ea"]
)
async def test_a_groups_name_adds_no_header(whole: Whole, name: str) -> None:
    group_id = await add_group(whole.database, "named")
    async with whole.database.writing() as tx:
        await tx.exec(update(Group).where(col(Group.id) == group_id).values(display_name=name))
    await add_member(whole.database, group_id, "c@example.net")
    seen = await copy(whole, MAIL + "\r\nText\r\n", "named@example.org")
    assert "Bcc" not in seen
    assert seen["List-Id"].endswith("<named.example.org>")
    assert [key for key in seen if key == "List-Id"] == ["List-Id"]


async def test_shared_copies_name_nobody(whole: Whole) -> None:
    group_id = await add_group(whole.database, "all", copies=Copies.SHARED, posting=Posting.ANYONE)
    for number in range(3):
        await add_member(whole.database, group_id, f"c{number}@example.net")
    seen = await copy(whole, MAIL + "\r\nText\r\n", "all@example.org")
    (mail,) = whole.hop.mails
    assert sorted(mail.recipients) == [f"c{number}@example.net" for number in range(3)]
    assert seen["List-Unsubscribe"] == "<mailto:all-leave@example.org>"
    assert seen["List-Unsubscribe-Post"] is None


async def test_an_address_of_a_role_cannot_be_left(whole: Whole) -> None:
    group_id = await add_group(whole.database, "run")
    await add_member(whole.database, group_id, "boss@example.net", administrator=True)
    seen = await copy(whole, MAIL + "\r\nText\r\n", "run-owner@example.org")
    assert whole.hop.recipients == ["boss@example.net"]
    assert [name for name in seen if name.startswith("List-")] == []
    assert seen["X-Loop"] == "run-owner@example.org"


async def test_without_a_page_only_the_mail_address_is_written(sqlite_url: str, free_port: Callable[[], int]) -> None:
    async with opened(sqlite_url, free_port, public_url="http://lists.example.org") as whole:
        await add_member(whole.database, await add_group(whole.database, "dev"), "c@example.net")
        seen = await copy(whole, MAIL + "\r\nText\r\n")
        assert re.fullmatch(r"<mailto:dev-leave\+[a-z2-7]{24}@example\.org>", seen["List-Unsubscribe"])
        assert seen["List-Unsubscribe-Post"] is None


async def test_dots_leave_as_they_came(whole: Whole) -> None:
    reply = await (await whole.client()).submit(MAIL + "\r\n..\r\n...a\r\nb\r\n..\r\n", "dev@example.org")
    assert reply.startswith("250")
    (mail,) = await whole.carried(1)
    assert octets(mail).endswith(b"\r\n\r\n.\r\n..a\r\nb\r\n.\r\n")


@pytest.mark.parametrize("author", ["a@example.com", "a@gmail.com"])  # the second's From becomes each group's own
@pytest.mark.parametrize("count", [2, 3])
async def test_groups_that_subscribe_to_each_other_carry_a_mail_once_to_each_contact(
    whole: Whole, count: int, author: str
) -> None:
    """By the groups' own way, and by another system's that brings a copy of the last back to the first."""
    names = ["red", "green", "blue"][:count]
    for name in names:
        group_id = await add_group(whole.database, name)
        await add_member(whole.database, group_id, f"{name}@example.net")
        await add_member(whole.database, group_id, "all@example.net")
        for other in names:
            if other != name:
                await add_member(whole.database, group_id, f"{other}@example.org")
    client = await whole.client()
    dated = MAIL + "Date: Mon, 02 Mar 2026 09:00:00 +0000\r\n"
    mail = dated.replace("a@example.com", author) + "\r\nText\r\n"
    assert (await client.submit(mail, "red@example.org")).startswith("250")
    wanted = sorted(["all@example.net", *(f"{name}@example.net" for name in names)])
    mails = await whole.carried(len(wanted))
    assert sorted(whole.hop.recipients) == wanted
    for one in mails:
        (recipient,) = one.recipients
        via = {"all": "red"}.get(name := recipient.partition("@")[0], name)
        assert f"\r\nList-Id: {via.title()}\r\n\t<{via}.example.org>".encode() in octets(one)
        assert (b"\r\nX-Original-From: Ada <a@gmail.com>\r\n" in octets(one)) is (author == "a@gmail.com")
    # The copy of the last group names all that carried it; a forwarder beyond it ends the ring as we would.
    (last,) = (octets(one) for one in mails if one.recipients == [f"{names[-1]}@example.net"])
    assert b"\r\nX-Loop: red@example.org\r\n" in last
    for mail_back, reply in ((last, "250 2.0.0"), (last.replace(b"Text", b"Forwarded"), "554 5.4.6")):
        heard = await (await whole.client()).submit(mail_back, "red@example.org", sender="f@example.com")
        assert heard.startswith(reply)
    async with whole.database.reading() as tx:
        assert len((await tx.exec(select(Post))).all()) == count


async def test_a_group_in_two_others_carries_a_mail_to_both_once(whole: Whole) -> None:
    for name, contact in (("red", "blue@example.org"), ("green", "blue@example.org"), ("blue", "bo@example.net")):
        await add_member(whole.database, await add_group(whole.database, name), contact)
    assert (await (await whole.client()).submit(MAIL + "\r\nText\r\n", "red@example.org")).startswith("250")
    assert (await (await whole.client()).submit(MAIL + "\r\nText\r\n", "green@example.org")).startswith("250")
    (mail,) = await whole.carried(1)
    assert mail.recipients == ["bo@example.net"]
    async with whole.database.reading() as tx:
        assert len((await tx.exec(select(Post).join(Group).where(Group.address == "blue@example.org"))).all()) == 1
