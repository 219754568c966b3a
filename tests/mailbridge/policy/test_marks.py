"""What a message shows of itself: whom it names, what its text asks for, what a front relay found."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.headers import fields
from mailbridge.policy import command, facts, spam
from mailbridge.policy.addressed import TO_AND_CC, addressed
from mailbridge.policy.shape import Shape, examine
from mailbridge.policy.spam import Verdict


def shape(body: str = "Text\r\n", header: str = "", author: str = "Ada Byron <ada@example.com>") -> Shape:
    found = examine(f"From: {author}\r\n{header}\r\n{body}".encode(), 10_000)
    assert isinstance(found, Shape)
    return found


# ---------------------------------------------------------------- recipients


@pytest.mark.parametrize(
    ("header", "count"),
    [
        ("", 0),
        ("To: undisclosed-recipients:;\r\n", 0),
        ("To: dev@example.org\r\n", 1),
        ("To: Dev <dev@example.org>, DEV@Example.org\r\nCc: 'dev@example.org' <dev@example.org>\r\n", 1),
        ('To: "Ada, of a@b.example" <ada@example.com>, team: b@x.example, c@x.example;\r\n', 3),
        ("Bcc: a@x.example\r\nResent-To: b@x.example\r\n", 0),
        ("To: " + ", ".join(f"a{n}@x.example" for n in range(2_000)) + "\r\n", 500),
    ],
)
def test_recipients_are_counted_once_each_and_bounded(header: str, count: int) -> None:
    assert len(addressed(shape(header=header).fields, TO_AND_CC)) == count


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("To: DEV@example.org\r\n", True),
        ("Cc: a@x.example,\r\n\t=?utf-8?q?D=C3=A9v?= <dev@example.org>\r\n", True),
        ("To: a@x.example\r\nResent-Cc: dev@example.org\r\n", True),
        ("To: team@b\u00fccher.example\r\n", True),
        ("To: undisclosed-recipients:;\r\nBcc: dev@example.org\r\n", False),
        ("To: dev@example.org.evil.example\r\n", False),
        ('To: "dev@example.org" <a@x.example>\r\n', False),
        ("", False),
    ],
)
def test_a_group_is_named_by_any_of_its_addresses(header: str, named: bool) -> None:
    ours = {"dev@example.org", "team@xn--bcher-kva.example"}
    assert (not ours.isdisjoint(addressed(shape(header=header).fields))) is named


@pytest.mark.no_cover  # counting branches would be half of the time
@pytest.mark.parametrize("piece", ['"', '\\"', '"\\', "<", "(", "a@", "@", ",", "a", "''"])
def test_no_field_takes_long_to_read(piece: str) -> None:
    raw = f"To: {(piece * 200_000)[:60_000]}\r\n".encode()
    begun = time.process_time()
    addressed(fields(raw))
    assert time.process_time() - begun < 1


# ---------------------------------------------------------------- commands


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("unsubscribe", "leave"),
        ("UNSUBSCRIBE!!", "leave"),
        ("Hello,\r\n\r\nPlease unsubscribe me from this list.\r\n\r\nThanks,\r\nAda", "leave"),
        ("unsubscribe ada@example.com", "leave"),
        ("Merci de me d\u00e9sabonner de cette liste", "leave"),
        ("Veuillez me retirer de la liste svp", "leave"),
        ("subscribe", "join"),
        ("Je voudrais m'inscrire", "join"),
        ("S\u2019abonner", "join"),
        ("help", "help"),
        ("Aide s'il vous pla\u00eet", "help"),
        ("unsubscribe\r\n-- \r\nAda Byron\r\nAnalytical Engines Ltd, tel. 1842", "leave"),
        ("unsubscribe\r\n\r\nOn Mon, 2 Mar 2026 at 9:00, Bo wrote:\r\n> Lunch at noon?\r\n", "leave"),
        ("unsubscribe\r\n\r\nOn Mon, 2 Mar 2026 at 9:00,\r\nBo <bo@example.com> wrote:\r\n> Lunch?\r\n", "leave"),
        ("unsubscribe\r\n\r\nSent from my phone", "leave"),
        ("Who can help with the printer?", ""),
        ("Thanks for your help", ""),
        ("On leave until Monday", ""),
        ("Please stop the deployment", ""),
        ("subscribe unsubscribe", ""),
        ("please", ""),
        ("> unsubscribe", ""),
        ("unsubscribe " + "please " * 20, ""),
        ("unsubscribe" + "\r\n" * 200_000 + "is what I hear every day", "leave"),
    ],
)
def test_a_text_that_is_nothing_but_a_command(text: str, asked: str) -> None:
    assert command.command(shape(text + "\r\n", "Subject: Lunch\r\n")) == asked


def test_the_subject_speaks_where_the_text_says_nothing() -> None:
    assert command.command(shape("\r\n", "Subject: Unsubscribe\r\n")) == "leave"
    assert command.command(shape("Lunch at noon?\r\n", "Subject: Unsubscribe\r\n")) == ""
    assert command.command(shape("\r\n")) == ""


def test_the_first_text_is_found_and_decoded() -> None:
    alternative = (
        "--x\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n"
        "--y\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        "d=E9sabonner=\r\n, merci\r\n--y\r\nContent-Type: text/html\r\n\r\n<p>Lunch</p>\r\n--y--\r\n--x--\r\n"
    )
    assert command.command(shape(alternative, "Content-Type: multipart/mixed; boundary=x\r\n")) == "leave"
    page = "<html><body><p>Please <b>unsubscribe</b> me</p></body></html>"
    assert command.command(shape(page, "Content-Type: text/html\r\n")) == "leave"
    coded = "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n"
    assert command.command(shape("dW5zdWJzY3JpYmU=\r\n", coded)) == "leave"
    assert command.command(shape("unsubscribe\r\n", "Content-Type: application/pdf\r\n")) == ""


@given(st.binary(max_size=400), st.sampled_from(["text/html", "multipart/mixed; boundary=x", "text/plain", "x"]))
def test_no_body_trips_the_reader(body: bytes, kind: str) -> None:
    found = examine(b"From: a@x.example\r\nContent-Type: " + kind.encode() + b"\r\n\r\n--x\r\n" + body, 1_000)
    assert isinstance(found, Shape)
    assert command.command(found) in {"", "join", "leave", "help"}


@pytest.mark.no_cover  # counting branches would be half of the time
@pytest.mark.parametrize("piece", ["<", "\n", "a ", "--x\r\n", "(", "\u0301", "on " * 30 + "\n"])
def test_no_body_takes_long_to_read(piece: str) -> None:
    for kind in ("text/html", "multipart/mixed; boundary=x"):
        large = shape((piece * 1_000_000)[:1_000_000], f"Content-Type: {kind}\r\n")
        begun = time.process_time()
        command.command(large)
        assert time.process_time() - begun < 1


# ---------------------------------------------------------------- spam


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", Verdict()),
        ("X-Spam-Flag: YES\r\n", Verdict(True)),
        ("X-Spam-Flag: NO\r\n", Verdict()),
        ("X-Spam-Status: Yes, score=7.2 required=5.0 tests=BAYES_99\r\n", Verdict(True, "7.2")),
        ("X-Spam-Status: No, score=-1.9 required=5.0\r\n", Verdict(False, "-1.9")),
        ("X-Spam-Score: 3.25\r\n", Verdict(False, "3.25")),
        ("X-Spam-Score: 3.2 <!channel>\r\n", Verdict(False, "3.2")),
        ("X-Spam-Score: high\r\n", Verdict()),
        ("X-Spam-Level: *******\r\n", Verdict(False, "7")),
        ("X-Spam: Yes\r\n", Verdict(True)),
        ("X-Spamd-Result: default: True [15.30 / 15.00];\r\n\tBAYES_SPAM(5.10)[]\r\n", Verdict(True, "15.30")),
        ("X-Spamd-Result: default: False [2.10 / 15.00];\r\n", Verdict(False, "2.10")),
        ("X-Rspamd-Action: add header\r\n", Verdict(True)),
        ("X-Rspamd-Action: greylist\r\n", Verdict()),
        ("X-MS-Exchange-Organization-SCL: 5\r\n", Verdict(True)),
        ("X-MS-Exchange-Organization-SCL: 1\r\n", Verdict()),
        ("X-Forefront-Antispam-Report: CIP:192.0.2.1;SFV:SPM;SCL:5\r\n", Verdict(True)),
        ("X-Forefront-Antispam-Report: CIP:192.0.2.1;SFV:NSPM;\r\n", Verdict()),
        ("Authentication-Results: mx.example.org; x-spam=yes score=8.1\r\n", Verdict(True, "8.1")),
        ("Authentication-Results: mx.example.org; x-spam=no; dmarc=fail\r\n", Verdict()),
        ("Authentication-Results: other.example; x-spam=yes\r\n", Verdict()),
        ("Authentication-Results: mx.example.org; (x-spam=yes\r\n", Verdict()),
        # Who writes "no" first, or a thousand times, is not believed against the relay, whose field stands on top.
        ("X-Spam-Flag: YES\r\n" + "X-Spam-Flag: NO\r\n" * 900, Verdict(True)),
        ("X-Spam-Flag: NO\r\nX-Spam-Flag: YES\r\n", Verdict(True)),
    ],
)
def test_what_filters_write(header: str, found: Verdict) -> None:
    assert spam.verdict(shape(header=header).fields, "mx.example.org") == found


def test_bulk_mail_is_known() -> None:
    for header in ("List-Id: <a.b>\r\n", "Precedence: bulk\r\n", "Precedence: list\r\n"):
        assert facts.mark(shape(header=header), 1, spam.NONE).bulk
    assert not facts.mark(shape(header="Precedence: first-class\r\n"), 1, spam.NONE).bulk
