"""Ways to be taken for a member, of the kinds of espoofer's server_a1-a19 and client_a1-a3: none works (V13, V21).

The attacker owns evil.example: SPF passes for it, and it signs with DKIM whatever is signed. The member is
ada@example.com. What they want is a post that is accepted; what they get is a refusal or a moderator's look.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import dkim
import pytest

from store.engine import Database
from store.terms import PostState, Standing
from tests.mailbridge.deliver.nameserver import Nameserver
from tests.mailbridge.intake.street import ADA, EVE, Street, built, quoted
from tests.mailbridge.proof.signing import Signer

HERS, EVES = b"ada@example.com", b"eve@evil.example"
NAMES = (b"From", b"From ", b"From\r\n ", b"from")
REST = b"To: team@example.org\r\nSubject: Bill\r\nMessage-ID: <2@evil.example>\r\n"


@dataclass(frozen=True)
class Attack:
    """`head` is what stands above REST, `before` what is put above it once `signer` has signed."""

    head: bytes
    sender: str = "eve@evil.example"
    helo: str = "mx.evil.example"
    signer: Signer = EVE
    before: bytes = b""


def _from(*values: bytes) -> bytes:
    return b"".join(b"From: " + value + b"\r\n" for value in values)


ATTACKS = {
    # the envelope says one thing and the header another
    "a1 a subdomain that does not exist": Attack(_from(HERS), sender="a@nosuch.example.com"),
    "a2 an empty return path and her name as greeting": Attack(_from(HERS), sender="", helo="example.com"),
    "a2 a return path that parsers cut": Attack(_from(HERS), sender="(ada@example.com"),
    # a signature that is good for whoever reads its tags otherwise: it is asked for where the attacker answers
    "a3 a NUL in the selector": Attack(
        _from(HERS), signer=replace(EVE, domain="example.com", selector="x.evil.example.\0.y")
    ),
    "a3 a selector that ends the name": Attack(
        _from(HERS), signer=replace(EVE, domain="example.com", selector="x.evil.example\\")
    ),
    # results that end early
    "a4 a comment in the signing domain": Attack(_from(HERS), signer=replace(EVE, domain="example.com(.evil.example")),
    "a5 a quote in the signing domain": Attack(_from(HERS), signer=replace(EVE, domain='example.com".evil.example')),
    "a6 a comment in the return path": Attack(_from(HERS), sender="eve@example.com(.evil.example"),
    "a7 a quoted part in the return path": Attack(_from(HERS), sender='"ada@example.com\'"@evil.example'),
    # two authors
    "a8 two From fields": Attack(_from(HERS, EVES)),
    "a8 two From fields, the other way round": Attack(_from(EVES, HERS)),
    "a9 a blank before the colon": Attack(b"From : " + HERS + b"\r\n" + _from(EVES)),
    "a10 a name folded before its colon": Attack(b"From\r\n : " + HERS + b"\r\n" + _from(EVES)),
    "a11 a field behind a line that is none": Attack(b"\xffFrom: x\r\n" + _from(HERS) + _from(EVES)),
    "a12 two addresses in one field": Attack(_from(HERS + b", " + EVES)),
    "a13 two addresses and a Sender": Attack(_from(EVES + b", " + HERS) + b"Sender: " + EVES + b"\r\n"),
    # one address with two readings
    "a14 an encoded address": Attack(_from(b"=?utf-8?B?YWRhQGV4YW1wbGUuY29t?= <" + EVES + b">, " + HERS)),
    "a15 a route": Attack(_from(b"<@evil.example,@any.example:ada@example.com>")),
    "a16 a quoted pair": Attack(_from(b"ada@example.com\\,eve@evil.example")),
    "a17 an address before an angle": Attack(_from(b"ada@example.com <eve@evil.example>")),
    "a18 an address in a comment": Attack(_from(b"eve@evil.example(<ada@example.com>)")),
    "a19 an address that ends at a control": Attack(_from(b"<ada@example.com\x01@evil.example>")),
    # from an account of one's own
    "c1 a field in front of the signed ones": Attack(_from(EVES), before=_from(HERS)),
    "c2 a Sender that is her": Attack(_from(EVES) + b"Sender: " + HERS + b"\r\nReply-To: " + HERS + b"\r\n"),
    "c3 a name that is her address": Attack(_from(b'"ada@example.com" <eve@evil.example>')),
}


@pytest.fixture
async def street(sqlite_database: Database, nameserver: Nameserver) -> AsyncIterator[Street]:
    async with built(sqlite_database, nameserver) as one:
        yield one


def _raw(attack: Attack) -> bytes:
    raw = attack.head + REST + b"\r\nPay now.\r\n"
    try:
        signed = attack.signer.sign(raw, names=("from", "to", "subject", "message-id"))
    except dkim.DKIMException:
        return attack.before + raw  # not even a signer can read it
    return attack.before + signed


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
async def test_nobody_is_taken_for_a_member(street: Street, attack: Attack) -> None:
    # Whatever name a reader makes of the tags, the attacker's key is there.
    for name in ("x.evil.example", "x.evil.example._domainkey.example.com", attack.signer.key_name.replace("\0", "")):
        street.nameserver.zone[name, "TXT"] = [quoted(EVE.record)]
    client = await street.client()
    await client.ask(f"EHLO {attack.helo}")
    heard = [await client.ask(f"MAIL FROM:<{attack.sender}>"), await client.ask("RCPT TO:<team@example.org>")]
    if all(reply.startswith("250") for reply in heard):
        assert (await client.ask("DATA")).startswith("354")
        await client.say(_raw(attack))
        heard.append(await client.ask("."))
    posts = await street.room.posts()
    for post in posts:
        assert post.state is PostState.HELD
        assert post.standing in (Standing.UNPROVEN, Standing.STRANGER)
        assert not (post.authenticated and post.author == "ada@example.com")
    if not posts:
        assert heard[-1][0] in "25", heard


@pytest.mark.parametrize(
    "change",
    [
        (b"\r\nShall we?", b"\r\nShall we?\r\nPay now."),
        (b"Subject: Lunch", b"Subject: Bill"),
        (b"From: Ada", b"Subject: Bill\r\nFrom: Ada"),
        (b"From: Ada", b"From: eve@evil.example\r\nFrom: Ada"),
        (b"From: Ada", b"From: ada@example.com\r\nX-From: Ada"),
        (b"d=example.com", b"d=com"),
        (b"i=@example.com", b"i=@evil.example"),
        (b"To: team@example.org", b"To: team@example.org\r\nTo: all@example.org"),
    ],
)
async def test_a_mail_she_signed_cannot_be_made_another(street: Street, change: tuple[bytes, bytes]) -> None:
    letter = (
        b"From: Ada <ada@example.com>\r\nTo: team@example.org\r\nSubject: Lunch\r\nMessage-ID: <1@example.com>\r\n"
        b"\r\nShall we?\r\n"
    )
    raw = ADA.sign(letter)
    assert change[0] in raw
    await street.mail(raw.replace(*change, 1))
    assert all(post.state is PostState.HELD and not post.authenticated for post in await street.room.posts())


@pytest.mark.parametrize("name", ["mail.example.org", "mx.example.org"])
async def test_results_in_our_name_are_no_results(street: Street, name: str) -> None:
    """V20. The names are ours and a front relay's; the client is neither."""
    forged = f"Authentication-Results: {name}; dmarc=pass header.from=example.com; dkim=pass header.d=example.com\r\n"
    assert (await street.mail(forged.encode() + _from(HERS) + REST + b"\r\nPay now.\r\n")).startswith("250")
    post = await street.post()
    assert (post.state, post.authenticated) == (PostState.HELD, False)
