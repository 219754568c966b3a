"""Who wrote it, over real sockets: a client, our port, a nameserver, and what becomes of the post."""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from bot.views.cards import reason
from mailbridge.intake.authenticate import Relays
from mailbridge.rejudge import rejudge
from store import posts
from store.engine import Database
from store.schema.group import Group
from store.schema.post import Post
from store.terms import Mode, Moderation, Posting, PostState, Reason, Standing
from tests.mailbridge.deliver.nameserver import Nameserver
from tests.mailbridge.intake.room import AUTHSERV_ID, add_group, add_member, opened
from tests.mailbridge.intake.street import ADA, EVE, EVIL, HERS, LETTER, MEMBER, Street, built, publish
from tests.mailbridge.proof.signing import Signer


@pytest.fixture
async def street(database: Database, nameserver: Nameserver) -> AsyncIterator[Street]:
    async with built(database, nameserver) as one:
        yield one


@pytest.fixture
async def lane(sqlite_database: Database, nameserver: Nameserver) -> AsyncIterator[Street]:
    """The same over SQLite alone, where the engine does not matter."""
    async with built(sqlite_database, nameserver) as one:
        yield one


def names(post: Post) -> list[str]:
    return [given["name"] for given in post.reasons]


async def test_a_members_signed_mail_is_a_members(street: Street) -> None:
    """Straight from anywhere: her own signature is enough, wherever it comes from."""
    raw = ADA.sign(LETTER)
    assert (await street.mail(raw, sender="bounces@forwarder.example")).startswith("250")
    post = await street.post()
    assert (post.state, post.standing, post.authenticated, post.verdict) == (
        PostState.ACCEPTED, Standing.MEMBER, True, "dkim_pass"
    )  # fmt: skip
    assert post.client == EVIL
    spf, dkim, dmarc = post.results
    assert spf == "spf=none smtp.mailfrom=forwarder.example"
    assert dkim.startswith("dkim=pass header.d=example.com header.s=sel header.b=")
    assert raw.partition(b" b=")[2][:8].decode() in dkim
    assert dmarc == "dmarc=pass header.from=example.com"


async def test_the_same_altered_is_held_and_the_card_says_why(street: Street) -> None:
    raw = ADA.sign(LETTER).replace(b"Shall we?", b"Pay this bill.")
    assert (await street.mail(raw)).startswith("250")
    post = await street.post()
    assert (post.state, post.standing, post.authenticated, post.verdict) == (
        PostState.HELD, Standing.UNPROVEN, False, "checks_failed"
    )  # fmt: skip
    assert names(post) == ["unproven", "dkim_body", "spf_foreign", "dmarc_reject"]
    said = [reason("en", Reason.from_json(given)) for given in post.reasons]
    assert said[0].startswith("It names ada@example.com as its author, who is a member, but nothing proves")
    assert "The signature of example.com (DKIM) does not fit: the text was changed" in said[1]
    assert "It came from a server of evil.example (SPF)" in said[2]
    assert said[3] == "example.com asks to refuse such mail (DMARC)."


async def test_a_resumed_group_still_says_which_check_failed(lane: Street) -> None:
    async with lane.room.database.writing() as tx:
        group = await tx.get(Group, lane.group_id)
        assert group is not None
        group.mode = Mode.PAUSED
    assert (await lane.mail(ADA.sign(LETTER).replace(b"Shall we?", b"Pay."))).startswith("250")
    checks = ["unproven", "dkim_body", "spf_foreign", "dmarc_reject"]
    assert names(await lane.post()) == [*checks, "group_paused"]
    async with lane.room.database.writing() as tx:
        group = await tx.get(Group, lane.group_id)
        assert group is not None
        group.mode = Mode.LIVE
        await posts.resume_held(tx, lane.group_id)
    assert await rejudge(lane.room.database) == 1
    assert names(await lane.post()) == checks


async def test_her_own_server_is_enough(lane: Street) -> None:
    assert (await lane.mail(LETTER, address=HERS, sender="bounces@example.com")).startswith("250")
    post = await lane.post()
    assert (post.state, post.verdict) == (PostState.ACCEPTED, "spf_pass")
    assert post.results == ["spf=pass smtp.mailfrom=example.com", "dkim=none", "dmarc=pass header.from=example.com"]


@pytest.mark.parametrize(
    ("address", "sender", "expected"),
    [
        (EVIL, MEMBER, ["unproven", "dkim_none", "spf_fail", "dmarc_reject"]),
        (EVIL, "eve@evil.example", ["unproven", "dkim_none", "spf_foreign", "dmarc_reject"]),
        (HERS, "", ["unproven", "dkim_none", "spf_none", "dmarc_reject"]),
        ("127.0.0.1", MEMBER, ["unproven", "dkim_none", "spf_indirect"]),
        ("10.1.2.3", MEMBER, ["unproven", "dkim_none", "spf_indirect"]),
    ],
)
async def test_another_server_is_not(lane: Street, address: str, sender: str, expected: list[str]) -> None:
    reply = await lane.mail(LETTER, address=address, sender=sender)
    assert reply.startswith("250")
    found = await lane.room.posts()
    if sender:  # a null sender is a machine's, whatever it says
        assert [(post.state, names(post)) for post in found] == [(PostState.HELD, expected)]
    else:
        assert found == []


async def test_lmtp_hides_the_client(lane: Street) -> None:
    client = await lane.client(HERS, lmtp=True)
    await client.ask("LHLO mx.example.com")
    await client.ask(f"MAIL FROM:<{MEMBER}>")
    await client.ask("RCPT TO:<team@example.org>")
    await client.ask("DATA")
    await client.say(LETTER)
    assert (await client.ask(".")).startswith("250")
    assert names(await lane.post()) == ["unproven", "dkim_none", "spf_indirect"]


async def test_a_system_that_forwards_proves_nobody_by_its_address(lane: Street) -> None:
    """The group is published by a system shared with strangers; example.com is a customer of it too (V22)."""
    async with lane.room.database.writing() as tx:
        group = await tx.get(Group, lane.group_id)
        assert group is not None
        group.address = "team@published.example"
    assert (await lane.mail(LETTER, address=HERS, sender=MEMBER)).startswith("250")
    assert names(await lane.post()) == ["unproven", "dkim_none", "spf_indirect", "dmarc_reject"]
    # Her own signature survives the forwarding, and is enough.
    forwarded = b"Received: from a by b; Mon, 02 Mar 2026 09:00:01 +0000\r\n" + ADA.sign(LETTER)
    assert (await lane.mail(forwarded, address=HERS, sender="x@forwarder.example")).startswith("250")
    (post,) = await lane.room.posts()
    assert (post.state, post.verdict, post.reasons) == (PostState.ACCEPTED, "dkim_pass", [])
    _, message = await lane.room.messages()
    assert post.message_id == message.id  # what goes out is what was proven
    # And not the other way round: a copy that proves nothing changes nothing.
    assert (await lane.mail(LETTER, address=HERS, sender=MEMBER)).startswith("250")
    assert len(await lane.room.messages()) == 2


@pytest.mark.parametrize(
    ("silent", "signed", "address", "expected"),
    [
        ("sel._domainkey.example.com", True, EVIL, ["unchecked", "dkim_unanswered", "spf_fail", "dmarc_reject"]),
        ("example.com", False, HERS, ["unchecked", "dkim_none", "spf_temperror", "dmarc_reject"]),
    ],
)
async def test_silence_of_the_dns_is_no_forgery(
    lane: Street, silent: str, signed: bool, address: str, expected: list[str]
) -> None:
    del lane.nameserver.zone[silent, "TXT"]
    lane.nameserver.failing.add(silent)
    raw = ADA.sign(LETTER) if signed else LETTER
    # Where nobody would decide, the sender is asked to come again.
    strict = await add_group(lane.room.database, "strict", posting=Posting.MEMBERS, moderation=Moderation.NONE)
    await add_member(lane.room.database, strict, MEMBER)
    assert (await lane.mail(raw, address=address, sender=MEMBER, to="strict@example.org")).startswith("451 4.4.3")
    assert await lane.room.posts() == []
    # Where somebody does, it waits for them, and says how it is.
    assert (await lane.mail(raw, address=address, sender=MEMBER)).startswith("250")
    post = await lane.post()
    assert (post.state, post.verdict, names(post)) == (PostState.HELD, "unchecked", expected)
    # And when the answer is there, it is as it should be.
    lane.nameserver.failing.clear()
    publish(lane.nameserver, ADA)
    lane.nameserver.zone["example.com", "TXT"] = [f'"v=spf1 ip4:{HERS} -all"']
    assert (await lane.mail(raw, address=address, sender=MEMBER, to="strict@example.org")).startswith("250")


async def test_a_stranger_waits_for_no_dns(lane: Street) -> None:
    """Whose silence could prove nothing is not waited for: a stranger's post is a stranger's."""
    lane.nameserver.failing.add("sel._domainkey.evil.example")
    del lane.nameserver.zone["sel._domainkey.evil.example", "TXT"]
    raw = EVE.sign(LETTER.replace(b"Ada <ada@example.com>", b"Eve <eve@evil.example>"))
    assert (await lane.mail(raw)).startswith("250")
    assert names(await lane.post()) == ["non_member"]


async def test_leaving_by_mail_needs_the_same_proof(lane: Street) -> None:
    assert (await lane.mail(LETTER, to="team-leave@example.org")).startswith("550 5.7.1")
    lane.nameserver.failing.add(ADA.key_name)
    record = lane.nameserver.zone.pop((ADA.key_name, "TXT"))
    assert (await lane.mail(ADA.sign(LETTER), to="team-leave@example.org")).startswith("451 4.4.3")
    lane.nameserver.zone[ADA.key_name, "TXT"] = record
    assert (await lane.mail(ADA.sign(LETTER), to="team-leave@example.org")).startswith("250")


async def test_membership_is_of_the_address_not_of_its_domain(lane: Street) -> None:
    raw = ADA.sign(LETTER.replace(b"ada@example.com", b"eve@example.com"))
    assert (await lane.mail(raw)).startswith("250")
    post = await lane.post()
    assert (post.authenticated, post.standing, names(post)) == (True, Standing.STRANGER, ["non_member"])


async def test_a_relative_signs_if_the_organisation_allows(lane: Street) -> None:
    mail = Signer("mail.example.com", seed=b"\5" * 32)
    publish(lane.nameserver, mail)
    assert (await lane.mail(mail.sign(LETTER))).startswith("250")
    assert (await lane.post()).state is PostState.ACCEPTED
    lane.nameserver.zone["_dmarc.example.org", "TXT"] = ['"v=DMARC1; p=reject; adkim=s"']
    other = LETTER.replace(b"ada@example.com", b"ada@example.org")
    await add_member(lane.room.database, lane.group_id, "ada@example.org")
    below = Signer("mail.example.org", seed=b"\4" * 32)
    publish(lane.nameserver, below)
    assert (await lane.mail(below.sign(other))).startswith("250")
    assert (await lane.room.posts())[1].state is PostState.HELD


async def test_a_trusted_relays_verdict_wins(sqlite_database: Database, nameserver: Nameserver) -> None:
    relays = Relays((ip_network("127.0.0.1"),), AUTHSERV_ID)
    async with built(sqlite_database, nameserver, relays=relays, proxies=[]) as street:
        client = await street.room.client()
        verdict = f"Authentication-Results: {AUTHSERV_ID}; dmarc=%s header.from=example.com\r\n"
        assert (await client.submit((verdict % "fail").encode() + ADA.sign(LETTER), "team@example.org")).startswith(
            "250"
        )
        # It could not know, or did not say: her signature is still hers.
        for number, what in enumerate(("temperror", "none")):
            raw = ADA.sign(LETTER.replace(b"<1@", b"<%d@" % (number + 2)))
            assert (await client.submit((verdict % what).encode() + raw, "team@example.org")).startswith("250")
        unsigned = LETTER.replace(b"<1@", b"<9@")
        assert (await client.submit((verdict % "temperror").encode() + unsigned, "team@example.org")).startswith("250")
        found = [(post.state, post.verdict) for post in await street.room.posts()]
    assert found == [
        (PostState.HELD, "relay_fail"),
        (PostState.ACCEPTED, "dkim_pass"),
        (PostState.ACCEPTED, "dkim_pass"),
        (PostState.HELD, "relay_unchecked"),
    ]


async def test_only_the_author_s_policy_is_asked_of_the_dns_where_nothing_can_be_proven(
    sqlite_database: Database, nameserver: Nameserver
) -> None:
    async with opened(sqlite_database, nameservers=[nameserver.address], relays=Relays()) as room:
        client = await room.client()
        assert (await client.submit(LETTER, "dev@example.org")).startswith("250")
        assert {(name, kind) for name, kind, _ in nameserver.asked} == {
            ("_dmarc.example.com", "TXT"), ("_dmarc.com", "TXT")
        }  # fmt: skip
        (post,) = await room.posts()
        assert post.results == ["dkim=none"]
