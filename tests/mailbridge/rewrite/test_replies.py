"""Where replies go, by mode, and who is never left out or let in by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.utils import getaddresses

import pytest

from mailbridge import headers
from mailbridge.rewrite.author import Writer
from mailbridge.rewrite.edition import Offers, edition
from mailbridge.rewrite.replies import directed
from mailbridge.rewrite.trace import Trace
from store.terms import GroupKind, GroupPolicy, ReplyTo

GROUP = GroupPolicy(1, GroupKind.GROUP, "team@corp.example", "team@lists.example.org", "The team")
TRACE = Trace("P3K7", datetime(2026, 3, 2, 9, 0, 1, tzinfo=UTC), "mx.lists.example.org")
OFFERS = Offers(leave_mailto=True, one_click=True, owner=True)
OWNER, JANE, HELP = "team-owner@lists.example.org", "jane@gmail.com", "help@example.com"
TEAM = GROUP.address


def reached(
    raw: bytes, mode: ReplyTo, writer: str = "jane@example.com", offers: Offers = OFFERS
) -> tuple[set[str], ...]:
    """Whom Reply reaches, and whom Reply to all does besides, as a mail program reads the copy (RFC 5322 3.6.3)."""
    made = edition(raw.replace(b"\n", b"\r\n"), replace(GROUP, reply_to=mode), TRACE, offers, Writer(writer, "Jane"))
    seen = message_from_bytes(made.wire, policy=policy.compat32)
    replies = {address for _, address in getaddresses(seen.get_all("Reply-To") or seen.get_all("From") or [])}
    others = {address for _, address in getaddresses([*seen.get_all("To", []), *seen.get_all("Cc", [])])}
    return replies, others - replies


PLAIN = b"From: Jane <%s>\nTo: team@corp.example\n\nHello\n"
ASKED = b"From: Jane <%s>\nTo: team@corp.example\nReply-To: Help <help@example.com>\n\nHello\n"
COPIED = b"From: Jane <%s>\nTo: team@corp.example\nCc: Jane <%s>\n\nHello\n"


@pytest.mark.parametrize(
    ("raw", "mode", "replies", "all_of_them"),
    [
        # From stays: the author's domain asks for nothing.
        (PLAIN % b"jane@example.com", ReplyTo.AUTHOR, {"jane@example.com"}, {TEAM}),
        (PLAIN % b"jane@example.com", ReplyTo.GROUP, {TEAM}, set()),
        (PLAIN % b"jane@example.com", ReplyTo.ADMINISTRATORS, {OWNER}, {TEAM}),
        (ASKED % b"jane@example.com", ReplyTo.AUTHOR, {HELP}, {TEAM}),
        (ASKED % b"jane@example.com", ReplyTo.GROUP, {HELP, TEAM}, set()),
        (ASKED % b"jane@example.com", ReplyTo.ADMINISTRATORS, {HELP, OWNER}, {TEAM}),
        # The group stands in From: whoever replies to all still reaches the author.
        (PLAIN % JANE.encode(), ReplyTo.AUTHOR, {JANE}, {TEAM}),
        (PLAIN % JANE.encode(), ReplyTo.GROUP, {TEAM}, {JANE}),
        (PLAIN % JANE.encode(), ReplyTo.ADMINISTRATORS, {OWNER}, {TEAM, JANE}),
        (ASKED % JANE.encode(), ReplyTo.AUTHOR, {HELP}, {TEAM, JANE}),
        (ASKED % JANE.encode(), ReplyTo.GROUP, {HELP, TEAM}, {JANE}),
        (ASKED % JANE.encode(), ReplyTo.ADMINISTRATORS, {HELP, OWNER}, {TEAM, JANE}),
        (COPIED % (JANE.encode(), JANE.encode()), ReplyTo.GROUP, {TEAM}, {JANE}),
    ],
)
def test_whom_a_reply_reaches(raw: bytes, mode: ReplyTo, replies: set[str], all_of_them: set[str]) -> None:
    writer = JANE if JANE.encode() in raw else "jane@example.com"
    assert reached(raw, mode, writer) == (replies, all_of_them)


def test_no_address_that_does_not_answer_is_named() -> None:
    silent = replace(OFFERS, owner=False)
    assert reached(PLAIN % b"jane@example.com", ReplyTo.ADMINISTRATORS, offers=silent)[0] == {"jane@example.com"}


@pytest.mark.parametrize("kind", [GroupKind.OWNER, GroupKind.POSTMASTER, GroupKind.ABUSE])
def test_addresses_of_a_role_direct_no_replies(kind: GroupKind) -> None:
    group = replace(GROUP, kind=kind, reply_to=ReplyTo.GROUP)
    assert b"Reply-To" not in edition(b"From: a@example.com\r\n\r\n", group, TRACE, OFFERS).head


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("From: a@x.example\nTo: b@x.example\n", "From: a@x.example\nReply-To: <t@l.example>\nTo: b@x.example\n"),
        ("To: b@x.example\n", "To: b@x.example\nReply-To: <t@l.example>\n"),
        ("From: a@x.example\nReply-To:  \n", "From: a@x.example\nReply-To: <t@l.example>\n"),
        ("Reply-To: b@x.example , \n", "Reply-To: b@x.example,\n\t<t@l.example>\n"),
        ("Reply-To: b@x.example,\n c@x.example\n", "Reply-To: b@x.example,\n c@x.example,\n\t<t@l.example>\n"),
        ("Reply-To: The team <T@L.example>\n", "Reply-To: The team <T@L.example>\n"),
        ("Reply-To: not-t@l.example\n", "Reply-To: not-t@l.example,\n\t<t@l.example>\n"),
        ("Reply-To: b@x.example\nReply-To: t@l.example\n", "Reply-To: b@x.example\nReply-To: t@l.example\n"),
        ("Reply-To:\nReply-To: b@x.example\n", "Reply-To:\nReply-To: b@x.example,\n\t<t@l.example>\n"),
    ],
)
def test_the_field(before: str, after: str) -> None:
    fields = headers.fields(before.replace("\n", "\r\n").encode())
    made = b"".join(field.raw for field in directed(fields, "", "t@l.example"))
    assert made.decode() == after.replace("\n", "\r\n")
