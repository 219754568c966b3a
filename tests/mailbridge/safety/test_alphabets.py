"""V23, V24: letters that look alike are not alike; eight bits and long lines go through, and a NUL is named."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from mailbridge.policy import replies
from store.engine import Database
from store.terms import PostState, Standing
from tests.mailbridge.deliver.nameserver import Nameserver
from tests.mailbridge.intake.room import Room, add_member
from tests.mailbridge.intake.street import ADA, Street, built, publish
from tests.mailbridge.proof.signing import Signer

REST = b"To: team@example.org\r\nSubject: Bill\r\nMessage-ID: <2@example.com>\r\n\r\nPay now.\r\n"
NAMES = ("from", "to", "subject", "message-id")


@pytest.fixture
async def street(sqlite_database: Database, nameserver: Nameserver) -> AsyncIterator[Street]:
    async with built(sqlite_database, nameserver) as one:
        yield one


async def standing(street: Street, author: str, signer: Signer) -> tuple[Standing, bool]:
    """What a mail that `signer` signed makes of its author."""
    raw = signer.sign(f"From: {author}\r\n".encode() + REST, names=NAMES)
    assert (await street.mail(raw)).startswith("250")
    post = await street.post()
    return Standing(post.standing), post.state is PostState.ACCEPTED


async def test_her_own_mail_is_hers(street: Street) -> None:
    assert await standing(street, "Ada@Example.COM", ADA) == (Standing.MEMBER, True)


@pytest.mark.parametrize(
    "author",
    [
        "\N{CYRILLIC SMALL LETTER A}da@example.com",
        "\N{FULLWIDTH LATIN SMALL LETTER A}da@example.com",
        "a\u200bda@example.com",
        "ad\N{CYRILLIC SMALL LETTER A}@example.com",
    ],
)
async def test_a_mailbox_that_looks_like_hers_is_not_hers_even_at_her_domain(street: Street, author: str) -> None:
    raw = ADA.sign(f"From: {author}\r\n".encode() + REST, names=NAMES)
    await street.mail(raw)
    posts = await street.room.posts()
    assert all((post.state, post.standing) == (PostState.HELD, Standing.STRANGER) for post in posts)


async def test_a_sign_that_is_a_letter_in_small_makes_nobody_the_member_with_that_letter(street: Street) -> None:
    await add_member(street.room.database, street.group_id, "kim@example.com")
    assert await standing(street, "\N{KELVIN SIGN}im@example.com", ADA) == (Standing.STRANGER, False)


async def test_a_domain_that_looks_like_hers_is_another(street: Street) -> None:
    label = "\N{CYRILLIC SMALL LETTER IE}xample.com"
    evil = Signer(label.encode("idna").decode(), seed=b"\7" * 32)
    publish(street.nameserver, evil)
    assert await standing(street, f"ada@{label}", evil) == (Standing.STRANGER, False)


@pytest.mark.parametrize(
    ("recipient", "reply"),
    [
        ("d\N{CYRILLIC SMALL LETTER IE}v@example.org", "550 5.1.1"),
        ("dev@\N{CYRILLIC SMALL LETTER IE}xample.org", "550 5.7.1"),
        ("dev\N{KELVIN SIGN}@example.org", "550 5.1.1"),
        ("dev@example.org\N{IDEOGRAPHIC FULL STOP}", "553 5.1.3"),
        ("dev@EXAMPLE.ORG", "250 2.1.5"),
    ],
)
async def test_only_the_address_itself_is_the_groups(sqlite_room: Room, recipient: str, reply: str) -> None:
    client = await sqlite_room.client()
    await client.ask("EHLO client.example.com")
    await client.ask("MAIL FROM:<a@example.com> SMTPUTF8")
    assert (await client.ask(f"RCPT TO:<{recipient}>"))[: len(reply)] == reply


async def test_octets_of_eight_bits_and_long_lines_are_kept_and_a_nul_is_named(sqlite_room: Room) -> None:
    head = b"From: a@example.com\r\nMessage-ID: <%d@x>\r\n\r\n"
    bodies = ["Grüße ☃".encode() * 300, b"\xff\xfe\x80" * 400, b"x" * 998, b"x" * 999, b"x" * 200_000]
    client = await sqlite_room.client()
    for number, body in enumerate(bodies):
        assert (await client.submit(head % number + body + b"\r\n", "dev@example.org")).startswith("250")
    kept = [message.raw for message in await sqlite_room.messages()]
    assert kept == [head % number + body + b"\r\n" for number, body in enumerate(bodies)]
    for stray in (b"\0", b"\r", b"\n"):
        assert await client.submit(head % 9 + b"a" + stray + b"b\r\n", "dev@example.org") == replies.STRAY.line()
