"""What came back: what counts as failed, what does not, and what no stranger's octets can make of it."""

from __future__ import annotations

import base64
import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.bounce.complaint import marks
from mailbridge.bounce.parse import Failure, Kind, read
from store.terms import BounceReason

STATUS = """Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; ana@example.com
Action: failed
Status: 5.1.1 (no such mailbox)
Diagnostic-Code: smtp; 550 5.1.1
 No such person here
"""


def failed(raw: bytes) -> Failure | None:
    """The first failure of a bounce; None for anything else."""
    report = read(raw)
    return report.failures[0] if report.kind is Kind.BOUNCE else None


def report(
    status: str = STATUS,
    kind: str = 'multipart/report; report-type=delivery-status; boundary="b"',
    part: str = "message/delivery-status",
    encoding: str = "",
    end: str = "--b--\n",
) -> bytes:
    text = f"""From: MAILER-DAEMON@example.com
Content-Type: {kind}
Subject: About your mail

This is a report.
--b
Content-Type: text/plain

See below.
--b
Content-Type: {part}
{encoding}
{status}
{end}"""
    return re.sub(rb"\r?\n", b"\r\n", text.encode())


def mail(subject: str, body: str, author: str = "Mailer-Daemon@example.com", head: str = "") -> bytes:
    return f"From: {author}\r\nSubject: {subject}\r\n{head}\r\n{body}\r\n".encode()


def test_a_failure_is_read() -> None:
    found = Failure("5.1.1", 550, "550 5.1.1 No such person here", "ana@example.com", BounceReason.USER_UNKNOWN)
    assert failed(report()) == found
    assert found.hard


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("delayed", Kind.DELAY),
        ("relayed", Kind.DELIVERED),
        ("delivered", Kind.DELIVERED),
        ("expanded", Kind.DELIVERED),
        ("deliverable", Kind.DELIVERED),
        ("not-failed", Kind.DELIVERED),
        ("failing", Kind.DELIVERED),
    ],
)
def test_what_is_not_failed_is_no_bounce(action: str, kind: Kind) -> None:
    assert read(report(STATUS.replace("failed", action))).kind is kind


@pytest.mark.parametrize("action", ["Failed", "FAILED", "failed (bad address)", "failed; x", "error", "expired", ""])
def test_failed_in_other_spellings(action: str) -> None:
    assert failed(report(STATUS.replace("failed", action))) is not None


def test_any_failed_recipient_counts() -> None:
    delayed = "Final-Recipient: rfc822; bo@example.com\nAction: delayed\nStatus: 4.4.1\n"
    found = failed(report(f"Reporting-MTA: dns; x\n\n{delayed}\n{STATUS.partition(chr(10) * 2)[2]}"))
    assert found is not None
    assert found.recipient == "ana@example.com"


@pytest.mark.parametrize(
    ("kind", "part", "expected"),
    [
        ('multipart/report; report-type=feedback-report; boundary="b"', "message/feedback-report", Kind.COMPLAINT),
        ('multipart/mixed; boundary="b"', "message/feedback-report", Kind.COMPLAINT),
        (
            'multipart/report; report-type=disposition-notification; boundary="b"',
            "message/disposition-notification",
            Kind.DELIVERED,
        ),
        ('multipart/report; report-type=delivery-status; boundary="c"', "message/delivery-status", Kind.BOUNCE),
        ('multipart/mixed; boundary="b"', "message/delivery-status", Kind.BOUNCE),
        ("Multipart/Report;\n REPORT-TYPE=Delivery-Status; Boundary=b", "message/delivery-status", Kind.BOUNCE),
        ('multipart/report (a comment); boundary="\\b"', "message/delivery-status", Kind.BOUNCE),
    ],
)
def test_the_type_says_what_it_is(kind: str, part: str, expected: Kind) -> None:
    status = STATUS if "delivery-status" in part else "Feedback-Type: abuse\nVersion: 1\n"
    assert read(report(status, kind=kind, part=part)).kind is expected


def test_international_and_encoded_reports() -> None:
    found = failed(report(STATUS.replace("ana@", "añá@"), part="message/global-delivery-status; charset=utf-8"))
    assert found is not None
    assert found.recipient == "añá@example.com"
    encoded = base64.encodebytes(STATUS.encode()).decode()
    assert failed(report(encoded, encoding="Content-Transfer-Encoding: base64\n")) == failed(report())
    quoted = STATUS.replace("=", "=3D").replace("failed", "fai=6Ced")
    assert failed(report(quoted, encoding="Content-Transfer-Encoding: quoted-printable\n")) == failed(report())
    for cut in range(1, 9):
        assert failed(report(encoded.strip()[:-cut], encoding="Content-Transfer-Encoding: base64\n")) is not None
    assert failed(report("%%%", encoding="Content-Transfer-Encoding: base64\n")) is None


def test_a_report_cut_off_on_the_way_still_counts() -> None:
    assert failed(report(end="")) is not None


def test_texts_are_one_short_line() -> None:
    hostile = STATUS.replace("No such", "\x1b[31m\u202eNo\x00 such\u2028" + "x" * 5_000)
    found = failed(report(hostile))
    assert found is not None
    assert len(found.diagnostic) == 500
    assert found.diagnostic.startswith("550 5.1.1 [31m No such xxx")


@pytest.mark.parametrize("status", ["", "5", "5.x.1", "bad", "55.1.1"])
def test_the_hops_own_code_stands_in_for_one_that_is_none(status: str) -> None:
    found = failed(report(STATUS.replace("5.1.1 (no such mailbox)", status)))
    assert found is not None
    assert found.enhanced == "5.1.1"


def test_what_the_last_hop_said_is_nearer_than_a_status_that_says_other() -> None:
    found = failed(report(STATUS.replace("5.1.1 (no", "5.0.0 (no").replace("550 5.1.1", "552 5.2.2")))
    assert found is not None
    assert found.enhanced == "5.2.2"
    assert found.code == 552


def test_a_report_naming_thousands_is_bounded() -> None:
    victims = "\n".join(
        f"Final-Recipient: rfc822; v{n}@example.com\nAction: failed\nStatus: 5.1.1\n" for n in range(5_000)
    )
    found = read(report(f"Reporting-MTA: dns; x\n\n{victims}"))
    assert found.kind is Kind.BOUNCE
    assert len(found.failures) <= 100
    assert found.failures[0].recipient == "v0@example.com"


# ---------------------------------------------------------------- prose

QMAIL = """Hi. This is the qmail-send program at example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ana@example.com>:
Remote host said: 552 5.2.2 Mailbox full
<bo@example.com>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Subject: the user is unknown, and blacklisted as spam
"""


def test_prose_is_read_recipient_by_recipient_and_what_it_brings_back_is_not() -> None:
    found = read(mail("failure notice", QMAIL))
    assert found.kind is Kind.BOUNCE
    assert [(one.recipient, one.enhanced, one.reason) for one in found.failures] == [
        ("ana@example.com", "5.2.2", BounceReason.MAILBOX_FULL),
        ("bo@example.com", "5.1.1", BounceReason.USER_UNKNOWN),
    ]


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (mail("Warning: message delayed 2 days", "A message has not yet been delivered."), Kind.DELAY),
        (mail("Automatic reply: Lunch", "I am away. User unknown is what I am.", "ana@example.com"), Kind.AUTOREPLY),
        (mail("Out of office", "Mailbox full of sand", "ana@example.com"), Kind.AUTOREPLY),
        (mail("Re: x", "Back soon", "ana@example.com", "Auto-Submitted: auto-replied\r\n"), Kind.AUTOREPLY),
        (mail("Re: x", "Please confirm that you are a human", "ana@example.com"), Kind.CHALLENGE),
        (mail("Lunch", "My mail to Bo could not be delivered: user unknown", "ana@example.com"), Kind.OTHER),
        (mail("Your invoice", "Dear user", "Mail service <news@example.com>"), Kind.OTHER),
        (b"", Kind.OTHER),
    ],
)
def test_what_only_looks_like_a_bounce_is_none(raw: bytes, kind: Kind) -> None:
    assert read(raw).kind is kind


def test_a_machines_automatic_answer_is_a_bounce_if_it_says_so() -> None:
    raw = mail(
        "Mail failure", "Your mail could not be delivered: user unknown", head="Auto-Submitted: auto-replied\r\n"
    )
    assert read(raw).kind is Kind.BOUNCE


def test_flufl_is_asked_last_and_only_of_machines() -> None:
    """Smail's notice has no word that ours know."""
    notice = "failed addresses follow:\r\n ana@example.com\r\nmessage text follows:\r\n"
    found = read(mail("A report", notice, "Postmaster@example.com"))
    assert found.kind is Kind.BOUNCE
    assert found.failures[0].recipient == "ana@example.com"
    assert read(mail("A report", notice, "bo@example.com")).kind is Kind.OTHER


# ---------------------------------------------------------------- hostile


MEGABYTE = 1_048_576
HOSTILE = {
    "actions": report("Action: delayed\n\n" * 60_000),
    "blank lines": report("\n" * 900_000),
    "folds": report("Action: delayed\n" + " folded\n" * 100_000),
    "delimiters": report().partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + b"--b\r\n\r\n" * 150_000,
    "parameters": b"Content-Type: multipart/report" + b";a=b" * 200_000 + b"\r\n\r\n",
    "backslashes": b"Content-Type: multipart/report; boundary=" + b"\\" * 900_000,
    "parentheses": b'Content-Type: multipart/report; boundary="' + b"(" * 900_000 + b"\r\n\r\n",
    "base64": report(encoding="Content-Transfer-Encoding: base64\n", status="QQ" * 400_000),
    "nesting": b"".join(b'Content-Type: multipart/x; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(20_000)),
    "styles": b"From: mailer-daemon\r\nContent-Type: text/html\r\n\r\n" + b"<style>" * 150_000,
    "tags": b"From: mailer-daemon\r\nContent-Type: text/html\r\n\r\n" + b"<" * MEGABYTE,
    "punycode": b"From: mailer-daemon\r\nContent-Type: text/plain; charset=punycode\r\n\r\n" + b"a-" * 500_000,
    "codes": b"From: mailer-daemon\r\nSubject: failure notice\r\n\r\n550" + b" : " * 300_000,
    "words": b"From: mailer-daemon\r\nSubject: failure notice\r\n\r\n" + b"user mailbox message host domain " * 30_000,
    "addresses": b"From: mailer-daemon\r\nSubject: failure notice\r\n\r\n" + b"a@b.example\r\n" * 80_000,
    "at signs": b"From: mailer-daemon\r\nSubject: failure notice\r\n\r\n" + b"@" * MEGABYTE,
    "received": b"From: mailer-daemon\r\nSubject: news\r\n\r\n" + b"<<<RCPT TO:<" * 80_000,
    "dashes": b"From: mailer-daemon\r\nSubject: news\r\n\r\n" + b"-" * MEGABYTE,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_megabyte_costs_a_second(name: str) -> None:
    raw = HOSTILE[name][:MEGABYTE]
    start = process_time()
    read(raw)
    marks(raw)
    spent = process_time() - start
    assert spent < 1.0


PIECES = [
    *report().splitlines(keepends=True),
    *mail("failure notice", QMAIL).splitlines(keepends=True),
    b"Content-Type: text/html; charset=iso-2022-jp\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"From: =?utf-8?q?x?= <>\r\n",
    b"From MAILER-DAEMON Thu\r\n",
    b"\r\n",
    b"\x1b$B",
]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=40))
def test_no_octets_raise(pieces: list[bytes]) -> None:
    found = read(b"".join(pieces))
    assert len(marks(b"".join(pieces)).leave) <= 10
    assert bool(found.failures) is (found.kind in (Kind.BOUNCE, Kind.DELAY))
    assert all(len(one.diagnostic) <= 500 for one in found.failures)


@given(st.binary(max_size=400))
def test_no_noise_raises(raw: bytes) -> None:
    assert read(raw).kind in Kind
