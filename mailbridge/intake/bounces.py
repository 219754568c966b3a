"""What comes back to the return path of one copy: kept, and acted on only if it is a report of failure."""

from __future__ import annotations

import asyncio

import structlog

from mailbridge.bounce import parse
from mailbridge.intake.addresses import ToBounces
from mailbridge.intake.envelope import Envelope
from mailbridge.intake.session import House
from mailbridge.policy import replies
from store import bounces
from store.terms import Reply

_log = structlog.get_logger(__name__)
_LONGEST_DIAGNOSTIC = 500


async def keep(house: House, envelope: Envelope, recipient: ToBounces, raw: bytes) -> Reply:
    """Keep the message, and mark the delivery bounced if a null-sender DSN says `Action: failed` (RFC 3464 2.3.3).

    The token says which delivery; whom the report names matters only among shared copies of one post, which have one
    return path: anybody can write a report naming thousands.
    """
    report = None if envelope.return_path else await asyncio.to_thread(parse.read, raw)
    failure = report.failures[0] if report is not None and report.kind is parse.Kind.BOUNCE else None
    try:
        async with house.database.writing() as tx:
            acted = await bounces.record(
                tx,
                recipient.delivery_id,
                raw,
                failed=failure is not None,
                recipient=(failure.recipient or "") if failure else "",
                enhanced=failure.enhanced if failure else "",
                diagnostic=failure.diagnostic[:_LONGEST_DIAGNOSTIC] if failure else "",
            )
    except bounces.TooEarly:
        return replies.UNSETTLED
    _log.info("bounce.kept", id=envelope.public_id, delivery=recipient.delivery_id, acted=acted)
    return replies.taken(envelope.public_id)
