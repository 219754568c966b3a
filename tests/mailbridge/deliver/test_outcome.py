"""Whose fault: replies as real hops say them, by who says them."""

from __future__ import annotations

import pytest

from mailbridge.deliver import wire
from mailbridge.deliver.outcome import blame, broken, conclude, lost
from store.terms import DeliveryState, Fault, Outcome, Reply, Stage

US, POST, RECIPIENT, UNCLEAR, NOBODY = Fault.US, Fault.POST, Fault.RECIPIENT, Fault.UNCLEAR, Fault.NOBODY
CONNECT, EHLO, TLS, AUTH, MAIL, RCPT, DATA, DOT = Stage

REPLIES = [
    # Postfix
    (RCPT, "550 5.1.1 <x@example.org>: Recipient address rejected: User unknown in local recipient table", RECIPIENT),
    (RCPT, "550 5.1.1 <x@example.org>: Recipient address rejected: User unknown in virtual mailbox table", RECIPIENT),
    (RCPT, "554 5.7.1 <x@example.org>: Relay access denied", US),
    (RCPT, "554 5.7.1 <x@example.org>: Recipient address rejected: Access denied", RECIPIENT),
    (RCPT, "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; https://x.test", US),
    (RCPT, "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied", US),
    (RCPT, "550 5.7.1 <list.test>: Helo command rejected: Host not found", US),
    (RCPT, "450 4.7.1 <x@example.org>: Recipient address rejected: Greylisted for 300 seconds", NOBODY),
    (RCPT, "550 5.1.8 <bounces@lists.test>: Sender address rejected: Domain not found", US),
    (RCPT, "553 5.7.1 <bounces@lists.test>: Sender address rejected: not owned by user news", US),
    (RCPT, "550 5.1.2 <x@nowhere.test>: Recipient address rejected: Domain not found", RECIPIENT),
    (RCPT, "452 4.5.3 Error: too many recipients", NOBODY),
    (RCPT, "552 5.5.3 Error: too many recipients", NOBODY),
    (MAIL, "530 5.7.0 Must issue a STARTTLS command first", US),
    (MAIL, "552 5.3.4 Message size exceeds fixed limit", POST),
    (MAIL, "552 Message size exceeds fixed maximum message size", POST),
    (MAIL, "553 5.7.1 <bounces@lists.test>: Sender address rejected: not logged in", US),
    (DOT, "552 5.3.4 Error: message file too big", POST),
    (DOT, "554 5.6.0 Message content rejected: bad header", POST),
    (DOT, "550 5.7.1 Blocked by SpamAssassin", POST),
    (DOT, "554 5.4.6 Error: too many hops", POST),
    (DOT, "452 4.3.1 Insufficient system storage", NOBODY),
    (DATA, "554 5.5.1 Error: no valid recipients", US),
    # Exim
    (RCPT, "550 Unrouteable address", RECIPIENT),
    (RCPT, "550 relay not permitted", US),
    (RCPT, "550 Sender verify failed", US),
    (RCPT, "550 No such person at this address", RECIPIENT),
    (RCPT, "550 Administrative prohibition", UNCLEAR),
    (RCPT, "550 authentication required", US),
    (DOT, "550 This message contains malware (Eicar-Test-Signature)", POST),
    (DOT, "550 Administrative prohibition", UNCLEAR),
    (DOT, "552 message size exceeds limit", POST),
    # qmail and heirs, with the code at the end
    (RCPT, "550 sorry, no mailbox here by that name. (#5.1.1)", RECIPIENT),
    (RCPT, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", US),
    (DOT, "552 sorry, that message size exceeds my databytes limit (#5.3.4)", POST),
    # Exchange Online
    (RCPT, "550 5.4.1 Recipient address rejected: Access denied. [X.eur01.prod.outlook.com]", RECIPIENT),
    (RCPT, "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient x@example.org not found by SMTP address", RECIPIENT),
    (DOT, "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required", RECIPIENT),
    (DOT, "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required", RECIPIENT),
    (DOT, "550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized", RECIPIENT),
    (DOT, "550 5.7.60 SMTP; Client does not have permissions to send as this sender", US),
    (DOT, "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients", US),
    (DOT, "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message", US),
    (DOT, "554 5.2.252 SendAsDenied; bounces@lists.test not allowed to send as news@lists.test", US),
    (RCPT, "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", US),
    (MAIL, "530 5.7.57 Client not authenticated to send mail. Error: 535 5.7.139", US),
    (RCPT, "550 5.7.708 Access denied, traffic not accepted from this IP. For more information see", US),
    (RCPT, "550 5.7.606 Access denied, banned sending IP [192.0.2.1]", US),
    (DOT, "550 5.7.509 Access denied, sending domain lists.test does not pass DMARC verification", US),
    (DOT, "550 5.7.515 Access denied, sending domain lists.test does not meet the required authentication level", US),
    (DOT, "550 5.7.705 Access denied, tenant has exceeded threshold", US),
    (DOT, "550 5.1.8 Access denied, bad outbound sender AS(42004)", US),
    (DOT, "554 5.4.14 Hop count exceeded - possible mail loop ATTR34", POST),
    (DOT, "552 5.3.4 ROUTING.SizeLimit; message size exceeds fixed maximum size for route", POST),
    (DOT, "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException", RECIPIENT),
    (AUTH, "535 5.7.3 Authentication unsuccessful", US),
    (AUTH, "454 4.7.0 Temporary authentication failure", NOBODY),
    # Gmail
    (RCPT, "550 5.1.1 The email account that you tried to reach does not exist. Please try", RECIPIENT),
    (RCPT, "550 5.2.1 The email account that you tried to reach is disabled.", RECIPIENT),
    (RCPT, "552 5.2.2 The email account that you tried to reach is over quota. Please direct", RECIPIENT),
    (RCPT, "550 5.2.1 The user you are trying to contact is receiving mail at a rate that", RECIPIENT),
    (RCPT, "450 4.2.1 The user you are trying to contact is receiving mail too quickly.", NOBODY),
    (MAIL, "550 5.4.5 Daily user sending limit exceeded. For more information", US),
    (RCPT, "550 5.4.5 Daily SMTP relay limit exceeded for user.", US),
    (RCPT, "550 5.7.1 Invalid credentials for relay for one of the domains in: lists.test", US),
    (DOT, "550 5.7.1 [192.0.2.1] Our system has detected that this message is likely unsolicited mail", POST),
    (DOT, "552 5.7.0 This message was blocked because its content presents a potential security issue", POST),
    (DOT, "550 5.7.26 Unauthenticated email from author.test is not accepted due to domain's DMARC policy", POST),
    (DOT, "550 5.7.25 The IP address sending this message does not have a PTR record setup", US),
    (DOT, "550 5.7.1 This message does not have authentication information or fails to pass authentication", POST),
    (DOT, "421 4.7.28 Our system has detected an unusual rate of unsolicited mail", NOBODY),
    # Yahoo, GMX, T-Online, iCloud
    (DOT, "554 delivery error: dd This user doesn't have a yahoo.com account (x@yahoo.com) [-5]", RECIPIENT),
    (DOT, "554 5.7.9 Message not accepted for policy reasons. See https://postmaster.test", POST),
    (MAIL, "553 5.7.2 [TSS09] All messages from 192.0.2.1 will be permanently deferred", US),
    (MAIL, "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints", NOBODY),
    (CONNECT, "554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help)", US),
    (CONNECT, "554 gmx.net Nemesis ESMTP Service not available No SMTP service IP address is block listed", US),
    (RCPT, "550 Requested action not taken: mailbox unavailable", RECIPIENT),
    (DOT, "550 5.7.1 [CS01] Message rejected due to local policy. Please visit", POST),
    # SES, Mailgun, SendGrid, OVH, Postmark
    (DOT, "554 Message rejected: Email address is not verified. The following identities failed the check", US),
    (DOT, "554 Message rejected: Sending paused for this account. For more information", US),
    (DOT, "454 Throttling failure: Daily message quota exceeded.", NOBODY),
    (DOT, "554 5.2.0 Daily limit exceeded", US),
    (RCPT, "554 5.2.0 You have exceeded your daily sending quota", US),
    (DOT, "550 5.2.0 rate limit: too many messages this hour", US),
    (RCPT, "554 5.2.0 Maximum recipients per day reached; limit is 10000 per day", US),
    (DOT, "550 Maximum credits exceeded for your account", US),
    (RCPT, "550 5.7.1 Free accounts are for test purposes only. Please upgrade", US),
    (RCPT, "550 5.7.1 relaying denied", US),
    # others
    (RCPT, "550 user quota exceeded", RECIPIENT),
    (RCPT, "552 Requested mail action aborted: exceeded storage allocation", RECIPIENT),
    (DOT, "552 5.2.2 Mailbox full", RECIPIENT),
    (DOT, "554 5.2.0 something went wrong", UNCLEAR),
    (RCPT, "550 5.2.0 something went wrong", UNCLEAR),
    (RCPT, "550 5.7.1 Access denied", UNCLEAR),
    (DOT, "554 Transaction failed", UNCLEAR),
    (RCPT, "554 Transaction failed", UNCLEAR),
    (RCPT, "550 5.7.1 Poor reputation of sender network", US),
    (DOT, "554 rejected due to spam content", POST),
    (DOT, "554 5.7.1 rejected, listed on a blocklist", US),
    (RCPT, "550 <daily.limit@example.org> unknown", RECIPIENT),
    (RCPT, "550 <postmaster-quota@relay-denied.test>: no such user", RECIPIENT),
    (EHLO, "550 5.7.1 go away", US),
    (TLS, "554 5.7.3 no TLS for you", US),
    (RCPT, "503 5.5.1 Bad sequence of commands", US),
    (RCPT, "550 5.4.310 DNS domain example.invalid does not exist", RECIPIENT),
]  # fmt: skip


def heard(line: str) -> Reply:
    return Reply.heard(int(line[:3]), [line[4:]])


@pytest.mark.parametrize(("stage", "line", "fault"), REPLIES, ids=[f"{s}-{line[:60]}" for s, line, _ in REPLIES])
def test_whose_fault(stage: Stage, line: str, fault: Fault) -> None:
    assert blame(stage, heard(line)) is fault


def test_only_a_fault_of_the_recipient_fails_a_delivery() -> None:
    for stage, line, fault in REPLIES:
        outcome = conclude(stage, heard(line))
        expected = DeliveryState.FAILED if fault is RECIPIENT else DeliveryState.DEFERRED
        assert (outcome.state, outcome.uncertain) == (expected, False), line


QUOTAS = [
    "Daily limit exceeded", "daily message quota reached", "hourly sending limit",
    "You have exceeded the rate of 30 messages per minute", "quota for today used up, sending stopped",
]  # fmt: skip


@pytest.mark.parametrize("quota", QUOTAS)
@pytest.mark.parametrize("stage", [MAIL, RCPT, DATA, DOT])
def test_a_used_up_quota_never_fails_a_contact(stage: Stage, quota: str) -> None:
    assert blame(stage, Reply(554, "5.2.0", quota)) is US


def test_a_vague_refusal_that_names_our_domain_is_about_us() -> None:
    refusal = heard("550 5.7.26 mail from lists.example is not accepted due to its DMARC policy")
    assert blame(DOT, refusal) is POST
    assert blame(DOT, refusal, ["lists.example"]) is US
    assert blame(RCPT, heard("550 5.1.1 no such user at lists.example"), ["lists.example"]) is RECIPIENT
    assert blame(RCPT, heard("550 5.7.1 <x@lists.example> access denied"), ["lists.example"]) is UNCLEAR


def test_every_refusal_has_a_fault_at_every_stage() -> None:
    for stage in Stage:
        for code in range(400, 600):
            fault = blame(stage, Reply(code, "", "no"))
            assert (fault is NOBODY) == (code < 500)


def test_success_and_a_lost_connection() -> None:
    assert conclude(DOT, heard("250 2.0.0 Ok: queued as 1")).state is DeliveryState.RELAYED
    assert broken(DOT, lost("gone"), uncertain=True) == Outcome(
        DeliveryState.DEFERRED, Reply(421, "4.4.2", "gone"), DOT, NOBODY, uncertain=True
    )


def test_multi_line_replies_keep_one_enhanced_code() -> None:
    lines = [b"5.1.1 The email account that you tried", b"5.1.1 to reach does not exist.", b"5.1.1 see help"]
    assert wire.reply(550, lines) == Reply(
        550, "5.1.1", "The email account that you tried to reach does not exist. see help"
    )


def test_a_reply_s_text_is_one_printable_line() -> None:
    text = wire.reply(550, [b"a\x00b\x1b[31m\xff", b"c\rd"]).text
    assert text.isprintable()
    assert len(wire.reply(550, [b"x" * 9000]).text) == 1000
