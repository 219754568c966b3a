"""What a message must be, what marks a machine, and the key of a repeat."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.headers import fields
from mailbridge.policy import facts, fingerprint
from mailbridge.policy.shape import Shape, examine
from mailbridge.proof.judgement import SIGNED_IN, Proof
from store.terms import Reply, Standing

GOOD = b"From: a@example.com\r\nSubject: Hi\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n"


def well_formed(raw: bytes) -> Shape:
    shape = examine(raw, 1000)
    assert isinstance(shape, Shape)
    return shape


def test_a_message_is_read() -> None:
    shape = well_formed(GOOD)
    assert (str(shape.author.address), shape.subject, shape.message_id) == ("a@example.com", "Hi", "<1@x>")
    assert (bytes(shape.body), shape.size) == (b"\r\nbody\r\n", len(GOOD))
    assert shape.body.obj is GOOD  # not a copy, which of a big mail would double what a session holds


@pytest.mark.parametrize(
    ("raw", "reply"),
    [
        (b"", "550 5.6.0"),
        (b"\r\nbody\r\n", "550 5.6.0"),
        (b"To: b@example.com\r\n\r\n", "550 5.6.0"),
        (b"From: a@x.test\r\nFrom: b@x.test\r\n\r\n", "550 5.6.0"),
        (b"From: a@x.test\r\nFROM : b@x.test\r\n\r\n", "550 5.6.0"),
        (b"From: a@x.test, b@x.test\r\n\r\n", "550 5.6.0"),
        (b"From: a@x.test\r\nSubject: 1\r\nsubject: 2\r\n\r\n", "550 5.6.0"),
        (b"From: a@x.test\r\nSender: c@x.test\r\nSender: d@x.test\r\n\r\n", "550 5.6.0"),
        (b"From: a@x.test\r\nMessage-ID: <1>\r\nMessage-Id: <2>\r\n\r\n", "550 5.6.0"),
        (b"From: a@x.test\r\nDate: 1\r\nDate: 2\r\n\r\n", "550 5.6.0"),
        (b"From: a@x.test\r\nbody without a blank line\r\n", "550 5.6.0"),
        (b"From: a@x.test\r\ngarbage\r\nFrom: b@x.test\r\n\r\n", "550 5.6.0"),
        (b" folded\r\nFrom: a@x.test\r\n\r\n", "550 5.6.0"),
        (b"From: a@x.test\r\n" + b"X: y\r\n" * 1000 + b"\r\n", "552 5.3.4"),
    ],
)
def test_what_it_is_refused_for(raw: bytes, reply: str) -> None:
    refused = examine(raw, 1000)
    assert isinstance(refused, Reply)
    assert str(refused)[:9] == reply


@pytest.mark.parametrize("raw", [b"From: a@x.test\r\n", b"From: a@x.test", b"From: a@x.test\r\n\r\n"])
def test_a_message_may_be_all_header(raw: bytes) -> None:
    assert str(well_formed(raw).author.address) == "a@x.test"


@pytest.mark.parametrize(
    ("head", "return_path", "mark"),
    [
        (b"", "", "null_sender"),
        (b"", "a@x.test", ""),
        (b"Auto-Submitted: no\r\n", "a@x.test", ""),
        (b"Auto-Submitted: No (because)\r\n", "a@x.test", ""),
        (b"Auto-Submitted: auto-replied\r\n", "a@x.test", "auto_submitted"),
        (b"Auto-Submitted: auto-generated; owner-email=x\r\n", "a@x.test", "auto_submitted"),
        (b"Precedence: junk\r\n", "a@x.test", "precedence"),
        (b"Precedence: auto_reply\r\n", "a@x.test", "precedence"),
        (b"Precedence: list\r\n", "a@x.test", ""),
        (b"Precedence: bulk\r\n", "a@x.test", ""),
        (b"Precedence: bulk\r\nIn-Reply-To: <1>\r\n", "a@x.test", "bulk_answer"),
        (b"Precedence: bulk\r\nIn-Reply-To: <1>\r\nList-Id: x\r\n", "a@x.test", ""),
        (b"X-Autoreply: yes\r\n", "a@x.test", "autoreply"),
        (b"X-Autorespond: vacation\r\n", "a@x.test", "autoreply"),
        (b"X-Auto-Response-Suppress: All\r\n", "a@x.test", ""),
        (b'Content-Type: multipart/report; report-type="delivery-status"\r\n', "a@x.test", "delivery_report"),
    ],
)
def test_marks_of_machines(head: bytes, return_path: str, mark: str) -> None:
    assert facts.automatic(fields(head), return_path) == mark


@pytest.mark.parametrize(
    ("head", "mark"),
    [
        (b"Auto-Submitted: auto-generated\r\n", ""),
        (b"Auto-Submitted: auto-generated\r\nPrecedence: bulk\r\n", ""),
        (b"Auto-Submitted: auto-replied\r\n", "auto_submitted"),
        (b"Auto-Submitted: auto-generated\r\nX-Autoreply: yes\r\n", "autoreply"),
    ],
)
def test_a_device_that_has_signed_in_may_say_that_it_is_one(head: bytes, mark: str) -> None:
    found = facts.gather(well_formed(head + GOOD), "a@x.test", Standing.MEMBER, Proof(True, SIGNED_IN))
    assert found.automatic == mark


def test_facts_count_hops_and_read_loop_marks() -> None:
    shape = well_formed(b"Received: x\r\n" * 3 + b"X-Loop: Dev@Example.org\r\nX-Loop: b@c (x)\r\n" + GOOD)
    found = facts.gather(shape, "a@x.test", Standing.MEMBER, Proof(True, "relay_pass"))
    assert (found.received, found.loops, found.automatic) == (3, frozenset({"dev@example.org", "b@c"}), "")


def test_a_repeat_has_the_same_key_and_nothing_else_has() -> None:
    def key(raw: bytes) -> str | None:
        return fingerprint.fingerprint(well_formed(raw))

    first = key(GOOD)
    assert key(b"Received: again\r\n" + GOOD) == first
    others = {
        key(GOOD.replace(b"body", b"Body")),
        key(GOOD.replace(b"Hi", b"Ho")),
        key(GOOD.replace(b"<1@x>", b"<2@x>")),
        key(GOOD.replace(b"a@example.com", b"b@example.com")),
        key(b"To: c@x.test\r\n" + GOOD),
        key(b"Date: today\r\n" + GOOD),
    }
    assert len(others) == 6
    assert first not in others


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    assert isinstance(examine(raw, 1000), Shape | Reply)


CORPORA = Path(os.environ.get("POSTROOM_CORPORA", Path(__file__).parents[4] / "shared" / "corpora"))


@pytest.mark.skipif(not CORPORA.is_dir(), reason=f"no corpora at {CORPORA.name}")
def test_real_mail_is_read_or_refused_with_every_line_end() -> None:
    seen = {Shape: 0, Reply: 0}
    for path in sorted(CORPORA.rglob("*")):
        if not path.is_file() or path.suffix in {".py", ".json", ".yml"}:
            continue
        raw = path.read_bytes().replace(b"\r\n", b"\n")
        for end in (b"\n", b"\r\n", b"\r"):
            found = examine(raw.replace(b"\n", end), 1000)
            seen[type(found)] += 1
            if isinstance(found, Shape):
                facts.gather(found, "a@x.test", Standing.STRANGER, Proof(False, "untrusted_peer"))
    assert seen[Shape] > 300
