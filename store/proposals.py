"""Proposals: a roster's changes as they were shown, decided once, and made piece by piece whatever dies meanwhile."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import col, delete, select

from store import audit, outbox
from store.engine import Database, Reading, Writing
from store.schema.group import Group
from store.schema.person import Person
from store.schema.proposal import Proposal
from store.terms import Actor, NoticeKind
from store.verdicts import ProposalState

WAITS = timedelta(days=7)
KEPT = timedelta(days=90)
ABANDONED = timedelta(seconds=30)  # a piece takes less than a second; who moved nothing for so long is dead
# What an administrator should look at twice: Exchange and others ask at the same.
LARGE = 10
LARGE_SHARE = 5  # one in so many


@dataclass(frozen=True, slots=True)
class Changes:
    """`add`: (address, name) to make contacts; `rename`: (membership id, name); `withdraw`: membership ids that stop
    being contacts."""

    add: Sequence[tuple[str, str]] = ()
    rename: Sequence[tuple[int, str]] = ()
    withdraw: Sequence[int] = ()

    @property
    def total(self) -> int:
        return len(self.add) + len(self.rename) + len(self.withdraw)

    def part(self, start: int, length: int) -> Changes:
        """`length` of them from `start` on, in the order add, rename, withdraw."""
        found: list[Any] = []
        for items in (self.add, self.rename, self.withdraw):
            found.append(items[max(start, 0) : max(start + length, 0)])
            start -= len(items)
        return Changes(*found)

    def packed(self) -> bytes:
        return zlib.compress(json.dumps([self.add, self.rename, self.withdraw], ensure_ascii=False).encode(), 1)

    @classmethod
    def unpacked(cls, octets: bytes) -> Changes:
        return cls(*json.loads(zlib.decompress(octets)))


@dataclass(frozen=True, slots=True)
class Seen:
    """A difference as it is shown: what would change, and numbers of what would not, by name."""

    changes: Changes
    counts: Mapping[str, int] = field(default_factory=dict)


async def propose(tx: Writing, group: Group, person: Person, source: str, seen: Seen, packed: bytes) -> Proposal:
    """Keep a difference, its changes packed already, and show it to the person by direct message."""
    assert group.id is not None
    assert person.id is not None
    proposal = Proposal(
        group_id=group.id,
        person_id=person.id,
        source=source[:200],
        state=ProposalState.WAITING,
        changes=packed,
        total=seen.changes.total,
        shown=dict(seen.counts),
        moved_at=tx.now,
        created_at=tx.now,
    )
    tx.add(proposal)
    await tx.flush()
    assert proposal.id is not None
    await outbox.announce(tx, NoticeKind.PROPOSAL, proposal.id, [person.slack_id], group_id=group.id)
    return proposal


async def get(tx: Reading, proposal_id: int) -> Proposal | None:
    return await tx.get(Proposal, proposal_id, populate_existing=True)


async def decide(tx: Writing, proposal_id: int, state: ProposalState, actor: Actor) -> bool:
    """Apply (`APPLYING`) or discard what waits; True for the first click, which is the only one that counts."""
    values: dict[str, Any] = {
        "state": state,
        "decided_by": actor.person_id,
        "as_operator": actor.as_operator,
        "decided_at": tx.now,
        # Moved long ago, as it were: until somebody makes the first piece it is anybody's to begin.
        "moved_at": tx.now - ABANDONED,
    }
    if state is ProposalState.DISCARDED:
        values["changes"] = None
    won = await tx.exec(_at(proposal_id, ProposalState.WAITING).values(**values))
    if won.rowcount != 1:
        return False
    proposal = await tx.get_one(Proposal, proposal_id, populate_existing=True)
    verb = "proposal.discarded" if state is ProposalState.DISCARDED else "proposal.approved"
    details = {"total": proposal.total, **proposal.shown}
    await audit.record(tx, verb, actor, group_id=proposal.group_id, subject=f"proposal:{proposal_id}", details=details)
    await outbox.touch(tx, NoticeKind.PROPOSAL, proposal_id)
    return True


async def advance(tx: Writing, proposal: Proposal, length: int) -> bool:
    """Take the next `length` changes; False if another process took them. Holds the row until this commits."""
    assert proposal.id is not None
    taken = await tx.exec(
        _at(proposal.id, ProposalState.APPLYING)
        .where(col(Proposal.done) == proposal.done)
        .values(done=proposal.done + length, moved_at=tx.now)
    )
    return bool(taken.rowcount == 1)


async def note(tx: Writing, proposal_id: int, outcome: Mapping[str, int]) -> None:
    """What became of the changes so far."""
    await tx.exec(update(Proposal).where(col(Proposal.id) == proposal_id).values(outcome=dict(outcome)))
    await outbox.touch(tx, NoticeKind.PROPOSAL, proposal_id)


async def finish(tx: Writing, proposal_id: int, state: ProposalState) -> None:
    """All changes are made (`APPLIED`), or no more can be (`BROKEN_OFF`)."""
    await tx.exec(_at(proposal_id, ProposalState.APPLYING).values(state=state, changes=None, moved_at=tx.now))
    await outbox.touch(tx, NoticeKind.PROPOSAL, proposal_id)


async def abandoned(tx: Reading) -> Collection[int]:
    """Proposals that were approved and that nobody is at."""
    rows = await tx.exec(
        select(Proposal.id).where(
            col(Proposal.state) == ProposalState.APPLYING, col(Proposal.moved_at) <= tx.now - ABANDONED
        )
    )
    return [number for number in rows.all() if number is not None]


async def expire(tx: Writing) -> int:
    """What waited a week waits no more: its difference is not true any longer. Returns how many."""
    old = update(Proposal).where(col(Proposal.state) == ProposalState.WAITING, col(Proposal.moved_at) <= tx.now - WAITS)
    over = (await tx.scalars(old.values(state=ProposalState.EXPIRED, changes=None).returning(col(Proposal.id)))).all()
    for number in over:
        assert number is not None
        await outbox.touch(tx, NoticeKind.PROPOSAL, number)
    ended = col(Proposal.state).in_(
        [s for s in ProposalState if s not in (ProposalState.WAITING, ProposalState.APPLYING)]
    )
    await tx.exec(delete(Proposal).where(ended, col(Proposal.moved_at) <= tx.now - KEPT))
    return len(over)


async def drop_waiting(tx: Writing) -> int:
    """Drop all that waits: its addresses are packed, and one of them may be of somebody who is to be forgotten. What
    somebody still wants they import again. Returns how many."""
    waiting = update(Proposal).where(col(Proposal.state) == ProposalState.WAITING)
    over = await tx.scalars(waiting.values(state=ProposalState.EXPIRED, changes=None).returning(col(Proposal.id)))
    dropped = [number for number in over.all() if number is not None]
    for number in dropped:
        await outbox.touch(tx, NoticeKind.PROPOSAL, number)
    return len(dropped)


async def database_actor(database: Database, proposal: Proposal) -> Actor:
    """Who decided, as the audit names them."""
    async with database.reading() as tx:
        person = await tx.get_one(Person, proposal.decided_by)
    return Actor(person.subject, person.id, proposal.as_operator)


def large(count: int, of: int) -> bool:
    """Whether so many people at once, of so many on the roster, should be asked about first."""
    return count > LARGE or (of >= LARGE and count * LARGE_SHARE > of)


def _at(proposal_id: int, state: ProposalState) -> Any:
    return update(Proposal).where(col(Proposal.id) == proposal_id, col(Proposal.state) == state)
