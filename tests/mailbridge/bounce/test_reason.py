"""Why a mail came back: the table row by row, and what must never be held against a contact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.bounce.reason import RULES, classify
from store.terms import BounceReason as R

SAID = [
    # the mailbox
    ("5.1.1", 550, "<ana@example.com>: Recipient address rejected: User unknown in table", R.USER_UNKNOWN),
    ("5.1.1", 550, "The email account that you tried to reach does not exist.", R.USER_UNKNOWN),
    ("", 550, "no such user here", R.USER_UNKNOWN),
    ("5.1.10", 550, "RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", R.USER_UNKNOWN),
    ("5.4.1", 550, "<ana@example.com>: Recipient address rejected: Access denied", R.USER_UNKNOWN),
    ("5.1.1", None, "", R.USER_UNKNOWN),
    ("5.1.2", None, "Host unknown (Name server: example.invalid: host not found)", R.HOST_UNKNOWN),
    ("5.4.4", None, "Host or domain name not found. Name service error for name=example.com type=A", R.HOST_UNKNOWN),
    ("5.1.2", None, "", R.HOST_UNKNOWN),
    ("5.1.6", 551, "User has moved; please try <bo@example.com>", R.MOVED),
    ("", 551, "", R.MOVED),
    ("5.3.2", 521, "", R.NO_MAIL),
    ("", 556, "Domain does not accept mail", R.NO_MAIL),
    ("5.2.2", 552, "Mailbox full", R.MAILBOX_FULL),
    ("5.0.0", 552, "Quota exceeded (mailbox for user is full)", R.MAILBOX_FULL),
    ("4.2.2", 452, "The email account that you tried to reach is over quota.", R.MAILBOX_FULL),
    ("5.2.1", 550, "The user's account is disabled", R.SUSPENDED),
    ("5.2.1", None, "", R.SUSPENDED),
    ("4.4.7", None, "delivery temporarily suspended: connection timed out", R.EXPIRED),
    ("4.4.1", None, "", R.EXPIRED),
    ("", 550, "not allowed to post to this group: RESOLVER.RST.RestrictedToRecipientsPermission", R.RESTRICTED),
    # a filter's no, in the words of an unknown user
    ("5.0.0", 550, "host mx.example.com said: 550 User unknown (in reply to end of DATA command)", R.RESTRICTED),
    # us
    ("5.7.1", 554, "Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", R.POLICY),
    ("5.7.1", 550, "Client host rejected: cannot find your reverse hostname", R.POLICY),
    ("5.7.1", 550, "<ana@example.com>: Relay access denied", R.POLICY),
    ("4.7.0", 421, "Messages from 192.0.2.1 temporarily deferred due to user complaints [TSS04]", R.POLICY),
    ("5.7.606", 550, "Access denied, banned sending IP", R.POLICY),
    ("5.7.0", 550, "", R.POLICY),
    # the author
    ("5.7.26", 550, "Unauthenticated email is not accepted due to domain's DMARC policy", R.AUTHENTICATION),
    ("5.7.509", 550, "Access denied, sending domain does not pass DMARC verification", R.AUTHENTICATION),
    ("5.0.0", 550, "SPF check failed for the user; mailbox unavailable", R.AUTHENTICATION),
    ("5.1.8", 553, "Domain of sender address does not exist", R.AUTHENTICATION),
    ("5.1.8", None, "", R.AUTHENTICATION),
    # the post
    ("5.7.1", 550, "Message rejected as spam by Content Filtering.", R.CONTENT),
    ("5.6.0", 554, "", R.CONTENT),
    ("5.3.4", 552, "Message size exceeds fixed maximum message size", R.SIZE),
    ("5.2.3", None, "", R.SIZE),
    # the way, and their machine
    ("5.4.6", 554, "Too many hops", R.NETWORK),
    ("5.4.0", None, "", R.NETWORK),
    ("5.3.0", None, "Local error in processing", R.SYSTEM),
    ("5.1.1", None, "procmail: Couldn't create \"/var/mail/ana\" id: ana: No such user", R.SYSTEM),
    # nothing to go by
    ("", None, "", R.UNCLEAR),
    ("5.0.0", 550, "No", R.UNCLEAR),
]  # fmt: skip


@pytest.mark.parametrize(("enhanced", "code", "text", "expected"), SAID)
def test_the_table(enhanced: str, code: int | None, text: str, expected: R) -> None:
    assert classify(enhanced, code, text) is expected


def test_every_reason_is_reached() -> None:
    assert {expected for *_, expected in SAID} == set(R)
    assert {rule.reason for rule in RULES} | {R.UNCLEAR} == set(R)


@pytest.mark.parametrize("detail", range(40))
def test_no_bare_policy_code_counts_against_the_contact(detail: int) -> None:
    if detail != 13:  # RFC 5248: user account disabled
        assert not classify(f"5.7.{detail}", 550, "rejected").counts


def test_words_in_an_address_say_nothing() -> None:
    assert classify("5.7.1", 550, "<mailbox.full@user.unknown.example>: rejected") is R.POLICY


def test_what_is_hard_counts() -> None:
    assert all(reason.counts for reason in R if reason.hard)
    assert {reason for reason in R if reason.counts and not reason.hard} == {R.MAILBOX_FULL, R.SUSPENDED, R.EXPIRED}


@given(st.text(max_size=300), st.sampled_from(["", "5.1.1", "4.2.2", "5.7.1", "junk"]), st.none() | st.integers())
def test_every_text_has_a_reason(text: str, enhanced: str, code: int | None) -> None:
    assert classify(enhanced, code, text) in R
