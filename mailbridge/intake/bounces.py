"""What comes back: to the return path of one copy, kept and acted on for what it is; and complaints, wherever we read
them."""

from __future__ import annotations

import asyncio

import structlog

from mailbridge.bounce import complaint, parse
from mailbridge.bounce.parse import Failure, Kind
from mailbridge.intake.addresses import ToBounces
from mailbridge.intake.envelope import Envelope
from mailbridge.intake.session import House
from mailbridge.policy import replies
from store import bounces, memberships
from store.engine import Writing
from store.terms import Actor, Reply

_log = structlog.get_logger(__name__)
_MAIL = Actor("mail")
# Seconds. A next hop beside us bounces before its own answer is settled; told to come later, it comes in minutes.
SETTLING = (0.1, 0.4, 1.5)


async def keep(house: House, envelope: Envelope, recipient: ToBounces, raw: bytes) -> Reply:
    """Keep the message; mark the delivery bounced if a null sender reports its failure, unsubscribe by a complaint.

    The token says which delivery; whom the report names matters only among shared copies of one post, which have one
    return path: anybody can write a report naming thousands. Delays, successes and automatic answers change nothing.
    """
    report = await asyncio.to_thread(parse.read, raw)
    failure = report.failures[0] if report.kind is Kind.BOUNCE and not envelope.return_path else None
    for pause in (*SETTLING, None):
        try:
            acted = await _recorded(house, recipient.delivery_id, raw, report.kind, failure)
        except bounces.TooEarly:
            if pause is None:
                return replies.UNSETTLED
            await asyncio.sleep(pause)
        else:
            break
    _log.info(
        "bounce.kept", id=envelope.public_id, delivery=recipient.delivery_id, kind=report.kind, acted=acted,
        reason=failure.reason if failure is not None else "",
    )  # fmt: skip
    return replies.taken(envelope.public_id)


async def _recorded(house: House, delivery_id: int, raw: bytes, kind: Kind, failure: Failure | None) -> bool:
    """Whether it changed anything. Raises TooEarly."""
    named = {}
    if failure is not None:
        named = {
            "recipient": failure.recipient,
            "enhanced": failure.enhanced,
            "diagnostic": failure.diagnostic,
        }
    reason = None if failure is None else failure.reason
    async with house.database.writing() as tx:
        acted = await bounces.record(tx, delivery_id, raw, reason=reason, **named)
        if kind is Kind.COMPLAINT:
            acted = await _complained(tx, await bounces.about(tx, delivery_id))
    return acted


async def complaints(house: House, envelope: Envelope, raw: bytes) -> None:
    """Unsubscribe whom a complaint (RFC 5965) is from, by the tokens of ours in the mail it brings back.

    Providers send them where they were told to: to postmaster or abuse. Who forges one needs the token of a copy, with
    which one click does the same.
    """
    report = await asyncio.to_thread(parse.read, raw)
    if report.kind is not Kind.COMPLAINT:
        return
    found, tokens = await asyncio.to_thread(complaint.marks, raw), house.directory.tokens
    left = {tokens.read_leave(token) for token in found.leave}
    returned = {tokens.read_bounce(token) for token in found.bounce}
    async with house.database.writing() as tx:
        meant = left | {await bounces.about(tx, one) for one in sorted(filter(None, returned))}
        acted = [one for one in sorted(filter(None, meant)) if await _complained(tx, one)]
    _log.info("complaint.taken", id=envelope.public_id, memberships=acted)


async def _complained(tx: Writing, membership_id: int | None) -> bool:
    return membership_id is not None and await memberships.complain(tx, membership_id, _MAIL)
