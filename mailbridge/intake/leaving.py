"""Leaving by mail: with the token of a List-Unsubscribe field, or bare, by a proven member."""

from __future__ import annotations

from typing import Any

import structlog

from mailbridge.intake.addresses import ToLeave
from mailbridge.intake.authenticate import authenticate
from mailbridge.intake.envelope import Envelope
from mailbridge.intake.session import House
from mailbridge.policy import facts, replies
from mailbridge.policy.shape import Shape
from store import letters, memberships
from store.terms import Actor, GroupPolicy, LetterKind, Refused, Reply
from store.texts import say

_log = structlog.get_logger(__name__)
_MAIL = Actor("mail")


async def leave(house: House, envelope: Envelope, shape: Shape | Reply, recipient: ToLeave) -> Reply:
    """Stop the delivery a token names, or let the proven author leave; the reply says what happened.

    A token acts whatever the mail is: mail programs send it empty. It acts once, and says the same ever after. A bare
    address refuses everybody but a proven member in the same words, so that it tells nobody who is a member.
    """
    group = recipient.group
    if recipient.membership_id is not None:
        async with house.database.writing() as tx:
            await memberships.stop(tx, recipient.membership_id, _MAIL)
        _log.info("membership.stopped", id=envelope.public_id, group=group.address, membership=recipient.membership_id)
        return replies.taken(envelope.public_id)
    if isinstance(shape, Reply):
        return shape
    if facts.automatic(shape.fields, envelope.return_path):
        _log.info("leave.discarded", id=envelope.public_id, group=group.address)
        return replies.taken(envelope.public_id)
    proof = await authenticate(house, envelope, shape, forwarded=group.address != group.route)
    if not proof.authenticated:
        return replies.UNCHECKED if proof.unchecked else replies.use_the_link(group)
    try:
        return await _leave(house, envelope, shape, group)
    except Refused as refusal:
        return Reply(550, "5.7.1", say("en", f"refused.{refusal.name}", **dict[str, Any](refusal.values)))


async def _leave(house: House, envelope: Envelope, shape: Shape, group: GroupPolicy) -> Reply:
    address = shape.author.address
    async with house.database.writing() as tx:
        membership = await memberships.find(tx, group.group_id, key=address.key)
        if membership is None:
            return replies.use_the_link(group)
        left = await memberships.leave(tx, group.group_id, membership, _MAIL)
        # What came by somebody's list was written to nobody in particular, and is answered to nobody (RFC 3834 2).
        if not facts.unanswerable(shape.fields, envelope.return_path):
            await letters.write(
                tx,
                LetterKind.LEAVE_ASKED if left.outcome == "asked" else LetterKind.LEAVE_DONE,
                str(address),
                group.language,
                group_id=group.group_id,
                arguments={"group": group.address, "name": group.display_name},
                in_reply_to=shape.message_id,
                by_domain=house.by_domain,
            )
    _log.info("membership.left", id=envelope.public_id, group=group.address, outcome=left.outcome)
    return replies.taken(envelope.public_id)
