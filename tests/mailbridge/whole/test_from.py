"""Who stands in From of what arrives, by what the author's domain publishes; and that our seal holds, to dkimpy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import dkim
import pytest
from sqlmodel import col, select, update

from mailbridge.rewrite.keys import Algorithm
from store import posts
from store.schema.group import Group
from store.schema.post import Post
from store.terms import Actor, Moderation, Posting
from tests.mailbridge.intake.room import AUTHSERV_ID, add_group, add_member
from tests.mailbridge.intake.street import ADA, EVE, LETTER, publish
from tests.mailbridge.rewrite.oracle import SELECTOR, key
from tests.mailbridge.whole.bridge import Whole, octets, opened

VERDICT = f"Authentication-Results: {AUTHSERV_ID}; dmarc=pass header.from=example.com\r\n".encode()
MAIL = LETTER.replace(b"team@", b"dev@")
ADAS, VIA = "Ada <ada@example.com>", "Ada via Dev <dev@example.org>"


@pytest.fixture
async def signing(sqlite_url: str, free_port: Callable[[], int], tmp_path: Path) -> AsyncIterator[Whole]:
    """A bridge that has keys, which are published, with two groups; the world's names are in its nameserver's zone."""
    files = []
    for number, algorithm in enumerate(Algorithm):
        path = tmp_path / f"{number}.pem"
        path.write_bytes(key(algorithm).pem())
        path.chmod(0o600)
        files.append(f"example.org:{SELECTOR}-{number}:{path}")
    async with opened(sqlite_url, free_port, dkim_keys=",".join(files)) as one:
        for name, contact in (("dev", "c@example.net"), ("all", "away@example.net")):
            await add_member(one.database, await add_group(one.database, name), contact)
        zone = one.nameserver.zone
        publish(one.nameserver, ADA, EVE)
        zone["_dmarc.example.com", "TXT"] = ['"v=DMARC1; p=reject"']
        for number, algorithm in enumerate(Algorithm):
            record = key(algorithm).record()
            cut = " ".join(f'"{record[at : at + 200]}"' for at in range(0, len(record), 200))
            zone[f"{SELECTOR}-{number}._domainkey.example.org", "TXT"] = [cut]
        yield one


def read(raw: bytes) -> EmailMessage:
    found = message_from_bytes(raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


async def carried(whole: Whole, raw: bytes, to: str = "dev@example.org", *, sender: str = "a@example.com") -> bytes:
    """The next copy that leaves."""
    before = len(whole.hop.mails)
    assert (await (await whole.client()).submit(raw, to, sender=sender)).startswith("250")
    return octets((await whole.carried(before + 1))[before])


def zone(whole: Whole) -> Callable[..., bytes]:
    """The zone as dkimpy asks it."""

    def ask(name: bytes, timeout: int = 5) -> bytes:
        found = whole.nameserver.zone.get((name.decode().rstrip("."), "TXT"), [""])
        return "".join(found[0].split('"')[1::2]).encode()

    return ask


def chain(whole: Whole, raw: bytes) -> tuple[bytes | None, int]:
    state, sets, _ = dkim.ARC(raw).verify(dnsfunc=zone(whole))
    return state, sets[0]["instance"] if sets else 0


def signatures(whole: Whole, raw: bytes) -> list[bool]:
    """Of each signature from the top, whether it holds."""
    count = raw.partition(b"\r\n\r\n")[0].count(b"\r\nDKIM-Signature:") + raw.startswith(b"DKIM-Signature:")
    return [bool(dkim.DKIM(raw, minkey=512).verify(index, dnsfunc=zone(whole))) for index in range(count)]


COVERS = ("from", "to", "subject", "date", "message-id")
REJECT, NONE = "v=DMARC1; p=reject", "v=DMARC1; p=none"


@pytest.mark.parametrize(
    ("record", "raw", "shown", "kept"),
    [
        (REJECT, ADA.sign(MAIL, names=COVERS), ADAS, True),
        (REJECT, ADA.sign(MAIL, names=(*COVERS, "list-id")), VIA, False),  # it says that there is none
        (NONE, ADA.sign(MAIL, names=(*COVERS, "list-id")), ADAS, False),
        (REJECT, ADA.sign(MAIL).replace(b"Shall we", b"Shall I"), VIA, None),  # it never held
        (REJECT, EVE.sign(MAIL), VIA, False),  # it holds, and is not hers
        (NONE, EVE.sign(MAIL), ADAS, True),
        (REJECT, MAIL, VIA, None),
        (NONE, MAIL, ADAS, None),
        (None, MAIL, VIA, None),  # nobody answers what her domain asks for
    ],
)
@pytest.mark.parametrize("judged", [True, False])
async def test_from(
    signing: Whole, record: str | None, raw: bytes, shown: str, kept: bool | None, judged: bool
) -> None:
    names = signing.nameserver
    if record is None:
        names.failing.add("_dmarc.example.com")
        del names.zone["_dmarc.example.com", "TXT"]
    else:
        names.zone["_dmarc.example.com", "TXT"] = [f'"{record}"']
    copy = await carried(signing, VERDICT + raw if judged else raw)
    seen = read(copy)
    assert str(seen["From"]).replace("\t", " ") == shown
    assert seen["X-Original-From"] == (ADAS if shown == VIA else None)
    assert seen["Reply-To"] == ("ada@example.com" if shown == VIA else None)
    # Ours, which are two, and what of the author's holds or never did.
    theirs = [] if kept is False or b"DKIM-" not in raw else [bool(kept)]
    assert len(seen.get_all("DKIM-Signature", [])) == 2 + len(theirs)
    if kept is not None:
        assert signatures(signing, copy) == [True, True, *theirs]
    assert chain(signing, copy) == (dkim.CV_Pass, 1)


@pytest.mark.parametrize("change", [{"subject_tag": "Dev"}, {"footer": "The dev group"}])
@pytest.mark.parametrize(("record", "shown"), [(REJECT, VIA), (NONE, ADAS)])
async def test_what_a_group_asks_to_have_changed_breaks_her_signature_and_nothing_of_ours(
    signing: Whole, change: dict[str, str], record: str, shown: str
) -> None:
    signing.nameserver.zone["_dmarc.example.com", "TXT"] = [f'"{record}"']
    async with signing.database.writing() as tx:
        await tx.exec(update(Group).where(col(Group.address) == "dev@example.org").values(**change))
    copy = await carried(signing, ADA.sign(MAIL, names=COVERS))
    assert str(read(copy)["From"]).replace("\t", " ") == shown
    assert b"[Dev] Lunch" in copy or b"The dev group" in copy
    assert signatures(signing, copy) == [True, True]
    assert chain(signing, copy) == (dkim.CV_Pass, 1)


async def test_what_was_so_when_a_held_post_came_decides_when_it_is_released(signing: Whole) -> None:
    group_id = await add_group(signing.database, "held", posting=Posting.MEMBERS, moderation=Moderation.EVERYONE)
    await add_member(signing.database, group_id, "c@example.net")
    client = await signing.client()
    assert (await client.submit(VERDICT + MAIL, "held@example.org")).startswith("250")
    signing.nameserver.zone["_dmarc.example.com", "TXT"] = [f'"{NONE}"']
    signing.nameserver.asked.clear()
    async with signing.database.writing() as tx:
        (post,) = (await tx.exec(select(Post))).all()
        assert post.id is not None
        assert (await posts.release(tx, post.id, Actor("system"))).won
    # She was told that it waits; the two may go out beside each other.
    told, mail = sorted(await signing.carried(2), key=lambda one: one.recipients)
    assert (told.recipients, mail.recipients) == (["ada@example.com"], ["c@example.net"])
    copy = octets(mail)
    assert str(read(copy)["From"]).replace("\t", " ") == "Ada via Held <held@example.org>"
    assert chain(signing, copy) == (dkim.CV_Pass, 1)
    assert [name for name, *_ in signing.nameserver.asked if name.startswith("_dmarc")] == []


async def test_a_copy_that_comes_to_another_group_of_ours_goes_on_sealed_and_still_names_her(signing: Whole) -> None:
    """By mail, as from a mailbox that forwards all it gets. Its From is the first group's, whom our own signature
    speaks for."""
    first = await carried(signing, MAIL, "all@example.org")
    assert str(read(first)["From"]).replace("\t", " ") == "Ada via All <all@example.org>"
    (mail,) = signing.hop.mails
    signing.nameserver.zone["_dmarc.example.org", "TXT"] = ['"v=DMARC1; p=reject"']
    second = await carried(signing, first, sender=mail.mail_from)
    seen = read(second)
    assert str(seen["From"]).replace("\t", " ") == "Ada via All <all@example.org>"
    assert (seen["X-Original-From"], seen["Reply-To"]) == (ADAS, "ada@example.com")
    assert chain(signing, second) == (dkim.CV_Pass, 2)
    # The first group's own signatures said that there is no other List-Id: they are broken, and gone.
    assert signatures(signing, second) == [True, True]
    assert b"ARC-Authentication-Results: i=2; mail.example.org;" in second
    assert b"\r\n\tarc=pass header.d=example.org" in second.partition(b"ARC-Authentication-Results: i=1")[0]


async def test_a_forgery_of_our_domain_does_not_go_out_under_our_signature_as_if_it_were_none(signing: Whole) -> None:
    forged = MAIL.replace(b"Ada <ada@example.com>", b"Boss <boss@example.org>")
    assert str(read(await carried(signing, forged))["From"]).replace("\t", " ") == "Boss via Dev <dev@example.org>"
    proven = forged.replace(b"<1@", b"<2@")
    verdict = VERDICT.replace(b"example.com", b"example.org")
    signing.nameserver.zone["_dmarc.example.org", "TXT"] = ['"v=DMARC1; p=reject"']
    assert str(read(await carried(signing, verdict + proven))["From"]) == "Boss <boss@example.org>"
