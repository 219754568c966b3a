"""Help by mail: a letter about the group, to a proven author; who is not proven is told in the session."""

from __future__ import annotations

import structlog

from mailbridge.intake.addresses import ToHelp
from mailbridge.intake.authenticate import authenticate
from mailbridge.intake.envelope import Envelope
from mailbridge.intake.session import House
from mailbridge.policy import facts, replies
from mailbridge.policy.shape import Shape
from store import allowances, joining, letters, names
from store.terms import Address, AllowanceScope, LetterKind, NameRole, Reply

_log = structlog.get_logger(__name__)


async def answer(house: House, envelope: Envelope, shape: Shape | Reply, recipient: ToHelp) -> Reply:
    """Write the help letter, some ten a day to one mailbox at most. It says nothing of who is in the group."""
    group = recipient.group
    if isinstance(shape, Reply):
        return shape
    mark = facts.unanswerable(shape.fields, envelope.return_path)
    if mark:
        _log.info("help.discarded", id=envelope.public_id, group=group.address, mark=mark)
        return replies.taken(envelope.public_id)
    proof = await authenticate(house, envelope, shape, forwarded=group.address != group.route)
    if not proof.authenticated:
        owner = names.sub_address(Address.parse(group.route), NameRole.OWNER)
        return replies.UNCHECKED if proof.unchecked else replies.unproven_question(group, owner)
    address = shape.author.address
    async with house.database.writing() as tx:
        written = await allowances.take(tx, AllowanceScope.HELP, joining.mailbox(address))
        if written:
            await letters.write(
                tx,
                LetterKind.HELP,
                str(address),
                group.language,
                group_id=group.group_id,
                in_reply_to=shape.message_id,
                by_domain=house.by_domain,
            )
    _log.info("help.asked", id=envelope.public_id, group=group.address, written=written)
    return replies.taken(envelope.public_id) if written else replies.ENOUGH_LETTERS
