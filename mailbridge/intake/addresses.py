"""What an address given at RCPT is to us: a group, a way to join, leave or ask about one, a return path, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mailbridge.intake.paths import Path
from mailbridge.policy import chain, replies
from mailbridge.tokens import Tokens
from store import names
from store.engine import Reading
from store.names import Served
from store.terms import Address, GroupPolicy, NameRole, Reply, Subscription, folded

_POSTABLE = frozenset({NameRole.PUBLISHED, NameRole.ROUTE, NameRole.ALIAS, NameRole.OWNER})


@dataclass(frozen=True, slots=True)
class ToGroup:
    """A post for a group, or for a built-in one (`-owner`, postmaster, abuse)."""

    group: GroupPolicy


@dataclass(frozen=True, slots=True)
class ToLeave:
    """A wish to leave: of the membership a token names, or, without one, of whoever proves to have written it."""

    group: GroupPolicy
    membership_id: int | None


@dataclass(frozen=True, slots=True)
class ToJoin:
    """A wish to join, of whoever the From is."""

    group: GroupPolicy


@dataclass(frozen=True, slots=True)
class ToConfirm:
    """The confirmation of a wish; `token` as it came, or "" where it has to be looked for in the subject."""

    group: GroupPolicy
    token: str


@dataclass(frozen=True, slots=True)
class ToHelp:
    """A question about a group."""

    group: GroupPolicy


@dataclass(frozen=True, slots=True)
class ToBounces:
    """Something about one delivery, come to its return path."""

    delivery_id: int


Recipient = ToGroup | ToLeave | ToJoin | ToConfirm | ToHelp | ToBounces


_COMMANDS: Mapping[NameRole, Callable[[GroupPolicy], Recipient]] = {
    NameRole.LEAVE: lambda group: ToLeave(group, None),
    NameRole.JOIN: ToJoin,
    NameRole.CONFIRM: lambda group: ToConfirm(group, ""),
    NameRole.HELP: ToHelp,
}


@dataclass(frozen=True, slots=True)
class Directory:
    """What resolving needs besides the database."""

    served: Served
    tokens: Tokens

    async def resolve(self, tx: Reading, path: Path, sender: Path, declared_size: int | None) -> Recipient | Reply:
        """The recipient behind a forward path, or the reply that refuses it.

        Only an exact name of ours is taken: no `%` hack, no plus-address of a group, no domain literal. The reply is
        the same for every address we do not know, whoever asks.
        """
        found = await names.destination(tx, path.key)
        if found is not None and found.role in _POSTABLE and found.policy is not None:
            return chain.at_rcpt(found.policy, declared_size) or ToGroup(found.policy)
        if found is not None and found.role in _COMMANDS and found.policy is not None:
            return self._command(found.role, found.policy, sender)
        tagged = await self._tagged(tx, path, sender)
        if tagged is not None:
            return tagged
        return replies.UNKNOWN if path.domain in (*self.served.domains, *self.served.published) else replies.NO_RELAY

    def ours(self, return_path: str) -> bool:
        """Whether it is the return path of a copy that we have sent."""
        local, _, domain = return_path.rpartition("@")
        base, _, token = local.partition("+")
        return (
            folded(base) == "bounces" and domain in self.served.domains and self.tokens.read_bounce(token) is not None
        )

    def _command(self, role: NameRole, group: GroupPolicy, sender: Path) -> Recipient | Reply:
        """What is asked of a group without a token. A bounce asks for nothing, and must never be answered."""
        if sender.null:
            return replies.NOT_NULL
        if role is NameRole.JOIN and group.archived:
            return replies.archived(group)
        if role is NameRole.JOIN and group.subscription is Subscription.CLOSED:
            return replies.closed(group, names.sub_address(Address.parse(group.route), NameRole.OWNER))
        return _COMMANDS[role](group)

    async def _tagged(self, tx: Reading, path: Path, sender: Path) -> Recipient | Reply | None:
        """`bounces+TOKEN`, `-leave+TOKEN` and `-confirm+TOKEN`.

        A token that is not ours makes an address that does not exist, except behind `-confirm`: there a wrong token, an
        old one and a used one are told the same, and how to ask anew.
        """
        base, plus, token = path.local.partition("+")
        if not plus:
            return None
        found = await names.destination(tx, f"{folded(base)}@{path.domain}")
        if found is None:
            return None
        if found.role is NameRole.BOUNCES:
            delivery_id = self.tokens.read_bounce(token)
            return None if delivery_id is None else ToBounces(delivery_id)
        if found.role is NameRole.LEAVE and found.policy is not None:
            membership_id = self.tokens.read_leave(token)
            if membership_id is None:
                return None
            return replies.NOT_NULL if sender.null else ToLeave(found.policy, membership_id)
        if found.role is NameRole.CONFIRM and found.policy is not None:
            return replies.NOT_NULL if sender.null else ToConfirm(found.policy, token)
        return None
