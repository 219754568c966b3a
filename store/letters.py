"""Letters: mails of ours to one address, written in the causing transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlmodel import col, update

from store import lanes, languages, queue
from store.engine import Writing
from store.schema.delivery import Delivery
from store.schema.letter import Letter
from store.terms import Address, DeliveryState, Language, LetterKind

AT_ONCE = timedelta(0)


async def write(
    tx: Writing,
    kind: LetterKind,
    address: str,
    language: Language,
    *,
    group_id: int | None = None,
    arguments: Mapping[str, str] | None = None,
    in_reply_to: str = "",
    by_domain: bool = False,
    membership_id: int | None = None,
    after: timedelta = AT_ONCE,
) -> Letter:
    """Write a letter and put it on its lane: the relay's, or its domain's where mail goes straight to MX hosts.

    `language` is the group's; whoever is known from Slack is written to in their own (`languages.of_address`).
    It leaves no sooner than `after`; until then `withdraw` takes it back. With `membership_id` it is about that
    contact's mailbox: it has a return path, and what comes back there counts. Only to addresses that are proven to have
    asked for it: anything else is backscatter. Raises InvalidAddress.
    """
    recipient = Address.parse(address)
    letter = Letter(
        kind=kind,
        group_id=group_id,
        address=str(recipient),
        language=await languages.of_address(tx, recipient.key, language),
        arguments=dict(arguments or {}),
        in_reply_to=in_reply_to,
        created_at=tx.now,
    )
    tx.add(letter)
    await tx.flush()
    assert letter.id is not None
    lane_key = f"mx:{recipient.domain}" if by_domain else lanes.RELAY
    await queue.enqueue_letter(tx, letter.id, letter.address, lane_key, membership_id=membership_id, after=after)
    return letter


async def withdraw(tx: Writing, letter_id: int) -> bool:
    """Take back a letter that nobody has begun to deliver. False if it is on its way, or has gone."""
    waits = update(Delivery).where(
        col(Delivery.letter_id) == letter_id, col(Delivery.state) == DeliveryState.QUEUED, col(Delivery.attempts) == 0
    )
    return (await tx.exec(waits.values(state=DeliveryState.SKIPPED, settled_at=tx.now))).rowcount == 1
