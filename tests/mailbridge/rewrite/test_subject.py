"""The tag before a subject: once, and nothing else of it changed."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge import headers
from mailbridge.rewrite.subject import tagged


def done(subject: bytes, tag: str = "Team") -> bytes:
    fields = headers.fields(b"From: a@example.com\r\n" + subject + b"To: team@lists.example.org\r\n")
    return b"".join(field.raw for field in tagged(fields, tag))[21:].partition(b"To:")[0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Subject: Lunch\r\n", b"Subject: [Team] Lunch\r\n"),
        (b"SUBJECT :Lunch\r\n", b"SUBJECT: [Team] Lunch\r\n"),
        (b"Subject:\tLunch\r\n", b"Subject: [Team]\tLunch\r\n"),
        (b"Subject: Re: Lunch\r\n", b"Subject: [Team] Re: Lunch\r\n"),
        (b"Subject: Re: [Team] Lunch\r\n", b"Subject: Re: [Team] Lunch\r\n"),
        (b"Subject: AW: Re: [TEAM]  Lunch\r\n", b"Subject: AW: Re: [TEAM]  Lunch\r\n"),
        (b"Subject: Re: =?utf-8?q?=5BTeam=5D_L=C3=BCnch?=\r\n", b"Subject: Re: =?utf-8?q?=5BTeam=5D_L=C3=BCnch?=\r\n"),
        (
            b"Subject: =?utf-8?b?W1Rl?=\r\n =?utf-8?b?YW1d?= x\r\n",
            b"Subject: =?utf-8?b?W1Rl?=\r\n =?utf-8?b?YW1d?= x\r\n",
        ),
        (b"Subject: =?utf-8?q?L=C3=BCnch?=\r\n", b"Subject: [Team] =?utf-8?q?L=C3=BCnch?=\r\n"),
        (b"Subject: L\xc3\xbcnch \xff\r\n", b"Subject: [Team] L\xc3\xbcnch \xff\r\n"),
        (b"Subject: [Other] Lunch\r\n", b"Subject: [Team] [Other] Lunch\r\n"),
        (b"Subject: [Teams] Lunch\r\n", b"Subject: [Team] [Teams] Lunch\r\n"),
        (b"Subject: one\r\n two\r\n\tthree\r\n", b"Subject: [Team] one\r\n two\r\n\tthree\r\n"),
        (b"Subject:\r\n Lunch\r\n", b"Subject: [Team]\r\n Lunch\r\n"),
        (b"Subject:  \r\n \r\n Lunch\r\n", b"Subject: [Team]  \r\n \r\n Lunch\r\n"),
        (b"Subject: \r\n", b"Subject: [Team]\r\n"),
        (b"Subject:\r\n \t\r\n", b"Subject: [Team]\r\n"),
        (b"Subject: " + b"x" * 70 + b"\r\n", b"Subject: [Team]\r\n " + b"x" * 70 + b"\r\n"),
        # Nothing is folded before a line of blanks, which would end some readers' header.
        (b"Subject:" + b" " * 90 + b"\r\n Lunch\r\n", b"Subject: [Team]" + b" " * 90 + b"\r\n Lunch\r\n"),
        (b"Subject: =?x?q?broken\r\n", b"Subject: [Team] =?x?q?broken\r\n"),
    ],
)
def test_what_the_author_wrote_stays_behind_it(before: bytes, after: bytes) -> None:
    assert done(before) == after


def test_a_message_without_a_subject_gets_one_at_its_end() -> None:
    fields = tagged(headers.fields(b"From: a@example.com\r\n"), "Team")
    assert [field.raw for field in fields] == [b"From: a@example.com\r\n", b"Subject: [Team]\r\n"]


@pytest.mark.parametrize(
    ("before", "read"),
    [
        (b"Subject: Lunch\r\n", "[Équipe] Lunch"),
        (b"Subject: =?utf-8?q?D=C3=A9jeuner?=\r\n", "[Équipe] Déjeuner"),
        (b"Subject:\r\n =?utf-8?q?D=C3=A9jeuner?=\r\n", "[Équipe] Déjeuner"),
        (b"Subject: =?utf-8?b?W8OJcXVpcGVd?= x\r\n", "[Équipe] x"),
        (b"Subject:\r\n", "[Équipe]"),
    ],
)
def test_a_tag_beyond_ascii_reads_as_one_word(before: bytes, read: str) -> None:
    made = done(before, "Équipe")
    assert made.isascii()
    assert " ".join(message_from_bytes(made, policy=policy.default)["Subject"].split()) == read


TEXT = st.text(st.characters(blacklist_categories=["Cc", "Cs", "Cf", "Zl", "Zp"]), min_size=1, max_size=30)


@given(TEXT, st.binary(max_size=60).map(lambda octets: octets.translate(None, b"\r\n\0")))
def test_twice_is_once_and_no_tag_makes_a_field(tag: str, subject: bytes) -> None:
    once = done(b"Subject: " + subject + b"\r\n", tag)
    assert [field.name for field in headers.fields(once)] == [b"subject"]
    assert once.endswith(subject.strip(b" \t") + b"\r\n" if subject.strip(b" \t") else b"\r\n") or subject.endswith(
        (b" ", b"\t")
    )
    if tag.strip() == tag and "  " not in tag:
        assert done(once, tag) == once
