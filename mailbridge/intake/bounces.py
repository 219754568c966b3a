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
from store.terms import Actor, BounceReason, Reply

_log = structlog.get_logger(__name__)
_MAIL = Actor("mail")


async def keep(house: House, envelope: Envelope, recipient: ToBounces, raw: bytes) -> Reply:
    """Keep the message; mark the delivery bounced if a null sender reports its failure, unsubscribe by a complaint.

    The token says which delivery; whom the report names matters only among shared copies of one post, which have one
    return path: anybody can write a report naming thousands. Delays, successes and automatic answers change nothing.
    """
    report = await asyncio.to_thread(parse.read, raw)
    bounced = report.kind is Kind.BOUNCE and not envelope.return_path
    failure = report.failures[0] if bounced else Failure("", None, "", "", BounceReason.UNCLEAR)
    try:
        async with house.database.writing() as tx:
            acted = await bounces.record(
                tx,
                recipient.delivery_id,
                raw,
                reason=failure.reason if bounced else None,
                recipient=failure.recipient,
                enhanced=failure.enhanced,
                diagnostic=failure.diagnostic,
            )
            if report.kind is Kind.COMPLAINT:
                acted = await _complained(tx, await bounces.about(tx, recipient.delivery_id))
    except bounces.TooEarly:
        return replies.UNSETTLED
    _log.info(
        "bounce.kept", id=envelope.public_id, delivery=recipient.delivery_id, kind=report.kind, acted=acted,
        reason=failure.reason if bounced else "",
    )  # fmt: skip
    return replies.taken(envelope.public_id)


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
