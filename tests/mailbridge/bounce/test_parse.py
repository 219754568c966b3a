"""Delivery reports: what counts as failed, and what no stranger's octets can make of it."""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.bounce.parse import Failure, failed

CORPORA = Path(os.environ.get("POSTROOM_CORPORA", "../shared/corpora"))
absent = pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not here: set POSTROOM_CORPORA")
STATUS = """Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; ana@example.com
Action: failed
Status: 5.1.1 (no such mailbox)
Diagnostic-Code: smtp; 550 5.1.1
 No such person here
"""


def report(
    status: str = STATUS,
    kind: str = 'multipart/report; report-type=delivery-status; boundary="b"',
    part: str = "message/delivery-status",
    encoding: str = "",
    end: str = "--b--\n",
) -> bytes:
    text = f"""From: MAILER-DAEMON@example.com
Content-Type: {kind}
Subject: Undelivered

This is a report.
--b
Content-Type: text/plain

Action: failed
--b
Content-Type: {part}
{encoding}
{status}
{end}"""
    return re.sub(rb"\r?\n", b"\r\n", text.encode())


def test_a_failure_is_read() -> None:
    assert failed(report()) == Failure("5.1.1", "550 5.1.1 No such person here", "ana@example.com")


@pytest.mark.parametrize("action", ["delayed", "relayed", "delivered", "expanded", "", "not-failed", "failing"])
def test_what_is_not_failed_is_nothing(action: str) -> None:
    assert failed(report(STATUS.replace("failed", action))) is None


@pytest.mark.parametrize("action", ["Failed", "FAILED", "failed (bad address)", "failed; x"])
def test_failed_in_other_spellings(action: str) -> None:
    assert failed(report(STATUS.replace("failed", action))) is not None


def test_any_failed_recipient_counts() -> None:
    delayed = "Final-Recipient: rfc822; bo@example.com\nAction: delayed\nStatus: 4.4.1\n"
    found = failed(report(f"Reporting-MTA: dns; x\n\n{delayed}\n{STATUS.partition(chr(10) * 2)[2]}"))
    assert found is not None
    assert found.recipient == "ana@example.com"


@pytest.mark.parametrize(
    "kind",
    [
        'multipart/report; report-type=disposition-notification; boundary="b"',
        'multipart/report; report-type=feedback-report; boundary="b"',
        'multipart/mixed; boundary="b"',
        "multipart/report; report-type=delivery-status",
        "text/plain",
        'multipart/report; report-type=delivery-status; boundary="c"',
    ],
)
def test_what_is_no_delivery_report_is_nothing(kind: str) -> None:
    assert failed(report(kind=kind)) is None


@pytest.mark.parametrize(
    "kind",
    [
        "Multipart/Report;\n REPORT-TYPE=Delivery-Status; Boundary=b",
        'multipart/report; boundary="b"',
        'multipart/report (a comment); boundary="\\b"; report-type="delivery-status"',
    ],
)
def test_a_delivery_report_in_other_spellings(kind: str) -> None:
    assert failed(report(kind=kind)) is not None


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
def test_a_code_that_is_none_is_left_out(status: str) -> None:
    found = failed(report(STATUS.replace("5.1.1 (no such mailbox)", status)))
    assert found is not None
    assert found.enhanced == ""


def test_a_report_naming_thousands_is_one_failure_and_cheap() -> None:
    victims = "\n".join(
        f"Final-Recipient: rfc822; v{n}@example.com\nAction: failed\nStatus: 5.1.1\n" for n in range(5_000)
    )
    found = failed(report(f"Reporting-MTA: dns; x\n\n{victims}"))
    assert found is not None
    assert found.recipient == "v0@example.com"


@pytest.mark.parametrize(
    "raw",
    [
        report("Action: delayed\n\n" * 60_000),
        report("\n" * 900_000),
        report("Action: delayed\n" + " folded\n" * 100_000),
        report().partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + b"--b\r\n\r\n" * 150_000,
        b"Content-Type: multipart/report" + b";a=b" * 200_000 + b"\r\n\r\n",
        b"Content-Type: multipart/report; boundary=" + b"\\" * 900_000,
        b'Content-Type: multipart/report; boundary="' + b"(" * 900_000 + b"\r\n\r\n",
        report(encoding="Content-Transfer-Encoding: base64\n", status="QQ" * 400_000),
    ],
)
def test_no_octets_cost_much(raw: bytes) -> None:
    start = perf_counter()
    assert failed(raw) is None
    assert perf_counter() - start < 1.0


@given(st.lists(st.sampled_from(report().splitlines(keepends=True)) | st.binary(max_size=20), max_size=40))
def test_no_octets_raise(pieces: list[bytes]) -> None:
    found = failed(b"".join(pieces))
    assert found is None or len(found.diagnostic) <= 500


def read(path: Path) -> bytes:
    return re.sub(rb"\AFrom .*\n", b"", path.read_bytes())  # some files carry an mbox separator


@absent
def test_sisimais_bounces() -> None:
    """Every multipart/report of theirs that says `Action: failed` is read so; no notice of another kind is."""
    verdicts = json.loads((CORPORA / "sisimai" / "expected.json").read_text())
    count = 0
    for path in sorted((CORPORA / "sisimai").glob("*.eml")):
        raw = read(path)
        found = failed(raw)
        assert found == failed(re.sub(rb"\r?\n", b"\r\n", raw))
        reasons = {verdict["reason"] for verdict in verdicts.get(path.name, [])}
        assert found is None or not reasons & {"vacation", "feedback", "delivered"}, path.name
        count += found is not None
    assert count >= 165


@absent
@pytest.mark.parametrize("folder", ["flufl-bounce", "sisimai-not", "mail-parser", "mikel-mail", "mime4j"])
def test_the_other_corpora_are_read_without_an_exception(folder: str) -> None:
    found = [path.name for path in sorted((CORPORA / folder).rglob("*")) if path.is_file() and failed(read(path))]
    print(f"{folder}: {len(found)} say failed")
    assert len(found) == {"flufl-bounce": 9, "mikel-mail": 1}.get(folder, 0)
