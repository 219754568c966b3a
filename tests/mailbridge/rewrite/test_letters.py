"""Letters as their readers see them: Python's own parser stands for a mail program."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.rewrite.letters import letter
from store.terms import GroupKind, GroupPolicy, LetterKind

GROUP = GroupPolicy(1, GroupKind.GROUP, "team@corp.example", "team-2@lists.example.org", "Équipe")
WHEN = datetime(2026, 3, 2, 10, 0, 1, 5, tzinfo=timezone(timedelta(hours=1)))
NAMES = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Language",
    "Content-Type",
]
# Answers to whoever it was: nothing of their mail may be in them.
UNPROVEN = {LetterKind.JOIN_CONFIRM, LetterKind.JOIN_MEMBER, LetterKind.JOIN_WAITING}


def write(kind: LetterKind, arguments: dict[str, str] | None = None, **changed: Any) -> tuple[bytes, EmailMessage]:
    given_ = {
        "group": GROUP, "message_id": "letter-1@mx.example.org", "date": WHEN, "hostname": "mx.example.org",
        "in_reply_to": "<1@example.com>", **changed,
    }  # fmt: skip
    raw = letter(kind, "en", "ana@example.com", arguments or {}, **given_)
    assert raw.isascii()
    assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 300
    seen = message_from_bytes(raw, policy=policy.default)
    assert isinstance(seen, EmailMessage)
    assert seen.defects == []
    return raw, seen


def text(seen: EmailMessage) -> str:
    """What a program without HTML shows."""
    part = seen.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize("kind", LetterKind)
def test_every_kind_is_a_letter_of_the_group(kind: LetterKind) -> None:
    _, seen = write(kind, {"person": "Ana", "subject": "Lunch", "reason": "Not a member."})
    assert seen.keys() == [name for name in NAMES if kind not in UNPROVEN or name not in ("In-Reply-To", "References")]
    assert str(seen["From"]) == "Équipe via Postroom <team-2-owner@lists.example.org>"
    assert str(seen["To"]) == "ana@example.com"
    assert seen["Date"].datetime == WHEN.replace(microsecond=0).astimezone(UTC)
    assert seen["In-Reply-To"] == seen["References"] == (None if kind in UNPROVEN else "<1@example.com>")
    assert seen["Auto-Submitted"] == "auto-replied"
    assert ("team@corp.example" if kind is LetterKind.JOIN_ENDED else "Équipe") in seen["Subject"]
    assert "team@corp.example" in text(seen)
    assert max(map(len, text(seen).splitlines())) <= 72


def test_a_rejection_says_why_in_its_own_lines() -> None:
    _, seen = write(LetterKind.POST_REJECTED, {"subject": "Menü", "reason": "Off topic.\nTry élan@corp.example."})
    assert seen["Subject"] == "Not delivered to Équipe: Menü"
    assert "    Menü\n" in text(seen)
    assert "    Off topic.\n    Try élan@corp.example.\n" in text(seen)
    _, seen = write(LetterKind.POST_REJECTED, {})
    assert seen["Subject"] == "Your message to Équipe was not delivered"
    assert "No reason was given." in text(seen)
    assert "(a message without a subject)" in text(seen)


def test_what_waits_says_until_when_and_in_a_paused_group_for_what() -> None:
    _, seen = write(LetterKind.POST_HELD, {"subject": "Menü", "until": "2026-03-09 09:00 UTC"})
    assert seen["Subject"] == "Waiting in Équipe: Menü"
    assert "If nobody decides until 2026-03-09 09:00 UTC, it expires" in " ".join(text(seen).split())
    _, seen = write(LetterKind.POST_HELD, {})
    assert "waits until it is resumed" in " ".join(text(seen).split())
    assert "expires" not in text(seen)
    _, seen = write(LetterKind.POST_EXPIRED, {"subject": "Menü"})
    assert seen["Subject"] == "Expired in Équipe: Menü"
    assert "nobody took one in time" in " ".join(text(seen).split())


def test_what_waited_for_a_deleted_group_is_told_by_the_postmaster() -> None:
    given_ = {"group": "equipe@lists.example.org", "name": "Équipe", "subject": "Menü"}
    _, seen = write(LetterKind.POST_REJECTED, given_, group=None)
    assert str(seen["From"]) == "Postroom <postmaster@mx.example.org>"
    assert seen["Subject"] == "Not delivered to Équipe: Menü"
    said = " ".join(text(seen).split())
    assert "Meanwhile the group was deleted" in said
    assert "No reason was given" not in said


def test_without_a_group_it_is_the_postmasters() -> None:
    _, seen = write(LetterKind.LEAVE_DONE, {"group": "a@b.example", "name": "A"}, group=None, in_reply_to="")
    assert str(seen["From"]) == "Postroom <postmaster@mx.example.org>"
    assert seen["Auto-Submitted"] == "auto-generated"
    assert "In-Reply-To" not in seen
    _, seen = write(
        LetterKind.LEAVE_DONE, group=GroupPolicy(2, GroupKind.ABUSE, "abuse@b.example", "abuse@b.example", "")
    )
    assert seen["From"].addresses[0].addr_spec == "abuse@b.example"


@given(st.text(max_size=400), st.text(max_size=400), st.sampled_from(LetterKind))
def test_nothing_in_a_subject_or_reason_adds_a_header(subject: str, reason: str, kind: LetterKind) -> None:
    _, seen = write(kind, {"subject": subject, "reason": reason, "person": subject})
    assert set(seen.keys()) == set(NAMES) - (set() if kind not in UNPROVEN else {"In-Reply-To", "References"})
    assert text(seen).rstrip().endswith("Replies reach the people in charge of the group.")


@pytest.mark.parametrize(
    "theirs", ["<1@x>\r\nBcc: y", "<1 2@x>", "<a@b><c@d>", "é@x", "<" + "a" * 300 + "@x>", "<>", " "]
)
def test_a_message_id_that_is_none_is_not_answered_to(theirs: str) -> None:
    _, seen = write(LetterKind.TEST, in_reply_to=theirs)
    assert "References" not in seen


def test_an_address_that_breaks_a_line_is_refused() -> None:
    with pytest.raises(ValueError, match="To"):
        letter(LetterKind.TEST, "en", "a@b\r\nBcc: x", {}, group=GROUP, message_id="1@x", date=WHEN, hostname="x.org")


def test_an_unknown_language_is_english() -> None:
    raw = letter(LetterKind.TEST, "xx", "a@b", {}, group=GROUP, message_id="1@x", date=WHEN, hostname="mx.example.org")
    assert b"This is a test of team@corp.example" in raw
