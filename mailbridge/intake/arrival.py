"""A message at the end of its data: every recipient's part is done, and every recipient has a reply."""

from __future__ import annotations

import asyncio

import structlog

from mailbridge.intake import bounces, credentials, helping, joining, leaving, posting
from mailbridge.intake.addresses import Recipient, ToBounces, ToConfirm, ToGroup, ToHelp, ToJoin, ToLeave
from mailbridge.intake.envelope import Envelope
from mailbridge.intake.session import House
from mailbridge.policy import shape
from mailbridge.policy.replies import SIGN_IN_OVER
from store.passwords import Login
from store.terms import GroupKind, Reply

_log = structlog.get_logger(__name__)
# Reading a header takes a millisecond; copying and hashing a big body takes long enough for others to notice.
_HOUSE = frozenset({GroupKind.ABUSE, GroupKind.POSTMASTER, GroupKind.OWNER})  # where complaints are sent
_LARGE = 1_048_576


async def deliver(house: House, envelope: Envelope, raw: bytes) -> list[Reply]:
    """Do what the message is for. One reply for each recipient, in order; over SMTP they are all the same one.

    Everything positive is committed before this returns. Raises what the database raises: nothing is then said to be
    taken, and a repeat finds what was committed all the same.
    """
    replies: list[Reply | None] = [None] * len(envelope.recipients)
    read = await _examine(house, raw)
    if envelope.login is not None:
        refused = await _signed_in(house, envelope.login, read)
        if refused is not None:
            _log.info("message.refused", id=envelope.public_id, reply=str(refused), address=envelope.login.address)
            return [refused] * len(replies)
    groups = [(at, one.group) for at, one in enumerate(envelope.recipients) if isinstance(one, ToGroup)]
    if any(group.kind in _HOUSE for _, group in groups):
        await bounces.complaints(house, envelope, raw)
    if groups:
        said = await posting.post(house, envelope, read, [group for _, group in groups], raw)
        for (at, _), reply in zip(groups, said, strict=True):
            replies[at] = reply
    for at, one in enumerate(envelope.recipients):
        if not isinstance(one, ToGroup):
            replies[at] = await _command(house, envelope, read, one, raw)
    return [reply for reply in replies if reply is not None]


async def _signed_in(house: House, login: Login, read: shape.Shape | Reply) -> Reply | None:
    """What refuses a message that was submitted: what it says of its author, or that the sign-in has ended since."""
    assert house.credentials is not None
    if not await house.credentials.standing(login):
        return SIGN_IN_OVER
    return read if isinstance(read, Reply) else credentials.may_write(login, read)


async def _command(house: House, envelope: Envelope, read: shape.Shape | Reply, one: Recipient, raw: bytes) -> Reply:
    match one:
        case ToLeave():
            return await leaving.leave(house, envelope, read, one)
        case ToJoin():
            return await joining.ask(house, envelope, read, one)
        case ToConfirm():
            return await joining.confirm(house, envelope, read, one)
        case ToHelp():
            return await helping.answer(house, envelope, read, one)
        case ToBounces():
            return await bounces.keep(house, envelope, one, raw)
        case ToGroup():
            raise AssertionError("posts have been taken already")


async def _examine(house: House, raw: bytes) -> shape.Shape | Reply:
    most = house.limits.header_fields
    if len(raw) < _LARGE:
        return shape.examine(raw, most)
    return await asyncio.to_thread(shape.examine, raw, most)
