"""What an address given at RCPT is to us: a group, a way to leave one, a return path, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

from mailbridge.intake.paths import Path
from mailbridge.policy import chain, replies
from mailbridge.tokens import Tokens
from store import names
from store.engine import Reading
from store.names import Served
from store.terms import GroupPolicy, NameRole, Reply, folded

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
class ToBounces:
    """Something about one delivery, come to its return path."""

    delivery_id: int


Recipient = ToGroup | ToLeave | ToBounces


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
        if found is not None and found.role is NameRole.LEAVE and found.policy is not None:
            return replies.NOT_NULL if sender.null else ToLeave(found.policy, None)
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

    async def _tagged(self, tx: Reading, path: Path, sender: Path) -> Recipient | Reply | None:
        """`bounces+TOKEN` and `-leave+TOKEN`. A token that is not ours makes the address one that does not exist."""
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
        return None
