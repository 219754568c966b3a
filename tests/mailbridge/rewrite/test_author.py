"""Who stands in From: the author while a signature of the author's survives, else the group, and replies as before."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest

from mailbridge import headers
from mailbridge.rewrite.author import Writer, asks_for_alignment
from mailbridge.rewrite.edition import Edition, Offers, edition
from mailbridge.rewrite.trace import Trace
from mailbridge.rewrite.wire import unstuffed
from store.terms import GroupKind, GroupPolicy, Origin
from tests.mailbridge.rewrite import test_edition

GROUP = GroupPolicy(1, GroupKind.GROUP, "team@corp.example", "team@lists.example.org", "The team")
TRACE = Trace("P3K7", datetime(2026, 3, 2, 9, 0, 1, tzinfo=UTC), "mx.lists.example.org")
OFFERS = Offers(leave_mailto=True, one_click=True, owner=True)
JANE = Writer("jane@gmail.com", "Jane Doe")
SIGNED = "DKIM-Signature: v=1; a=rsa-sha256; d=gmail.com; s=k; h={}; bh=x; b=y\r\n"
HEAD = "Subject: Lunch\r\nDate: x\r\nMessage-ID: <1@gmail.com>\r\n"


def made(
    head: str,
    writer: Writer | None = JANE,
    group: GroupPolicy = GROUP,
    *,
    held: bool = True,
    own: bool = True,
    asks: bool = False,
    signs_for: str = "",
) -> Edition:
    """The edition of a mail whose signatures all `held` at intake, and were the author's `own`."""
    raw = f"{head}{HEAD}\r\nHello\r\n".encode()
    found = headers.fields(headers.split(raw)[0])
    places = tuple(at for at, field in enumerate(found) if field.name == b"dkim-signature" and held)
    origin = Origin(asks=asks, signed=places, own=places if own else ())
    return edition(raw, group, TRACE, OFFERS, writer, origin, signs_for)


def values(edition_: Edition, name: str) -> list[str]:
    wanted = name.lower().encode()
    found = [field.value.decode() for field in headers.fields(edition_.head) if field.name == wanted]
    return [re.sub(r"\s+", " ", value) for value in found]


FROM = "From: Jane Doe <jane@gmail.com>\r\n"
VIA = "Jane Doe via The team <team@corp.example>"


@pytest.mark.parametrize(
    ("covers", "stays"),
    [
        ("from:to:subject:date:message-id", True),
        ("from : To\r\n\t: subject:from:to", True),  # with one more than there is, and folds
        ("received:from", True),  # ours stands above those it counts
        ("from:subject:precedence", False),  # it covers that there is none, and now there is
        ("from:list-id", False),
        ("from:list-unsubscribe", False),  # every copy has its own
        ("from:x-loop", False),
    ],
)
def test_from_stays_while_the_author_s_signature_covers_nothing_of_ours(covers: str, stays: bool) -> None:
    edited = made("Received: from a\r\n" + SIGNED.format(covers) + FROM + "To: team@corp.example\r\n")
    assert values(edited, "From") == ["Jane Doe <jane@gmail.com>" if stays else VIA]
    assert values(edited, "X-Original-From") == ([] if stays else ["Jane Doe <jane@gmail.com>"])
    assert values(edited, "Reply-To") == ([] if stays else ["<jane@gmail.com>"])
    # What our own change broke is taken out.
    assert bool(values(edited, "DKIM-Signature")) is stays


def test_a_field_we_remove_counts_as_changed() -> None:
    asked = "Disposition-Notification-To: jane@gmail.com\r\n"
    assert values(made(SIGNED.format("from:disposition-notification-to") + FROM + asked), "From") == [VIA]
    assert values(made(SIGNED.format("from:subject") + FROM + asked), "From") != [VIA]


@pytest.mark.parametrize("asks", [False, True])
@pytest.mark.parametrize(("held", "own"), [(True, True), (True, False), (False, False)])
def test_only_a_signature_of_the_author_s_that_held_speaks_for_it(held: bool, own: bool, asks: bool) -> None:
    """The provider is on our list; what its domain publishes makes no difference."""
    edited = made(SIGNED.format("from:subject") + FROM, held=held, own=own, asks=asks)
    assert (values(edited, "From") != [VIA]) is own
    # A new From breaks all that held; what never did is not ours to take away.
    assert bool(values(edited, "DKIM-Signature")) is (own or not held)


def test_without_a_signature_only_domains_that_ask_for_one_lose_their_from() -> None:
    assert values(made(FROM), "From") == [VIA]
    other, mail = Writer("jane@example.com", "Jane Doe"), FROM.replace("gmail", "example")
    assert values(made(mail, other), "From") == ["Jane Doe <jane@example.com>"]
    assert values(made(mail, other, asks=True), "From") == [VIA]
    assert values(made(FROM, None, asks=True), "From") == ["Jane Doe <jane@gmail.com>"]


@pytest.mark.parametrize(
    ("signs_for", "proven", "asks", "stays"),
    [
        ("corp.example", True, True, True),  # our signature is the author's domain's own
        ("corp.example", True, False, True),
        ("corp.example", False, False, False),  # and must not be lent to whoever names it
        ("corp.example", False, True, False),
        ("example", False, False, False),  # under relaxed alignment a relative's is as good
        ("mail.corp.example", False, False, False),
        ("mail.corp.example", True, True, False),  # whether it is, only the DNS could tell
        ("mail.corp.example", True, False, True),
        ("other.example", False, False, True),
        ("other.example", True, True, False),
        ("", False, False, True),
        ("", True, True, False),
    ],
)
def test_our_own_signature_speaks_for_a_proven_author_of_its_domain_and_for_nobody_else(
    signs_for: str, proven: bool, asks: bool, stays: bool
) -> None:
    ceo = Writer("ceo@corp.example", "Boss", proven=proven)
    edited = made("From: Boss <ceo@corp.example>\r\n", ceo, asks=asks, signs_for=signs_for)
    assert (values(edited, "From") == ["Boss <ceo@corp.example>"]) is stays


def test_a_group_of_ours_that_stood_in_for_the_author_says_still_for_whom() -> None:
    first = made(FROM + "Reply-To: desk@x\r\n")
    again = edition(
        unstuffed(first.wire), replace(GROUP, address="all@other.example", display_name="All"), TRACE, OFFERS,
        Writer("team@corp.example", "Jane Doe via The team", group=True), Origin(asks=True),
    )  # fmt: skip
    assert values(again, "From") == ["Jane Doe via The team via All <all@other.example>"]
    assert values(again, "X-Original-From") == ["Jane Doe <jane@gmail.com>"]
    assert (values(again, "Reply-To"), values(again, "Cc")) == (["desk@x"], ["<jane@gmail.com>"])


@pytest.mark.parametrize(
    "domain", ["gmail.com", "yahoo.com", "yahoo.co.uk", "yahoo.fr", "icloud.com", "outlook.com", "mail.ru"]
)
def test_who_asks_for_alignment(domain: str) -> None:
    assert asks_for_alignment(domain)
    for other in (f"x{domain}", f"x.{domain}", f"{domain}.evil.example", "example.com"):
        assert not asks_for_alignment(other)


@pytest.mark.parametrize(
    ("head", "reply_to", "cc"),
    [
        ("", ["<jane@gmail.com>"], []),
        ("Cc: bo@x\r\n", ["<jane@gmail.com>"], ["bo@x"]),
        ("Reply-To: desk@x\r\n", ["desk@x"], ["<jane@gmail.com>"]),
        ("Reply-To: desk@x\r\nCc: bo@x,\r\n", ["desk@x"], ["bo@x, <jane@gmail.com>"]),
        ("Reply-To: desk@x\r\nCc:\r\n", ["desk@x"], ["<jane@gmail.com>"]),
        ("Reply-To: desk@x\r\nCc: Jane <JANE@gmail.com>\r\n", ["desk@x"], ["Jane <JANE@gmail.com>"]),
        ("Reply-To: desk@x\r\nTo: a@x, jane@gmail.com\r\n", ["desk@x"], []),
        ("Reply-To: desk@x\r\nTo: maryjane@gmail.com\r\n", ["desk@x"], ["<jane@gmail.com>"]),
        ("Reply-To: desk@x\r\nTo: jane@gmail.com.evil.example\r\n", ["desk@x"], ["<jane@gmail.com>"]),
        # Many programs write the author's own address there: once is enough.
        ("Reply-To: Jane <Jane@gmail.com>\r\nCc: bo@x\r\n", ["Jane <Jane@gmail.com>"], ["bo@x"]),
        ("Reply-To: desk@x, jane@gmail.com\r\n", ["desk@x, jane@gmail.com"], []),
        # And some write nothing there that could be answered.
        ("Reply-To:\r\nCc: bo@x\r\n", ["<jane@gmail.com>"], ["bo@x"]),
        ('Reply-To: "Klaus" <>\r\n', ["<jane@gmail.com>"], []),
    ],
)
def test_replies_reach_the_author(head: str, reply_to: list[str], cc: list[str]) -> None:
    edited = made(FROM + head)
    assert (values(edited, "Reply-To"), values(edited, "Cc")) == (reply_to, cc)


@pytest.mark.parametrize(
    ("writer", "group", "shown"),
    [
        ({}, {}, VIA),
        ({"name": ""}, {}, "jane via The team <team@corp.example>"),
        ({"name": "jane@gmail.com"}, {}, "jane via The team <team@corp.example>"),
        ({"name": "ceo@bank.example (urgent)"}, {}, "ceo via The team <team@corp.example>"),
        ({"name": "@"}, {}, "jane via The team <team@corp.example>"),
        ({}, {"display_name": ""}, "Jane Doe via team <team@corp.example>"),
        ({"name": 'Jane "JD" Doe, Dr.'}, {}, r'"Jane \"JD\" Doe, Dr. via The team" <team@corp.example>'),
        ({"name": "Jane\r\nBcc: x@evil.example"}, {}, '"Jane Bcc: x via The team" <team@corp.example>'),
    ],
)
def test_the_name_says_who_and_through_whom_and_holds_no_address(
    writer: dict[str, Any], group: dict[str, Any], shown: str
) -> None:
    edited = made(FROM, replace(JANE, **writer), replace(GROUP, **group))
    assert values(edited, "From") == [shown]


def test_another_reader_sees_one_author_and_the_name_in_full() -> None:
    name = "Zoë 王 " + "long" * 40
    edited = made(FROM, replace(JANE, name=name))
    seen = message_from_bytes(edited.head, policy=policy.default)
    (mailbox,) = seen["From"].addresses
    assert mailbox.addr_spec == "team@corp.example"
    assert mailbox.display_name.startswith("Zoë 王 longlong")
    assert mailbox.display_name.endswith("… via The team")
    assert [key.lower() for key in seen.keys()].count("from") == 1  # noqa: SIM118 - keys repeat, a mapping's do not


def test_an_original_of_somebody_else_s_goes() -> None:
    assert values(made("X-Original-From: boss@corp.example\r\n" + FROM), "X-Original-From") == [
        "Jane Doe <jane@gmail.com>"
    ]


def test_what_is_not_of_the_author_stays_byte_for_byte() -> None:
    rest = "To:  team@corp.example\r\nX-Odd :  a \t b\r\n\tc\r\n"
    edited = made(FROM + rest)
    assert edited.head.endswith((rest + HEAD + "\r\n").encode())
    assert edited.wire.endswith(b"\r\n\r\nHello\r\n")


def test_a_signature_of_blanks_and_colons_costs_nothing() -> None:
    """Where this were quadratic, the test would run into its time limit."""
    field = b"DKIM-Signature: d=gmail.com; h=" + b"from:x" * 40_000 + b" " * 20_000 + b";=;" * 10_000 + b"\r\n"
    raw = field + FROM.encode() + b"X: y\r\n" * 1_000 + b"\r\n"
    assert values(edition(raw, GROUP, TRACE, OFFERS, JANE, Origin(signed=(0,), own=(0,))), "From") == [VIA]


def test_real_mail_whose_from_is_replaced_stays_as_it_was() -> None:
    seen = 0
    for path in test_edition.corpus():
        raw = re.sub(rb"\r\n|\r|\n", b"\r\n", path.read_bytes())
        raw = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
        plain, munged = edition(raw, GROUP, TRACE, OFFERS), edition(raw, GROUP, TRACE, OFFERS, JANE)
        changed = {b"from", b"x-original-from", b"reply-to", b"cc"}
        kept = [
            [field.raw for field in headers.fields(each.head) if field.name not in changed] for each in (plain, munged)
        ]
        assert kept[0] == kept[1]
        assert plain.wire[-64:] == munged.wire[-64:]
        seen += 1
    if not seen:
        pytest.skip("the corpora are not here: set POSTROOM_CORPORA")
