"""Submission (RFC 6409): who signs in writes as themselves, to our groups, and is proven by it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aiosmtplib
import pytest
import structlog
from sqlmodel import select

from mailbridge.intake.credentials import WAITING
from mailbridge.intake.sasl import Claim
from mailbridge.intake.throttle import ADDRESS
from store import hashing, passwords, persons
from store.engine import Database
from store.passwords import Login
from store.schema.audit import Audit
from store.schema.password import Password
from store.terms import Actor, Moderation, Posting, PostState, Reply, Standing
from tests.conftest import Clock
from tests.mailbridge.intake.room import Room, add_group, add_member
from tests.mailbridge.intake.submitting import (
    ADA,
    Holder,
    encoded,
    holder,
    plain,
    secured,
    sign_in,
    signed_in,
    transact,
    trusting,
)

MAIL = f"From: Ada <{ADA}>\r\nSubject: Paper\r\nMessage-ID: <1@printer>\r\n\r\nThe tray is empty.\r\n"
REFUSED = "535 5.7.8 "


async def test_a_member_who_signed_in_is_proven(submission: Room) -> None:
    closed = await add_group(submission.database, "closed", posting=Posting.MEMBERS, moderation=Moderation.NONE)
    await add_member(submission.database, closed, ADA)
    client = await signed_in(submission, await holder(submission.database))
    assert (await transact(client, MAIL, recipient="closed@example.org")).startswith("250 2.0.0 Ok: ")
    (post,) = await submission.posts()
    assert (post.standing, post.authenticated, post.verdict) == (Standing.MEMBER, True, "signed_in")
    assert post.results == [f"auth=pass smtp.auth={ADA}"]
    assert (post.protocol, post.helo, post.client) == ("ESMTPSA", "printer.example.com", "127.0.0.1")


async def test_an_outsider_to_the_group_is_refused_with_a_reply_however_well_known(submission: Room) -> None:
    await add_group(submission.database, "closed", posting=Posting.MEMBERS, moderation=Moderation.NONE)
    client = await signed_in(submission, await holder(submission.database))
    assert (await transact(client, MAIL, recipient="closed@example.org")).startswith("550 5.7.2 Only proven members")


@pytest.mark.parametrize("other", ["", ADA])
async def test_login_and_both_forms_of_plain_are_understood(submission: Room, other: str) -> None:
    who = await holder(submission.database)
    client = await secured(submission)
    assert await client.ask("auth plain") == "334 "
    assert (await client.ask(plain(ADA, who.password.shown, other))).startswith("235")
    client = await secured(submission)
    assert await client.ask("AUTH LOGIN") == "334 VXNlcm5hbWU6"
    assert await client.ask(encoded(ADA)) == "334 UGFzc3dvcmQ6"
    assert (await client.ask(encoded(who.password.shown))).startswith("235")
    client = await secured(submission)
    assert await client.ask(f"AUTH LOGIN {encoded(ADA)}") == "334 UGFzc3dvcmQ6"
    assert (await client.ask(encoded(who.password.shown))).startswith("235")


async def test_a_password_is_taken_as_people_type_it(submission: Room) -> None:
    who = await holder(submission.database)
    for typed in (who.password.letters, who.password.shown.upper(), f" {who.password.shown.replace('-', ' ')} "):
        assert (await sign_in(await secured(submission), "Ada@EXAMPLE.com", typed)).startswith("235"), typed


@pytest.mark.parametrize(
    ("sender", "fields", "reply"),
    [
        ("eve@example.com", f"From: {ADA}", f"550 5.7.1 The return path must be {ADA}"),
        ("", f"From: {ADA}", f"550 5.7.1 The return path must be {ADA}"),
        (ADA, "From: eve@example.com", f"550 5.7.1 From must be {ADA}"),
        (ADA, "From: ada@example.org", f"550 5.7.1 From must be {ADA}"),
        (ADA, f"From: {ADA}\r\nSender: eve@example.com", f"550 5.7.1 Sender must be {ADA}"),
        (ADA, f"From: {ADA}\r\nSender: what is this", f"550 5.7.1 Sender must be {ADA}"),
        (ADA, f"From: {ADA}, eve@example.com", "550 5.6.0 The message must have one From"),
        (ADA, f"From: {ADA}\r\nFrom: eve@example.com", "550 5.6.0 The message must have one From"),
        (ADA.title(), f"From: {ADA.upper()}\r\nSender: Ada <{ADA}>", "250 2.0.0 Ok: "),
    ],
)
async def test_nobody_writes_as_another(submission: Room, sender: str, fields: str, reply: str) -> None:
    client = await signed_in(submission, await holder(submission.database))
    said = await transact(client, f"{fields}\r\nSubject: x\r\n\r\ny\r\n", sender=sender)
    assert said.startswith(reply)
    assert len(await submission.posts()) == reply.startswith("250")
    # The session goes on.
    assert (await client.ask("RSET")).startswith("250")
    assert (await transact(client, MAIL)).startswith("250 2.0.0 Ok: ")


async def test_mail_for_others_is_not_relayed(submission: Room) -> None:
    client = await signed_in(submission, await holder(submission.database))
    assert (await transact(client, MAIL, recipient="someone@elsewhere.example")).startswith("550 5.7.1 Relaying denied")
    assert (await client.ask("RCPT TO:<nobody@example.org>")).startswith("550 5.1.1")


async def test_a_forged_verdict_in_a_submitted_mail_is_none_of_ours(submission: Room) -> None:
    client = await signed_in(submission, await holder(submission.database))
    forged = "Authentication-Results: mx.example.org; dmarc=fail header.from=example.com\r\n"
    assert (await transact(client, forged + MAIL)).startswith("250")
    (post,) = await submission.posts()
    assert post.verdict == "signed_in"


async def test_a_relay_s_spam_mark_in_a_submitted_mail_is_none_either(submission: Room) -> None:
    """The device stands in the network of the front relay, which has not seen the mail."""
    group_id = await add_group(submission.database, "team", moderation=Moderation.NON_MEMBERS)
    await add_member(submission.database, group_id, ADA)
    client = await signed_in(submission, await holder(submission.database))
    marked = "To: team@example.org\r\nX-Spam-Flag: YES\r\n" + MAIL
    assert (await transact(client, marked, recipient="team@example.org")).startswith("250")
    (post,) = await submission.posts()
    assert (post.state, post.reasons) == (PostState.ACCEPTED, [])


async def test_a_signed_in_member_leaves_by_the_bare_address(submission: Room) -> None:
    await add_member(submission.database, submission.group_id, ADA)
    client = await signed_in(submission, await holder(submission.database))
    assert (await transact(client, MAIL, recipient="dev-leave@example.org")).startswith("250")
    (letter,) = await submission.letters()
    assert (letter.kind, letter.address) == ("leave_done", ADA)


# ---------------------------------------------------------------- who is believed


async def _expect_refusal(room: Room, name: str, password: str) -> None:
    assert (await sign_in(await secured(room), name, password)).startswith(REFUSED)


async def test_all_who_are_not_believed_are_told_the_same(submission: Room) -> None:
    who, other = await holder(submission.database), await holder(submission.database, "bob@example.com")
    right = who.password.letters
    wrong = right[:-1] + ("a" if right[-1] != "a" else "b")
    claims = [
        (ADA, wrong), (ADA, "hunter2"), (ADA, ""), ("", right), ("nobody@example.com", right), (ADA, "x" * 900),
        ("bob@example.com", right), (ADA, other.password.shown), ("ada", right), ("ada@example.com\n", wrong),
        (right, ADA),
    ]  # fmt: skip
    said = {await sign_in(await secured(submission), *claim) for claim in claims}
    assert said == {"535 5.7.8 Name or password is wrong; sign in with your address and an app password"}


async def test_each_of_them_costs_one_hash(submission: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time it takes shows nothing: unknown names and wrong passwords take the same way."""
    who = await holder(submission.database)
    hashed: list[str] = []
    real = hashing.matches

    def counting(kept: str, typed: str) -> bool:
        hashed.append(kept.rpartition("$")[0].rpartition("$")[0])
        return real(kept, typed)

    monkeypatch.setattr(hashing, "matches", counting)
    claims = ((ADA, who.password.letters), (ADA, "hunter2"), ("nobody@example.com", who.password.letters), ("x", ""))
    for count, (name, password) in enumerate(claims, 1):
        await sign_in(await secured(submission), name, password)
        assert len(hashed) == count, name
    assert set(hashed) == {"$argon2id$v=19$m=19456,t=2,p=1"}


Change = Callable[[Database, Holder], Any]


async def _revoke(database: Database, who: Holder) -> None:
    async with database.writing() as tx:
        assert await passwords.revoke(tx, who.password_id, Actor("system"))


def _profile(**changes: Any) -> Change:
    async def change(database: Database, who: Holder) -> None:
        async with database.writing() as tx:
            await persons.upsert(tx, replace(who.profile, **changes))

    return change


ENDINGS: dict[str, Change] = {
    "revoked": _revoke,
    "deactivated": _profile(deactivated=True),
    "made a guest": _profile(guest=True),
    "of elsewhere": _profile(stranger=True),
    "another address": _profile(email="ada@example.net"),
    "no address": _profile(email=None),
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_it_ends_at_once_and_for_sessions_under_way(submission: Room, ending: str) -> None:
    who = await holder(submission.database)
    client = await signed_in(submission, who)
    for command in (f"MAIL FROM:<{ADA}>", "RCPT TO:<dev@example.org>", "DATA"):
        assert (await client.ask(command))[0] in "23"
    await ENDINGS[ending](submission.database, who)
    await client.say(MAIL)
    assert (await client.ask(".")).startswith("550 5.7.1 Your sign-in has ended")
    assert await submission.posts() == []
    await _expect_refusal(submission, ADA, who.password.shown)


async def test_who_gets_the_address_back_signs_in_again(submission: Room) -> None:
    who = await holder(submission.database)
    await ENDINGS["another address"](submission.database, who)
    await _expect_refusal(submission, "ada@example.net", who.password.shown)
    await _profile()(submission.database, who)
    await signed_in(submission, who)


async def test_the_last_use_is_kept_at_most_once_a_minute(submission: Room, clock: Clock) -> None:
    who = await holder(submission.database)
    seen = []
    for wait in (0, 30, 31):
        clock.advance(wait)
        await signed_in(submission, who)
        async with submission.database.reading() as tx:
            row = (await tx.exec(select(Password))).one()
        seen.append(row.used_at)
    assert seen[0] == seen[1]
    assert seen[2] == clock()


async def test_an_independent_client_submits(submission: Room) -> None:
    who = await holder(submission.database)
    async with aiosmtplib.SMTP(
        hostname="127.0.0.1", port=submission.listener.ports[2], start_tls=True, tls_context=trusting()
    ) as smtp:
        await smtp.login(ADA, who.password.shown)
        await smtp.sendmail(ADA, ["dev@example.org"], MAIL)
    (post,) = await submission.posts()
    assert post.author == ADA


# ---------------------------------------------------------------- attacks and faults


async def test_what_is_said_before_tls_does_not_act_within(submission: Room) -> None:
    """CVE-2011-0411 and its kin: a password that somebody in the middle puts behind STARTTLS would sign them in."""
    who = await holder(submission.database)
    client = await submission.client(submission=True)
    await client.ask("EHLO printer.example.com")
    await client.say(f"STARTTLS\r\nEHLO eve.example.com\r\nAUTH PLAIN {plain(ADA, who.password.shown)}\r\n")
    assert (await client.hear()).startswith("220")
    await client.writer.start_tls(trusting(), server_hostname="mail.example.org")
    assert (await client.ask(f"MAIL FROM:<{ADA}>")).startswith("503 5.5.1 Say hello")
    assert "250-AUTH PLAIN LOGIN" in await client.ask("EHLO printer.example.com")
    assert (await client.ask(f"MAIL FROM:<{ADA}>")).startswith("530 5.7.0")


async def test_a_second_hello_neither_signs_in_nor_out(submission: Room) -> None:
    client = await signed_in(submission, await holder(submission.database))
    assert "AUTH" not in await client.ask("EHLO other.example.com")
    assert (await client.ask("AUTH PLAIN")).startswith("503 5.5.1")
    assert (await transact(client, MAIL)).startswith("250")
    (post,) = await submission.posts()
    assert (post.helo, post.protocol) == ("other.example.com", "ESMTPSA")


async def test_a_session_has_three_tries(submission: Room) -> None:
    who = await holder(submission.database)
    client = await secured(submission)
    for _ in range(3):
        assert (await sign_in(client, ADA, "hunter2")).startswith(REFUSED)
    assert await client.closed()
    await signed_in(submission, who)


async def test_a_thousand_guesses_are_not_worth_much(submission: Room) -> None:
    who = await holder(submission.database)
    await signed_in(submission, who)
    credentials = submission.house.credentials
    assert credentials is not None
    said: list[Login | Reply] = []

    async def guess(worker: int) -> None:
        for n in range(63):
            claim = Claim(ADA, f"{who.password.selector}-guess-{worker}-{n}")
            said.append(await credentials.check(claim, f"192.0.2.{n % 5}"))

    await asyncio.gather(*(guess(worker) for worker in range(16)))
    counted = Counter(reply.code for reply in said if isinstance(reply, Reply))
    # The address's allowance, and what was on its way when that was used up; nothing else was hashed.
    assert counted[535] <= ADDRESS.failures + WAITING
    assert counted[535] + counted[454] == 1_008
    # Where the person has signed in before, they still do.
    await signed_in(submission, who)


async def test_a_crowd_waits_or_comes_again(submission: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many sign in at once, two hash, some wait, and the others are told to come later."""
    monkeypatch.setattr("mailbridge.intake.credentials.WAITING", 1)
    who = await holder(submission.database)
    clients = [await secured(submission) for _ in range(6)]
    said = await asyncio.gather(*(sign_in(client, ADA, who.password.shown) for client in clients))
    assert {reply[:9] for reply in said} == {"235 2.7.0", "454 4.7.0"}
    await signed_in(submission, who)


async def test_a_fault_of_ours_is_temporary(submission: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    who = await holder(submission.database)
    async with submission.database.writing() as tx:
        row = await passwords.get(tx, who.password_id)
        assert row is not None
        row.digest = "no hash at all"
        tx.add(row)
    client = await secured(submission)
    assert (await sign_in(client, ADA, who.password.shown)).startswith("454 4.7.0 A fault on our side")
    assert (await client.ask("NOOP")).startswith("250")


async def test_no_log_and_no_row_holds_a_password(
    submission: Room, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as events:
        who = await holder(submission.database)
        shown = who.password.shown
        client = await signed_in(submission, who)
        assert (await transact(client, MAIL)).startswith("250")
        swapped = [sign_in(await secured(submission), *claim) for claim in ((shown, ADA), (ADA, "canary-9d3f"))]
        assert [(await one)[:3] for one in swapped] == ["535", "535"]
        client = await secured(submission)
        for late in (plain(ADA, shown), encoded(shown), shown):  # said where no password is waited for
            assert (await client.ask(late)).startswith("500")
        assert (await client.ask(f"AUTH PLAIN {encoded(shown)}")).startswith("501")
        assert (await client.ask(f"AUTH {shown}")).startswith("504")
    secrets = {who.password.letters, shown, "canary-9d3f", plain(ADA, shown), encoded(shown), who.password.letters[4:]}
    told = f"{events}{caplog.text}{capsys.readouterr()}".lower()
    assert "signin.accepted" in told
    assert [one for one in secrets if one.lower() in told] == []
    async with submission.database.reading() as tx:
        rows = [str(row.model_dump()) for table in (Password, Audit) for row in (await tx.exec(select(table))).all()]
    assert [one for one in secrets for row in rows if one in row] == []
