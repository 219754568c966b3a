"""Joining by mail: a wish makes at most one letter to the address it names, and the confirmation does the rest."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

import structlog

from mailbridge.intake.addresses import ToConfirm, ToJoin
from mailbridge.intake.authenticate import authenticate, named
from mailbridge.intake.envelope import Envelope
from mailbridge.intake.session import House
from mailbridge.policy import facts, replies
from mailbridge.policy.shape import Shape
from store import addresses, joining, names
from store.joining import Confirmed, Spent, Wish
from store.terms import Address, AllowanceScope, GroupPolicy, NameRole, Refused, Reply
from store.texts import say

_log = structlog.get_logger(__name__)
_CODE = re.compile(r"\b[a-z2-7]{24}(?:[a-z2-7]{8})?\b", re.IGNORECASE)
# What one customer of a provider holds, or a few neighbours: a limit by single addresses is none.
_NETWORK = {4: 24, 6: 48}
# What is wrong with the applicant's address (RFC 3463 X.1.7, X.1.8); all else is that it may not join.
_FAULTS = {"contact_malformed": "5.1.7", "contact_domain_short": "5.1.8"}


async def ask(house: House, envelope: Envelope, shape: Shape | Reply, recipient: ToJoin) -> Reply:
    """Write the confirmation letter, if the mailbox is to have one. The reply is the same whether it is, and why not.

    Nothing of the mail is used but the address in From, which anybody may have written there.
    """
    group = recipient.group
    if isinstance(shape, Reply):
        return shape
    mark = facts.unanswerable(shape.fields, envelope.return_path)
    if mark:
        _log.info("join.discarded", id=envelope.public_id, group=group.address, mark=mark)
        return replies.asked(envelope.public_id)
    try:
        wish = Wish(addresses.contact(str(shape.author.address)), _network(house, envelope))
        outcome = await _ask(house, envelope, shape, group, wish)
    except Refused as refusal:
        return _refused(refusal)
    except Spent as spent:
        if spent.scope is not AllowanceScope.CONFIRMATION:
            _log.warning("join.limited", id=envelope.public_id, group=group.address, limit=spent.scope)
            return replies.ENOUGH_LETTERS
        outcome = "heard"
    _log.info("join.asked", id=envelope.public_id, group=group.address, outcome=outcome)
    return replies.asked(envelope.public_id)


async def _ask(house: House, envelope: Envelope, shape: Shape, group: GroupPolicy, wish: Wish) -> str:
    async with house.database.reading() as tx:
        if await joining.heard(tx, wish):
            return "heard"
        await joining.check(tx, group.group_id, wish.address)
        banned = await joining.banned(tx, group.group_id, wish.address.key)
        unwelcome = await joining.unwelcome(tx, group.group_id, wish.address)
    if banned:
        return "banned"
    if unwelcome:
        proof = await authenticate(house, envelope, shape, forwarded=group.address != group.route)
        if not proof.authenticated:
            return "unwelcome"
    async with house.database.writing() as tx:
        return str(await joining.ask(tx, group.group_id, wish, by_domain=house.by_domain))


async def confirm(house: House, envelope: Envelope, shape: Shape | Reply, recipient: ToConfirm) -> Reply:
    """Take a confirmation: the token says that the mailbox was reached, and a person sent it back."""
    group = recipient.group
    if isinstance(shape, Reply):
        return shape
    if facts.automatic(shape.fields, envelope.return_path):
        # An absent reader's mail program must not join for them.
        _log.info("confirmation.discarded", id=envelope.public_id, group=group.address)
        return replies.taken(envelope.public_id)
    code = _CODE.search(shape.subject)
    token = recipient.token or (code[0] if code else "")
    request_id = house.directory.tokens.read_confirm(token)
    async with house.database.writing() as tx:
        # A forged token costs the same look as a used one.
        outcome, _ = await joining.confirm(tx, request_id or 0, group_id=group.group_id, by_domain=house.by_domain)
    _log.info("join.confirmed", id=envelope.public_id, group=group.address, request=request_id, outcome=outcome)
    if outcome is Confirmed.GONE:
        return replies.nothing_to_confirm(group, names.sub_address(Address.parse(group.route), NameRole.JOIN))
    return replies.taken(envelope.public_id)


def _network(house: House, envelope: Envelope) -> str | None:
    """The network that counts; None where the client says nothing about who wrote it."""
    if not named(house.relays, envelope):
        return None
    address = ipaddress.ip_address(envelope.client.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, _NETWORK[address.version]), strict=False))


def _refused(refusal: Refused) -> Reply:
    return Reply(
        550, _FAULTS.get(refusal.name, "5.7.1"), say("en", f"refused.{refusal.name}", **dict[str, Any](refusal.values))
    )
