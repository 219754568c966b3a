"""Everything a group may change in a mail, done to other people's collections: it reads as before, but for that."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import Message
from time import process_time

import pytest

from mailbridge import headers
from mailbridge.rewrite import mime
from mailbridge.rewrite.appended import RULE
from mailbridge.rewrite.edition import edition
from mailbridge.rewrite.footer import NoFooter, footed
from mailbridge.rewrite.trim import Trimmer
from mailbridge.rewrite.wire import unstuffed
from store.alteration import Unfooted
from store.terms import OverSendSize, ReplyTo
from tests.mailbridge.rewrite.test_edition import GROUP, OFFERS, TRACE, corpus

FOOTER = "Be kind – to one another."
ALL = replace(
    GROUP, subject_tag="Team", footer=FOOTER, reply_to=ReplyTo.GROUP, max_send_size=1_024,
    over_send_size=OverSendSize.TRIM,
)  # fmt: skip
pytestmark = pytest.mark.skipif(not next(corpus(), None), reason="the corpora are not here: set POSTROOM_CORPORA")


def messages() -> Iterator[bytes]:
    """Each file with CRLF and a blank line behind its header."""
    for path in corpus():
        raw = re.sub(rb"\r\n|\r|\n", b"\r\n", path.read_bytes())
        head, body = headers.split(raw if raw.endswith(b"\r\n") else raw + b"\r\n")
        yield head + (body if body.startswith(b"\r\n") else b"\r\n" + body)


def leaves(raw: bytes) -> list[tuple[str, bytes]]:
    """Type and content of each leaf as Python's parser sees them, forwarded messages whole."""

    def walk(message: Message) -> Iterator[tuple[str, bytes]]:
        if message.get_content_maintype() == "message" or not message.is_multipart():
            content = message.get_payload(decode=True)
            inner = message.get_payload()
            if isinstance(inner, list):
                content = b"".join(one.as_bytes() for one in inner if isinstance(one, Message))
            assert isinstance(content, bytes)
            yield message.get_content_type(), content
        else:
            for part in message.get_payload():
                assert isinstance(part, Message)
                yield from walk(part)

    # This parser takes the fold of a folded boundary for a part of it.
    raw = re.sub(rb'(boundary="[^"\r\n]*)\r\n([ \t])', rb"\1\2", raw)
    return list(walk(message_from_bytes(raw, policy=policy.compat32)))


def bare(content: bytes) -> bytes:
    """Without the footer, in whatever charset, and without blanks."""
    plain = re.sub(
        rb"\s*" + RULE.encode() + rb"\s+Be kind (?:\xe2\x80\x93|\x96|\xa1\xaa|-).*\Z", b"", content, flags=re.DOTALL
    )
    return closed(re.sub(rb"<hr>\s*<p style=\"font-size:smaller\">Be kind (?:&#8211;|-)[^<]*</p>", b"", plain))


def closed(content: bytes) -> bytes:
    """Without its blanks: of those around a footer nobody can say whose they are."""
    return b"".join(content.split())


@pytest.mark.parametrize(("words", "most"), [("Be kind - to one another.", "text"), (FOOTER, "part")])
def test_with_a_footer_every_part_reads_as_before(words: str, most: str) -> None:
    seen: Counter[str] = Counter()
    for raw in messages():
        try:
            made = footed(raw, words, "en")
        except NoFooter as none:
            seen[none.why] += 1
            continue
        before, after = leaves(raw), leaves(made)
        seen["part" if len(after) > len(before) else "text"] += 1
        if len(after) > len(before):
            kind, content = after.pop()
            assert (kind, bare(b"\n" + content)) == ("text/plain", b"")
        assert len(before) == len(after)
        changed = 0
        for (was, old), (kind, new) in zip(before, after, strict=True):
            assert was == kind
            assert closed(old) in (bare(new), closed(new)), (old[-200:], new[-300:])
            changed += closed(old) != closed(new)
        assert changed <= 2
        mime.read(made)  # and what we made we can read
    print(dict(seen))
    # A dash is beyond the ASCII that most of this old mail is in.
    assert seen[most] > 250
    assert min(seen["text"], seen["part"]) > 40
    assert 0 < seen[Unfooted.SEALED] + seen[Unfooted.MALFORMED] < 60


def test_trimmed_to_the_smallest_every_part_that_stays_is_the_same() -> None:
    replaced = 0
    for raw in messages():
        # As if the limit were just below what the message has, and then below all it has.
        for group in (replace(ALL, max_send_size=max((len(raw) - 65_536) * 10 // 14 - 1, 0) or 1), ALL):
            padded = raw + b"-" * (65_536 + 2_000 - len(raw)) + b"\r\n" if len(raw) < 67_000 else raw
            made, alteration = Trimmer(padded).trimmed(group)
            if not alteration:
                assert made is padded
                continue
            replaced += 1
            gone = len(leaves(padded)) - len(set(leaves(padded)) & set(leaves(made)))
            assert alteration.count >= 1
            assert gone >= 1
            assert made.count(b"An attachment was left out here") == alteration.count
            assert len(made) < len(padded)
    assert replaced > 20


@pytest.mark.no_cover  # counting branches would be half of the time
def test_all_of_it_together_is_bounded_and_breaks_nothing() -> None:
    octets, spent = 0, 0.0
    for raw in messages():
        start = process_time()
        made = edition(raw, ALL, TRACE, OFFERS)
        spent += process_time() - start
        octets += len(raw)
        whole = unstuffed(made.wire)
        names = Counter(field.name for field in headers.fields(headers.split(whole)[0]))
        assert names[b"subject"] >= 1
        assert names[b"reply-to"] >= 1
        assert names[b"mime-version"] >= 1 or b'boundary="=_' not in made.head
        assert re.search(rb"(?<!\r)\n|\r(?!\n)", made.wire) is None
        assert edition(raw, ALL, TRACE, OFFERS) == made
        for part in message_from_bytes(whole, policy=policy.compat32).walk():
            part.get_payload(decode=True)
    print(f"{spent / octets * 2**20:.3f} s a megabyte")
    assert spent < max(octets / 2**20, 1.0)
